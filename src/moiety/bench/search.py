"""`moiety bench search`: probes against a gallery at all three custodians, beside plain searches in the clear.

Ours is the whole of it: splitting the probes, headers, checks, distances, comparison, opening at the gateway and the
pseudonyms of who matched. The peers get float32 vectors that are already in memory.
"""

from __future__ import annotations

import gc
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from moiety.bench import peers, readers, scene, timing
from moiety.bench.memory import resident_bytes
from moiety.bench.refusals import PeerUnknown, WrongAnswer
from moiety.bench.stages import checks_work, distance_work, random_panels, threshold_work
from moiety.custody.crew import cores
from moiety.custody.gateway.embedded import Embedded
from moiety.matching.words import quantise_rows

ROUNDS = 7
_COUNTED_TOGETHER = 1 << 16
BEST = "best"
_NUMPY, _FAISS = "numpy", "faiss"
PEERS = (BEST, _NUMPY, _FAISS)


@dataclass(frozen=True)
class SearchFigures:
    """The figures of one run; times in milliseconds, medians. `peers_ms` says each peer's setting by its name."""

    rows: int
    dim: int
    probes: int
    ours_ms: float
    peers_ms: dict[str, float]
    peer: str
    ratio: float
    ratio_faiss_default: float | None
    distance_ms_per_custodian: float
    threshold_ms: float
    checks_ms: float
    read_gb_s: float
    distance_gb_s: float
    mb_per_custodian: float
    cores: int
    rounds: int


def run(rows: int, dim: int, probes: int, *, peer: str, seed: int, edge: scene.Edge) -> SearchFigures:
    """Measure. Raises PeerUnknown, and WrongAnswer where a search did not find whom it had to."""
    if peer not in PEERS:
        raise PeerUnknown()
    rng = np.random.default_rng(seed)
    vectors = scene.random_vectors(max(rows, 1), dim, rng)
    asked = vectors[rng.integers(0, len(vectors), probes)]
    words = quantise_rows(asked)
    with scene.office(dim, edge) as (folder, filling):
        scene.fill(filling, vectors[:rows], edge)
        filling.close()
        del filling
        gc.collect()
        before = resident_bytes()
        embedded = scene.opened(folder, edge)
        try:
            answer = embedded.identify(scene.GALLERY, words)
            if [len(some) for some in answer.found] != _matching(vectors[:rows], words, answer.point.threshold):
                raise WrongAnswer()
            resident = resident_bytes() - before
            with ThreadPoolExecutor(cores()) as pool:
                return _measured(embedded, vectors, asked, words, rows, peer, resident, pool, edge)
        finally:
            embedded.close()


def _matching(vectors: NDArray[np.float32], words: NDArray[np.int16], threshold: int) -> list[int]:
    """How many vectors each probe (B, d) matches by plain arithmetic; float32 holds every sum exactly."""
    counts: NDArray[np.int64] = np.zeros(len(words), dtype=np.int64)
    for start in range(0, len(vectors), _COUNTED_TOGETHER):
        some = quantise_rows(vectors[start : start + _COUNTED_TOGETHER]).astype(np.float32)
        counts += np.count_nonzero(some @ words.T.astype(np.float32) >= threshold, axis=0)
    return [int(count) for count in counts]


def _measured(
    embedded: Embedded,
    vectors: NDArray[np.float32],
    asked: NDArray[np.float32],
    words: NDArray[np.int16],
    rows: int,
    peer: str,
    resident: int,
    pool: ThreadPoolExecutor,
    edge: scene.Edge,
) -> SearchFigures:
    dim, probes = vectors.shape[1], len(words)
    slots = scene.whole_pages(len(vectors))
    panels = random_panels(slots, dim)
    plain = readers.readers(panels, pool)
    numpy_peers, faiss_peers = peers.numpy_peers(vectors, asked), peers.faiss_peers(vectors, asked, cores())
    works: dict[str, timing.Work] = {
        "ours": lambda: embedded.identify(scene.GALLERY, words),
        **numpy_peers,
        **faiss_peers,
        "distance": distance_work(panels, words, pool, edge.entropy),
        "threshold": threshold_work(slots * probes, edge.entropy),
        "checks": checks_work(words, edge.entropy),
        "one distance": distance_work(panels, words[:1], pool, edge.entropy),
        **plain,
    }
    times = timing.in_turn(works, ROUNDS, lambda done: edge.progress("measuring, in turn", done, ROUNDS))
    chosen = {BEST: [*numpy_peers, *faiss_peers], _NUMPY: [*numpy_peers], _FAISS: [*faiss_peers]}[peer]
    if not chosen:
        raise PeerUnknown()
    against = times.fastest(chosen)
    gigabytes = panels.nbytes / 1e6
    return SearchFigures(
        rows=rows,
        dim=dim,
        probes=probes,
        ours_ms=times.median_ms("ours"),
        peers_ms={name: times.median_ms(name) for name in (*numpy_peers, *faiss_peers)},
        peer=f"{against}, {cores()} threads",
        ratio=times.ratio("ours", against),
        ratio_faiss_default=times.ratio("ours", peers.FAISS_DEFAULT) if faiss_peers else None,
        distance_ms_per_custodian=times.median_ms("distance"),
        threshold_ms=times.median_ms("threshold"),
        checks_ms=times.median_ms("checks"),
        read_gb_s=gigabytes / times.median_ms(times.fastest([*plain])),
        distance_gb_s=gigabytes / times.median_ms("one distance"),
        mb_per_custodian=resident / 3 / 1e6,
        cores=cores(),
        rounds=ROUNDS,
    )
