"""Arguments that several commands share, and what they mean."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import moiety
from moiety import settings

if TYPE_CHECKING:
    from moiety.identity.office import Office

OfficeFolder = Annotated[
    Path | None,
    typer.Option("--office", metavar="DIR", help="The office. Without it: $MOIETY_OFFICE, else ./office."),
]
PurposeName = Annotated[str, typer.Argument(metavar="PURPOSE", help="The name of a purpose of the office.")]
PicturePath = Annotated[Path, typer.Argument(metavar="PICTURE", help="A JPEG, PNG or WebP file.")]


def opened(folder: Path | None, progress: Callable[[str, int, int], None]) -> Office:
    """The office that a command means; opening it may recover and check, which `progress` hears of."""
    return moiety.open(folder or settings.office_folder(), progress=progress)
