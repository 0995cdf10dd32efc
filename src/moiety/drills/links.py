"""The lines of three custodians in one process, where one of them listens: attempts as they run apart, and broken off.

What runs over them is the product's own: each custodian's side of an attempt, and its rules for what it takes part in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from moiety.custody.custodian import Custodian
from moiety.custody.net.attempts import Attempts
from moiety.custody.net.frames import Step, Stopped, pack, unpack
from moiety.custody.refusals import NeighbourSilent
from moiety.errors import MoietyError
from moiety.matching.rounds import Rounds
from moiety.sharing.seat import SEATS, Seat, previous_seat

Answer = TypeVar("Answer")


class Links:
    """Custodians that come and go, and everything that `listener` hears from the one before it."""

    def __init__(self, listener: Seat) -> None:
        self._listener: Seat = listener
        self._custodians: dict[Seat, Custodian] = {}
        self._attempts: dict[Seat, Attempts] = {}
        self._heard: list[NDArray[Any]] = []
        self._break_after: int | None = None

    def begin(self, custodian: Custodian) -> None:
        """A custodian has started: it opens a line to each of those that run."""
        seat = custodian.seat
        self._custodians[seat] = custodian
        self._attempts[seat] = Attempts(seat, partial(self._send, seat))
        for other in SEATS:
            if other != seat and other in self._custodians:
                self._join(seat, other)

    def end(self, seat: Seat) -> None:
        """A custodian stops."""
        self._custodians.pop(seat).close()
        del self._attempts[seat]

    def close(self) -> None:
        """All that run stop."""
        for seat in list(self._custodians):
            self.end(seat)

    def play(self, attempt: bytes, begin: Callable[[Custodian], Rounds[Answer]]) -> list[NDArray[Any]]:
        """Run an attempt to its end, however it ends; what the listener heard in it.

        Raises `NeighbourSilent` where a side waited in vain: nobody here is silent, so this machine stood still.
        """
        self._heard = []

        def side(seat: Seat) -> None:
            try:
                self._attempts[seat].play(attempt, begin(self._custodians[seat]))
            except BaseException:
                self._attempts[seat].stop(attempt)  # as a server does of whatever it does not take part in
                raise

        with ThreadPoolExecutor(len(SEATS)) as threads:
            for played in [threads.submit(side, seat) for seat in SEATS]:
                try:
                    played.result()
                except NeighbourSilent:
                    raise
                except MoietyError:
                    pass  # an outcome like any other
        return self._heard

    @contextmanager
    def breaking(self, sums: int) -> Iterator[None]:
        """Meanwhile the listener breaks its line to the one before it when it has heard so many masked sums."""
        self._break_after = sums
        try:
            yield
        finally:
            self._break_after = None
            self._join(self._listener, previous_seat(self._listener))

    def _send(self, sender: Seat, to: Seat, frame: Step | Stopped) -> None:
        frame = over_the_wire(frame)
        self._attempts[to].arrived(sender, frame)
        if (sender, to) == (previous_seat(self._listener), self._listener) and isinstance(frame, Step):
            self._heard += frame.arrays
            if sum(map(is_sum, self._heard)) == self._break_after:
                for one, other in ((sender, to), (to, sender)):
                    self._attempts[one].lost(other)

    def _join(self, one: Seat, other: Seat) -> None:
        public, joined = self._custodians[one].acquaintance.greet(other)
        answer, met = self._custodians[other].acquaintance.greet(one)
        joined(answer)
        met(public)


def over_the_wire(frame: Step | Stopped) -> Step | Stopped:
    """What arrives of it: a copy."""
    arrived = unpack(pack(frame))
    if not isinstance(arrived, Step | Stopped):
        raise TypeError("another frame than was sent")
    return arrived


def is_sum(array: NDArray[Any]) -> bool:
    """Whether this is what one custodian's rows give, masked, of those whose comparison the listener ends: the only
    words of 16 bits in a search."""
    return array.dtype == np.uint16
