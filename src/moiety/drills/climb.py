"""Attack: climb. Whoever may ask again and again whether a face matches rebuilds it from the answers, and needs no
score: each face on the edge of what matches is one equation about the enrolled one.

From one face that matches, a stranger's say, the thief turns towards directions at right angles to it and to each
other, from far away towards it, until it matches again: so each edge costs him one match, however finely he looks, and
tells the enrolled face's share of that direction. As many matches as a face has coordinates tell all of it. He is
taken to make a picture for any face vector that he likes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
"""(d,), of unit length."""

Ask = Callable[[Vector], bool]
"""Whether this face matches the one that is to be rebuilt."""

LOOKALIKE: Final = 0.55
"""The cosine of whoever he begins with to the face that is enrolled: one in some thousands is so near."""

STEPS: Final = 12
"""Angles that are tried on the way to an edge, evenly."""

_FAR: Final = 1.35
"""Radians: at right angles to a face that matches, hardly anything does."""


def lookalike(face: Vector, rng: np.random.Generator) -> Vector:
    """Somebody who is as near to a face as `LOOKALIKE` says."""
    aside = rng.standard_normal(len(face))
    aside -= aside @ face * face
    near: Vector = LOOKALIKE * face + np.sqrt(1 - LOOKALIKE**2) * aside / np.linalg.norm(aside)
    return near


def climb(ask: Ask, start: Vector, cosine: float, edges: int, rng: np.random.Generator) -> Vector:
    """The face rebuilt from at most so many edges, from one that matches; `cosine` is that of the threshold, which the
    model's card says. Where nothing matches any more on the way from far to near, what is known by then is all."""
    directions = _around(start, rng)[:, : max(1, edges)].T
    share = _start_share(ask, start, directions[0], cosine)
    rebuilt = share * start
    for direction in directions:
        angle = edge(ask, start, direction)
        if angle is None:
            break
        rebuilt = rebuilt + (cosine - share * np.cos(angle)) / np.sin(angle) * direction
    return np.asarray(rebuilt / np.linalg.norm(rebuilt))


def edge(ask: Ask, start: Vector, direction: Vector) -> float | None:
    """The angle from a matching face towards a direction at which it still matches; None where it never does, though
    the face itself did."""
    angles = np.linspace(_FAR, _FAR / STEPS, STEPS)
    for angle in angles:
        if ask(np.cos(angle) * start + np.sin(angle) * direction):
            return float(angle + _FAR / STEPS / 2)
    return None


def _start_share(ask: Ask, start: Vector, direction: Vector, cosine: float) -> float:
    """The cosine of the start itself, from the edges on both sides: what one side has more, the other has less."""
    one, other = edge(ask, start, direction), edge(ask, start, -direction)
    if one is None or other is None:
        return cosine
    # cosine = share cos(one) + part sin(one) = share cos(other) - part sin(other)
    return float(cosine * (np.sin(one) + np.sin(other)) / np.sin(one + other))


def _around(start: Vector, rng: np.random.Generator) -> Vector:
    """Directions (d, d - 1) at right angles to a face and to each other, drawn at random."""
    basis = np.column_stack([start, rng.standard_normal((len(start), len(start) - 1))])
    whole: Vector = np.linalg.qr(basis)[0]
    return whole[:, 1:]
