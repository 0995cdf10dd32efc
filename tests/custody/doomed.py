"""Processes that are killed at a commit point, forked from one that has imported everything and opened nothing."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from moiety.custody.gateway.embedded import Embedded
from tests.custody.scene import opened

FORK = multiprocessing.get_context("forkserver")
FORK.set_forkserver_preload(["tests.custody.stories"])

_WAIT_S = 60.0

Story = Callable[[Embedded], None]


class Observer:
    """Hears commit points. Lets the custodians commit each step in a given order, and kills the process at one point.

    Without an order the three race, as they do in the field.
    """

    def __init__(self, order: Sequence[str] = (), fatal: str = "") -> None:
        self._order = order
        self._fatal = fatal
        self._changed = threading.Condition()
        self._begun: Counter[tuple[str, str]] = Counter()
        self._done: Counter[tuple[str, str]] = Counter()
        self.heard: list[str] = []

    def __call__(self, point: str) -> None:
        seat, side, step = point.split(" ", 2)
        with self._changed:
            self.heard.append(point)
            if side == "before":
                self._begun[seat, step] += 1
                self._wait_for_turn(seat, step)
            if point == self._fatal:
                os.kill(os.getpid(), signal.SIGKILL)
            if side == "after":
                self._done[seat, step] += 1
                self._changed.notify_all()

    def _wait_for_turn(self, seat: str, step: str) -> None:
        if seat not in self._order or step == "stage":
            return
        earlier = self._order[: self._order.index(seat)]
        turn = self._begun[seat, step]

        def come() -> bool:
            return all(self._done[other, step] >= turn for other in earlier)

        if not self._changed.wait_for(come, _WAIT_S):
            raise RuntimeError("the custodians did not come to this step together")


def live(folder: Path, story: Story, *, order: Sequence[str] = (), fatal: str = "") -> tuple[bool, int | None]:
    """Open the office in another process and live a story there: whether it was acknowledged, and the exit status."""
    ours, theirs = FORK.Pipe()
    process = FORK.Process(target=_child, args=(theirs, folder, story, tuple(order), fatal))
    process.start()
    theirs.close()
    try:
        acknowledged = bool(ours.poll(_WAIT_S) and ours.recv() == "acknowledged")
    except EOFError:
        acknowledged = False
    process.join(_WAIT_S)
    status = process.exitcode
    process.close()
    ours.close()
    return acknowledged, status


def _child(pipe: Connection, folder: Path, story: Story, order: Sequence[str], fatal: str) -> None:
    observer: list[Observer] = []

    def heard(point: str) -> None:
        # Opening has commit points too; only a story that is about opening dies at those.
        if observer:
            observer[0](point)

    if getattr(story, "opens", False):
        observer.append(Observer(order, fatal))
    office: Any = opened(folder, observer=heard)
    if not observer:
        observer.append(Observer(order, fatal))
    story(office)
    pipe.send("acknowledged")
    os._exit(0)
