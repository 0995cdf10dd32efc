"""The answer on its way to whoever reads stdout: it arrives, or the command does not end as if it had.

What goes to stderr is told to whoever listens: nobody has to, and a command ends alike where nobody does.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, ClassVar, TextIO

from moiety.errors import Unavailable


class AnswerUndelivered(Unavailable):
    code: ClassVar[str] = "answer_undelivered"
    advice: ClassVar[str] = (
        "the answer could not be written to stdout: see that its reader waits and its disk has room; what the "
        "command did stands, but nobody stays enrolled whose pseudonym was lost"
    )


def deliver(what: Mapping[str, Any] | Sequence[str]) -> None:
    """Print an answer as one JSON object, or lines, through to stdout; raises `AnswerUndelivered`.

    Without lines it sees that what was printed before has arrived. A letter that stdout's encoding does not have
    is written as an escape.
    """
    text = json.dumps(what) if isinstance(what, Mapping) else "\n".join(what)
    if sys.stdout is None:  # the caller closed it
        if text:
            raise AnswerUndelivered
        return
    try:
        sys.stdout.write(_in_letters_of(sys.stdout, text) + "\n" if text else "")
        sys.stdout.flush()
    except (OSError, ValueError):  # ValueError: a closed stream
        _give_up(sys.stdout)
        raise AnswerUndelivered from None


def remark(text: str) -> None:
    """Write to stderr as it stands, where there is anybody to read it."""
    if sys.stderr is None:  # the caller closed it
        return
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except (OSError, ValueError):
        _give_up(sys.stderr)


def _in_letters_of(stream: TextIO, text: str) -> str:
    encoding = stream.encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def _give_up(stream: TextIO) -> None:
    """Let what is still buffered go nowhere: the interpreter would complain of it once more when it ends."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
