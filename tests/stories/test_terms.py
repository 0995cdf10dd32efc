"""Thresholds follow from a purpose's targets and the card's measured rates, and from nothing else."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from moiety.identity.examples import DOOR
from moiety.identity.purpose import read
from moiety.identity.refusals import ModelUnrated, RateUnmeasured
from moiety.identity.terms import derive
from moiety.matching.policy import identify_point, verify_point


@dataclass(frozen=True)
class Point:
    fmr: float
    fnmr: float
    cosine: float


@dataclass(frozen=True)
class Rated:
    name: str
    dim: int
    rates: tuple[Point, ...]


CARD = Rated(
    "mobilefacenet-192",
    192,
    (Point(1e-3, 0.022, 0.451), Point(1e-4, 0.059, 0.532), Point(1e-5, 0.116, 0.598)),
)


def test_the_threshold_is_the_cards_cosine_at_the_purposes_rate() -> None:
    point = verify_point(derive(read(DOOR.encode()), CARD))
    assert (point.threshold, point.fmr, point.carried) == (round(0.532 * 127**2), 1e-4, True)


def test_a_search_is_carried_while_the_gallery_is_small() -> None:
    terms = derive(read(DOOR.encode()), CARD)
    assert identify_point(terms, 1_000).carried
    assert not identify_point(terms, 2_000).carried


def test_a_rate_that_nobody_measured_is_refused() -> None:
    strict = read(DOOR.replace("fmr = 0.0001", "fmr = 0.000009").encode())
    with pytest.raises(RateUnmeasured) as refusal:
        derive(strict, CARD)
    assert refusal.value.numbers == {"one_in": 100_000}


def test_the_last_measured_rate_is_allowed() -> None:
    assert verify_point(derive(read(DOOR.replace("fmr = 0.0001", "fmr = 0.00001").encode()), CARD)).carried


def test_a_card_without_rates_decides_about_nobody() -> None:
    with pytest.raises(ModelUnrated):
        derive(read(DOOR.encode()), Rated("centerface", 2, ()))


def test_custodians_hear_what_two_people_have_to_sign() -> None:
    eyes = DOOR + '\n[four_eyes]\noperations = ["replace", "bulk"]\nbulk_above = 50\n'
    terms = derive(read(eyes.encode()), CARD)
    assert (terms.four_eyes, terms.bulk_above) == (("bulk", "replace"), 50)
    assert derive(read(DOOR.encode()), CARD).four_eyes == ()
