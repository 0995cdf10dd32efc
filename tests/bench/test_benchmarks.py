"""The benchmarks measure what they say: on real custodians, with answers checked, at the smallest sizes too."""

from __future__ import annotations

import itertools
import json
import os
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from numpy.typing import NDArray

from moiety import cli
from moiety.bench import enrol, peers, readers, scene, search, timing
from moiety.bench.refusals import PeerUnknown, WrongAnswer
from moiety.custody.crew import cores
from moiety.custody.gateway.embedded import Embedded
from moiety.custody.gateway.entries import Identified

EDGE = scene.Edge(entropy=os.urandom, clock=lambda: datetime.now(UTC), progress=lambda stage, done, total: None)


@pytest.mark.parametrize(("rows", "probes"), [(0, 1), (1, 1), (5_000, 6)])
def test_a_search_is_measured_beside_every_peer(rows: int, probes: int) -> None:
    figures = search.run(rows, 64, probes, peer="best", seed=1, edge=EDGE)
    assert (figures.rows, figures.dim, figures.probes) == (rows, 64, probes)
    assert {name.split()[0] for name in figures.peers_ms} == {"numpy", "FAISS"}
    fastest = min(figures.peers_ms, key=lambda name: figures.peers_ms[name])
    assert figures.peer.startswith(fastest)
    assert min(figures.ours_ms, figures.checks_ms, figures.threshold_ms, figures.distance_ms_per_custodian) > 0


def test_people_who_look_alike_are_all_found() -> None:
    """Random vectors of six dimensions pass the threshold by the dozen."""
    assert search.run(300, 6, 5, peer="best", seed=1, edge=EDGE).probes == 5


def test_a_search_that_misses_somebody_is_not_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Embedded.identify

    def missing(office: Embedded, name: str, words: NDArray[np.int16]) -> Identified:
        answer = whole(office, name, words)
        return replace(answer, found=[*answer.found[:-1], answer.found[-1][1:]])

    monkeypatch.setattr(Embedded, "identify", missing)
    with pytest.raises(WrongAnswer):
        search.run(300, 64, 2, peer="best", seed=1, edge=EDGE)


@pytest.mark.parametrize("name", ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"])
def test_peers_that_are_kept_from_their_best_are_not_measured(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(name, str(cores() + 1))
    assert cli.run(["bench", "search", "--rows", "1", "--dim", "2", "--probes", "1", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["refused"] == "threads_limited"


def test_memory_is_what_three_custodians_took_more(monkeypatch: pytest.MonkeyPatch) -> None:
    resident = iter([50_000_000, 50_000_000 + 3 * 7_000_000])
    monkeypatch.setattr(search, "resident_bytes", lambda: next(resident))
    assert search.run(64, 64, 1, peer="numpy", seed=1, edge=EDGE).mb_per_custodian == 7


def test_the_rate_is_rows_by_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every look at this clock takes a second and a half."""
    seconds = itertools.count(step=1.5)
    monkeypatch.setattr(enrol, "now", lambda: next(seconds))
    figures = enrol.run(900, 64, batch=300, seed=1, edge=EDGE)
    assert (figures.rows_per_s, figures.rows_per_s_first) == (200, 200)


def test_a_peer_that_nobody_knows_is_refused() -> None:
    with pytest.raises(PeerUnknown):
        search.run(10, 64, 1, peer="milvus", seed=1, edge=EDGE)


def test_enrolment_is_timed_batch_by_batch() -> None:
    figures = enrol.run(3_000, 64, batch=1_000, seed=1, edge=EDGE)
    assert figures.rows_per_s > 0
    assert figures.rows == 3_000


def test_the_peers_compute_inner_products() -> None:
    """All numpy ways give the same scores; FAISS finds the row itself first, on both paths."""
    rng = np.random.default_rng(3)
    vectors = scene.random_vectors(9_000, 32, rng)
    asked = vectors[[5, 8_999]]
    for work in peers.numpy_peers(vectors, asked).values():
        work()
    for work in peers.faiss_peers(vectors, asked, 2).values():
        _, found = work()  # type: ignore[misc]
        assert found[:, 0].tolist() == [5, 8_999]
    one = peers.numpy_peers(vectors, asked[:1])["numpy float32 GEMV"]()
    assert int(np.argmax(one)) == 5  # type: ignore[call-overload]


def test_readers_read_every_byte() -> None:
    from concurrent.futures import ThreadPoolExecutor

    array = np.zeros((4, 8, 64, 2), dtype=np.uint16)
    array[-1, -1, -1, -1] = 1
    with ThreadPoolExecutor(2) as pool:
        for name, read in readers.readers(array, pool).items():
            assert [int(value) for value in read()] == [1 << 48], name  # type: ignore[attr-defined]


def test_ratios_are_taken_within_a_round() -> None:
    times = timing.Times({"ours": [1.0, 10.0, 3.0], "theirs": [1.0, 20.0, 1.5]})
    assert times.ratio("ours", "theirs") == 1.0
    assert times.median_ms("ours") == 3.0
    assert times.fastest(["ours", "theirs"]) == "theirs"
