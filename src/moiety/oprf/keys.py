"""A key in three parts: the line f over the scalars, f(0) the key that nobody holds, f(1), f(2), f(3) the parts.

The public key is the line in the exponent: f(0) * G and its slope times G. From it follows what belongs to each
part, so any answer can be checked by whoever holds these 64 bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Literal

from moiety import sodium
from moiety.oprf import scalars
from moiety.oprf.refusals import FormUnknown, NotAScalar, NotOfThePair, PartWrong
from moiety.sodium import ELEMENT_BYTES, ORDER, SCALAR_BYTES, NotAnElement

Number = Literal[1, 2, 3]
"""A custodian's point on the line: a sits at 1, b at 2, c at 3."""

NUMBERS: tuple[Number, ...] = (1, 2, 3)

Pair = tuple[Number, Number]
PAIRS: tuple[Pair, ...] = ((1, 2), (1, 3), (2, 3))
"""The two who answer, the smaller number first."""

VERSION = b"\x01"

_REMEMBERED: Final = 64
"""Public keys that were looked at: one for each purpose, and the next epoch's."""


def weight(number: Number, pair: Pair, at: int = 0) -> int:
    """What the part of `number` counts when the line is read at `at` from the parts of a pair (Lagrange).

    Raises NotOfThePair.
    """
    if pair not in PAIRS or number not in pair:
        raise NotOfThePair()
    other = pair[0] if number == pair[1] else pair[1]
    return (at - other) * pow(number - other, -1, ORDER) % ORDER


@dataclass(frozen=True)
class Part:
    """What one custodian holds of a key: its number and a scalar."""

    number: Number
    scalar: int = field(repr=False)

    def encode(self) -> bytes:
        """34 bytes: version, number, scalar. Whoever stores them seals them."""
        return VERSION + bytes([self.number]) + scalars.encode(self.scalar)

    @classmethod
    def decode(cls, data: bytes) -> Part:
        """The part in 34 bytes; raises FormUnknown."""
        if len(data) != 2 + SCALAR_BYTES or data[:1] != VERSION or data[1] not in NUMBERS:
            raise FormUnknown()
        try:
            return cls(NUMBERS[data[1] - 1], scalars.decode(data[2:]))
        except NotAScalar:
            raise FormUnknown() from None


@dataclass(frozen=True)
class PublicKey:
    """The line of a key in the exponent: `key` = f(0) * G, which never changes, and `slope`, new at every refresh."""

    key: bytes
    slope: bytes

    def encode(self) -> bytes:
        """65 bytes: version, key, slope."""
        return VERSION + self.key + self.slope

    @classmethod
    def decode(cls, data: bytes) -> PublicKey:
        """The public key in 65 bytes; raises FormUnknown."""
        return _decoded(data)

    def of(self, number: Number) -> bytes:
        """The element that belongs to one part: f(number) * G."""
        return sodium.add(self.key, sodium.multiply(number, self.slope))

    def check(self, part: Part) -> None:
        """Raises PartWrong where the part is not one of this key's."""
        if sodium.multiply_base(part.scalar) != self.of(part.number):
            raise PartWrong()


@lru_cache(maxsize=_REMEMBERED)
def _decoded(data: bytes) -> PublicKey:
    """Looked at once: every question of an epoch comes with the same."""
    key, slope = data[1 : 1 + ELEMENT_BYTES], data[1 + ELEMENT_BYTES :]
    if data[:1] != VERSION or not sodium.is_element(key) or not sodium.is_element(slope):
        raise FormUnknown()
    return PublicKey(key, slope)


def sum_of(elements: Iterable[bytes]) -> bytes:
    """The sum of one element or more; raises NotAnElement, also where they cancel."""
    total = b""
    for element in elements:
        total = sodium.add(total, element) if total else element
    if not total:
        raise NotAnElement()
    return total
