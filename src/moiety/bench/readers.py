"""Three plain readers of an array on all threads: what the memory gives to whoever only reads.

A sum of its 64-bit words by numpy, an exclusive or of them by a compiled loop, and the same into eight accumulators.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor

import numpy as np
from numba import njit
from numpy.typing import NDArray

# Each thread takes pieces of this many 64-bit words, as the searches hand out rows.
_PIECE_WORDS = 1 << 21


def readers(array: NDArray[np.uint16], pool: Executor) -> dict[str, Callable[[], object]]:
    """Contenders that read every byte of a contiguous array once."""
    words = array.reshape(-1).view(np.uint64)
    pieces = [words[at : at + _PIECE_WORDS] for at in range(0, len(words), _PIECE_WORDS)]

    def on_all(read: Callable[[NDArray[np.uint64]], object]) -> Callable[[], object]:
        return lambda: list(pool.map(read, pieces))

    return {"numpy sum": on_all(np.sum), "xor loop": on_all(_xor), "eight sums": on_all(_eight)}


@njit("uint64(uint64[::1])", nogil=True, cache=True)
def _xor(words):  # type: ignore[no-untyped-def]
    total = np.uint64(0)
    for k in range(len(words)):
        total ^= words[k]
    return total


@njit("uint64(uint64[::1])", nogil=True, cache=True)
def _eight(words):  # type: ignore[no-untyped-def]
    total = np.zeros(8, dtype=np.uint64)
    eighth = len(words) // 8
    for k in range(eighth):
        for part in range(8):
            total[part] += words[part * eighth + k]
    return total.sum()
