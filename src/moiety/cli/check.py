"""`moiety check`."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, TypedDict

import typer

from moiety.cli.options import OfficeFolder, opened
from moiety.cli.outcome import DONE, NO_MATCH, AsJson, Outcome
from moiety.cli.progress import bar
from moiety.errors import Refused


class SeatWithoutMend(Refused):
    code: ClassVar[str] = "seat_without_mend"
    advice: ClassVar[str] = "--seat says whose rows --mend recovers: give both, or neither"


class Checked(TypedDict):
    """What `check` answers: each finding in words (none is good), and how many pages of rows `--mend` recovered."""

    findings: list[str]
    mended: int


def check(
    mend: Annotated[
        bool, typer.Option("--mend", help="Recover what is damaged at one custodian from the two others.")
    ] = False,
    seat: Annotated[
        Literal["a", "b", "c"] | None,
        typer.Option("--seat", help="With --mend: whose rows were altered, where the check cannot tell."),
    ] = None,
    office: OfficeFolder = None,
    as_json: AsJson = False,
) -> Outcome[Checked]:
    """Do the rows of the three custodians still fit together? Exit status 1 if something was found.

    Run it daily: it is what notices a row that was altered at one custodian. A purpose with findings answers nobody
    until it is mended; --mend recovers it, refreshes, and checks again. Where records are kept, it also notices a
    custodian without its part of the key that pseudonyms are made with, and a record store that was put back to an
    older state, or lost: run it where that store is.

    \b
    Examples:
      moiety check
      moiety check --mend
      moiety check --mend --seat b
      moiety check --json
    """
    if seat is not None and not mend:
        raise SeatWithoutMend
    with bar() as progress, opened(office, progress) as m:
        mended = m.mend(seat, progress) if mend else 0
        findings = m.check(progress)
    lines = [f"{mended} pages of rows recovered"] * mend + (findings or ["nothing found"])
    return Outcome({"findings": findings, "mended": mended}, lines, NO_MATCH if findings else DONE)
