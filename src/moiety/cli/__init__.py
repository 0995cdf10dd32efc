"""The `moiety` command: the frame around every command, which answers, refuses and ends in one way.

On stdout stands the answer and nothing else. Refusals, progress and remarks go to stderr; with `--json` a
refusal is the one object on stdout. No error shows a traceback or repeats what was typed.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final, NotRequired, TypedDict

import typer

from moiety.cli.commands import application
from moiety.cli.delivery import AnswerUndelivered, deliver, remark
from moiety.cli.outcome import DONE, INTERRUPTED, REFUSED, UNAVAILABLE, Outcome
from moiety.errors import MoietyError, place

WRONG_USE: Final = "wrong_use"
UNEXPECTED: Final = "unexpected"
CUT_OFF: Final = "interrupted"
FRAME_CODES: Final = {
    WRONG_USE: (REFUSED, "a word, a flag or its value that the command does not take: see its help"),
    UNEXPECTED: (UNAVAILABLE, "a fault of this package; the message names its line"),
    CUT_OFF: (INTERRUPTED, "somebody pressed Ctrl-C"),
}
"""What the frame itself refuses with, beside the refusals of the package: exit status and meaning."""


class RefusalAnswer(TypedDict):
    """What `--json` prints where something was refused or unavailable; `where`, which field or line of a file that the
    operator wrote, only if it is known."""

    refused: str
    advice: str
    where: NotRequired[str]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and end the process with its exit status."""
    sys.exit(run(sys.argv[1:] if arguments is None else list(arguments)))


def run(arguments: Sequence[str]) -> int:
    """Run one command; prints its answer or refusal and returns the exit status."""
    try:
        return _run(arguments, "--json" in arguments)
    except AnswerUndelivered as lost:
        # On stderr with `--json` too: there is nowhere else to say it.
        remark(_line(lost.code, lost.text))
        return lost.exit_status


def _run(arguments: Sequence[str], as_json: bool) -> int:
    try:
        app = typer.main.get_command(application(called=arguments[0] if arguments else None))
        outcome = app.main(list(arguments) or ["--help"], prog_name="moiety", standalone_mode=False)
    except AnswerUndelivered:
        raise
    except SystemExit:
        # With this typer ends a process that printed its help or version to a reader who had gone.
        deliver([])
        raise AnswerUndelivered from None
    except MoietyError as refusal:
        return _refuse(refusal.code, refusal.text, refusal.exit_status, as_json, refusal.where)
    except typer.TyperException as error:
        return _refuse(WRONG_USE, _usage(error), REFUSED, as_json)
    except Exception as error:
        deliver([])  # raises where it was stdout that failed, as when the help does not fit on a disk
        return _refuse(UNEXPECTED, _where(error), UNAVAILABLE, as_json)
    if isinstance(outcome, Outcome):
        if not outcome.said:
            deliver(outcome.answer if as_json else outcome.lines)
        return outcome.status
    if outcome == INTERRUPTED:  # what typer makes of Ctrl-C
        return _refuse(CUT_OFF, "interrupted", INTERRUPTED, as_json)
    return outcome if isinstance(outcome, int) else DONE


def _refuse(code: str, advice: str, status: int, as_json: bool, where: str = "") -> int:
    if as_json:
        answer = RefusalAnswer(refused=code, advice=advice)
        deliver(RefusalAnswer(**answer, where=where) if where else answer)
    else:
        # A configuration's advice says where by itself.
        remark(_line(code, f"{advice}: {where}" if where and where not in advice else advice))
    return status


def _line(code: str, advice: str) -> str:
    return f"moiety: {advice} [{code}]\n"


def _usage(error: typer.TyperException) -> str:
    """What was wrong, in declared names only: the words that were typed may be names of people."""
    parameter, context = getattr(error, "param", None), getattr(error, "ctx", None)
    command = context.command_path if context is not None else "moiety"
    name = f": {parameter.get_error_hint()}" if parameter is not None else ""
    return f"wrong use of `{command}`{name}; see `{command} --help`"


def _where(error: Exception) -> str:
    """Which line of this package met an error that it did not foresee; its own words may quote data."""
    return f"this is a fault of moiety: {place(error)}; please report exactly this line"
