"""What a neighbour may send in an attempt, and that everything else ends it, at once and at all three."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Event
from time import monotonic, sleep
from typing import Any

import numpy as np
import pytest

from moiety.custody.gateway.deployment import DEPLOYMENT
from moiety.custody.headers import CLOCKS_APART_S
from moiety.custody.messages import Array
from moiety.custody.net import attempts as module
from moiety.custody.net import ends
from moiety.custody.net.attempts import Attempts
from moiety.custody.net.config import Deployment
from moiety.custody.net.frames import Frame, Greeting, Ping, Pong, Step, Stopped, pack, unpack
from moiety.custody.net.lines import METHOD, Journeys
from moiety.custody.net.tls import Identity
from moiety.custody.refusals import AttemptStopped, AttemptUsed, CustodianDown, MessageRefused, NeighbourSilent
from moiety.matching.opening import opened
from moiety.matching.rounds import Exchange, Rounds, expect, lockstep
from moiety.matching.search import attempt
from moiety.sharing.seat import SEATS, Seat
from moiety.sharing.split import split
from tests.apart.asking import DONE, Asking
from tests.apart.scene import Site
from tests.custody.scene import CROWD_OF_TWO, DOOR, matched, people
from tests.laws.three import Three, header, table

ID = bytes(range(16))
AT_ONCE_S = 5.0


class Ring:
    """Three sides' attempts, and lines that hand over what is sent at once unless a test has it otherwise."""

    def __init__(self) -> None:
        self.sent: list[tuple[Seat, Seat, Step | Stopped]] = []
        self.cut: set[Seat] = set()
        self.bend: Callable[[Seat, Seat, Step | Stopped], list[tuple[Seat, Seat, Step | Stopped]]] = (
            lambda sender, to, frame: [(sender, to, frame)]
        )
        self.attempts = {seat: Attempts(seat, self._sender(seat)) for seat in SEATS}
        self._threads = ThreadPoolExecutor(6)

    def _sender(self, seat: Seat) -> Callable[[Seat, Step | Stopped], None]:
        def send(to: Seat, frame: Step | Stopped) -> None:
            if self.cut & {seat, to}:
                raise CustodianDown(seat=SEATS.index(to))
            self.sent.append((seat, to, frame))
            for sender, receiver, other in self.bend(seat, to, frame):
                self.attempts[receiver].arrived(sender, other)

        return send

    def play(self, sides: dict[Seat, Rounds[Any]], id_: bytes = ID, *, long: bool = False) -> dict[Seat, Future[Any]]:
        return {
            seat: self._threads.submit(self.attempts[seat].play, id_, side, long=long) for seat, side in sides.items()
        }

    def outcomes(self, sides: dict[Seat, Rounds[Any]], id_: bytes = ID) -> dict[Seat, type | None]:
        """What each side ended with, at once."""
        began = monotonic()
        playing = self.play(sides, id_)
        found = {seat: future.exception(timeout=20) for seat, future in playing.items()}
        assert monotonic() - began < AT_ONCE_S
        return {seat: None if error is None else type(error) for seat, error in found.items()}


@pytest.fixture
def ring() -> Ring:
    return Ring()


def counting(rounds: int = 4) -> Rounds[int]:
    """A side that sends the number of the round to both, and gives the sum of what came."""
    total = 0
    for number in range(rounds):
        own = np.full(3, number, dtype=np.uint32)
        answer = yield Exchange(next=(own,), previous=(own,))
        for message in (answer.next, answer.previous):
            total += int(expect(message, (3,), np.uint32).sum())
    return total


def sides(rounds: int = 4) -> dict[Seat, Rounds[int]]:
    return {seat: counting(rounds) for seat in SEATS}


def step(number: int, id_: bytes = ID, array: Any = None) -> Step:
    return Step(id_, number, (np.full(3, number, dtype=np.uint32) if array is None else array,))


def ended(first: dict[Seat, type | None]) -> None:
    """One side refused a message, and the others were told."""
    assert MessageRefused in first.values()
    assert set(first.values()) <= {MessageRefused, AttemptStopped}


