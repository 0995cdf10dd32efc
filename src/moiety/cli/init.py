"""`moiety init`: make an office."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, ClassVar, TypedDict

import typer

import moiety
from moiety.cli.outcome import AsJson, Outcome
from moiety.errors import Refused

DOCUMENT = "purpose.toml"


class Example(StrEnum):
    """Purpose documents to start from."""

    door = "door"


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
    """Make an office: three custodians, each in its own folder with its own database.

    \b
    Examples:
      moiety init office
      moiety init office --example door
      moiety purpose add office/purpose.toml --office office
    """
    from moiety.identity.examples import EXAMPLES

    if example is not None and (folder / DOCUMENT).exists():
        raise DocumentExists
    moiety.create(folder)
    lines = ["made three custodians, a, b and c"]
    if example is not None:
        (folder / DOCUMENT).write_text(EXAMPLES[example], encoding="utf-8")
        lines.append(f"wrote {DOCUMENT}: read it, change it, then run `moiety purpose add` on it")
    with moiety.open(folder) as office:
        warning = office.status().warning
    return Outcome({"document": example is not None, "warning": warning}, [*lines, warning])
