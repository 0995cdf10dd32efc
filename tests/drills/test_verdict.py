"""Chance is chance: p-values are uniform where nothing is known, and the verdict errs in one drill in a hundred."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from moiety.drills.verdict import (
    FAMILY_ALPHA,
    Measured,
    Trial,
    best,
    by_decoys,
    by_picking,
    by_reading,
    by_shuffling,
    level,
    passed,
    placed,
)


def row(split: Trial, plain: Trial | None = None, expected: str = "chance") -> Measured:
    return Measured("row", ("custodian-a",), split, plain or Trial(1.0, 0.5, 1e-4, 100), "unit", expected, "words")


FOUND = Trial(1.0, 0.5, 1e-4, 100)
NOT_FOUND = Trial(0.51, 0.5, 0.4, 100)
BY_LUCK = Trial(1.0, 0.5, 0.5, 1)
"""Everything right, but so few tries that guessing does as well every other time."""


def test_p_values_of_meaningless_scores_are_uniform():
    rng = np.random.default_rng(1)
    p_values = np.sort([by_shuffling(rng.random((30, 30)), rng).p_value for _ in range(300)])
    expected = (np.arange(300) + 0.5) / 300
    # Kolmogorov's distance for 300 values is below 0.094 with probability 99 %.
    assert np.abs(p_values - expected).max() < 0.094


def test_the_right_answer_in_front_is_success_and_ties_are_guessing():
    rng = np.random.default_rng(2)
    best = by_shuffling(np.eye(50), rng)
    assert best.success == 1.0
    assert best.p_value == pytest.approx(1 / 15_000)
    assert best.chance == pytest.approx(0.5, abs=0.01)
    tied = by_shuffling(np.zeros((50, 50)), rng)
    assert tied.success == 0.5
    assert tied.p_value == 1.0


def test_places_count_ties_half():
    assert placed(np.array([[3.0, 1.0, 1.0], [0.0, 0.0, 0.0]])).tolist() == [[1.0, 0.25, 0.25], [0.5, 0.5, 0.5]]


def test_what_the_groups_give_is_chance():
    rng = np.random.default_rng(3)
    groups = np.arange(60) // 12
    by_group = (groups[:, None] == groups).astype(float)
    trial = by_shuffling(by_group, rng, groups)
    assert trial.success > 0.85
    assert trial.chance == pytest.approx(trial.success)
    assert trial.p_value == 1.0
    finer = by_shuffling(by_group + np.eye(60), rng, groups)
    assert finer.p_value == pytest.approx(1 / 15_000)


def test_groups_need_not_stand_together():
    rng = np.random.default_rng(4)
    groups = np.arange(40) % 2
    scores = (groups[:, None] == groups).astype(float)
    assert by_shuffling(scores, rng, groups).chance == pytest.approx(by_shuffling(scores, rng, groups).success)


def test_one_canary_is_a_finding_and_one_beside_as_many_decoys_is_not():
    rng = np.random.default_rng(5)
    found = np.arange(200) == 7
    assert by_decoys(found, np.zeros(200, bool), 1e-9, rng).p_value < FAMILY_ALPHA / 100
    assert by_decoys(found, found, 1e-9, rng).p_value > 0.1
    assert by_decoys(np.zeros(200, bool), np.zeros(200, bool), 1e-9, rng).p_value == 1.0


@pytest.mark.parametrize("right", list(product(range(3), range(4), range(2))))
def test_one_pick_from_each_list_is_judged_against_every_way_to_pick(right):
    # With a tie inside a list.
    lists = [np.array([0, 1 / 3, 1]), np.array([0, 0.5, 0.5, 1]), np.array([2 / 3, 0.1])]
    everything = np.array([sum(picked) for picked in product(*lists)])
    reached = sum(some[at] for some, at in zip(lists, right, strict=True))
    trial = by_picking(lists, right, np.random.default_rng(6))
    assert trial.trials == 3
    assert trial.success == pytest.approx(reached / 3)
    assert trial.chance == pytest.approx(everything.mean() / 3, abs=0.01)
    # A share of 14,999 picks is within 0.025 of the truth, five standard deviations at the widest.
    assert trial.p_value == pytest.approx((everything >= reached - 1e-9).mean(), abs=0.025)


def test_picks_that_are_always_first_are_no_luck_and_ties_are_nothing_else():
    rng = np.random.default_rng(7)
    first = by_picking([np.linspace(0, 1, 8)] * 12, [7] * 12, rng)
    assert (first.success, first.trials) == (1.0, 12)
    assert first.p_value == pytest.approx(1 / 15_000)
    tied = by_picking([np.full(8, 0.5)] * 8, range(8), rng)
    assert (tied.success, tied.chance, tied.p_value) == (0.5, 0.5, 1.0)


def test_p_values_of_meaningless_picks_are_uniform():
    rng = np.random.default_rng(8)
    lists = [rng.permutation(np.linspace(0, 1, 40)) for _ in range(8)]
    p_values = np.sort([by_picking(lists, rng.integers(0, 40, 8), rng).p_value for _ in range(300)])
    assert np.abs(p_values - (np.arange(300) + 0.5) / 300).max() < 0.094


def test_a_row_passes_only_if_the_twin_fell_and_the_store_stood():
    alpha = level([row(NOT_FOUND)] * 10)
    assert alpha == pytest.approx(FAMILY_ALPHA / 10)
    assert passed(row(NOT_FOUND), alpha)
    assert not passed(row(FOUND), alpha)
    assert not passed(row(NOT_FOUND, plain=NOT_FOUND), alpha)
    assert passed(row(FOUND, expected="everything"), alpha)
    assert not passed(row(NOT_FOUND, expected="everything"), alpha)
    assert not passed(row(FOUND, expected="bounded"), alpha)


def test_success_that_luck_explains_proves_neither_the_attack_nor_the_whole():
    alpha = level([row(NOT_FOUND)] * 10)
    assert not passed(row(NOT_FOUND, plain=BY_LUCK), alpha)
    assert not passed(row(FOUND, plain=BY_LUCK, expected="everything"), alpha)
    assert not passed(row(BY_LUCK, expected="everything"), alpha)
    assert passed(row(BY_LUCK), alpha), "and it is no finding either"


def test_rows_where_everything_is_expected_do_not_thin_the_level():
    rows = [row(NOT_FOUND)] * 4 + [row(FOUND, expected="everything")] * 6
    assert level(rows) == pytest.approx(FAMILY_ALPHA / 4)


def test_picks_that_add_up_to_the_same_in_another_order_are_as_good():
    lists = [np.array([0.1, 0.2, 0.3])] * 3
    # 0.1 + 0.2 + 0.3 is more than 0.3 + 0.2 + 0.1 in the last bit; 17 of 27 ways reach it.
    trial = by_picking(lists, [0, 1, 2], np.random.default_rng(9))
    assert trial.p_value == pytest.approx(17 / 27, abs=0.025)


def test_what_is_read_right_is_a_finding_and_what_is_read_alike_of_all_is_none():
    rng = np.random.default_rng(3)
    true = rng.integers(-9, 10, (20, 8))
    right = by_reading(true, true, rng)
    assert (right.success, right.p_value, right.trials) == (1, 1 / 15_000, 160)
    assert right.chance < 0.15
    often = np.broadcast_to(np.median(true, axis=0).astype(np.int64), true.shape)
    alike = by_reading(often, true, rng)
    assert alike.success == pytest.approx(alike.chance)
    assert alike.p_value == 1


def test_p_values_of_meaningless_readings_are_uniform():
    rng = np.random.default_rng(4)
    p_values = np.sort(
        [by_reading(rng.integers(0, 4, (30, 8)), rng.integers(0, 4, (30, 8)), rng).p_value for _ in range(300)]
    )
    # Readings of few values tie, which makes p-values larger: they are never too small.
    assert ((np.arange(300) + 0.5) / 300 - p_values).max() < 0.094


def test_of_several_ways_the_best_counts_and_pays_for_the_others():
    assert best([NOT_FOUND, FOUND]) == Trial(1.0, 0.5, 2e-4, 100)
    assert best([NOT_FOUND, NOT_FOUND, NOT_FOUND]).p_value == 1
