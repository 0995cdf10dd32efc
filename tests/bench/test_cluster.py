"""The benchmark of three processes measures real ones, and says what it sent."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import pytest

from moiety.bench import cluster
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
    [delayed] = figures.delays
    assert delayed.round_trip_ms > 20
    assert delayed.single_ms > 8 * 10
