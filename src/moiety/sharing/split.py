"""Split and combine: degree-1 Shamir sharing over the ring, any two of three.

One share alone is uniform whatever the secret, because the mask is uniform on the whole ring; a mask of fewer
bits would leak, which is why it is drawn here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from moiety.sharing.encode import decode
from moiety.sharing.ring import KAPPA_INVERSE, POINTS, Words, is_words, lagrange, scale
from moiety.sharing.seat import SEATS, Seat
from moiety.sharing.streams import KEY_BYTES, Stream, derive

Entropy = Callable[[int], bytes]
"""A source of that many fresh, uniform, secret bytes: `os.urandom` at the edge."""


def split(words: Words, entropy: Entropy) -> dict[Seat, Words]:
    """Split words (..., d), d even, uint16, uint32 or uint64, among the three custodians; same shape and dtype."""
    if not is_words(words):
        raise ValueError("only an even number of unsigned words can be split")
    # A fresh 256-bit seed, stretched: as uniform to anybody as the entropy itself, and not bound by its speed.
    mask = Stream(derive(entropy(KEY_BYTES), b"moiety split 1")).words(words.shape, words.dtype)
    return split_with(words, mask)


def split_with(words: Words, mask: Words) -> dict[Seat, Words]:
    """Split with a given mask, uniform on the ring, same shape as the words; it must never be used twice."""
    from moiety.sharing import kernels  # see there

    word = words.dtype.type
    flat = np.ascontiguousarray(words).reshape(-1)
    # Three arrays, not three rows of one: a part must not carry the others along.
    parts = [np.empty_like(flat) for _ in SEATS]
    inverse = word(KAPPA_INVERSE % 2 ** (8 * words.dtype.itemsize))
    kernels.split(flat, np.ascontiguousarray(mask).reshape(-1), inverse, parts[0], parts[1], parts[2])
    return {seat: parts[at].reshape(words.shape) for at, seat in enumerate(SEATS)}


def combine(parts: Mapping[Seat, Words]) -> Words:
    """The words behind any two parts (a third is ignored: comparing all three is `consistent`)."""
    one, other = sorted(parts)[:2]
    first = scale(lagrange((0, 0), POINTS[one], (POINTS[other],)), parts[one])
    second = scale(lagrange((0, 0), POINTS[other], (POINTS[one],)), parts[other])
    return decode(first + second)


def split_bytes(data: bytes, entropy: Entropy) -> dict[Seat, bytes]:
    """Split a byte string, padded with zeros to whole elements of 4 bytes; each part has the padded length."""
    padded = data + bytes(-len(data) % 4)
    words: NDArray[np.uint16] = np.frombuffer(padded, dtype="<u2").astype(np.uint16)
    return {seat: part.astype("<u2").tobytes() for seat, part in split(words, entropy).items()}


def combine_bytes(parts: Mapping[Seat, bytes], length: int) -> bytes:
    """The byte string of `length` behind any two parts; raises ValueError where the parts cannot hold it."""
    words = {seat: np.frombuffer(part, dtype="<u2").astype(np.uint16) for seat, part in parts.items()}
    sizes = {len(part) for part in parts.values()}
    if len(parts) < 2 or len(sizes) != 1 or not sizes.pop() - 4 < length <= len(next(iter(parts.values()))):
        raise ValueError("two parts of one length are needed")
    return combine(words).astype("<u2").tobytes()[:length]
