"""Random combinations of many rows at once, the two inner loops of the bulk checks."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray


def element_sums(parts: NDArray[np.uint64], subsets: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Sums of ring elements over random subsets: parts (n, d) and subset bits (n, d / 2) -> (64, 2).

    Bit s of a subset word says whether that element is in subset s.
    """
    out = np.zeros((64, 2), dtype=np.uint64)
    _element_sums(parts.reshape(-1, 2), subsets.reshape(-1), out)
    return out


def combinations(rows: NDArray[np.uint16], coefficients: NDArray[np.uint8], out: NDArray[np.uint16]) -> None:
    """Add random combinations of rows to out: rows (n, d), coefficients (n, 8), out (32, d), ring elements.

    Each coefficient byte holds four choices of two bits: 0, 1, x or 1 + x.
    """
    _combinations(rows, coefficients, out)


@njit("void(uint64[:, ::1], uint64[::1], uint64[:, ::1])", nogil=True, cache=True)
def _element_sums(parts, subsets, out):  # type: ignore[no-untyped-def]
    low = np.zeros(64, dtype=np.uint64)
    high = np.zeros(64, dtype=np.uint64)
    shifts = np.arange(64).astype(np.uint64)
    one = np.uint64(1)
    for k in range(len(subsets)):
        chosen = subsets[k]
        first = parts[k, 0]
        second = parts[k, 1]
        for s in range(64):
            # All ones where the bit is set: a branch would be mispredicted half of the time.
            keep = -((chosen >> shifts[s]) & one)
            low[s] += first & keep
            high[s] += second & keep
    for s in range(64):
        out[s, 0] += low[s]
        out[s, 1] += high[s]


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
