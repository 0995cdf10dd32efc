"""Public keys of X25519 (RFC 7748), many at once. Pure, but for the library that multiplies.

One by one, half of the time goes into what a batch shares: points of edwards25519, whose generator is multiplied the
fastest, are moved to the Montgomery curve, u = (1 + y) / (1 - y) (RFC 7748, 4.1), with one division for all.
"""

from __future__ import annotations

from itertools import accumulate
from typing import Final

from moiety import sodium

KEY_BYTES: Final = 32
_PRIME: Final = 2**255 - 19
_SIGN: Final = 1 << 255
"""The highest bit of a point of edwards25519 says which of two it is: the Montgomery curve's u is one for both."""


def public_keys(secrets: bytes) -> list[bytes]:
    """The public key of each 32 secret bytes. What secrets go through takes the same time for all of them; division and
    whole numbers see what is public. Raises ValueError for another length, and NotAnElement for a secret of zeros."""
    points = sodium.edwards_base_each(secrets)
    heights = [
        int.from_bytes(points[at : at + KEY_BYTES], "little") & (_SIGN - 1) for at in range(0, len(points), KEY_BYTES)
    ]
    below = [1 - height for height in heights]
    upto = list(accumulate(below, lambda product, one: product * one % _PRIME, initial=1))
    inverse = pow(upto.pop(), -1, _PRIME)
    publics = []
    for height, one, before in zip(reversed(heights), reversed(below), reversed(upto), strict=True):
        publics.append(((1 + height) * inverse * before % _PRIME).to_bytes(KEY_BYTES, "little"))
        inverse = inverse * one % _PRIME
    publics.reverse()
    return publics
