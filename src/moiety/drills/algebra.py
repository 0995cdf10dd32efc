"""The attacker's own arithmetic, from the published protocol (part 1), sharing no line with the product's.

A mistake in `sharing/` therefore cannot hide from the drills by being made on both sides. Words are uint16 and wrap;
two consecutive ones are an element of Z_2^16[x] / (x^2 + x + 1).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint16]
Element = tuple[int, int]

SEATS: Final = ("a", "b", "c")
_KAPPA: Final = 49333
_KAPPA_INVERSE: Final = 11677
_ONE_OVER_POINT: Final[dict[str, Element]] = {"a": (1, 0), "b": (-1, -1), "c": (0, -1)}
_AT_ZERO: Final[dict[str, dict[str, Element]]] = {
    "ab": {"a": (-21845, 21845), "b": (21846, -21845)},
    "ac": {"a": (0, -1), "c": (1, 1)},
    "bc": {"b": (1, 1), "c": (0, -1)},
}


def times(words: Words, factor: Element) -> Words:
    """Each element of words (..., d) times one ring element."""
    first, second = words[..., 0::2], words[..., 1::2]
    low, high = np.uint16(factor[0] & 0xFFFF), np.uint16(factor[1] & 0xFFFF)
    product = np.empty_like(words)
    product[..., 0::2] = first * low - second * high
    product[..., 1::2] = first * high + second * low - second * high
    return product


def encode(vectors: NDArray[np.int16]) -> Words:
    """Quantised vectors (..., d) as the ring elements that the product splits."""
    words = vectors.astype(np.uint16)
    elements = np.empty_like(words)
    elements[..., 1::2] = words[..., 1::2] * np.uint16(_KAPPA_INVERSE)
    elements[..., 0::2] = words[..., 0::2] - elements[..., 1::2] - elements[..., 1::2]
    return elements


def decode(elements: Words) -> Words:
    """The inverse of `encode`; of a share it makes decoded noise, or whatever an unsound mask leaves."""
    words = np.empty_like(elements)
    words[..., 0::2] = elements[..., 0::2] + elements[..., 1::2] + elements[..., 1::2]
    words[..., 1::2] = elements[..., 1::2] * np.uint16(_KAPPA)
    return words


def over_point(words: Words, seat: str) -> Words:
    """Shares (..., d) of one seat divided by its point: the mask then stands there as it was drawn."""
    return times(words, _ONE_OVER_POINT[seat])


def combine(shares: Mapping[str, Words]) -> Words:
    """Two seats' shares (..., d) put together and decoded: the quantised vectors, if they belong together."""
    seats = "".join(sorted(shares))
    total = np.zeros_like(next(iter(shares.values())))
    for seat, factor in _AT_ZERO[seats].items():
        total += times(shares[seat], factor)
    return decode(total)


def combine_bytes(parts: Mapping[str, NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Two seats' parts (n, bytes) of split byte strings put together. The bytes are even words, low byte first."""
    words = {seat: np.ascontiguousarray(part).view("<u2").astype(np.uint16) for seat, part in parts.items()}
    return combine(words).astype("<u2").view(np.uint8)
