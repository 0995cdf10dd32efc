"""Retention: who is due, and that no clock destroys or keeps more than it may."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moiety.vault.refusals import MoveRefused
from moiety.vault.retention import (
    ERASURE_MINUTES,
    MINUTES_PER_DAY,
    PROGRESS_MINUTES,
    STEP_MINUTES,
    Move,
    Reading,
    State,
    Stay,
    Trust,
    confirmed,
    moved,
    read,
)

minutes = st.integers(0, 100 * 366 * MINUTES_PER_DAY)
YEARS = 10 * 366 * MINUTES_PER_DAY


def at(minute: int) -> Reading:
    """A clock that is right."""
    return Reading(minute, minute, minute, Trust.ON_TIME)


def shown(clocks: list[int], start: int) -> list[Reading]:
    """What is read of a clock that says this, one after the other, after it was right at the start."""
    readings = [at(start)]
    for clock in clocks:
        readings.append(read(clock, readings[-1].seen, readings[-1].shown))
    return readings


def test_states_change_as_the_table_says_and_not_otherwise() -> None:
    found = {}
    for state in State:
        for move in Move:
            try:
                found[state, move] = moved(state, move)
            except MoveRefused:
                continue
    assert found == {
        (State.PENDING, Move.SETTLE): State.ACTIVE,
        (State.ACTIVE, Move.RESTRICT): State.RESTRICTED,
        (State.RESTRICTED, Move.LIFT): State.ACTIVE,
        (State.PENDING, Move.ERASE): State.ERASING,
        (State.ACTIVE, Move.ERASE): State.ERASING,
        (State.RESTRICTED, Move.ERASE): State.ERASING,
        (State.ERASING, Move.RESTORE): State.ACTIVE,
    }


def test_numbers_of_states_are_stored_and_never_change() -> None:
    assert [(state.name, state.value) for state in State] == [
        ("PENDING", 0), ("ACTIVE", 1), ("RESTRICTED", 2), ("ERASING", 3),
    ]  # fmt: skip


@pytest.mark.parametrize("state", [State.PENDING, State.ACTIVE])
def test_the_last_day_of_retention_is_whole(state: State) -> None:
    assert Stay(state, 100).due == 101 * MINUTES_PER_DAY


def test_an_erasure_is_taken_back_until_its_hours_are_over_and_not_after() -> None:
    leaving = Stay(State.ACTIVE, 100).after(Move.ERASE, at(7))
    assert leaving.after(Move.RESTORE, at(7 + 72 * 60 - 1)) == Stay(State.ACTIVE, 100)
    with pytest.raises(MoveRefused):
        leaving.after(Move.RESTORE, at(7 + 72 * 60))


@pytest.mark.parametrize(
    ("state", "move", "word"),
    [
        (State.PENDING, Move.LIFT, "on the way in"),
        (State.ACTIVE, Move.LIFT, "active"),
        (State.RESTRICTED, Move.SETTLE, "restricted"),
        (State.ERASING, Move.LIFT, "being erased"),
    ],
)
def test_who_is_not_moved_is_named_by_a_word_and_no_number(state: State, move: Move, word: str) -> None:
    with pytest.raises(MoveRefused) as raised:
        Stay(state, 100).after(move, at(7))
    assert raised.value.text.startswith(f"this cannot be done with somebody who is {word}: ")
    assert re.findall("[0-9]+", raised.value.text) == ["72"]


def test_who_is_restricted_is_kept() -> None:
    assert Stay(State.RESTRICTED, 100).due is None
    assert Stay(State.ACTIVE, 100).after(Move.RESTRICT, at(7)) == Stay(State.RESTRICTED, 100)
    assert Stay(State.RESTRICTED, 100).after(Move.LIFT, at(7)) == Stay(State.ACTIVE, 100)


@pytest.mark.parametrize("expires", [0, 10_000])
def test_who_is_erased_is_destroyed_after_72_hours_and_not_before(expires: int) -> None:
    stay = Stay(State.RESTRICTED, expires).after(Move.ERASE, at(5_000_000))
    assert (stay.state, stay.expires, stay.due) == (State.ERASING, expires, 5_000_000 + 72 * 60)
    with pytest.raises(MoveRefused):
        stay.after(Move.ERASE, at(5_000_001))


def test_a_clock_is_believed_within_a_step() -> None:
    assert read(7, None) == at(7)
    assert read(1000, 1000) == at(1000)
    assert read(1000 + STEP_MINUTES, 1000) == at(1000 + STEP_MINUTES)


def test_a_clock_set_back_is_not_believed() -> None:
    assert read(999, 1000) == Reading(999, 1000, 1000, Trust.BEHIND)
    assert read(999, 1000, 998) == read(999, 1000)


def test_a_clock_far_ahead_is_believed_for_one_step_however_often_it_is_asked() -> None:
    first = 1001 + STEP_MINUTES
    for reading, minute in zip(
        shown([first, first, first + PROGRESS_MINUTES - 1], 1000)[1:], (0, 0, 1199), strict=True
    ):
        assert reading == Reading(first + minute, 1000 + STEP_MINUTES, 1000, Trust.AHEAD, first)


def test_a_clock_far_ahead_that_goes_on_is_believed_another_step_each_day() -> None:
    """Ten years, set by mistake: two weeks' people a day, while whoever watches is told."""
    clocks = [1000 + YEARS + day * MINUTES_PER_DAY for day in range(5)]
    believed = [reading.minute - 1000 for reading in shown(clocks, 1000)[1:]]
    assert believed == [STEP_MINUTES * times for times in (1, 2, 3, 4, 5)]
    # Whoever tries many hours of one day wins nothing by it, and neither does a jump back and forth.
    day = [1000 + YEARS + minute for minute in range(0, PROGRESS_MINUTES, 7)]
    assert {reading.minute for reading in shown(day, 1000)[1:]} == {1000 + STEP_MINUTES}
    flapping = [1000, 1000 + YEARS] * 9
    assert max(reading.minute for reading in shown(flapping, 1000)) == 1000 + STEP_MINUTES
    back = [1000 + YEARS - hour * 60 for hour in range(99)]
    assert {reading.minute for reading in shown(back, 1000)[1:]} == {1000 + STEP_MINUTES}


