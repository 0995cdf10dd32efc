"""Processes that look people up and open them at the same time, as the workers of a service do: each with a gateway of
its own over one office, as many as there are cores, and with several callers in each."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter as now
from typing import Final

from moiety.custody.crew import cores
from moiety.custody.gateway.embedded import Embedded
from moiety.identity import purpose
from moiety.identity.desk import Desk
from moiety.identity.people import People
from moiety.vault.sql import RecordStore

CALLERS: Final = 2
"""Of each process: while the commit of one is on its way to the disk, the other computes."""

_WARM: Final = 10


def per_second(
    office: Path, records: Path, document: bytes, numbers: Sequence[str], fields: Sequence[str], rounds: int
) -> float:
    """How many of these people are looked up and opened in a second, all processes together, so many times over."""
    context = multiprocessing.get_context("spawn")
    pipes: list[Connection] = []
    processes = []
    try:
        for _ in range(cores()):
            pipe, theirs = context.Pipe()
            process = context.Process(
                target=_run, args=(office, records, document, list(numbers) * rounds, list(fields), theirs), daemon=True
            )
            process.start()
            processes.append(process)
            pipes.append(pipe)
        for pipe in pipes:
            pipe.recv()
        began = now()
        for pipe in pipes:
            pipe.send("go")
        asked = sum(pipe.recv() for pipe in pipes)
        return float(asked / (now() - began))
    finally:
        for process in processes:
            process.join(timeout=10)
            process.terminate()


def _run(office: Path, records: Path, document: bytes, numbers: list[str], fields: list[str], pipe: Connection) -> None:
    clock = lambda: datetime.now(UTC)  # noqa: E731
    custodians = Embedded.open(office, clock=clock, entropy=os.urandom)
    store = RecordStore.open(records)
    people = People(Desk(purpose.read(document), lambda: custodians, lambda: store, clock, os.urandom))

    def ask(number: str) -> None:
        person = people.find(number)
        if person is None:
            raise RuntimeError("somebody who was imported is not found")
        person.reveal(fields, reason="measured")

    try:
        with ThreadPoolExecutor(CALLERS) as callers:
            list(callers.map(ask, numbers[:_WARM]))
            pipe.send("ready")
            pipe.recv()
            pipe.send(len(list(callers.map(ask, numbers))))
    finally:
        store.close()
        custodians.close()
