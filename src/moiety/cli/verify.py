"""`moiety verify`: 1:1."""

from __future__ import annotations

from typing import Annotated, TypedDict

import typer

from moiety.cli.options import OfficeFolder, PicturePath, PurposeName, opened
from moiety.cli.outcome import DONE, NO_MATCH, AsJson, Outcome
from moiety.cli.progress import bar


class Verified(TypedDict):
    """What `verify` answers; `fmr` is how often a stranger would be believed."""

    match: bool
    fmr: float


def verify(
    purpose: PurposeName,
    picture: PicturePath,
    claimed: Annotated[str, typer.Option("--claimed", metavar="PSEUDONYM", help="Who the person claims to be.")],
    office: OfficeFolder = None,
    as_json: AsJson = False,
) -> Outcome[Verified]:
    """Does this picture show the person who is claimed? Exit status 0 for a match, 1 for none.

    Somebody erased, expired or never enrolled does not match.

    \b
    Examples:
      moiety verify door at-the-door.jpg --claimed door-7Q2M-K3PX-9V4T-8HAB-CD0E-FGJK-MMHS
      moiety verify door at-the-door.jpg --claimed "$WHO" --json
    """
    with bar() as progress, opened(office, progress) as m:
        verdict = m.purpose(purpose).verify(picture, claimed=claimed)
    line = f"{'match' if verdict else 'no match'} (a stranger would be believed {verdict.fmr:.1g} of the time)"
    return Outcome({"match": verdict.match, "fmr": verdict.fmr}, [line], DONE if verdict else NO_MATCH)