@pytest.mark.parametrize(("idle", "days"), [(14, 0), (15, 1), (60, 4), (400, 30)])
@pytest.mark.parametrize("every", [PROGRESS_MINUTES, MINUTES_PER_DAY])
def test_an_office_that_was_closed_is_right_again_by_itself(idle: int, days: int, every: int) -> None:
    opened = 1000 + idle * MINUTES_PER_DAY
    readings = shown([opened + day * every for day in range(days + 2)], 1000)[1:]
    assert [reading.trust for reading in readings] == [Trust.AHEAD] * days + [Trust.ON_TIME] * 2
    assert readings[-1] == at(opened + (days + 1) * every)


def test_who_looks_at_a_register_once_a_month_is_not_held_for_ever() -> None:
    readings = shown([1000 + month * 30 * MINUTES_PER_DAY for month in range(1, 9)], 1000)[1:]
    assert [reading.minute - 1000 for reading in readings] == [STEP_MINUTES * times for times in range(1, 9)]


@given(st.lists(minutes, min_size=1), minutes)
def test_nobody_comes_with_days_that_are_over(clocks: list[int], start: int) -> None:
    for reading in shown(clocks, start):
        assert reading.day >= reading.clock // MINUTES_PER_DAY
        assert reading.day >= reading.minute // MINUTES_PER_DAY
        after = Stay(State.ACTIVE, 0).after(Move.ERASE, reading)
        assert after.due == reading.clock + ERASURE_MINUTES


@pytest.mark.parametrize(
    ("clock", "days"), [(1000, 0), (1000 - MINUTES_PER_DAY + 1, 0), (1000 - 3 * MINUTES_PER_DAY, -3), (YEARS, 3646)]
)
def test_by_how_much_a_clock_is_off_is_said_in_whole_days(clock: int, days: int) -> None:
    assert read(clock, 1000).days_off == days


def test_who_looked_at_a_clock_is_believed_both_ways() -> None:
    assert confirmed(5).seen == 5
    assert confirmed(10**9) == at(10**9)


@given(minutes, minutes, st.none() | minutes)
def test_time_never_goes_back_and_never_runs_ahead_of_the_clock(clock: int, seen: int, before: int | None) -> None:
    reading = read(clock, seen, before)
    assert reading.clock == clock
    assert seen <= reading.seen <= reading.minute <= max(clock, seen)
    assert (reading.shown is None) == (reading.trust is not Trust.AHEAD)


@given(st.lists(minutes, min_size=1), minutes)
def test_no_clock_is_believed_more_than_a_step_at_once(clocks: list[int], start: int) -> None:
    believed = start
    for reading in shown(clocks, start)[1:]:
        assert reading.minute <= believed + STEP_MINUTES
        believed = max(believed, reading.minute)


@given(st.lists(st.integers(0, PROGRESS_MINUTES), min_size=1), minutes, st.integers(STEP_MINUTES + 1, YEARS))
def test_a_clock_that_jumped_moves_on_a_step_a_day_and_no_faster(passed: list[int], start: int, jump: int) -> None:
    clock, clocks = start + jump, [start + jump]
    for minute in passed:
        clock += minute
        clocks.append(clock)
    steps = 1 + sum(passed) // PROGRESS_MINUTES
    assert shown(clocks, start)[-1].minute <= min(clock, start + steps * STEP_MINUTES)
