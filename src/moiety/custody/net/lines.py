"""The lines between custodians: one stream for each pair, under mutual TLS, opened by the one of the lower seat.

Each begins with a greeting both ways: an X25519 key for this connection alone, from which the pair key comes that masks
are drawn from. A line that breaks takes its pair key along, ends what was running over it, and is opened again.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from queue import SimpleQueue
from threading import Event, Lock, Thread, Timer
from time import perf_counter
from typing import Any

import grpc

from moiety.custody.keys import Acquaintance
from moiety.custody.net import ends
from moiety.custody.net.frames import Frame, Greeting, Ping, Pong, Step, Stopped, pack, unpack
from moiety.custody.net.journal import News, say
from moiety.custody.net.tls import Identity, Neighbour
from moiety.custody.refusals import CustodianDown, MessageRefused, PeerUnknown
from moiety.errors import MoietyError
from moiety.sharing.seat import SEATS, Seat

METHOD = "/moiety.custodian.1/line"

_AGAIN_S = 0.2
"""Between two tries to open a line: custodians find each other within moments of the last one's start."""

_GREETING_S = 3.0
"""For whoever a line is opened to, to greet. One that stops in that moment may have taken the call and forget it: then
nothing ever comes back, not even that it ended, while the connection below stands."""

_JOURNEYS = 16
_FIRST_JOURNEYS = 4

Outgoing = SimpleQueue[bytes | None]


