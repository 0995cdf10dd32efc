"""Made-up people: names, numbers and face vectors that behave as a recogniser's do. Pure.

Vectors of photographs are normal with a decaying spectrum, as embeddings are: about fifty directions carry the
variance, so that strangers' cosines spread by 0.14 around 0 (measured for mobilefacenet-192: 0.45 at FMR 1e-3), and two
photographs of one person agree to 0.7 on average.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]

GENUINE_COSINE: Final = 0.7
_EFFECTIVE_DIRECTIONS: Final = 50
"""Of variances that fall as exp(-2 k / n), about n count: (sum)^2 / sum of squares."""
_GIVEN: Final = (
    "Amara",
    "Bohdan",
    "Chiara",
    "Dastan",
    "Eilidh",
    "Farid",
    "Greta",
    "Hanako",
    "Imke",
    "Jabari",
    "Kaisa",
    "Luz",
)
_FAMILY: Final = (
    "Achterberg",
    "Bhattacharya",
    "Czerwinski",
    "Dimitrova",
    "Etxeberria",
    "Fitzgibbon",
    "Gudmundsson",
    "Hakobyan",
)
_LETTERS: Final = np.array(list("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))


@dataclass(frozen=True, slots=True)
class People:
    """Made-up people in one order: names, identity numbers, and the vectors (n, d) of three photographs each.

    `enrolled` is the photograph that the first deployment gets, `elsewhere` the second deployment's, and `fresh` is
    the one in the attacker's hand.
    """

    names: tuple[str, ...]
    numbers: tuple[str, ...]
    enrolled: Vectors
    elsewhere: Vectors
    fresh: Vectors

    def __len__(self) -> int:
        return len(self.names)


def invent(count: int, dim: int, rng: np.random.Generator) -> People:
    """So many people with vectors of `dim` coordinates and unit length. No two share a name or a number."""
    photographs = _photographs(count, dim, rng)
    names = tuple(
        f"{rng.choice(_GIVEN)} {rng.choice(_FAMILY)}-{''.join(rng.choice(_LETTERS, 10)).capitalize()}"
        for _ in range(count)
    )
    numbers = tuple(
        f"99{rng.integers(10**4):04}{rng.integers(1930, 2010)}{rng.integers(1, 13):02}{rng.integers(1, 29):02}"
        f"{rng.integers(10**3):03}{'0123456789X'[rng.integers(11)]}"
        for _ in range(count)
    )
    return People(names, numbers, *photographs)


def quantised(vectors: NDArray[np.floating]) -> NDArray[np.int16]:
    """Vectors (..., d) as an attacker who has read the protocol rounds them: unit length, x127, to whole numbers."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    rounded = np.rint(vectors / np.maximum(lengths, np.finfo(np.float32).tiny) * 127)
    return np.asarray(rounded, dtype=np.int16)


def _photographs(count: int, dim: int, rng: np.random.Generator) -> tuple[Vectors, Vectors, Vectors]:
    spread = np.exp(-np.arange(dim) / _EFFECTIVE_DIRECTIONS)
    rotation = np.linalg.qr(rng.normal(size=(dim, dim)))[0]
    faces = rng.normal(size=(count, dim)) * spread

    def photograph() -> Vectors:
        weather = rng.normal(size=(count, dim)) * spread
        mixed = (np.sqrt(GENUINE_COSINE) * faces + np.sqrt(1 - GENUINE_COSINE) * weather) @ rotation.T
        return np.asarray(mixed / np.linalg.norm(mixed, axis=1, keepdims=True), dtype=np.float32)

    return photograph(), photograph(), photograph()
