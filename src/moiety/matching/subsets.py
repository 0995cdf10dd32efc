"""Random combinations of many rows at once, the two inner loops of the bulk checks."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from moiety.matching.lanes import subset_sums


def element_sums(parts: NDArray[np.uint64], subsets: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Sums of ring elements over random subsets: parts (n, d) and subset bits (n, d / 2) -> (64, 2).

    Bit s of a subset word says whether that element is in subset s.
    """
    if parts.size != 2 * subsets.size or parts.dtype != np.uint64 or subsets.dtype != np.uint64:
        raise ValueError("one subset word for every ring element")
    elements, bits = np.ascontiguousarray(parts), np.ascontiguousarray(subsets)
    out = np.empty((2, 64), dtype=np.uint64)
    subset_sums(elements.ctypes.data, bits.ctypes.data, bits.size, out.ctypes.data)
    return np.ascontiguousarray(out.T)


def combinations(rows: NDArray[np.uint16], coefficients: NDArray[np.uint8], out: NDArray[np.uint16]) -> None:
    """Add random combinations of rows to out: rows (n, d), coefficients (n, 8), out (32, d), ring elements.

    Each coefficient byte holds four choices of two bits: 0, 1, x or 1 + x.
    """
    _combinations(rows, coefficients, out)


@njit(nogil=True, cache=True)
def _combinations(rows, coefficients, out):  # type: ignore[no-untyped-def]
    pairs = rows.shape[1] // 2
    for r in range(rows.shape[0]):
        for c in range(32):
            choice = (coefficients[r, c // 4] >> (2 * (c % 4))) & 3
            # c0 + c1 x times (e0, e1): for c0, c1 in {0, 1} only additions and subtractions are left.
            if choice == 1:
                for k in range(pairs):
                    out[c, 2 * k] += rows[r, 2 * k]
                    out[c, 2 * k + 1] += rows[r, 2 * k + 1]
            elif choice == 2:
                for k in range(pairs):
                    out[c, 2 * k] -= rows[r, 2 * k + 1]
                    out[c, 2 * k + 1] += rows[r, 2 * k] - rows[r, 2 * k + 1]
            elif choice == 3:
                for k in range(pairs):
                    out[c, 2 * k] += rows[r, 2 * k] - rows[r, 2 * k + 1]
                    out[c, 2 * k + 1] += rows[r, 2 * k]
