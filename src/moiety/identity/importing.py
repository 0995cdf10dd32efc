"""People from another system: rows become records, some at a time; whatever does not fit is set aside and told.

Each batch is durable before it is written down that it was read, so whoever is killed reads at most one batch again,
and in it meets people who are there already: none comes twice, and none is lost.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from moiety.errors import Refused
from moiety.identity.people import People
from moiety.identity.refusals import AlreadyKept
from moiety.vault.mapping import BadRow, Taken

HOW: Final = "imported"

TOGETHER: Final = 1_000
"""Rows of one batch: their pseudonyms, keys and fields are made, kept and settled together."""


@dataclass
class Imported:
    """How far an import has come: the number of the last row that was read, and what became of all so far: people who
    are new, who were there already, and rows that were set aside, by the code of their reason."""

    after: int = 0
    added: int = 0
    there: int = 0
    aside: Counter[str] = field(default_factory=Counter)

    @property
    def rows(self) -> int:
        """Rows that were read."""
        return self.added + self.there + self.aside.total()

    def counts(self) -> Mapping[str, int]:
        """Rows set aside, by reason."""
        return dict(sorted(self.aside.items()))


def run(
    people: People,
    rows: Iterable[Taken | BadRow],
    *,
    grounds: str,
    text: str,
    approved: bytes | None,
    so_far: Imported,
    done: Callable[[Imported, list[BadRow]], None],
) -> Imported:
    """Bring in everybody; `done` hears after each batch how far it has come, and which rows of it were set aside.

    Raises what `People.add_records` raises: then the batches before are there, and this one is not.
    """
    batch: list[Taken] = []
    aside: list[BadRow] = []

    def settle() -> None:
        outcomes = people.add_records(
            [row.record for row in batch], grounds=grounds, how=HOW, text=text, approved=approved
        )
        for row, outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, AlreadyKept):
                so_far.there += 1
            elif isinstance(outcome, Refused):
                aside.append(BadRow(row.position, outcome.code))
            else:
                so_far.added += 1
        so_far.aside.update(row.code for row in aside)
        if batch or aside:
            so_far.after = max([row.position for row in batch] + [row.position for row in aside])
            done(so_far, sorted(aside, key=lambda row: row.position))
        batch.clear()
        aside.clear()

    for row in rows:
        if isinstance(row, BadRow):
            aside.append(row)
        else:
            batch.append(row)
        if len(batch) + len(aside) >= TOGETHER:
            settle()
    settle()
    return so_far
