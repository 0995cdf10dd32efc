"""Fixed scoring rules: how alike two readings look, with nothing learned from known pairs. Pure.

Each rule is an inner product of features, so that n x n scores are one multiplication. Centring and scaling use all the
rows that the thief holds and nobody's label.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from moiety.drills.algebra import Words
from moiety.drills.views import Reading

Scores = NDArray[np.float32]
Features = NDArray[np.float32]
_TURN: Final = np.float32(2 * np.pi / 65536)


def signed(words: Words) -> Features:
    """Words (n, d) as signed numbers, each row of unit length: the plain dot product of faces."""
    return _unit(words.view(np.int16).astype(np.float32))


def centred(words: Words) -> Features:
    """Signed distance (n, d) from each column's circular mean: what a constant mask leaves of a face."""
    phases = np.exp(1j * _TURN * words).mean(axis=0)
    middle = (np.angle(phases) / _TURN).round().astype(np.int64).astype(np.uint16)
    return signed(words - middle)


def phases(words: Words) -> Features:
    """Words (n, d) as points on a circle (n, 2d): nearness that wraps."""
    angles = words.astype(np.float32) * _TURN
    return np.concatenate([np.cos(angles), np.sin(angles)], axis=1)


def low_bits(words: Words) -> Features:
    """The lowest bit of each word (n, d), as -1 and 1: what an even mask leaves."""
    return (words & 1).astype(np.float32) * 2 - 1


def low_bytes(words: Words) -> Features:
    """The low byte of each word as a signed number (n, d): what a mask of whole high bytes leaves."""
    return _unit((words & 255).astype(np.uint8).view(np.int8).astype(np.float32))


def high_bytes(words: Words) -> Features:
    """The high byte of each word as a signed number (n, d): what a small mask leaves."""
    return _unit((words >> 8).astype(np.uint8).view(np.int8).astype(np.float32))


def bits(words: Words) -> Features:
    """All sixteen bits of each word (n, 16 d), as -1 and 1: what an exclusive-or leaves."""
    spread = np.unpackbits(np.ascontiguousarray(words).view(np.uint8), axis=1)
    return spread.astype(np.float32) * 2 - 1


RULES: Final[dict[str, Callable[[Words], Features]]] = {
    "dot product": signed,
    "centred dot product": centred,
    "circular nearness": phases,
    "lowest bits": low_bits,
    "low bytes": low_bytes,
    "high bytes": high_bytes,
    "all bits": bits,
}


def scores(rule: str, reading: Reading) -> Scores:
    """Scores (n, n) of one fixed rule: every thing on the left against every thing on the right."""
    features = RULES[rule]
    return np.asarray(features(reading.left) @ features(reading.right).T, dtype=np.float32)


def _unit(rows: NDArray[np.float32]) -> Features:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.float32(1e-9)))
