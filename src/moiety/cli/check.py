"""`moiety check`."""

from __future__ import annotations

from typing import TypedDict

from moiety.cli.options import OfficeFolder, opened
from moiety.cli.outcome import DONE, NO_MATCH, AsJson, Outcome
from moiety.cli.progress import bar


class Checked(TypedDict):
    """What `check` answers: each finding in words; none is good."""

    findings: list[str]


def check(office: OfficeFolder = None, as_json: AsJson = False) -> Outcome[Checked]:
    """Do the rows of the three custodians still fit together? Exit status 1 if something was found.

    Run it daily: it is what notices a row that was altered at one custodian.

    \b
    Examples:
      moiety check
      moiety check --json
    """
    with bar() as progress, opened(office, progress) as m:
        findings = m.check(progress)
    return Outcome({"findings": findings}, findings or ["nothing found"], NO_MATCH if findings else DONE)
