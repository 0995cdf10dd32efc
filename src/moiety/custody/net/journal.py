"""What a custodian says of itself while it serves: events, verbs, outcomes and durations, and nothing that was asked.

The words are those of this module and of the code; no value of a request, a name or the text of an error is among
them. Where the lines go, and in which form, is for the command that serves.
"""

from __future__ import annotations

import logging
from enum import StrEnum
from typing import Final

from moiety.errors import place

LOGGER: Final = "moiety.custodian"

VERB: Final = "verb"
OUTCOME: Final = "outcome"
MS: Final = "ms"
"""What a line may have beside its event: attributes of its `logging.LogRecord`."""

_log = logging.getLogger(LOGGER)
_log.addHandler(logging.NullHandler())  # what a process does not log itself is not put on its stderr


class News(StrEnum):
    """What can be said. `request`: one was answered. `loading`: how far reading is, in rows. `budget spent`: of which
    unit (verb) in which account (outcome). `fault`: an error that nobody foresaw, by its type and place."""

    LOADING = "loading"
    SERVING = "serving"
    REQUEST = "request"
    LINE_UP = "line up"
    LINE_LOST = "line lost"
    ATTEMPT_STOPPED = "attempt stopped"
    BUDGET_SPENT = "budget spent"
    STOPPING = "stopping"
    CUT_SHORT = "cut short"
    STOPPED = "stopped"
    FAULT = "fault"


def say(event: News, *, level: int = logging.INFO, verb: str = "", outcome: str = "", ms: int | None = None) -> None:
    """Say it. `verb` and `outcome` are names out of the code or whole numbers; `ms` is a duration."""
    _log.log(level, event.value, extra={VERB: verb, OUTCOME: outcome, MS: ms})


def fault(error: BaseException, verb: str = "") -> None:
    """Say that something went wrong that nobody foresaw: its type and the line of code, never its text."""
    say(News.FAULT, level=logging.ERROR, verb=verb, outcome=place(error))
