"""`moiety bench enrol`: prepared templates into three databases, durable and all or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from time import perf_counter as now

import numpy as np

from moiety.bench import scene
from moiety.custody.crew import cores
from moiety.matching.words import quantise_rows

ROUNDS = 5


@dataclass(frozen=True)
class EnrolFigures:
    """Rows a second that all three custodians have committed, median over batches; `durable` says how."""

    rows: int
    dim: int
    batch: int
    rows_per_s: float
    rows_per_s_first: float
    durable: str
    cores: int


def run(rows: int, dim: int, *, batch: int, seed: int, edge: scene.Edge) -> EnrolFigures:
    """Enrol `rows` prepared templates in batches; splitting, checks and three durable commits are all timed."""
    rng = np.random.default_rng(seed)
    rates: list[float] = []
    with scene.office(dim, edge) as (_, embedded):
        for start in range(0, rows, batch):
            count = min(batch, rows - start)
            newcomers = scene.people(quantise_rows(scene.random_vectors(count, dim, rng)), edge)
            began = now()
            embedded.enrol(scene.GALLERY, newcomers)
            rates.append(count / (now() - began))
            edge.progress("enrolling prepared templates", start + count, rows)
    return EnrolFigures(
        rows=rows,
        dim=dim,
        batch=batch,
        rows_per_s=median(rates) if rates else 0.0,
        rows_per_s_first=rates[0] if rates else 0.0,
        durable="SQLite, WAL, synchronous=FULL, three files",
        cores=cores(),
    )
