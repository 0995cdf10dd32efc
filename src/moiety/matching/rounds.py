"""Protocol steps as generators: one generator is one custodian's side and owns no socket.

It yields an `Exchange` of what it sends to the next and to the previous custodian, and is resumed with an
`Exchange` of what came from the next and from the previous one. Every side yields the same number of times.

All three send alike: in every round what comes from one neighbour has the number, shapes and types of the arrays that
went to the other. So a driver over a wire knows what is to come before it reads it, and parts that run beside each
other know which arrays are whose.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from moiety.sharing.seat import SEATS, Seat, next_seat, previous_seat

Message = tuple[NDArray[Any], ...]
"""The arrays that go one way in one round, none where nothing does."""


@dataclass(frozen=True)
class Exchange:
    """What goes to (or came from) the two neighbours in one round."""

    next: Message = ()
    previous: Message = ()


Result = TypeVar("Result")
Other = TypeVar("Other")
Rounds = Generator[Exchange, Exchange, Result]


Step = Callable[[Seat], None]


def one_by_one(step: Step) -> None:
    """A round of `lockstep`, a side after another."""
    for seat in SEATS:
        step(seat)


def lockstep(sides: Mapping[Seat, Rounds[Result]], every: Callable[[Step], None] = one_by_one) -> dict[Seat, Result]:
    """Run the three sides in one process, round by round, and give what each returned.

    `every` takes a step with each side and waits for all of them, whatever happens. Messages are handed over read-only.
    An exception in one side closes the others, and is raised.
    """
    sent: dict[Seat, Exchange] = {}
    done: dict[Seat, Result] = {}

    received: dict[Seat, Exchange] = {}

    def step(seat: Seat) -> None:
        try:
            sent[seat] = sides[seat].send(received[seat]) if received else next(sides[seat])
        except StopIteration as stop:
            done[seat] = stop.value

    try:
        every(step)
        while not done:
            received = {
                seat: Exchange(
                    next=_sealed(sent[next_seat(seat)].previous),
                    previous=_sealed(sent[previous_seat(seat)].next),
                )
                for seat in SEATS
            }
            sent.clear()
            every(step)
        if sent:
            raise RuntimeError("the sides of a protocol must have the same number of rounds")
        return done
    finally:
        for side in sides.values():
            side.close()


def beside(one: Rounds[Result], other: Rounds[Other]) -> Rounds[tuple[Result, Other]]:
    """Two parts of one custodian's side at once, their messages in the same rounds: as many as the longer one has.

    Either may end first. An exception in one closes the other, and is raised. They draw from streams of their own.
    """
    try:
        first, second = _Part(one), _Part(other)
        while first.going or second.going:
            answer = yield Exchange(
                next=first.sends.next + second.sends.next,
                previous=first.sends.previous + second.sends.previous,
            )
            if (len(answer.next), len(answer.previous)) != (
                len(first.sends.previous) + len(second.sends.previous),
                len(first.sends.next) + len(second.sends.next),
            ):
                raise ValueError("other messages than this step of the protocol has")
            from_next, from_previous = len(first.sends.previous), len(first.sends.next)
            first.take(Exchange(answer.next[:from_next], answer.previous[:from_previous]))
            second.take(Exchange(answer.next[from_next:], answer.previous[from_previous:]))
        return first.result(), second.result()
    finally:
        one.close()
        other.close()


def barrier() -> Rounds[None]:
    """One round that says nothing but that this custodian has come so far."""
    here = np.zeros(1, dtype=np.uint8)
    answer = yield Exchange(next=(here,), previous=(here,))
    for message in (answer.next, answer.previous):
        expect(message, (1,), np.uint8)


def shown(seat: Seat, data: bytes) -> Rounds[dict[Seat, bytes]]:
    """One round: bytes of any length that each of the three shows the other two."""
    own = np.frombuffer(data, dtype=np.uint8)
    answer = yield Exchange(next=(own,), previous=(own,))
    found = {seat: data}
    for other, message in ((next_seat(seat), answer.next), (previous_seat(seat), answer.previous)):
        if len(message) != 1 or message[0].ndim != 1 or message[0].dtype != np.uint8:
            raise ValueError("a message of another shape or type than this step of the protocol has")
        found[other] = message[0].tobytes()
    return {each: found[each] for each in SEATS}


class _Part(Generic[Result]):
    """One of two that run beside each other: what it sends in this round, and what it returned."""

    def __init__(self, side: Rounds[Result]) -> None:
        self.going = True
        self.sends = Exchange()
        self._side = side
        self._returned: list[Result] = []
        self._advance(lambda: next(side))

    def take(self, answer: Exchange) -> None:
        """Go on with what came, unless it has ended."""
        if self.going:
            self._advance(lambda: self._side.send(answer))

    def result(self) -> Result:
        """What it returned, once it has ended."""
        return self._returned[0]

    def _advance(self, step: Callable[[], Exchange]) -> None:
        try:
            self.sends = step()
        except StopIteration as stop:
            self.going, self.sends = False, Exchange()
            self._returned.append(stop.value)


def _sealed(message: Message) -> Message:
    return tuple(_read_only(array) for array in message)


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    view = array.view()
    view.flags.writeable = False
    return view


def expect(message: Message, shape: tuple[int, ...], dtype: np.dtype[Any] | type[np.generic]) -> NDArray[Any]:
    """The one array of a received message, after checking that it has this step's shape and type."""
    if len(message) != 1 or message[0].shape != shape or message[0].dtype != np.dtype(dtype):
        raise ValueError("a message of another shape or type than this step of the protocol has")
    return message[0]
