"""The guesser finds each way of splitting wrong, and finds nothing where splitting is right."""

from __future__ import annotations

import numpy as np
import pytest

from moiety.drills.guess import guess
from moiety.drills.people import invent, quantised
from moiety.drills.views import in_order, photograph_and_row, row_and_row
from tests.drills import masks

PEOPLE = invent(100, 192, np.random.default_rng(1))
FINDING = 6e-4
"""What one row of a drill counts as a finding."""


def match(masks_, seat, photographs, seed=1):
    rng = np.random.default_rng(seed)
    rows = masks.parts(PEOPLE.enrolled, seat, masks_, rng)
    return guess(photograph_and_row(quantised(photographs), rows, seat), rng)


def test_a_database_in_the_clear_tells_everything():
    readings = photograph_and_row(quantised(PEOPLE.fresh), quantised(PEOPLE.enrolled).astype(np.uint16), None)
    trial = guess(readings, np.random.default_rng(1))
    assert trial.success > 0.999
    assert trial.p_value < FINDING


@pytest.mark.parametrize("seat", ["a", "b", "c"])
@pytest.mark.parametrize(
    "wrong",
    [masks.none_at_all, masks.one_for_all_rows, masks.of_a_byte, masks.whole_numbers_only, masks.one_word_twice],
)
def test_a_wrong_mask_lets_another_photograph_match(wrong, seat):
    assert match(wrong, seat, PEOPLE.fresh).p_value < FINDING


@pytest.mark.parametrize("seat", ["a", "b", "c"])
@pytest.mark.parametrize("wrong", [masks.of_fifteen_bits, masks.even])
def test_one_bit_less_of_mask_lets_the_same_photograph_match(wrong, seat):
    assert match(wrong, seat, PEOPLE.enrolled).p_value < FINDING


@pytest.mark.parametrize("seat", ["a", "b", "c"])
def test_the_same_masks_twice_link_two_deployments(seat):
    here, there = (
        masks.parts(vectors, seat, masks.uniform, np.random.default_rng(7))
        for vectors in (PEOPLE.enrolled, PEOPLE.elsewhere)
    )
    assert guess(row_and_row(here, there, (seat, seat)), np.random.default_rng(1)).p_value < FINDING


def test_parts_that_were_shifted_by_one_step_for_all_are_linked():
    """A refresh that adds the same to every row."""
    rng = np.random.default_rng(8)
    before = masks.parts(PEOPLE.enrolled, "b", masks.uniform, rng)
    after = before + masks.one_for_all_rows(rng, before.shape)
    assert guess(row_and_row(before, after, ("b", "b")), rng).p_value < FINDING


def test_columns_in_order_of_arrival_are_found():
    rng = np.random.default_rng(9)
    arrival = np.arange(100)
    trial = guess(in_order("serial", arrival, 5 * arrival + 1000), rng)
    assert trial.success > 0.95
    assert trial.p_value < FINDING


def test_a_number_for_each_change_of_a_page_gives_the_order_away():
    """Two hundred people in 64 pages: of most pages only the last to come is known by the page's number."""
    rng = np.random.default_rng(10)
    arrival = np.arange(200)
    pages = rng.choice(4096, 200, replace=False) // 64
    changes = np.array([np.flatnonzero(pages == one).max() for one in pages])
    days = arrival // 40
    readings = [*in_order("day", arrival, days), *in_order("page", arrival, pages)]
    assert guess(readings, rng, days).p_value > FINDING
    assert guess([*readings, *in_order("change", arrival, changes + 17)], rng, days).p_value < FINDING


def test_sound_masks_leave_guessing_and_false_alarms_are_as_rare_as_promised():
    p_values = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        some, seat = invent(40, 32, rng), "abc"[seed % 3]
        rows = masks.parts(some.enrolled, seat, masks.uniform, rng)
        p_values.append(guess(photograph_and_row(quantised(some.enrolled), rows, seat), rng).p_value)
    # Each is uniform: the least of sixty is above 0.001 for 94 % of seeds, their mean within three errors of a half.
    assert min(p_values) > 1e-3
    assert abs(np.mean(p_values) - 0.5) < 3 * np.sqrt(1 / 12 / 60)