class Journeys:
    """How long a message to a neighbour and back takes. Safe for threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._number = 0
        self._begun: dict[int, tuple[Seat, float]] = {}
        self._took: dict[Seat, deque[float]] = {seat: deque(maxlen=_JOURNEYS) for seat in SEATS}

    def begun(self, seat: Seat) -> int:
        """The number of a journey that begins now."""
        with self._lock:
            self._number = (self._number + 1) % (1 << 32)
            self._begun[self._number] = (seat, perf_counter())
            while len(self._begun) > _JOURNEYS:
                del self._begun[next(iter(self._begun))]
            return self._number

    def ended(self, seat: Seat, number: int) -> None:
        """A journey has ended; one that never began says nothing."""
        with self._lock:
            began = self._begun.pop(number, None)
            if began is not None and began[0] == seat:
                self._took[seat].append(perf_counter() - began[1])

    def shortest_s(self, seat: Seat) -> float:
        """The shortest of the last ones: what waited behind other messages says nothing of the way."""
        with self._lock:
            return min(self._took[seat], default=0.0)


class Lines:
    """This custodian's two lines. `arrived` and `lost` are told of what comes and of a line that breaks."""

    def __init__(self, seat: Seat, acquaintance: Acquaintance) -> None:
        self._seat: Seat = seat
        self._acquaintance = acquaintance
        self._lock = Lock()
        self._up: dict[Seat, Outgoing] = {}
        self._changed = Event()
        self._closed = Event()
        self._threads: list[Thread] = []
        self._journeys = Journeys()
        self.arrived: Callable[[Seat, Step | Stopped], None] = lambda seat, frame: None
        self.lost: Callable[[Seat], None] = lambda seat: None

    def up(self) -> set[Seat]:
        """The neighbours with whom there is a line now."""
        with self._lock:
            return set(self._up)

    def round_trip_s(self) -> float:
        """What a journey to the farther neighbour and back takes, as measured since its line is up; 0 before one has
        ended. Raises `CustodianDown` where there is no line."""
        with self._lock:
            up = [*self._up]
        for seat in SEATS:
            if seat != self._seat and seat not in up:
                raise CustodianDown(seat=SEATS.index(seat))
        for seat in up:
            self.send(seat, Ping(self._journeys.begun(seat)))
        return max(self._journeys.shortest_s(seat) for seat in up)

    def send(self, seat: Seat, frame: Frame) -> None:
        """Send to a neighbour. Raises `CustodianDown`."""
        with self._lock:
            outgoing = self._up.get(seat)
        if outgoing is None:
            raise CustodianDown(seat=SEATS.index(seat))
        outgoing.put(pack(frame))

    def dial(self, neighbours: Mapping[Seat, Neighbour], identity: Identity) -> None:
        """Open the lines that are this custodian's to open, and again whenever one breaks."""
        for seat, neighbour in neighbours.items():
            if self._seat < seat:
                thread = Thread(
                    target=self._dial, args=(seat, neighbour, identity), name=f"line-{self._seat}{seat}", daemon=True
                )
                thread.start()
                self._threads.append(thread)

    def answer(self, seat: Seat, incoming: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        """A neighbour of a lower seat has opened its line: what is sent back over it."""
        if not seat < self._seat:
            raise PeerUnknown
        outgoing: Outgoing = SimpleQueue()
        if not context.add_callback(lambda: outgoing.put(None)):
            return  # it is gone already
        public, joined = self._acquaintance.greet(seat)
        yield pack(Greeting(self._seat, public))
        reader = Thread(
            target=self._hear, args=(seat, incoming, outgoing, joined), name=f"hear-{seat}{self._seat}", daemon=True
        )
        reader.start()
        yield from iter(outgoing.get, None)

    def close(self) -> None:
        """Break both lines, for good."""
        self._closed.set()
        with self._lock:
            for outgoing in self._up.values():
                outgoing.put(None)
        for thread in self._threads:
            thread.join(timeout=2)

    def _dial(self, seat: Seat, neighbour: Neighbour, identity: Identity) -> None:
        while not self._closed.is_set():
            try:
                with ends.channel(neighbour.address, neighbour.key, identity) as channel:
                    self._line(seat, channel)
            except (OSError, MoietyError, grpc.RpcError):
                pass  # whoever asks meanwhile is told that this custodian is down
            self._closed.wait(_AGAIN_S)

    def _line(self, seat: Seat, channel: grpc.Channel) -> None:
        """One line, until it ends."""
        outgoing: Outgoing = SimpleQueue()
        public, joined = self._acquaintance.greet(seat)
        outgoing.put(pack(Greeting(self._seat, public)))
        call: Any = channel.stream_stream(METHOD)(iter(outgoing.get, None))
        late = Timer(_GREETING_S, call.cancel)
        late.daemon = True
        late.start()

        def met(greeted: bytes) -> None:
            late.cancel()
            joined(greeted)

        try:
            self._hear(seat, call, outgoing, met)
        finally:
            late.cancel()
            outgoing.put(None)
            call.cancel()

    def _hear(self, seat: Seat, incoming: Iterator[bytes], outgoing: Outgoing, joined: Callable[[bytes], None]) -> None:
        """Everything that comes over one connection, until it ends."""
        try:
            greeting = unpack(next(incoming))
            if not isinstance(greeting, Greeting) or greeting.seat != seat:
                raise MessageRefused
            with self._lock:  # a line that is just ending must not take this one's pair key along
                if self._closed.is_set():
                    return  # who stops takes no new line, which would be cut in the middle of something
                joined(greeting.public)
                before = self._up.get(seat)
                self._up[seat] = outgoing
            say(News.LINE_UP, outcome=seat)
            if before is not None:  # its end was never heard of, and what was on its way over it is lost
                before.put(None)
                self.lost(seat)
            for _ in range(_FIRST_JOURNEYS):
                outgoing.put(pack(Ping(self._journeys.begun(seat))))
            for data in incoming:
                frame = unpack(data)
                if isinstance(frame, Step | Stopped):
                    self.arrived(seat, frame)
                elif isinstance(frame, Ping):
                    outgoing.put(pack(Pong(frame.number)))
                elif isinstance(frame, Pong):
                    self._journeys.ended(seat, frame.number)
                else:
                    raise MessageRefused
        except (grpc.RpcError, StopIteration, MoietyError):
            pass  # the connection ends here, and its attempts with it
        finally:
            outgoing.put(None)
            with self._lock:
                ours = self._up.get(seat) is outgoing
                if ours:
                    del self._up[seat]
                    self._acquaintance.part(seat)
            if ours:
                say(News.LINE_LOST, level=logging.WARNING, outcome=seat)
                self.lost(seat)
