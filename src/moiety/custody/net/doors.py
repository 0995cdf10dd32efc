"""Whoever is being served, counted, so that a custodian that is told to stop lets them end and nobody else in.

A change takes several requests under one lease: while it is held, its requests are let in although the doors are shut.

Nor is anybody let in before the second is over in which it began: what was signed in that one is refused, and whoever
asks just then is told to come again, and not that nobody knows him.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition
from time import monotonic

from moiety.custody.refusals import CustodianDown
from moiety.custody.verbs import Clock
from moiety.sharing.seat import SEATS, Seat


class Doors:
    """One custodian's doors. Safe for threads."""

    def __init__(self, seat: Seat, clock: Clock) -> None:
        self._seat: Seat = seat
        self._clock = clock
        self._opens = int(clock().timestamp()) + 1
        self._opened = False
        self._changed = Condition()
        self._inside = 0
        self._shut = False

    @property
    def open(self) -> bool:
        """Whether anybody is let in."""
        # Once it has opened, a clock that is set back shuts nobody out here.
        self._opened = self._opened or self._clock().timestamp() >= self._opens
        return self._opened and not self._shut

    @contextmanager
    def inside(self, *, leased: bool) -> Iterator[None]:
        """Be served; `leased` goes on with what is under way. Raises `CustodianDown` unless the doors are open."""
        with self._changed:
            if not self.open and not leased:
                raise CustodianDown(seat=SEATS.index(self._seat))
            self._inside += 1
        try:
            yield
        finally:
            with self._changed:
                self._inside -= 1
                self._changed.notify_all()

    def shut(self, grace_s: float) -> bool:
        """Let nobody in any more; whether everybody had left in time."""
        until = monotonic() + grace_s
        with self._changed:
            self._shut = True
            return self._changed.wait_for(lambda: not self._inside, max(0.0, until - monotonic()))
