"""Retention: who is due, and that no clock destroys or keeps more than it may."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moiety.vault.refusals import MoveRefused
from moiety.vault.retention import (
    MINUTES_PER_DAY,
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


def at(minute: int) -> Reading:
    """A clock that is right."""
    return Reading(minute, minute, Trust.ON_TIME)


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
    assert read(7, None) == Reading(7, 7, Trust.ON_TIME)
    assert read(1000, 1000) == Reading(1000, 1000, Trust.ON_TIME)
    assert read(1000 + STEP_MINUTES, 1000) == Reading(1000 + STEP_MINUTES, 1000 + STEP_MINUTES, Trust.ON_TIME)


def test_a_clock_set_back_is_not_believed() -> None:
    assert read(999, 1000) == Reading(1000, 1000, Trust.BEHIND)


def test_a_clock_far_ahead_is_believed_for_one_step_however_often_it_is_asked() -> None:
    seen = 1000
    for _ in range(3):
        reading = read(seen + STEP_MINUTES + 1, seen)
        assert reading == Reading(1000 + STEP_MINUTES, 1000, Trust.AHEAD)
        seen = reading.seen


def test_who_looked_at_a_clock_is_believed_both_ways() -> None:
    assert confirmed(5).seen == 5
    assert confirmed(10**9).minute == 10**9


@given(minutes, minutes)
def test_time_never_goes_back_and_never_jumps(clock: int, seen: int) -> None:
    reading = read(clock, seen)
    assert seen <= reading.seen <= reading.minute <= seen + STEP_MINUTES
    assert reading.minute <= max(clock, seen)
    assert reading.day == reading.minute // MINUTES_PER_DAY


@given(st.lists(minutes, min_size=1), minutes)
def test_no_clock_destroys_before_the_day_unless_it_was_seen_within_steps(clocks: list[int], start: int) -> None:
    seen = start
    moves = 0
    for clock in clocks:
        reading = read(clock, seen)
        moves += reading.seen > seen
        seen = reading.seen
    assert seen <= start + moves * STEP_MINUTES
