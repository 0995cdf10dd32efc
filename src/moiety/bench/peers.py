"""The plain searches: float32 vectors in the clear, exact inner products, each peer at its best setting.

numpy's matrix products give all scores and stop there, without looking for those above a threshold; FAISS returns
its ten best. Both are given the same cores as ours.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]

# Rows per product when a batch is multiplied block by block, so that scores and rows stay in the cache.
_BLOCK_ROWS = 8_192
_BEST = 10


def numpy_peers(vectors: Vectors, probes: Vectors) -> dict[str, Callable[[], object]]:
    """numpy on its BLAS, all the ways that one would try: (rows, d) and (B, d)."""
    if len(probes) == 1:
        scores = np.empty(len(vectors), dtype=np.float32)
        return {"numpy float32 GEMV": lambda: np.matmul(vectors, probes[0], out=scores)}
    tall = np.empty((len(vectors), len(probes)), dtype=np.float32)
    wide = np.empty((len(probes), len(vectors)), dtype=np.float32)

    def blocks() -> None:
        for start in range(0, len(vectors), _BLOCK_ROWS):
            rows = vectors[start : start + _BLOCK_ROWS]
            np.matmul(rows, probes.T, out=tall[start : start + len(rows)])

    return {
        "numpy float32 GEMM, rows x probes": lambda: np.matmul(vectors, probes.T, out=tall),
        "numpy float32 GEMM, probes x rows": lambda: np.matmul(probes, vectors.T, out=wide),
        "numpy float32 GEMM, blocks of 8,192 rows": blocks,
    }


FAISS_DEFAULT = "FAISS IndexFlatIP, as installed"
FAISS_BLAS = "FAISS IndexFlatIP, BLAS threshold 1"


def faiss_peers(vectors: Vectors, probes: Vectors, threads: int) -> dict[str, Callable[[], object]]:
    """FAISS IndexFlatIP as installed, and with its BLAS path taken from one probe on; empty without FAISS.

    Both on so many threads.
    """
    try:
        import faiss
    except ImportError:
        return {}
    faiss.omp_set_num_threads(threads)
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    best = min(_BEST, len(vectors))
    installed = faiss.cvar.distance_compute_blas_threshold

    def search(threshold: int) -> Any:
        faiss.cvar.distance_compute_blas_threshold = threshold
        return index.search(probes, best)

    return {FAISS_DEFAULT: lambda: search(installed), FAISS_BLAS: lambda: search(1)}
