"""`moiety init`: make an office."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack, suppress
from enum import StrEnum
from pathlib import Path
from typing import Annotated, ClassVar, TypedDict

import typer

import moiety
from moiety.cli.outcome import AsJson, Outcome
from moiety.cli.progress import bar
from moiety.errors import Refused

DOCUMENT = "purpose.toml"


class Example(StrEnum):
    """Purpose documents to start from."""

    door = "door"
    hotel = "hotel"


class DocumentExists(Refused):
    code: ClassVar[str] = "document_exists"
    advice: ClassVar[str] = "the folder holds a purpose.toml already, which would be lost: choose another folder"


class Made(TypedDict):
    """What `init` answers; `document` says whether a purpose document was written."""

    document: bool
    warning: str


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that holds no office yet.")],
    example: Annotated[
        Example | None,
        typer.Option("--example", help="Also write DIR/purpose.toml, with comments, to start from."),
    ] = None,
    as_json: AsJson = False,
) -> Outcome[Made]:
    """Make an office: three custodians, each in its own folder with its own database. All of it, or nothing.

    \b
    Examples:
      moiety init office
      moiety init office --example door
      moiety purpose add office/purpose.toml --office office
    """
    lines = ["made three custodians, a, b and c"]
    with bar(), ExitStack() as undo:
        from moiety.custody.gateway.embedded import WARNING
        from moiety.identity.examples import EXAMPLES

        if example is not None:
            _write(folder, EXAMPLES[example], undo)
            lines.append(f"wrote {DOCUMENT}: read it, change it, then run `moiety purpose add` on it")
        moiety.create(folder)
        undo.pop_all()
    return Outcome({"document": example is not None, "warning": WARNING}, [*lines, WARNING])


def _write(folder: Path, document: str, undo: ExitStack) -> None:
    """Write the document, over nothing and through no link; `undo` takes away what was made."""
    from moiety.custody.refusals import OfficeUnwritable

    try:
        new = not folder.exists()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if new:
            undo.callback(_away, folder.rmdir)
        try:
            descriptor = os.open(folder / DOCUMENT, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o666)
        except FileExistsError:
            raise DocumentExists from None
        undo.callback(_away, (folder / DOCUMENT).unlink)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(document)
    except OSError:
        raise OfficeUnwritable from None


def _away(remove: Callable[[], None]) -> None:
    with suppress(OSError):  # what failed before is what has to be said
        remove()
