"""A progress bar on stderr for anything over a second; stdout is for answers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

PATIENCE_S: Final = 1.0
"""Nothing is drawn before: what is done by then needs no bar."""


@contextmanager
def bar(clock: Callable[[], float] = time.monotonic) -> Iterator[Callable[[str, int, int], None]]:
    """A `Progress` callback (stage, done, total) that draws, from one second on, a line for each stage.

    Where stderr is no terminal, nothing is drawn but each stage that ends after that second.
    """
    drawn = _Bars(clock)
    try:
        yield drawn
    finally:
        drawn.close()


class _Bars:
    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._start = clock()
        # Each custodian tells of itself, from its own thread.
        self._turn = threading.Lock()
        self._display: Progress | None = None
        self._closed = False
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, stage: str, done: int, total: int) -> None:
        with self._turn:
            if not self._closed:
                self._draw(stage, done, total)

    def _draw(self, stage: str, done: int, total: int) -> None:
        if self._display is None:
            if self._clock() - self._start < PATIENCE_S:
                return
            self._display = _display()
        if stage not in self._tasks:
            self._tasks[stage] = self._display.add_task(stage, total=total)
        self._display.update(self._tasks[stage], completed=done, total=total)

    def close(self) -> None:
        with self._turn:
            self._closed = True  # an office that outlives its bar still tells
            if self._display is not None:
                self._display.stop()


def _display() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    display = Progress(*columns, console=Console(stderr=True))
    display.start()
    return display
