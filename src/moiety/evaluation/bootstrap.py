"""How far a false non-match rate may be off, when both its threshold and its errors come from the same few
people.

The *subset bootstrap* (R. Bolle, N. Ratha, S. Pankanti: Error analysis of pattern recognition systems, 2004):
people are drawn again with replacement, each pair counts as often as its people were drawn (the product, for
two), and the threshold is set anew each time. Pure; the generator of random numbers is an argument.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from moiety.evaluation.rates import CONFIDENCE, Interval, Scores, threshold_at_fmr, wilson

DRAWS = 1_000
# Below half of its people drawn, a resampled list of one or two people may hold no pair at all; such draws
# say nothing.
_DRAWN_AGAIN_AT_MOST = 4 * DRAWS


def people(pairs: Iterable[tuple[str, str, bool]]) -> dict[str, int]:
    """Who is in each photograph, as far as the pairs (a, b, same) tell: photographs joined by mated pairs are
    one person."""
    parent: dict[str, str] = {}

    def root(image: str) -> str:
        parent.setdefault(image, image)
        while parent[image] != image:
            parent[image] = parent[parent[image]]
            image = parent[image]
        return image

    for image_a, image_b, same in pairs:
        first, second = root(image_a), root(image_b)
        if same:
            parent[second] = first
    numbers: dict[str, int] = {}
    return {image: numbers.setdefault(root(image), len(numbers)) for image in parent}


def fnmr_at_fmr(
    mated: Scores,
    mated_people: NDArray[np.int64],
    impostor: Scores,
    impostor_people: NDArray[np.int64],
    target: float,
    rng: np.random.Generator,
) -> Interval:
    """The false non-match rate at the threshold that keeps the false match rate at `target`, with a 95 %
    interval.

    `mated_people` (n,) and `impostor_people` (m, 2) number the people of each pair; there is one pair of each
    kind at least. The interval is the wider of the subset bootstrap's and of Wilson's at the threshold
    measured: the bootstrap alone says [0, 0] where no error was seen.
    """
    threshold = threshold_at_fmr(impostor, target)
    rate = wilson(int(np.count_nonzero(mated < threshold)), mated.size)
    count = 1 + int(max(mated_people.max(), impostor_people.max()))
    mated_order, impostor_order = np.argsort(mated), np.argsort(impostor)[::-1]
    mated, mated_people = mated[mated_order], mated_people[mated_order]
    impostor, impostor_people = impostor[impostor_order], impostor_people[impostor_order]
    seen: list[float] = []
    for _ in range(_DRAWN_AGAIN_AT_MOST):
        drawn = np.bincount(rng.integers(0, count, count), minlength=count)
        again = _again(mated, drawn[mated_people], impostor, drawn[impostor_people].prod(axis=1), target)
        if again is not None:
            seen.append(again)
        if len(seen) == DRAWS:
            break
    if len(seen) < DRAWS:
        return rate
    low, high = np.quantile(seen, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Interval(rate.value, min(rate.low, float(low)), max(rate.high, float(high)))


def _again(
    mated: Scores,
    mated_counts: NDArray[np.int64],
    impostor: Scores,
    impostor_counts: NDArray[np.int64],
    target: float,
) -> float | None:
    """The rate when each pair counts so often, or None without a pair.

    Mated scores ascend, impostor scores descend.
    """
    mated_total, impostor_total = int(mated_counts.sum()), int(impostor_counts.sum())
    if mated_total == 0 or impostor_total == 0:
        return None
    first_too_many = int(np.searchsorted(np.cumsum(impostor_counts), target * impostor_total + 1e-9, side="right"))
    missed = int(np.searchsorted(mated, impostor[first_too_many], side="right"))
    return float(mated_counts[:missed].sum()) / mated_total
