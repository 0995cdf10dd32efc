"""The Galois ring R_w = Z_2^w[x] / (x^2 + x + 1) for w = 16, 32, 64, on numpy arrays of words.

An element is two consecutive words of an array's last axis: (coefficient of 1, coefficient of x). An array of
shape (..., d), d even, holds d/2 elements. The word size is the array's dtype (uint16, uint32, uint64), and all
arithmetic wraps. Reduction to fewer bits is a ring homomorphism, so constants are kept as whole numbers and
reduced where they are used.

The secret sits at 0 and custodians a, b, c at 1, x and 1 + x. The four points differ pairwise by units, which is
what lets any two custodians interpolate; Z_2^w alone has only two such points.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from moiety.sharing.seat import Seat

Element = tuple[int, int]
Words = NDArray[Any]
"""An array of uint16, uint32 or uint64 words; functions that take one return the same dtype."""

ONE: Element = (1, 0)
POINTS: dict[Seat, Element] = {"a": (1, 0), "b": (0, 1), "c": (1, 1)}

# kappa^2 = -7 (mod 2^64), and its inverse; both reduce to the right constants for smaller words.
KAPPA = 1852311383259529397
KAPPA_INVERSE = pow(KAPPA, -1, 2**64)


_POINTS_ASKED: Final = 64
"""Weights that are remembered: of all pairs, and of whatever is recovered, there are fewer."""

WORD_TYPES = ("uint16", "uint32", "uint64")
"""The words that kernels are compiled for."""


def multiply(one: Element, other: Element) -> Element:
    """The product of two constants, over the whole numbers (reduce afterwards)."""
    (a0, a1), (b0, b1) = one, other
    p = a1 * b1
    return a0 * b0 - p, a0 * b1 + a1 * b0 - p


def subtract(one: Element, other: Element) -> Element:
    """The difference of two constants."""
    return one[0] - other[0], one[1] - other[1]


def inverse(element: Element, modulus: int = 2**64) -> Element:
    """The inverse of a unit modulo `modulus`, a power of two.

    Raises ZeroDivisionError where both coefficients are even: such an element has no inverse.
    """
    a0, a1 = element
    norm = a0 * a0 - a0 * a1 + a1 * a1
    if norm % 2 == 0:
        raise ZeroDivisionError("not a unit of the ring")
    n = pow(norm, -1, modulus)
    return (a0 - a1) * n % modulus, -a1 * n % modulus


@lru_cache(maxsize=_POINTS_ASKED)
def lagrange(at: Element, own: Element, others: tuple[Element, ...]) -> Element:
    """The weight of the value at `own` when interpolating at `at` from `own` and `others`, modulo 2^64."""
    weight = ONE
    for other in others:
        weight = multiply(weight, multiply(subtract(at, other), inverse(subtract(own, other))))
    return weight[0] % 2**64, weight[1] % 2**64


def scale(constant: Element, elements: Words) -> Words:
    """`constant` times every element of `elements`, shape (..., d) -> (..., d), same dtype."""
    from moiety.sharing import kernels  # see there

    word = elements.dtype.type
    modulus = 2 ** (8 * elements.dtype.itemsize)
    flat = np.ascontiguousarray(elements).reshape(-1)
    out = np.empty_like(flat)
    kernels.scale(word(constant[0] % modulus), word(constant[1] % modulus), flat, out)
    return out.reshape(elements.shape)


def is_words(array: NDArray[np.generic]) -> bool:
    """Whether an array can hold ring elements: unsigned 16, 32 or 64-bit words, an even number in the last axis."""
    return (
        array.dtype in (np.dtype(np.uint16), np.dtype(np.uint32), np.dtype(np.uint64))
        and array.ndim >= 1
        and array.shape[-1] % 2 == 0
    )
