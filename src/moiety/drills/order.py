"""Attack: order. The thief watched the door: he knows in which order people came. Do the rows tell which is whose?

A row says in clear on which day it expires, so who came on another day is told apart; that is the bound. Within a day
nothing may tell: not the slot, not any number beside the row or its page, not the write-ahead log. He may also look
between two arrivals: then the row that came last must not stand out from the others of its day.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from moiety.drills.guess import guess
from moiety.drills.scene import PLAIN, Arrival, Scene
from moiety.drills.verdict import Trial, by_picking, placed
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


def of_the_last(scene: Scene, rng: np.random.Generator) -> tuple[Trial, Trial]:
    """Which row came last: the column that tells best is chosen on half of the looks, and judged on the others."""
    order = rng.permutation(len(scene.arrivals))
    known, held_out = order[: len(order) // 2], order[len(order) // 2 :]

    def on(store: str) -> Trial:
        looks = [_ranked(scene, arrival, store) for arrival in scene.arrivals]
        places = [np.concatenate([ranks, 1 - ranks]) for ranks, _ in looks]
        right = [at for _, at in looks]
        best = int(np.argmax(np.mean([places[look][:, right[look]] for look in known], axis=0)))
        return by_picking([places[look][best] for look in held_out], [right[look] for look in held_out], rng)

    return on(scene.seat), on(PLAIN)


def _ranked(scene: Scene, arrival: Arrival, store: str) -> tuple[NDArray[np.float64], int]:
    """Each column's places 0..1 (columns, n) among the rows of the arrival's day, and which row is the arrival's."""
    seen = arrival.seen[store]
    right = int(np.flatnonzero(seen.slots == scene.enrolled.slots[store][arrival.person])[0])
    of_day = np.flatnonzero(seen.expires == seen.expires[right])
    return placed(seen.columns[of_day].T.astype(np.float64)), int(np.searchsorted(of_day, right))
