"""`moiety budgets`."""

from __future__ import annotations

from typing import TypedDict

from moiety.cli.options import OfficeFolder, opened
from moiety.cli.outcome import AsJson, Outcome
from moiety.cli.progress import bar

NOBODY_COUNTS = "no budgets: the custodians are in this process, and nobody counts"


class BudgetRow(TypedDict):
    """One account, as the custodian has it that has least left: `scope` is `gateway`, this certificate's, or `caller`,
    of who signs; at once at most `burst`, `drawn` of `daily` today (UTC), `left` now, below nought where something is
    owed. In `whole_s` seconds a burst is there again; null: not by waiting."""

    scope: str
    unit: str
    burst: int
    daily: int
    drawn: int
    left: int
    whole_s: int | None


class BudgetsAnswer(TypedDict):
    """What `budgets` answers; `kept` is false where nobody counts. `unknown` are custodians of an older version, which
    cannot be asked."""

    kept: bool
    budgets: list[BudgetRow]
    unknown: list[str]


def budgets(office: OfficeFolder = None, as_json: AsJson = False) -> Outcome[BudgetsAnswer]:
    """What is left of what this gateway may ask custodians for, and when it is whole again.

    Of this gateway's certificate and of who signs at it, and of nobody else; `moiety custodian budget` shows all
    accounts, on a custodian's own host. Asking is one of `requests`.

    \b
    Examples:
      moiety budgets
      moiety budgets --office /srv/office --json
    """
    with bar() as progress, opened(office, progress) as m:
        found = m.budgets()
    if found is None:
        return Outcome({"kept": False, "budgets": [], "unknown": []}, [NOBODY_COUNTS])
    rows: list[BudgetRow] = [
        {
            "scope": one.scope,
            "unit": one.unit,
            "burst": one.burst,
            "daily": one.daily,
            "drawn": one.drawn,
            "left": one.left,
            "whole_s": one.whole_s,
        }
        for one in found.budgets
    ]
    lines = [_line(row) for row in rows]
    lines += [f"custodian {seat} is of an older version and cannot be asked" for seat in found.unknown]
    return Outcome({"kept": True, "budgets": rows, "unknown": [*found.unknown]}, lines)


def _line(row: BudgetRow) -> str:
    again = "not whole again by waiting" if row["whole_s"] is None else f"whole again in {row['whole_s']:,} s"
    return (
        f"{row['scope']:8} {row['unit']:12} {row['left']:,} of {row['burst']:,} left, "
        f"{row['drawn']:,} of {row['daily']:,} drawn today, {'whole' if row['whole_s'] == 0 else again}"
    )
