"""The driver that runs three sides in one process, and the common coin."""

from __future__ import annotations

import os

import numpy as np
import pytest

from moiety.matching.coin import toss
from moiety.matching.refusals import Disagreement
from moiety.matching.rounds import Exchange, Rounds, expect, lockstep
from moiety.sharing.seat import SEATS, Seat, next_seat, previous_seat


def test_messages_go_round_the_table() -> None:
    def side(seat: Seat) -> Rounds[str]:
        name = np.frombuffer(seat.encode(), dtype=np.uint8)
        answer = yield Exchange(next=name, previous=name)
        assert answer.next is not None
        assert answer.previous is not None
        return (answer.previous.tobytes() + answer.next.tobytes()).decode()

    heard = lockstep({seat: side(seat) for seat in SEATS})
    assert heard == {seat: previous_seat(seat) + next_seat(seat) for seat in SEATS}


def test_a_message_cannot_be_changed_by_who_gets_it() -> None:
    """Custodians in one process share no object that one of them could write to."""

    def side() -> Rounds[None]:
        answer = yield Exchange(next=np.zeros(4, dtype=np.uint16))
        assert answer.previous is not None
        with pytest.raises(ValueError, match="read-only"):
            answer.previous[0] = 1

    lockstep({seat: side() for seat in SEATS})


def test_sides_of_different_lengths_are_an_error() -> None:
    def side(rounds: int) -> Rounds[int]:
        for _ in range(rounds):
            yield Exchange()
        return rounds

    with pytest.raises(RuntimeError, match="same number of rounds"):
        lockstep({"a": side(2), "b": side(2), "c": side(3)})


def test_an_error_in_one_side_ends_the_others() -> None:
    closed: list[str] = []

    def side(seat: Seat) -> Rounds[None]:
        try:
            yield Exchange()
            if seat == "b":
                raise Disagreement()
            yield Exchange()
        finally:
            closed.append(seat)

    with pytest.raises(Disagreement):
        lockstep({seat: side(seat) for seat in SEATS})
    assert sorted(closed) == ["a", "b", "c"]


@pytest.mark.parametrize("message", [None, np.zeros(3, np.uint16), np.zeros(4, np.uint32), np.zeros((2, 2), np.uint16)])
def test_a_message_of_another_shape_is_an_error(message: np.ndarray | None) -> None:
    with pytest.raises(ValueError, match="another shape"):
        expect(message, (4,), np.uint16)


def test_the_coin_is_the_same_for_all_three_and_new_each_time() -> None:
    def drawn() -> dict[Seat, bytes]:
        coins = lockstep({seat: toss(seat, os.urandom(32), "admission") for seat in SEATS})
        return {seat: stream.words((8,), np.uint64).tobytes() for seat, stream in coins.items()}

    one, other = drawn(), drawn()
    assert len(set(one.values())) == len(set(other.values())) == 1
    assert one["a"] != other["a"]


@pytest.mark.parametrize("cheat", SEATS)
def test_who_speaks_last_cannot_steer_the_coin(cheat: Seat) -> None:
    """A custodian that reveals something else than it committed to is found by its neighbours."""

    def cheating(side: Rounds[object]) -> Rounds[object]:
        answer = yield next(side)  # the commitment, as it should be
        side.send(answer)
        other = np.frombuffer(bytes(32), dtype=np.uint8)
        answer = yield Exchange(next=other, previous=other)
        try:
            side.send(answer)
        except StopIteration as stop:
            return stop.value
        raise AssertionError

    sides = {seat: toss(seat, os.urandom(32), "admission") for seat in SEATS}
    with pytest.raises(Disagreement):
        lockstep({seat: cheating(side) if seat == cheat else side for seat, side in sides.items()})
