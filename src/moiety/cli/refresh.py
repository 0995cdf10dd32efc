"""`moiety refresh`."""

from __future__ import annotations

from typing import TypedDict

from moiety.cli.options import OfficeFolder, opened
from moiety.cli.outcome import AsJson, Outcome
from moiety.cli.progress import bar


class Refreshed(TypedDict):
    """What `refresh` answers: the epoch that has begun."""

    epoch: int


def refresh(office: OfficeFolder = None, as_json: AsJson = False) -> Outcome[Refreshed]:
    """Re-randomise every stored row at all three custodians.

    A copy of one custodian from before and a copy of another from after are noise together.

    \b
    Examples:
      moiety refresh
      moiety refresh --office /srv/office --json
    """
    with bar() as progress, opened(office, progress) as m:
        epoch = m.refresh(progress)
    return Outcome({"epoch": epoch}, [f"epoch {epoch} has begun at all three custodians"])
