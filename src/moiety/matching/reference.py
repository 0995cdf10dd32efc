"""The specification, in the clear: whom a probe matches. The three custodians must decide exactly like this."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from moiety.matching.words import NORM_HIGH, NORM_LOW, WORD_HIGH, WORD_LOW


def is_face(probe: NDArray[np.int64]) -> bool:
    """Whether whole numbers (d,) are a quantised face: every one within a signed byte, self product in bounds."""
    if bool(np.any(probe < WORD_LOW) or np.any(probe > WORD_HIGH)):
        return False
    return NORM_LOW <= int(np.sum(probe * probe)) <= NORM_HIGH


def decide(
    probe: NDArray[np.int16],
    templates: NDArray[np.int16],
    threshold: int,
    mask: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Which of the templates (n, d) match a probe (d,): bool (n,).

    A row matches where its mask is set (active, unrestricted, unexpired) and the inner product is at least the
    threshold, in words; a tie matches.
    """
    products = templates.astype(np.int64) @ probe.astype(np.int64)
    return (products >= threshold) & mask
