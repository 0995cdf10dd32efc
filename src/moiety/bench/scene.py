"""Galleries of random people for the benchmarks: real custodians on real files, in a temporary folder.

Random unit vectors show speed and memory, and nothing about accuracy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from moiety.custody.gateway.embedded import Embedded
from moiety.custody.store.slots import SLOTS
from moiety.matching.policy import Rate, Terms
from moiety.matching.words import quantise_rows
from moiety.sharing.split import Entropy

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Edge:
    """What a benchmark has of the world outside: randomness, the clock, and somebody who watches the progress."""

    entropy: Entropy
    clock: Callable[[], datetime]
    progress: Progress


GALLERY = "bench"
_BATCH_ROWS = 32_768


@dataclass(frozen=True)
class RandomPerson:
    """A prepared template of nobody."""

    words: NDArray[np.int16]
    pseudonym: bytes
    expires_day: int
    grounds: int


def terms(dim: int) -> Terms:
    """A threshold of 0.6 in cosine, which random vectors of the models' dimensions practically never reach."""
    return Terms("random", dim, (Rate(1e-5, 0.1, 9_677),), fmr=1e-3, fpir=0.01)


def random_vectors(rows: int, dim: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Unit vectors float32 (rows, dim)."""
    vectors = rng.standard_normal((rows, dim), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def people(words: NDArray[np.int16], edge: Edge) -> list[RandomPerson]:
    """Newcomers with these words (n, dim), valid for a month."""
    day = int(edge.clock().timestamp() // 86_400) + 30
    drawn = edge.entropy(16 * len(words))
    return [RandomPerson(row, drawn[16 * at : 16 * at + 16], day, 0) for at, row in enumerate(words)]


def opened(folder: Path, edge: Edge) -> Embedded:
    """The office in this folder."""
    return Embedded.open(folder, clock=edge.clock, entropy=edge.entropy, progress=edge.progress)


@contextmanager
def empty(edge: Edge) -> Iterator[tuple[Path, Embedded]]:
    """An office of its own, gone afterwards."""
    with TemporaryDirectory(prefix="moiety-bench-") as name:
        folder = Path(name) / "office"
        Embedded.create(folder, edge.entropy)
        embedded = opened(folder, edge)
        try:
            yield folder, embedded
        finally:
            embedded.close()


@contextmanager
def office(dim: int, edge: Edge) -> Iterator[tuple[Path, Embedded]]:
    """As `empty`, with a gallery."""
    with empty(edge) as (folder, embedded):
        embedded.add_gallery(GALLERY, terms(dim), b"")
        yield folder, embedded


def fill(embedded: Embedded, vectors: NDArray[np.float32], edge: Edge, name: str = GALLERY) -> None:
    """Enrol every vector, batch by batch."""
    for start in range(0, len(vectors), _BATCH_ROWS):
        batch = vectors[start : start + _BATCH_ROWS]
        embedded.enrol(name, people(quantise_rows(batch), edge))
        edge.progress("enrolling random rows", start + len(batch), len(vectors))


def whole_pages(rows: int) -> int:
    """Rows rounded up to whole pages."""
    return -(-rows // SLOTS) * SLOTS
