"""Processes that are killed at a commit point."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from typing import Any

FORK = multiprocessing.get_context("forkserver")
"""One server for the whole suite: `tests.custody.doomed` says what it has imported before it forks."""

_WAIT_S = 60.0


class Fatal:
    """Hears commit points, and kills the process when it hears a certain one for the n-th time."""

    def __init__(self, point: str, turn: int = 1) -> None:
        self._point = point
        self._left = turn

    def __call__(self, point: str) -> None:
        if point == self._point:
            self._left -= 1
            if not self._left:
                os.kill(os.getpid(), signal.SIGKILL)


def live(story: Callable[..., None], *arguments: Any) -> int | None:
    """Live a story in another process: the exit status."""
    process = FORK.Process(target=story, args=arguments)
    process.start()
    process.join(_WAIT_S)
    status = process.exitcode
    process.close()
    return status
