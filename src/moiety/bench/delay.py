"""A network that takes its time: what passes is handed on so much later, in order, in a process of its own."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection

from moiety.custody.trial import HOST

_CHUNK = 1 << 20
_SPIN_S = 0.002
"""What the event loop's own clock is too coarse for is waited for by asking again and again."""


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
    asyncio.run(_serve(ports, one_way_s, pipe))


async def _serve(ports: list[int], one_way_s: float, pipe: Connection) -> None:
    servers = [await asyncio.start_server(_Passing(port, one_way_s).connected, HOST, 0) for port in ports]
    pipe.send([server.sockets[0].getsockname()[1] for server in servers])
    await asyncio.gather(*(server.serve_forever() for server in servers))


class _Passing:
    """One port's connections."""

    def __init__(self, port: int, one_way_s: float) -> None:
        self._port = port
        self._one_way_s = one_way_s

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            onwards, back = await asyncio.open_connection(HOST, self._port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(self._pass(reader, back), self._pass(onwards, writer))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read at once and write later: what comes meanwhile is late by the same, and no later."""
        queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        writing = asyncio.ensure_future(self._write(queue, writer))
        loop = asyncio.get_running_loop()
        with suppress(OSError):
            while data := await reader.read(_CHUNK):
                queue.put_nowait((loop.time() + self._one_way_s, data))
        queue.put_nowait((loop.time() + self._one_way_s, b""))
        await writing

    async def _write(self, queue: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due, data = await queue.get()
            while (left := due - loop.time()) > 0:
                await asyncio.sleep(max(0.0, left - _SPIN_S))
            if not data:
                writer.close()
                return
            with suppress(OSError):
                writer.write(data)
                await writer.drain()
