"""The driver that runs three sides in one process, and the common coin."""

from __future__ import annotations

import os
from typing import TypeVar

import numpy as np
import pytest

from moiety.matching.coin import toss
from moiety.matching.refusals import Disagreement
from moiety.matching.rounds import Exchange, Message, Rounds, beside, expect, lockstep, shown
from moiety.sharing.seat import SEATS, Seat, next_seat, previous_seat

Result = TypeVar("Result")


def test_messages_go_round_the_table() -> None:
    def side(seat: Seat) -> Rounds[str]:
        name = np.frombuffer(seat.encode(), dtype=np.uint8)
        answer = yield Exchange(next=(name,), previous=(name,))
        return (answer.previous[0].tobytes() + answer.next[0].tobytes()).decode()

    heard = lockstep({seat: side(seat) for seat in SEATS})
    assert heard == {seat: previous_seat(seat) + next_seat(seat) for seat in SEATS}


def test_a_message_cannot_be_changed_by_who_gets_it() -> None:
    """Custodians in one process share no object that one of them could write to."""

    def side() -> Rounds[None]:
        answer = yield Exchange(next=(np.zeros(4, dtype=np.uint16), np.zeros(1)))
        for array in answer.previous:
            with pytest.raises(ValueError, match="read-only"):
                array[0] = 1

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


# Two parts beside each other.


def telling(seat: Seat, name: str, rounds: int) -> Rounds[list[str]]:
    """Says to the next who it is and which round this is, to the previous its name twice, and hears as much."""
    heard = []
    for number in range(rounds):
        word = np.frombuffer(f"{name}{seat}{number}".encode(), dtype=np.uint8)
        answer = yield Exchange(next=(word,), previous=(word, word))
        one, again = answer.next
        assert (one == again).all()
        heard.append(answer.previous[0].tobytes().decode() + one.tobytes().decode())
    return heard


@pytest.mark.parametrize(("one", "other"), [(3, 3), (1, 4), (4, 1), (0, 2), (2, 0), (0, 0)])
def test_two_parts_beside_each_other_hear_what_each_would_hear_alone(one: int, other: int) -> None:
    rounds: list[int] = []

    def side(seat: Seat) -> Rounds[tuple[list[str], list[str]]]:
        both = beside(telling(seat, "x", one), telling(seat, "y", other))
        return (yield from counted(both, rounds))

    alone = {
        name: lockstep({seat: after_one(telling(seat, name, rounds)) for seat in SEATS})
        for name, rounds in (("x", one), ("y", other))
    }
    together = lockstep({seat: after_one(side(seat)) for seat in SEATS})
    assert together == {seat: (alone["x"][seat], alone["y"][seat]) for seat in SEATS}
    assert rounds == [max(one, other)] * 3


def after_one(side: Rounds[Result]) -> Rounds[Result]:
    """A side that may have no rounds, after one that says nothing: the driver starts with a round."""
    yield Exchange()
    return (yield from side)


def counted(side: Rounds[Result], rounds: list[int]) -> Rounds[Result]:
    """The same side; its number of rounds is noted at the end."""
    number = 0
    try:
        sends = next(side)
        while True:
            number += 1
            sends = side.send((yield sends))
    except StopIteration as stop:
        rounds.append(number)
        result: Result = stop.value
        return result


@pytest.mark.parametrize("failing", [0, 1])
@pytest.mark.parametrize("rounds", [0, 1])
def test_an_error_in_one_part_closes_the_other(failing: int, rounds: int) -> None:
    closed: list[bool] = []
    kept: list[Rounds[None]] = []  # or they would be closed when nobody holds them any more

    def failing_part() -> Rounds[None]:
        for _ in range(rounds):
            yield Exchange()
        raise Disagreement

    def both() -> Rounds[object]:
        kept.append(endless(closed))
        return beside(failing_part(), kept[-1]) if failing == 0 else beside(kept[-1], failing_part())

    with pytest.raises(Disagreement):
        lockstep({seat: after_one(both()) for seat in SEATS})
    # Where the failing part comes first and fails at once, the other was never begun.
    assert len(closed) == (0 if (failing, rounds) == (0, 0) else 1 if rounds == 0 else 3)


def test_parts_are_closed_with_what_they_run_in() -> None:
    closed: list[bool] = []
    one, other = endless(closed), endless(closed)
    both = beside(one, other)
    next(both)
    both.close()
    assert closed == [True, True]


def endless(closed: list[bool]) -> Rounds[None]:
    try:
        while True:
            yield Exchange()
    finally:
        closed.append(True)


