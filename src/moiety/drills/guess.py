"""Guessing which belongs to which: the best rule is chosen on known pairs and judged on people it has never seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from moiety.drills import learned, rules
from moiety.drills.rules import Scores
from moiety.drills.verdict import Trial, by_shuffling, placed
from moiety.drills.views import Reading

HELD_OUT_MOST: Final = 300
"""People judged on: scores are n x n per reading, and 300 resolve a success of 0.55 from chance."""
KNOWN_MOST: Final = 600


def guess(readings: Sequence[Reading], rng: np.random.Generator, groups: NDArray[np.integer] | None = None) -> Trial:
    """Learn on half of the people, guess for the other half, and compare with shuffled labels.

    `readings` hold everybody in one order, right answers side by side. `groups` (n,) are what an attacker may know
    anyway (a date): labels are shuffled only inside a group. Needs at least eight people.
    """
    order = rng.permutation(len(readings[0].left))
    known, held_out = order[: len(order) // 2][:KNOWN_MOST], order[len(order) // 2 :][:HELD_OUT_MOST]
    inside = np.zeros(len(order), np.int64) if groups is None else groups
    scores = best_scores([one.of(known) for one in readings], [one.of(held_out) for one in readings], inside[known])
    # Who knows the groups looks for a row in its own group first.
    same_group = inside[held_out][:, None] == inside[held_out]
    return by_shuffling(placed(scores) + 2 * same_group, rng, inside[held_out])


def best_scores(known: Sequence[Reading], held_out: Sequence[Reading], groups: NDArray[np.integer]) -> Scores:
    """Scores (m, m) on the held-out people of whichever rule guessed best among the known ones.

    Rules are rated by how they tell apart people of one group, `groups` (n,) being those of the known. A learned rule
    is rated by teaching it one half of the known people and trying it on the other, both ways.
    """
    ratings: dict[tuple[int, str], float] = {}
    for place, reading in enumerate(known):
        for rule in rules.RULES:
            ratings[place, rule] = success(rules.scores(rule, reading), groups)
        half = len(groups) // 2
        halves = np.arange(half), np.arange(half, len(groups))
        for name, lesson in learned.LESSONS.items():
            ratings[place, name] = sum(
                success(lesson(reading.of(taught))(reading.of(tried)), groups[tried]) / 2
                for taught, tried in (halves, halves[::-1])
            )
    place, rule = max(ratings, key=lambda one: ratings[one])
    if rule in rules.RULES:
        return rules.scores(rule, held_out[place])
    return learned.LESSONS[rule](known[place])(held_out[place])


def success(scores: Scores, groups: NDArray[np.integer]) -> float:
    """Mean share 0..1 of the wrong columns of the same group that score below the right one, in scores (n, n)."""
    rivals = groups[:, None] == groups
    np.fill_diagonal(rivals, False)
    right = np.diagonal(scores)[:, None]
    return float(((scores < right) + 0.5 * (scores == right))[rivals].mean())
