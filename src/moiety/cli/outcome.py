"""What a command answers, and the two ways of saying it.

A command function returns `Outcome[Answer]`, where `Answer` is a TypedDict beside it. The frame in
`moiety.cli` prints it: with `--json` the answer, as exactly one object on stdout, else the lines for people.
`docs/contracts.md` is written from the same types.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Generic, TypeVar

import typer

Answer = TypeVar("Answer", bound=Mapping[str, Any], covariant=True)

DONE: Final = 0
NO_MATCH: Final = 1
REFUSED: Final = 2
UNAVAILABLE: Final = 3
NOT_CARRIED: Final = 4
INTERRUPTED: Final = 130

EXIT_STATUSES: Final = {
    DONE: "done, or a match",
    NO_MATCH: "no match, or something was found that should not be",
    REFUSED: "refused, or wrong use",
    UNAVAILABLE: "something needed is missing or down",
    NOT_CARRIED: "answered, but the policy does not carry the answer",
    INTERRUPTED: "interrupted from the keyboard",
}


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Answer]):
    """The answer for programs, the lines for people (stdout), and the exit status; `said` where the command
    has delivered it already."""

    answer: Answer
    lines: Sequence[str]
    status: int = DONE
    said: bool = False


AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON object on stdout and nothing else, refusals included.")
]