# The law.


def test_three_sides_apart_give_what_lockstep_gives(ring: Ring) -> None:
    rows, dim = 128, 64
    three, crowd = Three(), np.stack([person.words for person in people(rows)])
    parts = split(crowd.view(np.uint16), os.urandom)
    everybody = np.ones(rows, dtype=bool)
    asked = three.sides(crowd[[3, 90]], parts, everybody, header(rows, 2, dim, 9_000))
    expected = lockstep({seat: attempt(side) for seat, side in asked.items()})
    again = {seat: attempt(replace(side, keys=three.keys(seat))) for seat, side in asked.items()}
    found = {seat: future.result(timeout=60) for seat, future in ring.play(again).items()}
    pairs = [table(opened(some, 2), 2, rows) for some in (expected, found)]
    assert np.array_equal(*pairs)
    assert pairs[0][0, 3]
    assert pairs[0][1, 90]


def test_the_twin_of_what_follows(ring: Ring) -> None:
    """Nothing bent, the sides end, and no word is left of them."""
    assert {seat: future.result(timeout=20) for seat, future in ring.play(sides()).items()} == dict.fromkeys(SEATS, 36)
    assert all(isinstance(frame, Step) for _, _, frame in ring.sent)
    assert [each._running for each in ring.attempts.values()] == [{}, {}, {}]


# What is not the next message.


def bent(*others: Callable[[Seat, Seat, Step], list[tuple[Seat, Seat, Step | Stopped]]]) -> Any:
    """From a to b, in round 1, something else."""

    def bend(sender: Seat, to: Seat, frame: Step | Stopped) -> list[tuple[Seat, Seat, Step | Stopped]]:
        if isinstance(frame, Step) and (sender, to, frame.number) == ("a", "b", 1):
            return [some for other in others for some in other(sender, to, frame)]
        return [(sender, to, frame)]

    return bend


def itself(sender: Seat, to: Seat, frame: Step) -> list[Any]:
    return [(sender, to, frame)]


def of(number: int, array: Any = None, id_: bytes = ID) -> Any:
    return lambda sender, to, frame: [(sender, to, step(number, id_, array))]


WRONG = {
    "a replay": (of(0), itself),
    "a replay afterwards": (itself, of(0)),
    "the same twice": (itself, itself),
    "a later step": (of(2),),
    "out of order": (of(2), itself),
    "another shape": (of(1, np.zeros(4, dtype=np.uint32)),),
    "another type": (of(1, np.zeros(3, dtype=np.uint64)),),
    "more dimensions": (of(1, np.zeros((3, 1), dtype=np.uint32)),),
    "nothing in it": (of(1, np.zeros(0, dtype=np.uint32)),),
    "two arrays": (lambda s, t, frame: [(s, t, Step(ID, 1, frame.arrays * 2))],),
    "the last number": (of(module.MOST_STEPS - 1),),
}


@pytest.mark.parametrize("why", WRONG)
def test_what_is_not_the_next_message_ends_the_attempt_at_all_three(ring: Ring, why: str) -> None:
    ring.bend = bent(*WRONG[why])
    ended(ring.outcomes(sides(40)))  # long enough that nobody has ended when the others hear of it
    assert [each._running for each in ring.attempts.values()] == [{}, {}, {}]


@pytest.mark.parametrize("number", [2, module.MOST_STEPS - 1])
def test_whoever_leaves_a_step_out_is_not_waited_for(ring: Ring, number: int) -> None:
    """Nothing comes after it that could be refused instead."""
    ring.attempts["b"].expect(ID)
    for sender, frame in (("c", step(0)), ("c", step(1)), ("a", step(0)), ("a", step(number))):
        ring.attempts["b"].arrived(sender, frame)  # type: ignore[arg-type]
    began = monotonic()
    assert type(ring.play({"b": counting()})["b"].exception(timeout=20)) is MessageRefused
    assert monotonic() - began < AT_ONCE_S


