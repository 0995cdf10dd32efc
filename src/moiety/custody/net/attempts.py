"""Attempts over lines: what each neighbour has sent for which round, and the driver of one custodian's side.

A neighbour's messages of one attempt have rising numbers, each once; an attempt's id is used once. Anything else ends
the attempt, here and at both neighbours. A message for an attempt that this custodian has not begun yet waits for it,
within bounds: only the first round, which carries nothing that derives from a part, can come early.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from threading import Condition, Lock
from time import monotonic
from typing import TypeVar

from moiety.custody.net.frames import MOST_STEPS, Step, Stopped
from moiety.custody.refusals import AttemptStopped, AttemptUsed, CustodianDown, MessageRefused, NeighbourSilent
from moiety.custody.wire import LONG_S, SHORT_S
from moiety.errors import MoietyError
from moiety.matching.rounds import Exchange, Message, Rounds
from moiety.sharing.seat import SEATS, Seat, next_seat, previous_seat

Answer = TypeVar("Answer")
Send = Callable[[Seat, Step | Stopped], None]
"""Sends to a neighbour; raises `CustodianDown`."""

ROUND_S = 10.0
"""How long one round may take: longer than any one custodian's distances of 67 million rows."""

LONG_ROUND_S = 600.0
"""The same where a custodian reads or writes everything between two rounds, each at the pace of its own disk. One that
hangs is missed by its line long before."""

_AHEAD = 16
"""Messages of one neighbour that may wait in one attempt. It cannot be further ahead than the ring lets it."""

_EARLY = 256
_EARLY_BYTES = 1 << 12
_EARLY_S = 10.0
_REMEMBERED_S = 60.0
"""Longer than twice what the custodians' clocks may differ: an older header is refused for its age."""


class _Inbox:
    """What has arrived for one attempt."""

    def __init__(self) -> None:
        self.changed = Condition()
        self.waiting: dict[tuple[Seat, int], Message] = {}
        self.last: dict[Seat, int] = {}
        self.failed: MoietyError | None = None

    def put(self, seat: Seat, step: Step) -> None:
        with self.changed:
            ahead = sum(1 for sender, _ in self.waiting if sender == seat)
            if step.number <= self.last.get(seat, -1) or ahead >= _AHEAD:
                self.failed = MessageRefused()
            else:
                self.last[seat] = step.number
                self.waiting[seat, step.number] = step.arrays
            self.changed.notify()

    def fail(self, error: MoietyError) -> None:
        with self.changed:
            self.failed = self.failed or error
            self.changed.notify()

    def get(self, number: int, seat: Seat, within_s: float) -> Message:
        until = monotonic() + within_s
        with self.changed:
            while self.failed is None and (seat, number) not in self.waiting:
                if self.last.get(seat, -1) > number:  # it went on without sending what this step needs
                    raise MessageRefused
                if not self.changed.wait(until - monotonic()) and monotonic() >= until:
                    raise NeighbourSilent(seat=SEATS.index(seat))
            if self.failed is not None:  # whatever has come besides
                raise self.failed
            return self.waiting.pop((seat, number))


