"""Two custodians of one epoch together: not an attack that is defended, and the drill shows it as plainly.

The same code that fails on one store succeeds here, which is also the proof that the drill would see a leak.
"""

from __future__ import annotations

import numpy as np

from moiety.drills import mix
from moiety.drills.algebra import Words, combine, combine_bytes
from moiety.drills.guess import guess
from moiety.drills.people import quantised
from moiety.drills.scene import PLAIN, Scene, Theft
from moiety.drills.verdict import Trial
from moiety.drills.views import photograph_and_row, row_and_row


def match(scene: Scene, rng: np.random.Generator) -> tuple[Trial, Trial]:
    """A photograph against the templates that two files give."""
    probes = quantised(scene.people.fresh)

    def on(words: Words) -> Trial:
        return guess(photograph_and_row(probes, words, None), rng)

    return on(_templates(scene, scene.enrolled)), on(_plain(scene, scene.enrolled))


def link(scene: Scene, rng: np.random.Generator) -> tuple[Trial, Trial]:
    """Two files of each deployment: who is in both?"""

    def on(here: Words, there: Words) -> Trial:
        return guess(row_and_row(here, there, None), rng)

    split = on(_templates(scene, scene.enrolled), _templates(scene, scene.elsewhere))
    return split, on(_plain(scene, scene.enrolled), _plain(scene, scene.elsewhere))


def pseudonyms(scene: Scene, rng: np.random.Generator) -> tuple[Trial, Trial]:
    """The pseudonyms of everybody enrolled."""
    seats = (scene.seat, scene.partner)
    parts = {seat: scene.refreshed.rows(seat, scene.staying).pseudonyms for seat in seats}
    plain = scene.refreshed.rows(PLAIN, scene.staying).pseudonyms
    return mix.by_equality(scene, [combine_bytes(parts)], rng), mix.by_equality(scene, [plain], rng)


def _templates(scene: Scene, theft: Theft) -> Words:
    return combine({seat: theft.rows(seat, scene.everybody).words for seat in (scene.seat, scene.partner)})


def _plain(scene: Scene, theft: Theft) -> Words:
    return theft.rows(PLAIN, scene.everybody).words
