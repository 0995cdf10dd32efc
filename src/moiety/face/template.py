"""Templates and probes: one person's face as a vector. A template is enrolled, a probe is fresh."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Vector: TypeAlias = NDArray[np.float32]
"""(d,) of unit length."""


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """A face that is to be enrolled, from one picture or several; `vector` (d,) float32 has unit length.

    `advice` says in words and numbers what makes errors likelier in pictures that were accepted all the same.
    """

    model: str
    vector: Vector = field(repr=False)
    advice: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Probe:
    """A fresh face that is to be compared and dropped; `vector` (d,) float32 has unit length."""

    model: str
    vector: Vector = field(repr=False)


def unit(vector: NDArray[np.float32]) -> Vector:
    """The vector, or vectors (n, d), scaled to unit length, float32; raises ValueError for one without a direction."""
    length = np.linalg.norm(vector.astype(np.float64), axis=-1, keepdims=True)
    if not np.all(np.isfinite(length)) or np.any(length < 1e-9):
        raise ValueError("a vector without a direction")
    scaled: Vector = (vector / length).astype(np.float32)
    return scaled
