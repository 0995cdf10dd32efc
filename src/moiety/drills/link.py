"""Attack: link. Two stolen files with the same people: which row here and which row there are one person?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from moiety.drills.algebra import Words
from moiety.drills.guess import guess
from moiety.drills.scene import PLAIN, Scene
from moiety.drills.sql import Rows
from moiety.drills.verdict import Trial
from moiety.drills.views import Reading, in_order, row_and_row


def two_deployments(scene: Scene, rng: np.random.Generator) -> tuple[Trial, Trial]:
    """The same people enrolled twice, from different photographs.

    Every column is compared but dates and grounds, which two deployments may share (see `order`).
    """

    def on(store: str) -> Trial:
        here, there = (theft.rows(store, scene.everybody) for theft in (scene.enrolled, scene.elsewhere))
        return guess(rows_side_by_side(here, there), rng)

    return on(scene.seat), on(PLAIN)


def two_epochs(scene: Scene, rng: np.random.Generator) -> tuple[Trial, Trial]:
    """One custodian's file before and after a refresh, rows shuffled: only the refreshed columns are compared."""

    def on(store: str) -> Trial:
        before, after = (theft.rows(store, scene.staying) for theft in (scene.enrolled, scene.refreshed))
        return guess(_parts(before, after), rng)

    return on(scene.seat), on(PLAIN)


def rows_side_by_side(here: Rows, there: Rows) -> list[Reading]:
    """Every column of rows but dates and grounds."""
    return _parts(here, there) + _labels(here, there)


def _parts(left: Rows, right: Rows) -> list[Reading]:
    seats = (left.seat, right.seat) if left.seat and right.seat else None
    return row_and_row(left.words, right.words, seats) + row_and_row(
        words_of(left.pseudonyms), words_of(right.pseudonyms), seats
    )


def _labels(left: Rows, right: Rows) -> list[Reading]:
    readings = [Reading("handles", words_of(left.handles), words_of(right.handles))]
    readings += in_order("slots", left.slots, right.slots)
    for place, (here, there) in enumerate(zip(left.marks.T, right.marks.T, strict=True)):
        readings += in_order(f"mark {place}", here, there)
    return readings


def words_of(column: NDArray[np.uint8]) -> Words:
    """Bytes (n, 2d) as words (n, d)."""
    return np.ascontiguousarray(column).view("<u2").astype(np.uint16)
