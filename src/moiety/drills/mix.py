"""Attack: mix. One custodian's old file beside another's new one: two parts, but of different epochs.

Whoever breaks into a first custodian today and into a second one next week holds this if the rows were refreshed in
between. Two files of one epoch would be everything; the twin here is exactly that.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from moiety.drills.algebra import combine, combine_bytes
from moiety.drills.guess import guess
from moiety.drills.people import quantised
from moiety.drills.scene import Scene, Theft
from moiety.drills.sql import Rows
from moiety.drills.verdict import Trial, by_decoys
from moiety.drills.views import Reading, photograph_and_row

Pair = Mapping[str, Rows]


def photographs(scene: Scene, rng: np.random.Generator) -> tuple[Trial, Trial]:
    """A fresh photograph against what the two files give together, by any rule, and against each file alone."""
    probes = quantised(scene.people.fresh[scene.staying])

    def on(first: Theft, second: Theft) -> Trial:
        readings: list[Reading] = []
        for pair in _pairs(scene, first, second):
            together = combine({seat: rows.words for seat, rows in pair.items()})
            readings += photograph_and_row(probes, together, None)
        return guess(readings, rng)

    return on(scene.enrolled, scene.refreshed), on(scene.refreshed, scene.refreshed)


def pseudonyms(scene: Scene, rng: np.random.Generator) -> tuple[Trial, Trial]:
    """Whether the two files give anybody's pseudonym."""

    def on(first: Theft, second: Theft) -> Trial:
        return by_equality(scene, [_pseudonyms(pair) for pair in _pairs(scene, first, second)], rng)

    return on(scene.enrolled, scene.refreshed), on(scene.refreshed, scene.refreshed)


def by_equality(scene: Scene, read: list[NDArray[np.uint8]], rng: np.random.Generator) -> Trial:
    """How many pseudonyms (n, 16) of those staying were read, beside how many fit somebody else's row."""
    true = scene.pseudonyms[scene.staying]
    right = np.any([(one == true).all(axis=1) for one in read], axis=0)
    wrong = np.any([(one == np.roll(true, 1, axis=0)).all(axis=1) for one in read], axis=0)
    return by_decoys(right, wrong, len(true) * len(read) * 2.0**-128, rng)


def _pseudonyms(pair: Pair) -> NDArray[np.uint8]:
    return combine_bytes({seat: rows.pseudonyms for seat, rows in pair.items()})


def _pairs(scene: Scene, first: Theft, second: Theft) -> list[Pair]:
    """The stolen custodian's rows of one theft beside its partner's of the other, and the reverse."""
    return [
        {
            scene.seat: one.rows(scene.seat, scene.staying),
            scene.partner: two.rows(scene.partner, scene.staying),
        }
        for one, two in ((first, second), (second, first))
    ]
