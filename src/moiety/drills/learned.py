"""Scoring rules learned from known pairs: people whose row the attacker knows, say because he enrolled them. Pure.

Three families. *Residual*: what remains when the guess is subtracted from the row; a mask that is not uniform on the
whole ring shows there, byte by byte (naive Bayes). *Linear*: a regression from all bits and signed words of the right
side to the left side. *Curved*: the same with a Gaussian kernel, which can represent any smooth rule.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from moiety.drills import rules
from moiety.drills.rules import Features, Scores
from moiety.drills.views import Reading

_SMOOTHING: Final = 8.0
"""Imagined occurrences of each byte value: keeps a value never seen from deciding alone."""
_NARROWEST: Final = 1e-6
"""Least kernel width, for columns that are mostly one value."""
_IMPOSTORS_EACH: Final = 12
_RIDGE: Final = 0.1
"""Of the kernel's mean diagonal: chosen on plain vectors, where anything from 0.01 to 1 does."""

Learned = Callable[[Reading], Scores]
Lesson = Callable[[Reading], Learned]


def residual(known: Reading) -> Learned:
    """From the bytes of row minus guess, of known pairs against wrong pairs, how likely each pair is a right one."""
    count = len(known.left)
    right_ones = _histogram(known.right - known.left)
    wrong_ones = np.zeros_like(right_ones)
    steps = np.unique(np.linspace(1, count - 1, _IMPOSTORS_EACH).astype(int))
    for step in steps:
        wrong_ones += _histogram(known.right - np.roll(known.left, step, axis=0))
    odds = np.log(_shares(right_ones)) - np.log(_shares(wrong_ones))
    tables = (odds - odds.mean(axis=2, keepdims=True)).astype(np.float32)

    def score(reading: Reading) -> Scores:
        found = np.empty((len(reading.left), len(reading.right)), np.float32)
        for row, words in enumerate(reading.left):
            rest = reading.right - words
            found[row] = sum(
                tables[place, parity][_byte(rest[:, parity::2], place)].sum(axis=1)
                for place in (0, 1)
                for parity in (0, 1)
            )
        return found

    return score


def linear(known: Reading) -> Learned:
    """Ridge regression from the right side's bits and signed words to the left side, in its dual form."""
    taught = _described(known.right)
    target = rules.centred(known.left)
    weights = taught.T @ _solved(taught @ taught.T, target)

    def score(reading: Reading) -> Scores:
        return np.asarray(rules.centred(reading.left) @ (_described(reading.right) @ weights).T, dtype=np.float32)

    return score


def curved(known: Reading) -> Learned:
    """Kernel ridge regression with a Gaussian kernel, as wide as the median distance, on circle points and bits."""
    taught = _described(known.right)
    distances = _distances(taught, taught)
    width = max(float(np.median(distances[np.triu_indices(len(taught), 1)])), _NARROWEST)
    answers = _solved(np.exp(-distances / width), rules.centred(known.left))

    def score(reading: Reading) -> Scores:
        nearness = np.exp(-_distances(_described(reading.right), taught) / width)
        return np.asarray(rules.centred(reading.left) @ (nearness @ answers).T, dtype=np.float32)

    return score


LESSONS: Final[dict[str, Lesson]] = {"residual bytes": residual, "learned linear": linear, "learned curved": curved}


def _described(words: NDArray[np.uint16]) -> Features:
    parts = [rules.signed(words), rules.centred(words), rules.phases(words), rules.bits(words)]
    return np.concatenate([part / np.linalg.norm(part, axis=1, keepdims=True).clip(1e-9) for part in parts], axis=1)


def _solved(kernel: NDArray[np.float32], target: Features) -> Features:
    ridge = _RIDGE * float(np.trace(kernel)) / len(kernel)
    return np.asarray(np.linalg.solve(kernel + ridge * np.eye(len(kernel), dtype=np.float32), target), dtype=np.float32)


def _distances(left: Features, right: Features) -> NDArray[np.float32]:
    """Squared distances (n, m)."""
    squares = (left**2).sum(axis=1)[:, None] + (right**2).sum(axis=1) - 2 * left @ right.T
    return np.asarray(np.maximum(squares, 0))


def _byte(words: NDArray[np.uint16], place: int) -> NDArray[np.uint16]:
    return np.right_shift(words, 8) if place else np.bitwise_and(words, 255)


def _histogram(rest: NDArray[np.uint16]) -> NDArray[np.float64]:
    """Counts (2, 2, 256): low or high byte, even or odd coordinate, value."""
    return np.array(
        [
            [np.bincount(_byte(rest[:, parity::2], place).ravel(), minlength=256) for parity in (0, 1)]
            for place in (0, 1)
        ],
        dtype=np.float64,
    )


def _shares(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    smoothed = counts + _SMOOTHING * np.maximum(1.0, counts.sum(axis=2, keepdims=True) / counts[0, 0].sum())
    return np.asarray(smoothed / smoothed.sum(axis=2, keepdims=True))
