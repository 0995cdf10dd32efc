"""Two words as one ring element, so that a product of elements carries a dot product of words.

(u0, u1) -> (u0 - 2 u1 / kappa, u1 / kappa) with kappa^2 = -7. Then, of a product A B = p0 + p1 x,
p0 + 2 p1 = u0 v0 + u1 v1. Both sides are encoded alike, so what is stored can also be searched with, and its
norm computed from one sharing.
"""

from __future__ import annotations

import numpy as np

from moiety.sharing.ring import KAPPA, KAPPA_INVERSE, Words


def encode(words: Words) -> Words:
    """Words (..., d), d even -> ring elements in the same shape and dtype."""
    word = words.dtype.type
    modulus = 2 ** (8 * words.dtype.itemsize)
    out = np.empty_like(words)
    high = words[..., 1::2] * word(KAPPA_INVERSE % modulus)
    out[..., 1::2] = high
    out[..., 0::2] = words[..., 0::2] - (high << word(1))
    return out


def decode(elements: Words) -> Words:
    """Ring elements (..., d) -> words: the inverse of `encode`, and linear, so it may be applied to shares."""
    word = elements.dtype.type
    modulus = 2 ** (8 * elements.dtype.itemsize)
    out = np.empty_like(elements)
    high = elements[..., 1::2]
    out[..., 0::2] = elements[..., 0::2] + (high << word(1))
    out[..., 1::2] = high * word(KAPPA % modulus)
    return out
