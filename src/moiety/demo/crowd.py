"""Random rows beside the people of the demo: they show how fast a search is, and nothing about how right it
is.

A random unit vector is nobody's face. It takes the same way into the custodians' files as a face's template
does.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from moiety.identity.ports import Custodians, Entropy, Newcomer, Progress
from moiety.identity.pseudonym import BYTES
from moiety.matching.words import quantise_rows

Vectors = NDArray[np.float32]

BATCH: Final = 16_384
"""Rows in one transaction: four blocks of slots, so that none of it is wasted on dummies."""
_UNIX_DAY_0: Final = date(1970, 1, 1)


def invent(rows: int, dim: int, rng: np.random.Generator) -> Vectors:
    """Unit vectors (rows, dim), float32, spread evenly over all directions."""
    vectors = rng.standard_normal((rows, dim), dtype=np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def enrol(
    vectors: Vectors,
    custodians: Custodians,
    gallery: str,
    *,
    valid: timedelta,
    now: datetime,
    entropy: Entropy,
    progress: Progress,
) -> NDArray[np.uint8]:
    """Enrol prepared templates (n, d), many in one transaction; returns their pseudonyms (n, 16)."""
    expires = ((now + valid).date() - _UNIX_DAY_0).days
    pseudonyms = np.frombuffer(entropy(BYTES * len(vectors)), np.uint8).reshape(-1, BYTES)
    for start in range(0, len(vectors), BATCH):
        progress("enrolling random rows", start, len(vectors))
        batch = zip(quantise_rows(vectors[start : start + BATCH]), pseudonyms[start : start + BATCH], strict=True)
        custodians.enrol(gallery, [Newcomer(words, name.tobytes(), expires, 0) for words, name in batch])
    progress("enrolling random rows", len(vectors), len(vectors))
    return pseudonyms
