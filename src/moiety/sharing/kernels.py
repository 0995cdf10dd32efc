"""Inner loops of sharing over words of 16, 32 and 64 bits, compiled.

Whoever calls one imports this module there and then: loading compiled code takes longer than most commands do.
"""

from __future__ import annotations

from numba import njit

from moiety.sharing.ring import WORD_TYPES


@njit(
    [f"void({word}, {word}, Array({word}, 1, 'C', readonly=True), {word}[::1])" for word in WORD_TYPES],
    nogil=True,
    cache=True,
)
def scale(a0, a1, elements, out):  # type: ignore[no-untyped-def]
    """The constant (a0, a1) times every element, into `out`; see `ring.scale`."""
    for k in range(0, len(elements), 2):
        low, high = elements[k], elements[k + 1]
        product = a1 * high
        out[k] = a0 * low - product
        out[k + 1] = a0 * high + a1 * low - product


@njit(
    [
        f"void({read}, {read}, {word}, {word}[::1], {word}[::1], {word}[::1])"
        for word, read in ((word, f"Array({word}, 1, 'C', readonly=True)") for word in WORD_TYPES)
    ],
    nogil=True,
    cache=True,
)
def split(words, mask, inverse, a, b, c):  # type: ignore[no-untyped-def]
    """`encode`, and the mask times each custodian's point 1, x, 1 + x added, in one pass over the words."""
    for k in range(0, len(words), 2):
        high = words[k + 1] * inverse
        low = words[k] - high - high
        r0, r1 = mask[k], mask[k + 1]
        a[k] = low + r0
        a[k + 1] = high + r1
        b[k] = low - r1
        b[k + 1] = high + r0 - r1
        c[k] = low + r0 - r1
        c[k + 1] = high + r0
