"""A progress bar on stderr for anything over a second; stdout is for answers."""

from __future__ import annotations

import io
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Final, cast

from moiety.cli.delivery import remark

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

PATIENCE_S: Final = 1.0
"""Nothing is drawn before: what is done by then needs no bar."""

LOADING: Final = "loading"
"""What a command is at that has told of no stage yet: libraries and models take seconds."""


@contextmanager
def bar(clock: Callable[[], float] = time.monotonic) -> Iterator[Callable[[str, int, int], None]]:
    """A `Progress` callback (stage, done, total) that draws, from one second on, a line for each stage.

    Entered before anything heavy is imported, it also draws that the command is loading. Where stderr is no
    terminal, nothing is drawn but each stage that ends after that second.
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
        self._heard: set[str] = set()
        self._tasks: dict[str, TaskID] = {}
        self._timer = threading.Timer(PATIENCE_S, self._load)
        self._timer.daemon = True
        if _Stderr().isatty():
            self._timer.start()

    def __call__(self, stage: str, done: int, total: int) -> None:
        with self._turn:
            if not self._closed:
                self._draw(stage, done, total)

    def _draw(self, stage: str, done: int, total: int) -> None:
        done_before = stage not in self._heard and done >= total
        self._heard.add(stage)
        if stage not in self._tasks and (done_before or self._clock() - self._start < PATIENCE_S):
            return
        if self._display is None:
            self._display = _display()
        if stage not in self._tasks:
            self._loaded(self._display)
            self._tasks[stage] = self._display.add_task(stage, total=total)
        self._display.update(self._tasks[stage], completed=done, total=total)

    def _load(self) -> None:
        with self._turn:
            if not self._closed and self._display is None:
                self._display = _display()
                self._tasks[LOADING] = self._display.add_task(LOADING, total=None)

    def _loaded(self, display: Progress) -> None:
        if LOADING in self._tasks:
            display.remove_task(self._tasks.pop(LOADING))

    def close(self) -> None:
        self._timer.cancel()
        with self._turn:
            self._closed = True  # an office that outlives its bar still tells
            if self._display is not None:
                self._display.live.transient = LOADING in self._tasks  # which is over, and leaves no line
                self._display.stop()


class _Stderr(io.TextIOBase):
    """Whatever stderr is, as a file that can always be written."""

    def write(self, text: str) -> int:
        remark(text)
        return len(text)

    def isatty(self) -> bool:
        return sys.stderr is not None and sys.stderr.isatty()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return getattr(sys.stderr, "encoding", None) or "utf-8"


def _display() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    console = Console(file=cast(IO[str], _Stderr()))
    # Nothing is printed while it is drawn, so neither stream needs to pass through it.
    display = Progress(*columns, console=console, redirect_stdout=False, redirect_stderr=False)
    display.start()
    return display
