"""The drill `climb` through the dialect: who holds a key, and makes a picture for any face vector that they like,
rebuilds an enrolled face from what a search answers; what a day's finds leave of that, and what comes out without."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from moiety.drills import standin
from moiety.drills.climb import LOOKALIKE, Vector, climb, lookalike
from moiety.gateway.rekognition.binding import FINDS_DAILY
from tests.gateway.dialect import DIM, bound, client, made_up, picture

COSINE: Final = standin.Card(DIM).rates[0].cosine
"""Where a search of few people stands."""

HOUR_S: Final = 3_600
QUESTION_S: Final = 8
"""Seconds between two questions: 450 in an hour, twice as many as its finds are asked for with."""

TWIN_DIM: Final = 48
"""Fewer coordinates: the twin is through in the same hour."""

FINDS_OF_AN_HOUR: Final = FINDS_DAILY // 5 + FINDS_DAILY // 24 + 1


@dataclass
class Thief:
    """Asks whether a face is found, for an hour; counts what he was told."""

    rekognition: Any
    now: float = 0.0
    found: int = 0

    def __call__(self, face: Vector) -> bool:
        if self.now >= HOUR_S:
            return False
        self.now += QUESTION_S
        image = {"Bytes": picture(face)}
        told = self.rekognition.search_faces_by_image(CollectionId="door", Image=image, FaceMatchThreshold=80)
        self.found += len(told["FaceMatches"])
        return bool(told["FaceMatches"])


def rebuilt(folder: Path, dim: int, finds: int) -> tuple[float, int]:
    """The cosine of what was rebuilt to the face that is enrolled, and how often that was found."""
    rng = np.random.default_rng(5)
    face = rng.standard_normal(dim)
    face /= np.linalg.norm(face)
    start = lookalike(face, rng)
    with made_up(folder, dim=dim) as (gateway, _):
        thief = Thief(client(gateway.url, bound(gateway, "thief", finds=finds)))
        gateway.service.rekognition.finds._now = lambda: thief.now
        thief.rekognition.create_collection(CollectionId="door")
        thief.rekognition.index_faces(CollectionId="door", Image={"Bytes": picture(face)})
        return float(climb(thief, start, COSINE, dim, rng) @ face), thief.found


def test_an_hours_finds_leave_the_face_nearly_as_far_as_a_lookalike(tmp_path: Path) -> None:
    cosine, found = rebuilt(tmp_path / "office", DIM, FINDS_DAILY)
    assert LOOKALIKE < cosine < 0.65
    assert 20 <= found <= FINDS_OF_AN_HOUR
    # Each find is worth one of 192 directions, and no more.
    assert cosine**2 < LOOKALIKE**2 + (1 - LOOKALIKE**2) * FINDS_OF_AN_HOUR / DIM + 0.02


def test_with_as_many_finds_as_a_face_has_coordinates_the_same_thief_has_it(tmp_path: Path) -> None:
    """The twin: or that bound would have kept nobody from anything."""
    cosine, found = rebuilt(tmp_path / "office", TWIN_DIM, 100_000)
    assert cosine > 0.9
    assert found >= TWIN_DIM
