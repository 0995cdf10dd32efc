"""The answer on its way to whoever reads stdout: it arrives, or the command does not end as if it had."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, ClassVar

from moiety.errors import Unavailable


class AnswerUndelivered(Unavailable):
    code: ClassVar[str] = "answer_undelivered"
    advice: ClassVar[str] = (
        "the answer could not be written to stdout: see that its reader waits and its disk has room; what the "
        "command did stands, but nobody stays enrolled whose pseudonym was lost"
    )


def deliver(what: Mapping[str, Any] | Sequence[str]) -> None:
    """Print an answer as one JSON object, or lines, through to stdout; raises `AnswerUndelivered`.

    Without lines it sees that what was printed before has arrived.
    """
    text = json.dumps(what, ensure_ascii=False) if isinstance(what, Mapping) else "\n".join(what)
    if sys.stdout is None:  # the caller closed it
        if text:
            raise AnswerUndelivered
        return
    try:
        sys.stdout.write(text + "\n" if text else "")
        sys.stdout.flush()
    except (OSError, ValueError):  # ValueError: an encoding without a letter of it, or a closed stream
        _give_up()
        raise AnswerUndelivered from None


def _give_up() -> None:
    """Let what is still buffered go nowhere: the interpreter would complain of it once more when it ends."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
