"""Attack: reuse. Two rows under one mask, anywhere in what was stolen, differ by two faces and no noise at all.

Rows of one file, of two deployments and of two epochs are compared each with each, the steps from one epoch to the next
too: a mask that comes back per page, per slot or per run shows here whoever the rows belong to.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from moiety.drills import rules
from moiety.drills.algebra import Words, decode
from moiety.drills.scene import PLAIN, Scene
from moiety.drills.verdict import Trial

_ACCIDENT: Final = 1e-6
"""The probability with which uniform masks may give one pair this near, over all pairs."""
_MOST: Final = 4_000
"""Rows compared each with each: 64 MB of nearness."""


def masks(scene: Scene, rng: np.random.Generator) -> tuple[Trial, Trial]:
    """The share of stolen rows that lie suspiciously near another."""

    def on(store: str) -> Trial:
        old, new = (theft.rows(store, scene.staying).words for theft in (scene.enrolled, scene.refreshed))
        other = scene.elsewhere.rows(store, scene.everybody).words
        pool = [old, new, other] if store == PLAIN else [decode(one) for one in (old, new, other, new - old)]
        words: Words = rng.permutation(np.concatenate(pool))[:_MOST]
        random = rng.integers(0, 1 << 16, words.shape, dtype=np.uint16)
        near = _near(words)
        return Trial(float(near.mean()), float(_near(random).mean()), _ACCIDENT if near.any() else 1.0, len(words))

    return on(scene.seat), on(PLAIN)


def _near(words: Words) -> NDArray[np.bool_]:
    """Which rows (n, d) have another nearer than independent uniform ones get: bool (n,).

    Nearness is the mean cosine of the differences on the circle of words. For uniform words it exceeds t with
    probability at most exp(-d t^2) (Chernoff; E exp(x cos) = I0(x) <= exp(x^2 / 4)).
    """
    count, dim = words.shape
    features = rules.phases(words)
    nearness = features @ features.T / dim
    np.fill_diagonal(nearness, -1)
    limit = np.sqrt(np.log(count * (count - 1) / 2 / _ACCIDENT) / dim)
    return np.asarray(nearness.max(axis=1) > limit)
