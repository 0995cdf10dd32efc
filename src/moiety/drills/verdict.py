"""Chance and judgement. Pure: numbers in, numbers out.

Chance is measured, not assumed: an attack guesses which row belongs to whom, and the same guesses are scored against
shuffled labels fifteen thousand times. If a store says nothing about its people, the true labels are one more shuffle,
so the p-value is exact whatever the attack does. All rows of a drill share one verdict: an honest deployment is called
leaky in at most 1 % of drills (Bonferroni over the rows that are judged against chance).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

Expected = Literal["chance", "bounded", "budgeted", "everything"]

FAMILY_ALPHA: Final = 0.01
SHUFFLES: Final = 14_999
"""Enough for a p-value of 1/15,000: four times that, for an attack that succeeded in one of four ways, is less than
what one row of thirty may use up of 1 %."""
SUCCEEDED: Final = 0.9
"""From here on an attack counts as having worked: on the plain twin, and where everything is expected."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One attack on one store: how well it did, how well guessing does, and how likely guessing does as well.

    `success` and `chance` are 0 to 1 in the attack's unit; `trials` counts the people or canaries tried on.
    """

    success: float
    chance: float
    p_value: float
    trials: int


@dataclass(frozen=True, slots=True)
class Measured:
    """An attack carried out: on the split stores named, and by the same code on their plain twin."""

    name: str
    stores: tuple[str, ...]
    split: Trial
    plain: Trial
    unit: str
    expected: Expected
    sentence: str


def by_shuffling(
    scores: NDArray[np.floating], rng: np.random.Generator, groups: NDArray[np.integer] | None = None
) -> Trial:
    """How a matrix of scores (n, n), row i's right answer being column i, compares with shuffled labels.

    Success is the mean share of wrong columns that score below the right one (ties count half): 1 is always first,
    0.5 is guessing. `groups` (n,) are what the attacker may know anyway; labels are shuffled only inside a group, so
    chance is then what the groups alone give.
    """
    count = len(scores)
    if count < 2 or scores.shape != (count, count):
        raise ValueError("needs a square matrix of two or more")
    places = placed(scores)
    observed = float(np.diagonal(places).mean())
    labels = _shuffled(count, rng, groups)
    guessed = places[np.arange(count), labels].mean(axis=1)
    as_good = int(np.count_nonzero(guessed >= observed - 1e-12))
    return Trial(observed, float(guessed.mean()), (1 + as_good) / (1 + SHUFFLES), count)


def placed(scores: NDArray[np.floating]) -> NDArray[np.float64]:
    """For each row of scores (m, n), the share 0..1 of the other columns below each column, ties counting half."""
    rows, columns = scores.shape
    places = np.empty((rows, columns))
    for row, values in enumerate(scores):
        ordered = np.sort(values)
        below, upto = np.searchsorted(ordered, values, "left"), np.searchsorted(ordered, values, "right")
        places[row] = (below + upto - 1) / 2
    return np.asarray(places / (columns - 1))


def by_decoys(found: NDArray[np.bool_], decoys: NDArray[np.bool_], accident: float, rng: np.random.Generator) -> Trial:
    """How many canaries (n,) turned up, against decoys (m,) of the same make that never went in.

    Chance is what the decoys score. `accident` bounds the probability that even one canary stands in random bytes;
    it is the p-value where no decoy was found, since no shuffle can be rarer than the decoys are many.
    """
    hits, pool = int(found.sum()), np.concatenate([found, decoys])
    if hits == 0:
        p_value = 1.0
    elif not decoys.any():
        p_value = min(1.0, accident)
    else:
        drawn = rng.hypergeometric(int(pool.sum()), int((~pool).sum()), len(found), SHUFFLES)
        p_value = (1 + int(np.count_nonzero(drawn >= hits))) / (1 + SHUFFLES)
    return Trial(hits / len(found), float(decoys.mean()), p_value, len(found))


def by_picking(places: Sequence[NDArray[np.float64]], right: Sequence[int], rng: np.random.Generator) -> Trial:
    """How one right answer in each of several lists of places (n,), 0 to 1, compares with picks at random from each."""
    observed = float(np.mean([some[at] for some, at in zip(places, right, strict=True)]))
    guessed = np.mean([rng.choice(some, SHUFFLES) for some in places], axis=0)
    as_good = int(np.count_nonzero(guessed >= observed - 1e-12))
    return Trial(observed, float(guessed.mean()), (1 + as_good) / (1 + SHUFFLES), len(places))


def by_reading(read: NDArray[np.integer], true: NDArray[np.integer], rng: np.random.Generator) -> Trial:
    """How many values (n, k), those of one thing a row, were read right, beside shuffled rows: what is read the same
    of all things is guessing, however often it is right."""
    right = (read[:, None] == true[None]).mean(axis=2)
    labels = _shuffled(len(true), rng, None)
    observed, guessed = float(np.diagonal(right).mean()), right[np.arange(len(true)), labels].mean(axis=1)
    as_good = int(np.count_nonzero(guessed >= observed - 1e-12))
    return Trial(observed, float(guessed.mean()), (1 + as_good) / (1 + SHUFFLES), true.size)


def best(tried: Sequence[Trial]) -> Trial:
    """The likeliest success of several ways to do one thing, with the probability that any of them does as well."""
    one = min(tried, key=lambda trial: (trial.p_value, -trial.success))
    return replace(one, p_value=min(1.0, one.p_value * len(tried)))


def level(rows: Sequence[Measured]) -> float:
    """The p-value below which one row counts as a finding, so that all of them together err in 1 % of drills."""
    return FAMILY_ALPHA / max(1, sum(row.expected != "everything" for row in rows))


def passed(row: Measured, alpha: float) -> bool:
    """Whether a row came out as designed: the plain twin fell, and the split store stood (or fell, where it should)."""
    if row.plain.success < SUCCEEDED or row.plain.p_value >= alpha:
        return False
    if row.expected == "everything":
        return row.split.success >= SUCCEEDED and row.split.p_value < alpha
    return row.split.p_value >= alpha


def _shuffled(count: int, rng: np.random.Generator, groups: NDArray[np.integer] | None) -> NDArray[np.intp]:
    """`SHUFFLES` permutations (SHUFFLES, count) of the labels, each staying inside the groups."""
    if groups is None:
        return np.argsort(rng.random((SHUFFLES, count)), axis=1)
    inside = np.argsort(groups, kind="stable")
    keys = rng.random((SHUFFLES, count)) + np.searchsorted(np.unique(groups), groups)
    labels = np.empty((SHUFFLES, count), np.intp)
    labels[:, inside] = np.argsort(keys, axis=1)
    return labels
