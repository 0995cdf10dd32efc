"""A network that takes its time: what passes is handed on so much later, in order, in a process of its own.

It waits by `select`, to the microsecond; the usual event loop rounds up to whole milliseconds, and asking the clock
again and again instead would take from the custodians a core that they need. What passing costs by itself (two more
hops through the kernel, and a process that has to wake up) comes on top: `moiety bench cluster` also measures with
nothing added, so that it can be told from the delay.
"""

from __future__ import annotations

import asyncio
import ctypes
import math
import multiprocessing
import selectors
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from multiprocessing.connection import Connection
from typing import cast

from moiety.custody.gateway.trial import HOST

_SET_TIMER_SLACK = 29
"""Of Linux's prctl: by how many nanoseconds a timer may be late so that several end together; 50,000 unless told."""


@contextmanager
def delayed(ports: Sequence[int], one_way_s: float) -> Iterator[list[int]]:
    """For each of these ports another one that leads to it, `one_way_s` later in either direction."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_run, args=(list(ports), one_way_s, theirs), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        process.terminate()
        process.join()


def _run(ports: list[int], one_way_s: float, pipe: Connection) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_TIMER_SLACK, 1, 0, 0, 0)
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selectors.SelectSelector())) as runner:
        runner.run(_serve(ports, one_way_s, pipe))


async def _serve(ports: list[int], one_way_s: float, pipe: Connection) -> None:
    loop = asyncio.get_running_loop()
    servers = [await loop.create_server(partial(_Entry, one_way_s, port), HOST, 0) for port in ports]
    pipe.send([server.sockets[0].getsockname()[1] for server in servers])
    await asyncio.gather(*(server.serve_forever() for server in servers))


class _End(asyncio.Protocol):
    """One end of a connection: what comes in here leaves at the other end, later and in order."""

    def __init__(self, one_way_s: float, other: asyncio.Transport | None = None) -> None:
        self._one_way_s = one_way_s
        self._other = other
        self._due = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.own = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._later(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._later(b"")

    def _later(self, data: bytes) -> None:
        loop = asyncio.get_running_loop()
        self._due = max(loop.time() + self._one_way_s, math.nextafter(self._due, math.inf))  # no two are at one time
        loop.call_at(self._due, self._hand_on, data)

    def _hand_on(self, data: bytes) -> None:
        if self._other is None or self._other.is_closing():
            return
        if data:
            self._other.write(data)
        else:
            self._other.close()


class _Entry(_End):
    """The end that somebody has connected to; nothing is read of it before the other one is there."""

    def __init__(self, one_way_s: float, port: int) -> None:
        super().__init__(one_way_s)
        self._port = port

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.own.pause_reading()
        self._dialling = asyncio.ensure_future(self._dial())

    async def _dial(self) -> None:
        far = _End(self._one_way_s, self.own)
        try:
            await asyncio.get_running_loop().create_connection(lambda: far, HOST, self._port)
        except OSError:
            self.own.close()
            return
        self._other = far.own
        self.own.resume_reading()
