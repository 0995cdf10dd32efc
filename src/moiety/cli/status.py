"""`moiety status`."""

from __future__ import annotations

from typing import TypedDict

from moiety.cli.options import OfficeFolder, opened
from moiety.cli.outcome import AsJson, Outcome
from moiety.cli.progress import bar


class PurposeRow(TypedDict):
    """One purpose: `people` can match now, `slots` are mostly dummies, `checked` is a day in UTC; `records` are
    people whose record is kept and not being erased, null where the purpose keeps none."""

    purpose: str
    model: str
    people: int
    slots: int
    epoch: int
    checked: str | None
    damaged: bool
    records: int | None


class StatusAnswer(TypedDict):
    """What `status` answers; `warning` is what this custody does not protect against."""

    purposes: list[PurposeRow]
    warning: str


def status(office: OfficeFolder = None, as_json: AsJson = False) -> Outcome[StatusAnswer]:
    """The office in numbers, and what it does not protect against.

    \b
    Examples:
      moiety status
      moiety status --office /srv/office --json
    """
    with bar() as progress, opened(office, progress) as m:
        now = m.status()
    rows: list[PurposeRow] = [
        {
            "purpose": row.name,
            "model": row.model,
            "people": row.people,
            "slots": row.slots,
            "epoch": row.epoch,
            "checked": None if row.checked is None else row.checked.date().isoformat(),
            "damaged": row.damaged,
            "records": row.records,
        }
        for row in now.purposes
    ]
    lines = [_line(row) for row in rows] or ["no purposes yet"]
    return Outcome({"purposes": rows, "warning": now.warning}, [*lines, now.warning])


def _line(row: PurposeRow) -> str:
    state = "DAMAGED, see `moiety check`" if row["damaged"] else f"checked {row['checked'] or 'never'}"
    records = "" if row["records"] is None else f"{row['records']} records, "
    return (
        f"{row['purpose']}: {records}{row['people']} enrolled in {row['slots']} slots, {row['model']}, "
        f"epoch {row['epoch']}, {state}"
    )
