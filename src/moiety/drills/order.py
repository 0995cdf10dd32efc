"""Attack: order. The thief watched the door: he knows in which order people came. Do the rows tell which is whose?

A row says in clear on which day it expires, so who came on another day is told apart; that is the bound. Within a day
nothing may tell: not the slot, not any number beside the row or its page, not the write-ahead log.
"""

from __future__ import annotations

import numpy as np

from moiety.drills.guess import guess
from moiety.drills.scene import PLAIN, Scene
from moiety.drills.verdict import Trial
from moiety.drills.views import Reading, in_order


def of_arrival(scene: Scene, rng: np.random.Generator) -> tuple[Trial, Trial]:
    """Arrival numbers against every column that may carry time; labels are shuffled within each day."""

    def on(store: str) -> Trial:
        theft = scene.enrolled
        rows = theft.rows(store, scene.everybody)
        columns = [rows.expires, rows.grounds, rows.slots, *rows.marks.T]
        if store != PLAIN:
            columns.append(theft.stores[store].occupied_since(theft.gallery)[rows.slots])
        readings: list[Reading] = []
        for place, column in enumerate(columns):
            readings += in_order(f"column {place}", scene.everybody, column)
        return guess(readings, rng, groups=scene.days)

    return on(scene.seat), on(PLAIN)