@pytest.mark.parametrize("came", [(), (np.zeros(1),), (np.zeros(1),) * 3])
def test_a_part_is_not_given_what_was_meant_for_the_other(came: Message) -> None:
    """As many arrays must come as went the other way, or no part could tell which are its own."""

    def part() -> Rounds[None]:
        yield Exchange(next=(np.zeros(1),))

    both = beside(part(), part())
    next(both)
    with pytest.raises(ValueError, match="other messages"):
        both.send(Exchange(previous=came))


def test_nothing_comes_from_where_nothing_went() -> None:
    def part() -> Rounds[None]:
        yield Exchange(next=(np.zeros(1),))

    both = beside(part(), part())
    next(both)
    with pytest.raises(ValueError, match="other messages"):
        both.send(Exchange(previous=(np.zeros(1),) * 2, next=(np.zeros(1),)))


@pytest.mark.parametrize(
    "message",
    [
        (),
        (np.zeros(3, np.uint16),),
        (np.zeros(4, np.uint32),),
        (np.zeros((2, 2), np.uint16),),
        (np.zeros(4, np.uint16), np.zeros(4, np.uint16)),
    ],
)
def test_a_message_of_another_shape_is_an_error(message: Message) -> None:
    with pytest.raises(ValueError, match="another shape"):
        expect(message, (4,), np.uint16)


@pytest.mark.parametrize(
    "message",
    [(), (np.zeros(3, np.uint16),), (np.zeros((1, 3), np.uint8),), (np.zeros(3, np.uint8),) * 2],
    ids=["nothing", "other words", "two dimensions", "two"],
)
@pytest.mark.parametrize("side", ["next", "previous"])
def test_what_is_shown_is_bytes(message: Message, side: str) -> None:
    """Of any length, and nothing else: what it says is read by whoever asked."""
    good = (np.zeros(5, np.uint8),)
    for wrong in (False, True):
        showing = shown("a", b"own")
        next(showing)
        answer = Exchange(**({"next": good, "previous": good} | ({side: message} if wrong else {})))
        with pytest.raises(ValueError if wrong else StopIteration):
            showing.send(answer)


def test_the_coin_is_the_same_for_all_three_and_new_each_time() -> None:
    def drawn() -> dict[Seat, bytes]:
        coins = lockstep({seat: toss(seat, os.urandom(32), "admission") for seat in SEATS})
        return {seat: stream.words((8,), np.uint64).tobytes() for seat, stream in coins.items()}

    one, other = drawn(), drawn()
    assert len(set(one.values())) == len(set(other.values())) == 1
    assert one["a"] != other["a"]


def tossed(contributions: dict[Seat, bytes], purpose: str) -> bytes:
    coins = lockstep({seat: toss(seat, contributions[seat], purpose) for seat in SEATS})
    [drawn] = {stream.words((8,), np.uint64).tobytes() for stream in coins.values()}
    return drawn


def test_each_of_the_three_has_its_part_in_the_coin_and_each_purpose_its_own() -> None:
    given = {seat: os.urandom(32) for seat in SEATS}
    others = [given | {seat: os.urandom(32)} for seat in SEATS]
    coins = [tossed(some, "admission") for some in (given, *others)]
    assert len({*coins, tossed(given, "integrity")}) == 5
    assert tossed(given, "admission") == coins[0]


@pytest.mark.parametrize("cheat", SEATS)
def test_nobody_commits_to_what_another_has_committed_to(cheat: Seat) -> None:
    """Who repeats a neighbour's commitment, and later its contribution, has contributed nothing."""
    echoed = os.urandom(32)
    others = {seat: toss(seat, echoed, "admission") for seat in SEATS if seat != cheat}
    commitment = next(toss(next_seat(cheat), echoed, "admission")).next

    def echoing() -> Rounds[object]:
        for said in (commitment, (np.frombuffer(echoed, dtype=np.uint8),)):
            yield Exchange(next=said, previous=said)
        return None

    with pytest.raises(Disagreement):
        lockstep({**others, cheat: echoing()})


@pytest.mark.parametrize("cheat", SEATS)
def test_who_speaks_last_cannot_steer_the_coin(cheat: Seat) -> None:
    """A custodian that reveals something else than it committed to is found by its neighbours."""

    def cheating(side: Rounds[object]) -> Rounds[object]:
        answer = yield next(side)  # the commitment, as it should be
        side.send(answer)
        other = np.frombuffer(bytes(32), dtype=np.uint8)
        answer = yield Exchange(next=(other,), previous=(other,))
        try:
            side.send(answer)
        except StopIteration as stop:
            return stop.value
        raise AssertionError

    sides = {seat: toss(seat, os.urandom(32), "admission") for seat in SEATS}
    with pytest.raises(Disagreement):
        lockstep({seat: cheating(side) if seat == cheat else side for seat, side in sides.items()})
