"""The benchmark of three processes measures real ones, and says what it sent."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from threading import Thread
from time import perf_counter

import pytest

from moiety.bench import cluster
from moiety.bench.delay import delayed
from moiety.bench.scene import Edge

EDGE = Edge(entropy=os.urandom, clock=lambda: datetime.now(UTC), progress=lambda stage, done, total: None)


def test_three_processes_beside_one_and_the_wire_beside_its_floor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "ROUNDS", 1)
    monkeypatch.setattr(cluster, "DELAYS_MS", (20.0,))
    figures = cluster.run(500, 64, seed=1, edge=EDGE)
    # So few rows are compared by the tree, in the fewest rounds; the pseudonyms' checks weigh more than they do.
    assert (figures.circuit, figures.rounds) == ("prefix", 8)
    assert 5 < figures.bytes_per_row < 12
    assert min(figures.single_ms, figures.in_process_ms, figures.wire_ms, figures.wire_floor_ms) > 0
    assert 0 < figures.start_s < 60
    chain, tree = figures.circuits
    assert (chain.circuit, chain.rounds, tree.circuit, tree.rounds) == ("chain", 18, "prefix", 8)
    assert (tree.bytes_per_row, tree.wire_ms) == (figures.bytes_per_row, figures.wire_ms)
    assert min(chain.single_ms, tree.single_ms, chain.wire_floor_ms, tree.wire_floor_ms) > 0
    # Eight rounds of half of it each way.
    [later] = figures.delays
    assert later.round_trip_ms > 20
    assert later.single_ms > 8 * 10


def echoing(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        while data := connection.recv(1 << 16):
            connection.sendall(data)


@pytest.fixture
def echo() -> Iterator[int]:
    """The port of somebody who says everything again."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=echoing, args=(listener,), daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(10)


@pytest.mark.parametrize("one_way_s", [0.0, 0.0005, 0.01])
def test_what_is_delayed_is_late_by_so_much_and_in_order(echo: int, one_way_s: float) -> None:
    trips = []
    with delayed([echo], one_way_s) as [port], socket.create_connection(("127.0.0.1", port)) as through:
        through.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(60):
            began = perf_counter()
            through.sendall(b"ping")
            assert through.recv(4) == b"ping"
            trips.append(perf_counter() - began)
        said = os.urandom(3_000_000)
        sending = Thread(target=through.sendall, args=(said,))
        sending.start()
        heard = b""
        while len(heard) < len(said):
            heard += through.recv(1 << 20)
        sending.join()
        assert heard == said
    # The shortest of many: a machine that is busy lengthens some.
    assert 2 * one_way_s <= min(trips) < 2 * one_way_s + 0.001
