"""Quantised vectors and operating points."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moiety.matching import reference
from moiety.matching.policy import (
    Rate,
    Terms,
    claim_points,
    false_positive_identification_rate,
    identify_point,
    verify_point,
)
from moiety.matching.refusals import NotAVector
from moiety.matching.words import NORM_HIGH, NORM_LOW, quantise, threshold_words


@st.composite
def vectors(draw: st.DrawFn) -> np.ndarray:
    dim = 2 * draw(st.one_of(st.integers(1, 20), st.sampled_from([96, 256, 1024])))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    # Sparse, heavy-tailed, constant and tie-ridden vectors: rounding is at its worst where many coordinates agree.
    kind = draw(st.sampled_from(["normal", "sparse", "constant", "heavy"]))
    drawn = {
        "normal": rng.standard_normal(dim),
        "sparse": np.where(rng.random(dim) < 0.05, rng.standard_normal(dim), 1e-3) + 1e-9,
        "constant": rng.choice([-1.0, 1.0], dim) * draw(st.floats(0.1, 10)),
        "heavy": rng.standard_cauchy(dim),
    }[kind]
    return drawn * draw(st.sampled_from([1e-12, 1.0, 1e12]))


@given(vectors())
def test_quantised_vectors_are_faces_and_keep_their_direction(vector: np.ndarray) -> None:
    words = quantise(vector)
    assert reference.is_face(words.astype(np.int64))
    cosine = float(words @ vector / np.linalg.norm(words) / np.linalg.norm(vector))
    assert cosine > 0.97


def test_the_error_of_a_cosine_is_small_at_the_models_dimensions() -> None:
    rng = np.random.default_rng(1)
    for dim, limit in ((192, 0.02), (512, 0.02)):
        centre = rng.standard_normal(dim)
        faces = centre + rng.standard_normal((200, dim))
        unit = faces / np.linalg.norm(faces, axis=1, keepdims=True)
        words = np.array([quantise(face) for face in faces], dtype=np.int64)
        error = np.abs(words[:100] @ words[100:].T / 127**2 - unit[:100] @ unit[100:].T)
        assert error.max() < limit
        assert error.mean() < 0.004


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf, -np.inf])
def test_vectors_without_direction_are_refused(value: float) -> None:
    vector = np.zeros(8)
    vector[3] = value
    with pytest.raises(NotAVector):
        quantise(vector)


@pytest.mark.parametrize("dim", [0, 1, 3, 2050])
def test_dimensions_that_no_gallery_has(dim: int) -> None:
    with pytest.raises(ValueError, match="even number"):
        quantise(np.ones(dim))


def test_norms_out_of_bounds_by_rounding_are_mended() -> None:
    """A constant vector of 2,048 coordinates rounds to 3s with a self product of 18,432."""
    words = quantise(np.ones(2_048)).astype(np.int64)
    assert NORM_LOW <= int(words @ words) <= NORM_HIGH
    assert set(words.tolist()) == {2, 3}


def test_thresholds_in_words() -> None:
    assert threshold_words(0.5) == round(0.5 * 127**2)
    with pytest.raises(ValueError, match="cosine"):
        threshold_words(1.0)


TERMS = Terms(
    "m", 192, (Rate(1e-3, 0.02, 7_000), Rate(1e-4, 0.06, 8_500), Rate(1e-5, 0.12, 9_600)), fmr=1e-3, fpir=0.01
)


def test_verify_takes_the_loosest_point_that_the_target_allows() -> None:
    assert verify_point(TERMS).threshold == 7_000
    assert verify_point(TERMS).carried


def test_a_comparison_may_be_by_two_stricter_points_and_no_looser_one() -> None:
    assert [(point.threshold, point.fmr) for point in claim_points(TERMS)] == [
        (7_000, 1e-3),
        (8_500, 1e-4),
        (9_600, 1e-5),
    ]
    many = replace(TERMS, rates=(*TERMS.rates, Rate(1e-2, 0.01, 5_000), Rate(1e-6, 0.3, 10_000)), fmr=5e-3)
    assert [point.threshold for point in claim_points(many)] == [7_000, 8_500, 9_600]
    assert [point.threshold for point in claim_points(replace(many, fmr=1e-6))] == [10_000]


@pytest.mark.parametrize(
    ("rows", "threshold", "carried"),
    [(0, 7_000, True), (1, 7_000, True), (10, 7_000, True), (11, 8_500, True), (100, 8_500, True),
     (101, 9_600, True), (1_005, 9_600, True), (1_006, 9_600, False), (2_500_000, 9_600, False)],
)  # fmt: skip
def test_identify_grows_stricter_until_nothing_carries_it(rows: int, threshold: int, carried: bool) -> None:
    point = identify_point(TERMS, rows)
    assert (point.threshold, point.carried) == (threshold, carried)
    assert point.expected_false == pytest.approx(rows * point.fmr)
    if carried and rows:
        assert false_positive_identification_rate(point.fmr, rows) <= TERMS.fpir * (1 + 1e-9)


def test_terms_round_trip_and_refuse_nonsense() -> None:
    assert Terms.from_json(TERMS.to_json()) == TERMS
    with pytest.raises(ValueError, match="dimension"):
        Terms("m", 191, TERMS.rates, 1e-3, 0.01)
    with pytest.raises(ValueError, match="rates"):
        Terms("m", 192, (), 1e-3, 0.01)


def test_terms_carry_what_two_people_sign() -> None:
    """Bytes of terms without it are those of the first version, which are kept and compared."""
    plain = b'{"dim":192,"fmr":0.001,"fpir":0.01,"model":"m","rates":[[0.001,0.02,7000]]}'
    terms = Terms("m", 192, (Rate(1e-3, 0.02, 7_000),), 1e-3, 0.01)
    assert terms.to_json() == plain
    assert Terms.from_json(plain) == terms
    eyes = replace(terms, four_eyes=("bulk", "export"), bulk_above=100)
    assert eyes.to_json() == b'{"bulk_above":100,"dim":192,"fmr":0.001,"four_eyes":["bulk","export"],' + plain[23:]
    assert Terms.from_json(eyes.to_json()) == eyes


@pytest.mark.parametrize(
    "eyes",
    [
        {"four_eyes": ("export", "bulk"), "bulk_above": 1},
        {"four_eyes": ("bulk", "bulk"), "bulk_above": 1},
        {"four_eyes": ("bulk",), "bulk_above": 0},
        {"bulk_above": 5},
    ],
)
def test_terms_say_it_in_one_way(eyes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="two people"):
        Terms("m", 192, TERMS.rates, 1e-3, 0.01, **eyes)
