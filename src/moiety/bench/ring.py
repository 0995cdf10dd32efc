"""Three processes in a ring that move a search's messages and compute nothing: over the custodians' own lines, and over
bare mutual TLS 1.3 on sockets, which is as little as a network lets it cost.

Both move the same bytes in the same rounds: each round's messages go out, and the round ends when the neighbours' of
the same round have come.
"""

from __future__ import annotations

import multiprocessing
import os
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from time import sleep
from typing import Any

import numpy as np

from moiety.bench.scene import Edge
from moiety.custody.gateway.trial import HOST, free_ports
from moiety.custody.keys import Acquaintance
from moiety.custody.net.attempts import Attempts
from moiety.custody.net.authority import Authority, issue_into
from moiety.custody.net.doors import Doors
from moiety.custody.net.grpc import Callers, Server
from moiety.custody.net.lines import Lines
from moiety.custody.net.memory import keep_freed
from moiety.custody.net.metrics import Metrics
from moiety.custody.net.tls import NAME, Identity, Neighbour
from moiety.custody.turns import Leases
from moiety.matching.rounds import Exchange, Rounds
from moiety.sharing.seat import SEATS, Seat, next_seat, previous_seat

Sizes = list[tuple[int, int]]
"""Bytes to the next and to the previous custodian, round by round."""


class Ring:
    """The three processes, as their parent asks them."""

    def __init__(self, pipes: Mapping[Seat, Connection]) -> None:
        self._pipes = pipes

    def lines(self, sizes: Mapping[Seat, Sizes]) -> None:
        """Move one search's messages over the custodians' lines."""
        self._ask("lines", sizes)

    def bare(self, sizes: Mapping[Seat, Sizes]) -> None:
        """Move them over bare TLS."""
        self._ask("bare", sizes)

    def _ask(self, how: str, sizes: Mapping[Seat, Sizes]) -> None:
        attempt = os.urandom(16)
        for seat, pipe in self._pipes.items():
            pipe.send((how, attempt, sizes[seat]))
        for pipe in self._pipes.values():
            pipe.recv()


@contextmanager
def ring(folder: Path, edge: Edge) -> Iterator[Ring]:
    """Start the three, with keys of their own in `folder`, and stop them."""
    now = edge.clock()
    authority = Authority.make(now)
    pins = {seat: issue_into(folder / f"ring-{seat}", authority, now) for seat in SEATS}
    ports = free_ports()
    bare = free_ports(besides=ports.values())
    context = multiprocessing.get_context("spawn")
    pipes: dict[Seat, Connection] = {}
    processes = []
    try:
        for seat in SEATS:
            pipes[seat], theirs = context.Pipe()
            process = context.Process(target=_run, args=(seat, folder, pins, ports, bare, theirs), daemon=True)
            process.start()
            processes.append(process)
        for pipe in pipes.values():
            pipe.recv()
        yield Ring(pipes)
    finally:
        for process in processes:
            process.terminate()
            process.join()


def _run(
    seat: Seat,
    folder: Path,
    pins: Mapping[Seat, bytes],
    ports: Mapping[Seat, int],
    bare: Mapping[Seat, int],
    pipe: Connection,
) -> None:
    keep_freed()
    own = folder / f"ring-{seat}"
    identity = Identity.load(own / "own.pem", own / "own.key", own / "authority.pem")
    lines = Lines(seat, Acquaintance(seat, os.urandom))
    attempts = Attempts(seat, lines.send)
    lines.arrived, lines.lost = attempts.arrived, attempts.lost
    callers = Callers({pins[other]: other for other in SEATS if other != seat}, {})
    with ExitStack() as undo:
        doors = Doors(seat, lambda: datetime.now(UTC))
        leases, address = Leases(os.urandom), f"{HOST}:{ports[seat]}"
        server = Server(address, identity, callers, _Nothing(), leases, lines, doors, Metrics())
        undo.callback(server.stop, 0)
        lines.dial({other: Neighbour(f"{HOST}:{ports[other]}", pins[other]) for other in SEATS}, identity)
        sockets = _Sockets(seat, identity, bare)
        while len(lines.up()) < len(SEATS) - 1:
            sleep(0.05)
        pipe.send("ready")
        while True:
            how, attempt, sizes = pipe.recv()
            if how == "lines":
                attempts.play(attempt, _side(sizes))
            else:
                sockets.move(sizes)
            pipe.send("done")


class _Nothing:
    def serve(self, gateway: bytes, request: Any, progress: Any) -> Any:
        raise NotImplementedError

    def hold(self, gateway: bytes, request: Any) -> None:
        raise NotImplementedError


def _side(sizes: Sizes) -> Rounds[None]:
    for after, before in sizes:
        yield Exchange(next=_message(after), previous=_message(before))


def _message(size: int) -> tuple[np.ndarray[Any, np.dtype[np.uint8]], ...]:
    return (np.zeros(size, dtype=np.uint8),) if size else ()


class _Sockets:
    """This process's four bare TLS connections: to each of the others, and from each. One thread at a time may use a
    connection of this library, so each goes one way."""

    def __init__(self, seat: Seat, identity: Identity, ports: Mapping[Seat, int]) -> None:
        self._seat: Seat = seat
        self._from: dict[Seat, ssl.SSLSocket] = {}
        self._to: dict[Seat, SimpleQueue[bytes]] = {}
        others = [other for other in SEATS if other != seat]
        with socket.create_server((HOST, ports[seat])) as listener:
            accepting = Thread(target=self._accept, args=(listener, identity, len(others)), daemon=True)
            accepting.start()
            for other in others:
                self._to[other] = SimpleQueue()
                held = self._dial(ports[other], identity)
                Thread(target=self._write, args=(held, self._to[other]), daemon=True).start()
            accepting.join()

    def move(self, sizes: Sizes) -> None:
        """Every round's messages there and here."""
        after, before = next_seat(self._seat), previous_seat(self._seat)
        for to_next, to_previous in sizes:
            if to_next:
                self._to[after].put(bytes(to_next))
            if to_previous:
                self._to[before].put(bytes(to_previous))
            # All three send alike.
            if to_previous:
                _read(self._from[after], to_previous)
            if to_next:
                _read(self._from[before], to_next)

    def _dial(self, port: int, identity: Identity) -> ssl.SSLSocket:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=identity.authority.decode())
        context.load_cert_chain(*identity.files)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        while True:
            try:
                plain = socket.create_connection((HOST, port))
            except ConnectionRefusedError:
                sleep(0.05)
                continue
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            held = context.wrap_socket(plain, server_hostname=NAME)
            held.sendall(self._seat.encode())
            return held

    def _accept(self, listener: socket.socket, identity: Identity, count: int) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_verify_locations(cadata=identity.authority.decode())
        context.load_cert_chain(*identity.files)
        context.verify_mode = ssl.CERT_REQUIRED
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        for _ in range(count):
            plain, _ = listener.accept()
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            held = context.wrap_socket(plain, server_side=True)
            found: Any = held.recv(1).decode()
            self._from[found] = held

    def _write(self, held: ssl.SSLSocket, out: SimpleQueue[bytes]) -> None:
        while True:
            held.sendall(out.get())


def _read(held: ssl.SSLSocket, size: int) -> None:
    room = memoryview(bytearray(size))
    while room:
        room = room[held.recv_into(room) :]
