"""Error rates against their definitions, written out the slow way."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moiety.evaluation import rates

# A grid rather than any float, so that ties are common.
scores = st.lists(st.integers(-20, 20).map(lambda n: n / 20), min_size=1, max_size=40).map(np.array)


@given(scores, scores)
def test_every_point_of_the_det_curve_is_the_two_rates_at_its_threshold(mated, impostor):
    curve = rates.det(mated, impostor)
    for threshold, false_matches, false_non_matches in zip(*curve, strict=True):
        assert false_matches == sum(score >= threshold for score in impostor) / len(impostor)
        assert false_non_matches == sum(score < threshold for score in mated) / len(mated)
        assert false_matches == rates.fmr(impostor, threshold)
        assert false_non_matches == rates.fnmr(mated, threshold)
    assert (curve.fmr[0], curve.fnmr[-1]) == (1, 1)
    assert (curve.fnmr[0], curve.fmr[-1]) == (0, 0)


def test_a_pair_without_a_score_is_a_non_match_at_every_threshold():
    mated = np.array([0.9, 0.8, 0.7, -math.inf])
    curve = rates.det(mated, np.array([0.1, 0.2]))
    assert curve.fnmr.min() == 0.25
    assert rates.eer(mated, np.array([0.1, 0.2])) == pytest.approx(0.125)


@given(scores, st.sampled_from([0.001, 0.01, 0.1, 0.29, 0.5, 0.99]))
def test_the_threshold_for_a_rate_is_the_lowest_that_keeps_it(impostor, target):
    threshold = rates.threshold_at_fmr(impostor, target)
    assert rates.fmr(impostor, threshold) <= target
    for lower in impostor[impostor < threshold]:
        assert rates.fmr(impostor, lower) > target


def test_a_whole_number_of_false_matches_is_allowed_in_full():
    impostor = np.arange(100) / 100
    assert rates.fmr(impostor, rates.threshold_at_fmr(impostor, 0.29)) == 0.29


@given(scores, st.data())
def test_no_threshold_errs_less_often_than_the_best(every, data):
    same = np.array(data.draw(st.lists(st.booleans(), min_size=every.size, max_size=every.size)))
    best = rates.best_threshold(every, same)
    if same.all() or not same.any():
        assert best is None
        return

    def errors(threshold):
        return sum((score >= threshold) != label for score, label in zip(every, same, strict=True))

    assert errors(best) == min(errors(level) for level in [*every, *(every + 1e-9)])


def test_the_best_threshold_lies_between_the_kinds_and_not_on_a_score():
    assert rates.best_threshold(np.array([0.1, 0.2, 0.6, 0.9]), np.array([False, False, True, True])) == pytest.approx(
        0.4
    )


def test_of_several_thresholds_that_do_as_well_the_middle_one_is_taken():
    every = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    assert rates.best_threshold(every, np.array([False, True] * 3)) == pytest.approx(0.35)


def test_the_best_threshold_needs_a_score_of_both_kinds():
    assert rates.best_threshold(np.array([0.1, -math.inf]), np.array([False, True])) is None


@given(scores, scores)
def test_the_equal_error_rate_lies_between_both_rates_where_they_cross(mated, impostor):
    rate = rates.eer(mated, impostor)
    curve = rates.det(mated, impostor)
    assert rate >= np.max(np.minimum(curve.fmr, curve.fnmr)) / 2
    assert rate <= np.min(np.maximum(curve.fmr, curve.fnmr))


def test_the_equal_error_rate_of_two_normal_distributions_is_the_textbook_one():
    """Unit variance, means two apart: each errs with the normal tail beyond one, 0.1587."""
    quantiles = np.array([NormalDist().inv_cdf((i + 0.5) / 4000) for i in range(4000)])
    assert rates.eer(quantiles + 2, quantiles) == pytest.approx(0.1587, abs=5e-4)


@pytest.mark.parametrize("kinds", [(0, 3), (3, 0), (0, 0)])
def test_one_kind_of_pair_alone_has_no_equal_error_rate(kinds):
    assert rates.eer(np.zeros(kinds[0]), np.zeros(kinds[1])) is None


@pytest.mark.parametrize(
    ("errors", "trials", "low", "high"),
    [(0, 10, 0.0, 0.27753), (5, 10, 0.23659, 0.76341), (10, 10, 0.72247, 1.0), (3, 1000, 0.00102, 0.00878)],
)
def test_wilsons_interval_is_the_published_one(errors, trials, low, high):
    """0, 5 and 10 of 10 as in the literature on binomial intervals (Brown, Cai, DasGupta 2001)."""
    interval = rates.wilson(errors, trials)
    assert interval.value == errors / trials
    assert interval.low == pytest.approx(low, abs=1e-5)
    assert interval.high == pytest.approx(high, abs=1e-5)


@pytest.mark.parametrize(("errors", "trials"), [(1, 0), (0, 0), (2, 1), (-1, 5)])
def test_a_share_of_nothing_has_no_interval(errors, trials):
    with pytest.raises(ValueError, match="trial"):
        rates.wilson(errors, trials)


@pytest.mark.parametrize(
    ("impostors", "target", "enough"), [(1_000, 1e-2, True), (999, 1e-2, False), (1_500, 1e-3, False)]
)
def test_a_rate_needs_ten_false_matches_to_be_measured(impostors, target, enough):
    assert rates.supports(impostors, target) is enough
