"""Bits of rows, sixty-four to a word, in the clear and shared."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ROWS_PER_WORD = 64

Plane = NDArray[np.uint64]
"""A bit of every row: uint64 words, bit r of word m for row 64 m + r."""


@dataclass(frozen=True)
class Bits:
    """One custodian's two components of a shared bit per row: planes known to it and the one before, or after."""

    previous: Plane
    next: Plane
