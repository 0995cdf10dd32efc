"""Made-up people stand for real ones: the same attacks, on the vectors of photographs, come out the same."""

from __future__ import annotations

import numpy as np
import pytest

from moiety import settings
from moiety.drills.guess import guess
from moiety.drills.people import GENUINE_COSINE, People, invent, quantised
from moiety.drills.views import photograph_and_row, row_and_row
from moiety.face import Recogniser
from tests.drills import masks
from tests.face.shared import data_of_faces

COUNT = 40
FINDING = 6e-4


@pytest.fixture(scope="module")
def people() -> People:
    """Forty people of whom there are three photographs."""
    recogniser = Recogniser.open("mobilefacenet-192", settings.data_folder(), threads=1)
    folders = sorted(data_of_faces().joinpath("images").iterdir())
    pictures = [sorted(folder.glob("*.jpg"))[:3] for folder in folders]
    chosen = [three for three in pictures if len(three) == 3][:COUNT]
    vectors = np.array([[recogniser.embed_nearest_centre(picture) for picture in three] for three in chosen])
    nothing = ("",) * COUNT
    return People(nothing, nothing, *vectors.transpose(1, 0, 2))


def cosines(people: People) -> tuple[np.ndarray, np.ndarray]:
    """Of the same person, and of strangers."""
    all_pairs = people.enrolled @ people.fresh.T
    return np.diagonal(all_pairs), all_pairs[~np.eye(len(all_pairs), dtype=bool)]


def test_made_up_people_spread_as_photographs_do(people):
    real, made_up = cosines(people), cosines(invent(400, 192, np.random.default_rng(1)))
    assert made_up[0].mean() == pytest.approx(GENUINE_COSINE, abs=0.02)
    assert made_up[0].mean() == pytest.approx(real[0].mean(), abs=0.1)
    assert made_up[1].std() == pytest.approx(real[1].std(), abs=0.03)


@pytest.mark.parametrize("seat", ["a", "b", "c"])
def test_photographs_split_rightly_are_not_recognised_and_split_wrongly_are(people, seat):
    def match(rows, seat):
        return guess(photograph_and_row(quantised(people.fresh), rows, seat), np.random.default_rng(2))

    plain = match(quantised(people.enrolled).astype(np.uint16), None)
    assert plain.success > 0.98
    rng = np.random.default_rng(3)
    assert match(masks.parts(people.enrolled, seat, masks.uniform, rng), seat).p_value > FINDING
    assert match(masks.parts(people.enrolled, seat, masks.whole_numbers_only, rng), seat).p_value < FINDING


def test_photographs_of_two_deployments_are_not_linked(people):
    rng = np.random.default_rng(4)
    here, there = (masks.parts(vectors, "a", masks.uniform, rng) for vectors in (people.enrolled, people.elsewhere))
    assert guess(row_and_row(here, there, ("a", "a")), rng).p_value > FINDING
