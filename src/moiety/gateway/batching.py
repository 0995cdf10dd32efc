"""Searches that come at the same time, made as one: custodians read a gallery once for all probes of a batch.

Nobody waits for others to come: who is alone searches at once, and whoever comes meanwhile goes along with the next
one. Each is given what was found for their own probes, and nothing of anybody else's. A batch that is refused, since it
is more than a budget has left, or for one probe in it, says nothing about any one of them: each then asks alone. A
batch is of probes that are for the same caller: ledgers say for whom a search was made.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Event, Lock
from time import perf_counter
from typing import TYPE_CHECKING, Final

import numpy as np

from moiety.behalf import behalf
from moiety.errors import MoietyError, Refused
from moiety.stages import watching

if TYPE_CHECKING:
    from moiety.identity.ports import Identified, Search, Words
    from moiety.matching.policy import OperatingPoint

_Line = tuple[str, bytes]
"""Who waits together: the gallery, and for whom."""

PROBES: Final = 32
"""In one search: the first who wait for it wait no longer than for a few single ones."""


@dataclass(frozen=True, slots=True)
class Part:
    """One caller's part of what a batch found."""

    found: Sequence[Sequence[bytes]] = field(repr=False)
    rows: int
    point: OperatingPoint


@dataclass(slots=True)
class _Asked:
    """One caller's probes, words (B, dim), until `told`: an `answer` or an `error`, or that this caller `leads` the
    next batch; none of the three where the batch was refused."""

    words: Words = field(repr=False)
    told: Event = field(default_factory=Event)
    began: float = 0.0
    leads: bool = False
    answer: Identified | None = field(default=None, repr=False)
    error: MoietyError | None = None


class Batches:
    """One batch of a purpose and of whom it is for at a time; `heard` is told how many probes each has. Safe for
    threads, each of which asks for one caller. For the searches of one office: custodians charge a batch to whoever
    signs for it."""

    def __init__(self, heard: Callable[[int], None]) -> None:
        self._heard = heard
        self._lock = Lock()
        self._waiting: dict[_Line, deque[_Asked]] = {}

    def __call__(self, search: Search, name: str, words: Words) -> Identified:
        """What a search of this gallery finds for these probes (B, dim). Raises what `search` does."""
        asked, joined = _Asked(words, began=perf_counter()), perf_counter()
        whose = behalf()
        line = (name, b"" if whose is None else whose.name)
        with self._lock:
            asked.leads = line not in self._waiting
            self._waiting.setdefault(line, deque()).append(asked)
        if not asked.leads:
            asked.told.wait()
        if asked.leads:
            asked.began = perf_counter()
            self._lead(search, line)
        watch = watching()
        if watch is not None:
            watch.add("waiting", asked.began - joined)
        if asked.error is not None:
            raise asked.error
        if asked.answer is None:
            self._heard(len(words))
            return search(name, words)
        return asked.answer

    def _lead(self, search: Search, line: _Line) -> None:
        """Search for those who wait, who leads among them the first, and have the next one lead."""
        batch: list[_Asked] = []
        try:
            with self._lock:
                waiting = self._waiting[line]
                probes = 0
                while waiting and (not batch or probes + len(waiting[0].words) <= PROBES):
                    probes += len(waiting[0].words)
                    batch.append(waiting.popleft())
            self._search(search, line[0], batch)
        finally:
            with self._lock:
                if waiting:
                    waiting[0].leads = True
                    waiting[0].told.set()
                else:
                    del self._waiting[line]
            for one in batch:
                one.told.set()

    def _search(self, search: Search, name: str, batch: Sequence[_Asked]) -> None:
        words = batch[0].words if len(batch) == 1 else np.concatenate([one.words for one in batch])
        self._heard(len(words))
        began = perf_counter()
        for one in batch:
            one.began = began
        try:
            told = search(name, words)
        except MoietyError as error:
            if len(batch) > 1 and isinstance(error, Refused):
                return
            for one in batch:
                one.error = error
            return
        at = 0
        for one in batch:
            one.answer = Part(told.found[at : at + len(one.words)], told.rows, told.point)
            at += len(one.words)
