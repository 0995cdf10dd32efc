"""Error rates of a comparison of faces, in the words of ISO/IEC 19795-1. Pure: numbers in, numbers out.

A *mated* score compares two photographs of one person, an *impostor* score two people. Scores are float64
arrays (n,); a pair matches where its score is at or above the threshold, and a pair of which no score could
be had carries minus infinity, so that it never matches.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]

# A rate is only reported where this many false matches are expected: with 10, the standard error of the false
# match rate that a threshold was chosen for is about a third of it (1/sqrt(10)); with one or two the
# threshold is one photograph's.
FALSE_MATCHES_NEEDED = 10
CONFIDENCE = 0.95


class Interval(NamedTuple):
    """A rate and the bounds between which it lies with a confidence of 95 %; all in 0..1."""

    value: float
    low: float
    high: float


class Det(NamedTuple):
    """Points of the detection error trade-off: at thresholds[i] the rates are fmr[i] and fnmr[i]."""

    thresholds: Scores
    fmr: Scores
    fnmr: Scores


def fmr(impostor: Scores, threshold: float) -> float:
    """False match rate: the share of impostor scores (one at least) at or above the threshold."""
    return float(np.mean(impostor >= threshold))


def fnmr(mated: Scores, threshold: float) -> float:
    """False non-match rate: the share of mated scores (one at least) below the threshold."""
    return float(np.mean(mated < threshold))


def det(mated: Scores, impostor: Scores) -> Det:
    """The DET curve at every threshold where a rate changes, ascending, and one above all scores."""
    scores = np.concatenate([mated, impostor])
    thresholds = np.append(np.unique(scores[np.isfinite(scores)]), np.inf)
    above = impostor.size - np.searchsorted(np.sort(impostor), thresholds, side="left")
    below = np.searchsorted(np.sort(mated), thresholds, side="left")
    return Det(thresholds, above / impostor.size, below / mated.size)


def eer(mated: Scores, impostor: Scores) -> float | None:
    """Equal error rate: where FMR and FNMR cross. None without scores of both kinds.

    Of the two neighbouring thresholds between which they cross, the mean of both rates at the one where they
    add up to less (D. Maio et al., FVC2000: both rates are steps and seldom equal anywhere).
    """
    if mated.size == 0 or impostor.size == 0:
        return None
    curve = det(mated, impostor)
    after = int(np.argmax(curve.fnmr >= curve.fmr))
    before = after if curve.fnmr[after] == curve.fmr[after] else max(0, after - 1)
    return min(float(curve.fmr[at] + curve.fnmr[at]) for at in (before, after)) / 2


def threshold_at_fmr(impostor: Scores, target: float) -> float:
    """The lowest threshold at which no more than `target` of the impostor scores match."""
    allowed = math.floor(target * impostor.size + 1e-9)  # 0.29 * 100 is 28.999…
    if allowed >= impostor.size:
        return -math.inf
    return float(np.nextafter(np.sort(impostor)[impostor.size - 1 - allowed], np.inf))


def supports(impostors: int, target: float) -> bool:
    """Whether so many impostor scores say anything about this false match rate."""
    return impostors * target >= FALSE_MATCHES_NEEDED - 1e-9


def best_threshold(scores: Scores, same: NDArray[np.bool_]) -> float | None:
    """The threshold with the fewest errors: half-way between its two neighbouring scores.

    Where several are as good, the middle one of them. None unless there are finite scores of both kinds,
    because then any threshold would do.
    """
    mated, impostor = scores[same & np.isfinite(scores)], scores[~same & np.isfinite(scores)]
    if mated.size == 0 or impostor.size == 0:
        return None
    levels = np.unique(np.concatenate([mated, impostor]))
    cuts = np.concatenate([[levels[0]], (levels[:-1] + levels[1:]) / 2, [np.nextafter(levels[-1], np.inf)]])
    above = impostor.size - np.searchsorted(np.sort(impostor), cuts, side="left")
    errors = above + np.searchsorted(np.sort(mated), cuts, side="left")
    best = np.flatnonzero(errors == errors.min())
    return float(cuts[best[best.size // 2]])


def wilson(errors: int, trials: int, confidence: float = CONFIDENCE) -> Interval:
    """Wilson's score interval for a share (E. B. Wilson 1927), which holds where no error was seen, too."""
    if not 0 <= errors <= trials or trials == 0:
        raise ValueError("a share needs at least one trial and no more errors than trials")
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = errors / trials
    centre = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    reach = z / (1 + z * z / trials) * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    return Interval(share, max(0.0, min(centre - reach, share)), min(1.0, max(centre + reach, share)))
