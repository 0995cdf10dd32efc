"""Protocol steps as generators: one generator is one custodian's side and owns no socket.

It yields an `Exchange` of what it sends to the next and to the previous custodian, and is resumed with an
`Exchange` of what came from the next and from the previous one. Every side yields the same number of times.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from moiety.sharing.seat import SEATS, Seat, next_seat, previous_seat

Message = NDArray[Any] | None


@dataclass(frozen=True)
class Exchange:
    """What goes to (or came from) the two neighbours in one round; None where nothing does."""

    next: Message = None
    previous: Message = None


Result = TypeVar("Result")
Rounds = Generator[Exchange, Exchange, Result]


def lockstep(sides: Mapping[Seat, Rounds[Result]]) -> dict[Seat, Result]:
    """Run the three sides in one process, round by round, and give what each returned.

    Messages are handed over read-only. An exception in one side closes the others, and is raised.
    """
    sent: dict[Seat, Exchange] = {}
    done: dict[Seat, Result] = {}
    try:
        for seat in SEATS:
            sent[seat] = next(sides[seat])
        while True:
            received = {
                seat: Exchange(
                    next=_sealed(sent[next_seat(seat)].previous),
                    previous=_sealed(sent[previous_seat(seat)].next),
                )
                for seat in SEATS
            }
            sent = {}
            for seat in SEATS:
                try:
                    sent[seat] = sides[seat].send(received[seat])
                except StopIteration as stop:
                    done[seat] = stop.value
            if done:
                if sent:
                    raise RuntimeError("the sides of a protocol must have the same number of rounds")
                return done
    finally:
        for side in sides.values():
            side.close()


def _sealed(message: Message) -> Message:
    if message is None:
        return None
    view = message.view()
    view.flags.writeable = False
    return view


def expect(message: Message, shape: tuple[int, ...], dtype: np.dtype[Any] | type[np.generic]) -> NDArray[Any]:
    """A received message, after checking that it has the shape and type that this step of the protocol has."""
    if message is None or message.shape != shape or message.dtype != np.dtype(dtype):
        raise ValueError("a message of another shape or type than this step of the protocol has")
    return message
