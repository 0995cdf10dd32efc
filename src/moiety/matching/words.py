"""A unit vector as 16-bit words: x127, rounded, with a self product that cannot make a dot product wrap.

Rounding alone reaches (127 + sqrt(d)/2)^2; the coordinates nearest to a rounding tie are moved to their other
neighbour until the self product lies within NORM_LOW..NORM_HIGH. With thresholds of at most 16,000 words, every
inner product minus a threshold fits a signed word: 16,700 + 16,000 < 32,768. Never scaled by the largest
coordinate: norms would vary and a threshold would no longer be a cosine.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from moiety.matching.refusals import NotAVector

SCALE = 127
NORM_LOW = 15_600
NORM_HIGH = 16_700
WORD_LOW = -128
WORD_HIGH = 127
THRESHOLD_HIGH = 16_000
DIM_LOW = 2
DIM_HIGH = 2_048


def is_dim(dim: int) -> bool:
    """Whether galleries of this dimension exist: even, 2 to 2,048."""
    return DIM_LOW <= dim <= DIM_HIGH and dim % 2 == 0


def threshold_words(cosine: float) -> int:
    """A cosine as a threshold on the inner product of two quantised vectors."""
    words = round(cosine * SCALE * SCALE)
    if not -THRESHOLD_HIGH <= words <= THRESHOLD_HIGH:
        raise ValueError("a threshold is a cosine between -0.99 and 0.99")
    return words


def quantise(vector: NDArray[np.floating]) -> NDArray[np.int16]:
    """A vector of any length (d,) -> words (d,), int16 within -128..127, self product within the norm's bounds.

    Raises NotAVector for zero, infinite or undefined vectors, ValueError for a dimension that no gallery has.
    """
    if vector.ndim != 1:
        raise ValueError("a vector has an even number of coordinates, 2 to 2,048")
    words: NDArray[np.int16] = quantise_rows(vector[None, :])[0]
    return words


def quantise_rows(vectors: NDArray[np.floating]) -> NDArray[np.int16]:
    """The same for many vectors at once: (n, d) -> int16 (n, d)."""
    if vectors.ndim != 2 or not is_dim(vectors.shape[1]):
        raise ValueError("a vector has an even number of coordinates, 2 to 2,048")
    exact = vectors.astype(np.float64)
    lengths = np.sqrt(np.sum(exact * exact, axis=1))
    if not bool(np.all(np.isfinite(lengths) & (lengths > 0))):
        raise NotAVector()
    exact *= (SCALE / lengths)[:, None]
    words = np.rint(exact).astype(np.int64)
    norms = np.sum(words * words, axis=1)
    for row in np.flatnonzero((norms < NORM_LOW) | (norms > NORM_HIGH)):
        words[row] = _moved(exact[row], words[row], int(norms[row]))
    return words.astype(np.int16)


def _moved(scaled: NDArray[np.float64], words: NDArray[np.int64], norm: int) -> NDArray[np.int64]:
    """The words with those coordinates moved whose rounding was nearest to a tie, until the norm fits."""
    too_long = norm > NORM_HIGH
    rest = scaled - words
    # Towards zero where the vector is too long, away from it where it is too short; a coordinate that was
    # already rounded that way has no second neighbour on that side worth taking.
    inward = np.where(scaled >= 0, -1, 1)
    step = inward if too_long else -inward
    willing = step * rest > 0
    order = np.argsort(np.where(willing, 0.5 - np.abs(rest), np.inf), kind="stable")
    out = words.copy()
    for k in order[: int(willing.sum())]:
        moved = int(out[k] + step[k])
        norm += moved * moved - int(out[k]) ** 2
        out[k] = moved
        if NORM_LOW <= norm <= NORM_HIGH:
            return out
    raise NotAVector()
