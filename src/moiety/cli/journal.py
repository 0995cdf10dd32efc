"""The log of a process that serves: one JSON object a line on stderr, with fixed keys, and nobody's data in it.

What this package says is said in words of its own (`custody.journal`). What anybody else says, a library or Python
itself, is not repeated, since it may quote what was being worked on: only that it spoke, and of which kind the error
was.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from time import monotonic
from typing import Any, Final

KEYS: Final = ("at", "level", "event", "verb", "outcome", "ms")

_ELSEWHERE: Final = "elsewhere"
"""The event of a line that a library had logged."""

_PAUSE_S: Final = 1.0


class Level(StrEnum):
    """From which severity on something is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Lines(logging.Formatter):
    """One JSON object with the keys `KEYS`; `at` is UTC, `ms` a whole number or null."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        from moiety.custody.net.journal import LOGGER, MS, OUTCOME, VERB

        ours = record.name == LOGGER
        kind = record.exc_info[0] if record.exc_info else None
        values: tuple[Any, ...] = (
            datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            record.levelname.lower(),
            record.msg if ours else _ELSEWHERE,
            getattr(record, VERB, "") if ours else record.name.split(".")[0],
            getattr(record, OUTCOME, "") if ours else (kind.__name__ if kind is not None else ""),
            getattr(record, MS, None) if ours else None,
        )
        return json.dumps(dict(zip(KEYS, values, strict=True)))


def begin(level: Level) -> None:
    """Send everything that this process says of itself to stderr, in this form, from here on."""
    from moiety.custody.net.journal import fault

    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines())
    logging.basicConfig(handlers=[handler], level=level.value.upper(), force=True)
    logging.raiseExceptions = False  # a log that cannot be written is no reason to print what was logged
    logging.captureWarnings(True)
    # What ends a thread, or comes from a destructor, Python would print in full.
    threading.excepthook = lambda args: fault(args.exc_value) if args.exc_value is not None else None
    sys.unraisablehook = lambda args: fault(args.exc_value) if args.exc_value is not None else None


def progress(clock: Callable[[], float] = monotonic) -> Callable[[str, int, int], None]:
    """A progress that is logged, once a second at most: how much of how much, and not of what."""
    from moiety.custody.net.journal import News, say

    last = clock()

    def told(stage: str, done: int, total: int) -> None:
        nonlocal last
        if clock() - last >= _PAUSE_S:
            last = clock()
            say(News.LOADING, outcome=f"{done}/{total}")

    return told