def test_a_message_from_the_wrong_neighbour_is_no_message_of_the_right_one(
    ring: Ring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ROUND_S", 0.5)
    ring.bend = bent(lambda sender, to, frame: [("c", to, frame)])
    found = ring.outcomes(sides())
    assert {NeighbourSilent, MessageRefused} & set(found.values())
    assert None not in found.values()


def test_messages_of_a_foreign_attempt_change_nothing(ring: Ring) -> None:
    ring.bend = bent(of(1, id_=bytes(16)), of(0, id_=os.urandom(16)), itself)
    assert ring.outcomes(sides()) == dict.fromkeys(SEATS)


def test_a_neighbour_gets_only_so_far_ahead(ring: Ring) -> None:
    ring.attempts["a"].expect(ID)
    for number in range(40):
        ring.attempts["a"].arrived("b", step(number))
    assert len(ring.attempts["a"]._running[ID].waiting) == 16
    assert type(ring.play({"a": counting()})["a"].exception(timeout=5)) is MessageRefused


def test_a_neighbour_that_stops_is_named(ring: Ring) -> None:
    ring.bend = bent(lambda sender, to, frame: [(sender, to, Stopped(ID))])
    found = ring.outcomes(sides())
    assert found["b"] is AttemptStopped
    assert set(found.values()) == {AttemptStopped}


def test_whoever_stops_is_believed_whatever_it_has_sent(ring: Ring) -> None:
    """All that one side needs to end well is there, and nothing of it is made use of."""
    ring.attempts["a"].expect(ID)
    for sender, frame in (("b", step(0)), ("c", step(0)), ("b", Stopped(ID))):
        ring.attempts["a"].arrived(sender, frame)  # type: ignore[arg-type]
    assert type(ring.play({"a": counting(1)})["a"].exception(timeout=5)) is AttemptStopped


def test_the_first_reason_counts(ring: Ring) -> None:
    """What comes after it came of it: a line that breaks when its end stops does not name somebody else."""
    ring.attempts["a"].expect(ID)
    ring.attempts["a"].arrived("b", Stopped(ID))
    ring.attempts["a"].lost("c")
    assert type(ring.play({"a": counting()})["a"].exception(timeout=5)) is AttemptStopped


def test_a_side_that_cannot_go_on_is_closed_at_once(ring: Ring) -> None:
    """Whoever still looks at the error does not keep it, nor the turn that it has at its custodian."""
    closed: list[bool] = []

    def holding() -> Rounds[int]:
        try:
            return (yield from counting())
        finally:
            closed.append(True)

    side = holding()
    ring.attempts["a"].expect(ID)
    ring.attempts["a"].arrived("b", Stopped(ID))
    assert type(ring.play({"a": side})["a"].exception(timeout=5)) is AttemptStopped
    assert closed == [True]


def test_a_neighbour_that_is_silent_is_named(ring: Ring, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROUND_S", 0.3)
    playing = ring.play({seat: side for seat, side in sides().items() if seat != "c"})
    errors = {seat: future.exception(timeout=5) for seat, future in playing.items()}
    silent = [error for error in errors.values() if isinstance(error, NeighbourSilent)]
    assert silent
    assert {error.numbers["seat"] for error in silent} == {2}
    assert {type(error) for error in errors.values()} <= {NeighbourSilent, AttemptStopped}
    # And the third hears of it when it comes at last.
    assert type(ring.play({"c": counting()})["c"].exception(timeout=5)) is AttemptStopped


def test_whoever_reads_everything_is_waited_for(ring: Ring, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not in a search, and not before it has begun at all."""
    monkeypatch.setattr(module, "ROUND_S", 0.3)

    def reading() -> Rounds[int]:
        side = counting()
        answer = yield next(side)
        sends = side.send(answer)
        sleep(1.0)
        answer = yield sends
        try:
            while True:
                answer = yield side.send(answer)
        except StopIteration as stop:
            total: int = stop.value
            return total

    slow = lambda: sides() | {"b": reading()}  # noqa: E731
    assert {future.result(timeout=20) for future in ring.play(slow(), bytes(16), long=True).values()} == {36}
    assert NeighbourSilent in ring.outcomes(slow()).values()
    began = monotonic()
    alone = ring.play({"a": counting()}, os.urandom(16), long=True)["a"]
    assert type(alone.exception(timeout=20)) is NeighbourSilent
    assert monotonic() - began < 1.0


def test_an_attempt_has_a_deadline_however_little_each_round_takes(ring: Ring, monkeypatch: pytest.MonkeyPatch) -> None:
    """A neighbour that answers every round in its last moment would keep whoever wants to change something waiting."""
    monkeypatch.setattr(module, "SHORT_S", 1.0)

    def dawdling() -> Rounds[int]:
        side = counting()
        sends = next(side)
        try:
            while True:
                sleep(0.3)
                sends = side.send((yield sends))
        except StopIteration as stop:
            total: int = stop.value
            return total

    began = monotonic()
    assert NeighbourSilent in ring.outcomes(sides() | {"b": dawdling()}).values()
    assert monotonic() - began < 2.0
    monkeypatch.setattr(module, "SHORT_S", 60.0)
    assert set(ring.outcomes(sides() | {"b": dawdling()}, bytes(16)).values()) == {None}


def test_a_line_that_breaks_ends_what_runs_over_it(ring: Ring) -> None:
    def cut(sender: Seat, to: Seat, frame: Step) -> list[Any]:
        ring.cut.add("a")
        for seat in ("b", "c"):
            ring.attempts[seat].lost("a")
        for seat in ("b", "c"):
            ring.attempts["a"].lost(seat)
        return []

    ring.bend = bent(cut)
    found = ring.outcomes(sides())
    assert set(found.values()) <= {CustodianDown, AttemptStopped}
    assert found["a"] is CustodianDown


def test_whoever_waits_for_a_neighbour_is_told_when_its_line_breaks(ring: Ring) -> None:
    """Though it has nothing to send just then, over which it would notice."""
    playing = ring.play({"b": counting(), "c": counting()})
    sleep(0.2)
    ring.attempts["b"].lost("a")
    found = {seat: future.exception(timeout=5) for seat, future in playing.items()}
    assert {seat: type(error) for seat, error in found.items()} == {"b": CustodianDown, "c": AttemptStopped}
    assert isinstance(down := found["b"], CustodianDown)
    assert down.numbers["seat"] == 0


def test_a_side_that_fails_of_itself_is_told_to_both(ring: Ring) -> None:
    def failing() -> Rounds[int]:
        yield from counting(2)
        raise AttemptUsed  # any refusal of its own

    found = ring.outcomes(sides() | {"b": failing()})
    assert found == {"a": AttemptStopped, "b": AttemptUsed, "c": AttemptStopped}
    assert [(s, t) for s, t, frame in ring.sent if isinstance(frame, Stopped) and s == "b"] == [("b", "c"), ("b", "a")]


def test_a_side_that_never_ends_is_ended(ring: Ring, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_STEPS", 5)
    ended(ring.outcomes(sides(6)))


# Ids.


def test_an_id_is_used_once(ring: Ring) -> None:
    assert ring.outcomes(sides()) == dict.fromkeys(SEATS)
    sent = len(ring.sent)
    assert ring.outcomes(sides()) == dict.fromkeys(SEATS, AttemptUsed)
    assert len(ring.sent) == sent
    with pytest.raises(AttemptUsed):
        ring.attempts["a"].expect(ID)


def test_an_id_that_was_refused_is_used(ring: Ring) -> None:
    ring.attempts["a"].stop(ID)
    assert ring.outcomes(sides()) == {"a": AttemptUsed, "b": AttemptStopped, "c": AttemptStopped}


def test_used_ids_are_forgotten_when_no_header_can_name_them(ring: Ring, monkeypatch: pytest.MonkeyPatch) -> None:
    """By whatever they were used: a gateway that is refused all the time takes no memory for good."""
    monkeypatch.setattr(module, "_REMEMBERED_S", 0.05)
    for _ in range(50):
        ring.attempts["a"].stop(os.urandom(16))
    sleep(0.1)
    ring.attempts["a"].stop(os.urandom(16))
    assert len(ring.attempts["a"]._used) == 1


def test_used_ids_are_remembered_for_as_long_as_a_header_can_name_them(
    ring: Ring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of the last moment that is let in, made by a clock that is ahead: until it is too old for one behind."""
    assert ring.outcomes(sides()) == dict.fromkeys(SEATS)
    later = monotonic() + 4 * CLOCKS_APART_S
    monkeypatch.setattr(module, "monotonic", lambda: later)
    ring.attempts["a"].stop(os.urandom(16))  # what is too old is forgotten now
    with pytest.raises(AttemptUsed):
        ring.attempts["a"].expect(ID)


def test_an_attempt_that_is_abandoned_takes_no_memory_and_is_used(ring: Ring) -> None:
    """What was expected and will not be played: whatever comes for it is dropped, and nobody begins it again."""
    custodian = ring.attempts["a"]
    custodian.expect(ID)
    custodian.arrived("b", step(0))
    custodian.abandon(ID)
    for frame in (step(0), step(1), Stopped(ID)):
        custodian.arrived("c", frame)
    assert (custodian._running, custodian._expected, custodian._early) == ({}, {}, {})
    with pytest.raises(AttemptUsed):
        custodian.expect(ID)


def test_an_id_that_is_refused_again_is_remembered_from_then_on(ring: Ring, monkeypatch: pytest.MonkeyPatch) -> None:
    """And keeps no older one from being forgotten."""
    monkeypatch.setattr(module, "_REMEMBERED_S", 100.0)
    now = [0.0]
    monkeypatch.setattr(module, "monotonic", lambda: now[0])
    custodian, other = ring.attempts["a"], bytes(16)
    custodian.stop(ID)
    custodian.stop(other)
    now[0] = 50.0
    custodian.stop(ID)
    now[0] = 120.0
    custodian.stop(os.urandom(16))
    assert other not in custodian._used
    with pytest.raises(AttemptUsed):
        custodian.expect(ID)


# What comes early.


def test_a_first_message_that_comes_early_waits(ring: Ring) -> None:
    playing = ring.play({"a": counting(), "b": counting()})
    sleep(0.2)
    playing |= ring.play({"c": counting()})
    assert {future.result(timeout=5) for future in playing.values()} == {36}


def test_what_comes_early_is_bounded(ring: Ring) -> None:
    custodian = ring.attempts["a"]
    for number in range(1_000):
        id_ = number.to_bytes(16)
        for again in range(20):
            custodian.arrived("b", step(again, id_))
        custodian.arrived("c", step(0, id_, np.zeros(5_000, dtype=np.uint8)))
    assert len(custodian._early) == 256
    assert max(len(frames) for _, frames in custodian._early.values()) == 6
    assert sum(a.nbytes for _, fs in custodian._early.values() for _, f in fs for a in f.arrays) < 1 << 20  # type: ignore[union-attr]


def test_an_oversized_early_message_is_not_kept(ring: Ring) -> None:
    ring.attempts["a"].arrived("b", step(0, ID, np.zeros(1 << 20, dtype=np.uint8)))
    assert not ring.attempts["a"]._early


def test_what_came_early_is_forgotten(ring: Ring, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_EARLY_S", 0.05)
    ring.attempts["a"].arrived("b", step(0))
    sleep(0.1)
    ring.attempts["a"].arrived("b", step(0, bytes(16)))
    assert list(ring.attempts["a"]._early) == [bytes(16)]


def test_what_comes_after_the_end_is_not_kept(ring: Ring) -> None:
    assert ring.outcomes(sides()) == dict.fromkeys(SEATS)
    for frame in (step(0), step(9), Stopped(ID)):
        ring.attempts["b"].arrived("a", frame)
    assert not ring.attempts["b"]._early


# Over real lines.


class Impostor:
    """Whoever has custodian a's key, on a line to another custodian."""

    def __init__(self, site: Site, to: Seat) -> None:
        own = site.folder / "custodian-a"
        identity = Identity.load(own / "own.pem", own / "own.key", own / "authority.pem")
        at = Deployment.read(Path(site.folder) / DEPLOYMENT).custodians()[to]
        self._over = Event()
        self._frames: list[bytes] = []
        self._channel = ends.channel(at.address, at.key, identity)

    def says(self, *frames: bytes) -> list[Frame]:
        """What came back until the line was broken by the other end."""

        def outgoing() -> Iterator[bytes]:
            yield from frames
            self._over.wait(10)

        call = self._channel.stream_stream(METHOD)(outgoing(), timeout=8)
        began, heard = monotonic(), []
        for data in call:
            frame = unpack(data)
            if not isinstance(frame, Ping):  # what asks for nothing but an answer
                heard.append(frame)
        self._over.set()
        assert monotonic() - began < AT_ONCE_S
        self._channel.close()
        return heard


GREETING = pack(Greeting("a", os.urandom(32)))


@pytest.mark.parametrize(
    "frames",
    [
        [pack(step(0))],
        [pack(Stopped(ID))],
        [b""],
        [b"\x01"],
        [b"\x02" + GREETING[1:]],
        [pack(Greeting("b", os.urandom(32)))],
        [pack(Greeting("c", os.urandom(32)))],
        [pack(Greeting("a", bytes(32)))],
        [GREETING, GREETING],
        [GREETING, pack(step(0))[:-1]],
        [GREETING, b""],
    ],
    ids=["a step first", "a stop first", "nothing", "no frame", "another version", "its own seat", "a third's seat",
         "a point of small order", "a greeting again", "half a step", "nothing afterwards"],
)  # fmt: skip
def test_a_line_ends_with_what_is_no_frame_of_it(site: Site, frames: list[bytes]) -> None:
    site.stop("a")
    heard = Impostor(site, "b").says(*frames)
    assert len(heard) == 1  # a greeting
    assert isinstance(heard[0], Greeting)
    site.start("a")
    site.gateway().close()  # all lines are up again


def test_only_journeys_that_began_are_measured(site: Site) -> None:
    """A neighbour is asked how long the way is, and answers; what it answers unasked says nothing."""
    site.stop("a")
    heard = Impostor(site, "b").says(
        GREETING, *(pack(Pong(number)) for number in range(1_000, 1_100)), pack(Ping(7)), b""
    )
    assert heard[1:] == [Pong(7)]
    site.start("a")
    site.gateway().close()


def test_a_journey_ends_where_it_began_and_few_are_under_way() -> None:
    """One neighbour's answer says nothing of the way to another, and whoever answers nothing takes no memory."""
    journeys = Journeys()
    number = journeys.begun("b")
    journeys.ended("c", number)
    journeys.ended("b", number)  # its number is gone
    assert (journeys.shortest_s("b"), journeys.shortest_s("c")) == (0.0, 0.0)
    first, *_, last = [journeys.begun("c") for _ in range(1_000)]
    journeys.ended("c", first)
    assert journeys.shortest_s("c") == 0.0
    assert len(journeys._begun) == 16
    journeys.ended("c", last)
    assert journeys.shortest_s("c") > 0.0


def test_a_line_takes_the_place_of_the_one_before(site: Site) -> None:
    """Whoever holds a neighbour's key opens many, and one is kept: the others end, and their threads with them.

    So does what runs: a custodian that comes back before it was missed knows nothing of it, and a check or a refresh
    would wait for it for minutes."""
    site.stop("a")
    lines, lost = site.servers["b"]._lines, []
    told = lines.lost

    def losing(seat: Seat) -> None:
        lost.append(seat)
        told(seat)

    lines.lost = losing
    impostor, over = Impostor(site, "b"), Event()

    def outgoing() -> Iterator[bytes]:
        yield GREETING
        over.wait(20)

    call = impostor._channel.stream_stream(METHOD)
    first = call(outgoing(), timeout=20)
    assert [isinstance(unpack(next(first)), kind) for kind in (Greeting, Ping)] == [True, True]  # it is up
    began, second = monotonic(), call(outgoing(), timeout=20)
    assert isinstance(unpack(next(second)), Greeting)
    assert all(isinstance(unpack(data), Ping) for data in first)
    assert monotonic() - began < AT_ONCE_S
    assert isinstance(unpack(next(second)), Ping)
    assert lost == ["a"]
    over.set()
    second.cancel()
    impostor._channel.close()
    site.start("a")
    site.gateway().close()


def test_a_line_that_breaks_is_none_and_takes_its_pair_key_along(site: Site) -> None:
    """At either end: nothing is sent into it, and no mask is drawn any more from what the connection agreed on."""
    both: tuple[Seat, Seat] = ("a", "b")
    pairs: dict[Seat, bytes] = {}
    site.gateway().close()  # all lines are up
    for seat in both:
        pairs[seat] = site.servers[seat]._lines._acquaintance.pair("c")
    site.stop("c")
    until = monotonic() + AT_ONCE_S
    for seat, left in zip(both, reversed(both), strict=True):
        lines = site.servers[seat]._lines
        while "c" in lines.up():
            assert monotonic() < until
            sleep(0.02)
        assert lines.up() == {left}
        with pytest.raises(CustodianDown):
            lines.send("c", Stopped(ID))
        with pytest.raises(CustodianDown):
            lines._acquaintance.pair("c")
    site.start("c")
    site.gateway().close()
    for seat in both:
        assert site.servers[seat]._lines._acquaintance.pair("c") != pairs[seat]


def test_whoever_opens_a_line_that_is_not_theirs_to_open_is_refused(site: Site) -> None:
    """Lines are opened by the one of the lower seat: otherwise each would end the other's."""
    own = site.folder / "custodian-c"
    identity = Identity.load(own / "own.pem", own / "own.key", own / "authority.pem")
    at = Deployment.read(site.folder / DEPLOYMENT).custodians()["b"]
    import grpc

    with ends.channel(at.address, at.key, identity) as channel, pytest.raises(grpc.RpcError):
        next(channel.stream_stream(METHOD)(iter([pack(Greeting("c", os.urandom(32)))]), timeout=5))
    site.gateway().close()


def test_a_search_that_one_custodian_is_not_asked_for_ends_at_the_others(site: Site, office: Any) -> None:
    office.enrol(DOOR, CROWD_OF_TWO)
    asking = Asking(site)
    try:
        asks = asking.identify(CROWD_OF_TWO[0])
        bad = replace_probe(asks["c"])
        began = monotonic()
        found = asking.each(lambda seat: asking.ask(seat, bad if seat == "c" else asks[seat]))
        assert monotonic() - began < AT_ONCE_S
        assert {seat: some.code for seat, some in found.items()} == {
            "a": "attempt_stopped", "b": "attempt_stopped", "c": "message_refused",
        }  # fmt: skip
        # And an id is used once over the wire, too, whatever signature comes with it.
        good = asking.identify(CROWD_OF_TWO[0])
        assert asking.all(good) == dict.fromkeys(SEATS, DONE)
        assert set(asking.all(good).values()) <= {"attempt_used", "attempt_stopped", "caller_refused"}
        assert matched(office, CROWD_OF_TWO) == [True, True]
    finally:
        asking.close()


def replace_probe(ask: Any) -> Any:
    """The same request with a probe that is not of the header's shape."""
    from tests.apart.asking import changed

    return changed(ask, probe=Array.of(np.zeros((1, 2), dtype=np.uint32)))


def test_a_custodian_that_goes_away_in_the_middle_is_named(site: Site, office: Any) -> None:
    """Its lines break, and what runs over them ends at once."""
    office.enrol(DOOR, CROWD_OF_TWO)
    asking = Asking(site)
    asks = asking.identify(CROWD_OF_TWO[0])
    with ThreadPoolExecutor(2) as threads:
        # Two are asked and wait for the third, which goes.
        waiting = {seat: threads.submit(asking.ask, seat, asks[seat]) for seat in ("a", "b")}
        sleep(0.5)
        began = monotonic()
        site.stop("c")
        codes = {future.result(timeout=20).code for future in waiting.values()}
        assert monotonic() - began < AT_ONCE_S
    assert codes <= {"custodian_down", "attempt_stopped"}
    assert "custodian_down" in codes
    asking.close()
