"""From the templates of labelled pairs to a report of error rates. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from moiety.evaluation import bootstrap, rates
from moiety.evaluation.pairs import Pair
from moiety.evaluation.rates import Interval, Scores
from moiety.matching import reference, words

TARGETS = (1e-2, 1e-3, 1e-4)
FOLDS = 10
# Fixed, so that the same pairs give the same folds and the same intervals on every machine.
SEED = 19795
# The custodians decide at no threshold above this cosine, so none is tried here.
HIGHEST_THRESHOLD = words.THRESHOLD_HIGH / words.SCALE**2

# What a photograph became: a float32 vector (d,) of unit length, or None where no template could be had.
Vectors = Mapping[str, NDArray[np.float32] | None]


@dataclass(frozen=True)
class Report:
    """Error rates of one model on one list of pairs; None where the pairs cannot tell.

    `failed` counts the pairs with a photograph that gave no template: an error in `accuracy`, a non-match in
    `fnmr` and `eer` where the pair is mated, and left out of the false match rate. `fnmr` maps a target FMR
    to the rate and its interval. `decisions_differing` is the share of pairs on which whole-number words,
    which are what is shared among the custodians, decide otherwise than the floating-point scores at the same
    threshold.
    """

    pairs: int
    failed: int
    accuracy: float | None
    accuracy_by_fold: dict[str, float | None]
    folds_given: bool
    eer: float | None
    fnmr: dict[float, Interval]
    decisions_differing: float | None
    model: str


def target_name(target: float) -> str:
    """1e-2 rather than 0.01 or 1e-02."""
    return f"1e{round(np.log10(target))}"


def judge(pairs: Sequence[Pair], vectors: Vectors, model: str) -> Report:
    """Compare every pair and count the errors.

    `vectors` has an entry for each photograph that the pairs name. Each fold is decided at the threshold that
    does best on the other folds.
    """
    same = np.array([pair.same for pair in pairs], dtype=bool)
    scores = np.array([_score(pair, vectors) for pair in pairs], dtype=np.float64)
    had = np.isfinite(scores)
    folds = [pair.fold for pair in pairs if pair.fold is not None]
    folds_given = len(folds) == len(pairs)
    if not folds_given:
        folds = seeded_folds(same)
    labels = np.array(folds, dtype=object)
    right = np.zeros(len(pairs), dtype=bool)
    decided = np.zeros(len(pairs), dtype=bool)
    differing = 0
    quantised = {image: words.quantise(vector) for image, vector in vectors.items() if vector is not None}
    by_fold: dict[str, float | None] = dict.fromkeys(folds)
    for fold in by_fold:
        inside = labels == fold
        threshold = rates.best_threshold(scores[~inside], same[~inside])
        if threshold is None:
            continue
        threshold = min(max(threshold, -HIGHEST_THRESHOLD), HIGHEST_THRESHOLD)
        matches = scores >= threshold
        right |= inside & had & (matches == same)
        decided |= inside
        by_fold[fold] = float(np.mean(right[inside]))
        level = words.threshold_words(threshold)
        differing += sum(
            _decide_in_words(quantised[pairs[at].image_a], quantised[pairs[at].image_b], level) != matches[at]
            for at in np.flatnonzero(inside & had).tolist()
        )
    return Report(
        pairs=len(pairs),
        failed=int(np.count_nonzero(~had)),
        accuracy=float(np.mean(right[decided])) if decided.any() else None,
        accuracy_by_fold=by_fold,
        folds_given=folds_given,
        eer=rates.eer(scores[same], scores[~same & had]),
        fnmr=_fnmr(pairs, scores, same, had),
        decisions_differing=differing / int(np.count_nonzero(decided)) if decided.any() else None,
        model=model,
    )


def seeded_folds(same: NDArray[np.bool_]) -> list[str]:
    """Folds "1" to "10" for pairs (n,) that came without: each kind of pair is dealt out at random."""
    rng = np.random.default_rng(SEED)
    numbers = np.zeros(same.size, dtype=np.int64)
    for kind in (same, ~same):
        numbers[rng.permutation(np.flatnonzero(kind))] = np.arange(np.count_nonzero(kind)) % FOLDS
    return [str(1 + number) for number in numbers]


def _score(pair: Pair, vectors: Vectors) -> float:
    first, second = vectors[pair.image_a], vectors[pair.image_b]
    return -np.inf if first is None or second is None else float(np.dot(first, second))


def _decide_in_words(probe: NDArray[np.int16], template: NDArray[np.int16], threshold: int) -> bool:
    """What three custodians decide: it is a law of `matching` that they decide as its reference does."""
    return bool(reference.decide(probe, template[np.newaxis], threshold, np.ones(1, dtype=bool))[0])


def _fnmr(
    pairs: Sequence[Pair], scores: Scores, same: NDArray[np.bool_], had: NDArray[np.bool_]
) -> dict[float, Interval]:
    impostor = ~same & had
    if not same.any() or not impostor.any():
        return {}
    numbers = bootstrap.people((pair.image_a, pair.image_b, pair.same) for pair in pairs)
    who = np.array([(numbers[pair.image_a], numbers[pair.image_b]) for pair in pairs], dtype=np.int64)
    return {
        target: bootstrap.fnmr_at_fmr(
            scores[same], who[same, 0], scores[impostor], who[impostor], target, np.random.default_rng(SEED)
        )
        for target in TARGETS
        if rates.supports(int(np.count_nonzero(impostor)), target)
    }
