"""Refusals: what the software will not or cannot do, as typed values that quote no data.

An error carries a code for scripts, a sentence of advice for people and small whole numbers; never a name, a
path, a picture or any other thing that the caller brought. `Refused` is an exception and also a value:
`enrol_many` yields it beside `Enrolled`.
"""

from __future__ import annotations

from errno import EACCES, ENOENT, ENOTDIR, EPERM
from pathlib import Path
from traceback import extract_tb
from typing import Any, ClassVar, Final


class MoietyError(Exception):
    """Root of every error that this package raises on purpose.

    `code` never changes once released; `advice` says what to do next, and may name the whole numbers in
    braces. `exit_status` is what the command line ends with. `where` is for a file that the operator wrote: the name
    of a field or the number of a line, never a value.
    """

    code: ClassVar[str] = "error"
    advice: ClassVar[str] = "something went wrong"
    exit_status: ClassVar[int] = 2
    where: str = ""

    def __init__(self, **numbers: int) -> None:
        for name, value in numbers.items():
            if type(value) is not int:
                raise TypeError(f"{name} must be a whole number: errors quote no data")
        self.numbers = numbers
        # An error that is caught shows its advice with the numbers in it; only the class keeps the pattern.
        object.__setattr__(self, "advice", self.text)
        super().__init__(self.text)

    @property
    def text(self) -> str:
        """The advice, with its numbers filled in."""
        return type(self).advice.format(**self.numbers)

    def __str__(self) -> str:
        return self.text

    def __reduce__(self) -> tuple[Any, ...]:
        # So that an error that is raised in a worker process arrives as what it is.
        return _again, (type(self), self.numbers)


def _again(kind: type[MoietyError], numbers: dict[str, int]) -> MoietyError:
    return kind(**numbers)


class Refused(MoietyError):
    """The request was understood and will not be done (exit status 2)."""

    code: ClassVar[str] = "refused"
    advice: ClassVar[str] = "refused"


_WHY: Final = {
    ENOENT: "there is none at this path",
    ENOTDIR: "there is none at this path",
    EACCES: "this user may not read it: see its owner and mode, and those of the folders that it is in",
    EPERM: "this user may not read it: see its owner and mode, and those of the folders that it is in",
}


class FileUnread(Refused):
    """A file that somebody named; `error` is the system's number, where it gave one."""

    code: ClassVar[str] = "file_unread"
    advice: ClassVar[str] = "the file cannot be read: {why}"

    @property
    def text(self) -> str:
        """Says whether it is not there, may not be read, or is something else."""
        why = _WHY.get(self.numbers.get("error", 0), "it is no file, is too long, or its disk does not give it")
        return type(self).advice.format(why=why)


class Unavailable(MoietyError):
    """Something needed is missing or down; the same request may succeed later (exit status 3)."""

    code: ClassVar[str] = "unavailable"
    advice: ClassVar[str] = "something needed is not available; try again later"
    exit_status: ClassVar[int] = 3


def place(error: BaseException) -> str:
    """The type of an error that nobody foresaw, and the line of this package that met it.

    Its own words are left out: they may quote data.
    """
    house = Path(__file__).parent
    ours = [frame for frame in extract_tb(error.__traceback__) if Path(frame.filename).is_relative_to(house)]
    where = f"{Path(ours[-1].filename).relative_to(house)} line {ours[-1].lineno}" if ours else "unknown place"
    return f"{type(error).__name__} at {where}"