class Attempts:
    """The attempts that one custodian takes part in; `stopped` is told of each that ends early. Safe for threads."""

    def __init__(self, seat: Seat, send: Send) -> None:
        self._seat: Seat = seat
        self._send = send
        self._lock = Lock()
        self._running: dict[bytes, _Inbox] = {}
        self._expected: dict[bytes, _Inbox] = {}
        self._early: OrderedDict[bytes, tuple[float, list[tuple[Seat, Step | Stopped]]]] = OrderedDict()
        self._used: OrderedDict[bytes, float] = OrderedDict()
        self.stopped: Callable[[], None] = lambda: None

    def play(self, attempt: bytes, side: Rounds[Answer], *, long: bool = False) -> Answer:
        """Drive this custodian's side of an attempt to its end; whatever ends it early ends it at the others too.

        Where it is `long`, whoever has begun it is waited for while it reads or writes everything.

        Raises what the side raises, `AttemptUsed`, `AttemptStopped` (by a neighbour), `CustodianDown`,
        `NeighbourSilent` and `MessageRefused`.
        """
        with self._lock:
            expected = self._expected.pop(attempt, None)
        inbox = expected or self._begin(attempt)
        try:
            return self._drive(attempt, side, inbox, long)
        except ValueError:
            # A message of another shape or type than this step has: see `matching.rounds.expect`.
            self.stop(attempt)
            raise MessageRefused from None
        except BaseException:
            self.stop(attempt)
            raise
        finally:
            side.close()
            with self._lock:
                del self._running[attempt]

    def expect(self, attempt: bytes) -> None:
        """Take in whatever comes for an attempt that this custodian is about to play. Raises `AttemptUsed`."""
        inbox = self._begin(attempt)
        with self._lock:
            self._expected[attempt] = inbox

    def abandon(self, attempt: bytes) -> None:
        """Expect an attempt no longer."""
        with self._lock:
            self._expected.pop(attempt, None)
            self._running.pop(attempt, None)

    def stop(self, attempt: bytes) -> None:
        """Tell both neighbours that this custodian will not go on with an attempt, or not begin it."""
        self.stopped()
        with self._lock:
            self._use_up(attempt)
        for seat in (next_seat(self._seat), previous_seat(self._seat)):
            with suppress(CustodianDown):
                self._send(seat, Stopped(attempt))

    def arrived(self, seat: Seat, frame: Step | Stopped) -> None:
        """Take what a neighbour sent."""
        with self._lock:
            inbox = self._running.get(frame.attempt)
            if inbox is None:
                self._keep_early(seat, frame)
                return
        _deliver(inbox, seat, frame)

    def lost(self, seat: Seat) -> None:
        """A neighbour's line broke: nothing that runs can end."""
        with self._lock:
            running = list(self._running.values())
        for inbox in running:
            inbox.fail(CustodianDown(seat=SEATS.index(seat)))

    def _begin(self, attempt: bytes) -> _Inbox:
        inbox = _Inbox()
        with self._lock:
            if attempt in self._used:
                raise AttemptUsed
            self._use_up(attempt)
            self._running[attempt] = inbox
            _, early = self._early.pop(attempt, (0.0, []))
        for seat, frame in early:
            _deliver(inbox, seat, frame)
        return inbox

    def _use_up(self, attempt: bytes) -> None:
        """Remember an id as used, and forget those that no header can name any more."""
        now = monotonic()
        while self._used and next(iter(self._used.values())) < now - _REMEMBERED_S:
            self._used.popitem(last=False)
        self._used[attempt] = now
        self._used.move_to_end(attempt)

    def _drive(self, attempt: bytes, side: Rounds[Answer], inbox: _Inbox, long: bool) -> Answer:
        after, before = next_seat(self._seat), previous_seat(self._seat)
        # Nobody waits for the answer longer than that, however little each round takes.
        until = monotonic() + (LONG_S if long else SHORT_S)
        sent = next(side)
        for number in range(MOST_STEPS):
            for seat, message in ((after, sent.next), (before, sent.previous)):
                if message:
                    self._send(seat, Step(attempt, number, message))
            # Whether the others have begun shows soon, whatever comes after that.
            within_s = min(LONG_ROUND_S if long and number else ROUND_S, until - monotonic())
            # All three send alike: see `matching.rounds`.
            come = Exchange(
                next=inbox.get(number, after, within_s) if sent.previous else (),
                previous=inbox.get(number, before, within_s) if sent.next else (),
            )
            try:
                sent = side.send(come)
            except StopIteration as stop:
                answer: Answer = stop.value
                return answer
        raise MessageRefused

    def _keep_early(self, seat: Seat, frame: Step | Stopped) -> None:
        now = monotonic()
        while self._early and next(iter(self._early.values()))[0] < now - _EARLY_S:
            self._early.popitem(last=False)
        if frame.attempt in self._used:
            return
        if isinstance(frame, Step) and sum(array.nbytes for array in frame.arrays) > _EARLY_BYTES:
            return
        _, frames = self._early.setdefault(frame.attempt, (now, []))
        if len(frames) < 2 * len(SEATS):
            frames.append((seat, frame))
        while len(self._early) > _EARLY:
            self._early.popitem(last=False)


def _deliver(inbox: _Inbox, seat: Seat, frame: Step | Stopped) -> None:
    if isinstance(frame, Step):
        inbox.put(seat, frame)
    else:
        inbox.fail(AttemptStopped(seat=SEATS.index(seat)))
