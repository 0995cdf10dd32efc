"""Timing on a noisy machine: contenders take turns, so that a slow minute slows all of them, and ratios are taken
within a round.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

Work = Callable[[], object]

_PAUSE_S = 0.3
"""Before every run: a matrix library's threads spin for a while after their work, and would slow whoever is next."""


@dataclass(frozen=True)
class Times:
    """Milliseconds of each contender in each round."""

    rounds: Mapping[str, list[float]]

    def median_ms(self, name: str) -> float:
        """The median of one contender."""
        return median(self.rounds[name])

    def ratio(self, ours: str, theirs: str) -> float:
        """The median over the rounds of ours / theirs."""
        pairs = zip(self.rounds[ours], self.rounds[theirs], strict=True)
        return median(mine / other for mine, other in pairs)

    def fastest(self, names: list[str]) -> str:
        """Whichever of these has the smallest median."""
        return min(names, key=self.median_ms)


def in_turn(works: Mapping[str, Work], rounds: int, done: Callable[[int], None]) -> Times:
    """Run every contender once uncounted, then in turn for so many rounds; `done` is told the rounds behind it."""
    for work in works.values():
        work()
    taken: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds):
        for name, work in works.items():
            time.sleep(_PAUSE_S)
            start = time.perf_counter()
            work()
            taken[name].append((time.perf_counter() - start) * 1_000)
        done(number + 1)
    return Times(taken)
