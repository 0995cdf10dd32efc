"""Which galleries a custodian that serves answers for: those that all three found good, since it started and lately.

Kept in memory alone. What a store says of its last check was true of it when it was written, and whoever may write the
store may have altered it while nobody served.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from moiety.custody.store.tables import GalleryRow
from moiety.custody.verbs import SECONDS_A_DAY, Clock, Standing

MOST_DAYS: Final = 2
"""A gateway has galleries checked daily; on the next day nobody may have asked, on the day after that nobody did."""


class Soundness:
    """Of one custodian's galleries. Until it insists, it goes by what is stored: an office checks when it is opened."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._insists = False
        self._good: dict[str, int] = {}

    def insist(self) -> None:
        """From now on a gallery is answered for when it was found good from now on."""
        self._insists = True

    def found(self, name: str, at: int | None) -> None:
        """All three found a gallery good at this unix second, or (None) they did not."""
        if at is None:
            self._good.pop(name, None)
        else:
            self._good[name] = at

    def entered(self) -> None:
        """Another epoch has begun, in rows that nobody has checked: what was found good was so a day before, and is due
        for its check at once."""
        self._good = {name: at - SECONDS_A_DAY for name, at in self._good.items()}

    def covers(self, row: GalleryRow) -> bool:
        """Whether this gallery is answered for."""
        return not self._insists or self._since(row.name, row.pages) > 0

    def told(self, standing: Standing) -> Standing:
        """A standing as SQL has it, with what is known here of its galleries."""
        if not self._insists:
            return standing
        galleries = {
            name: replace(held, sound=self._since(name, held.pages)) for name, held in standing.galleries.items()
        }
        return replace(standing, galleries=galleries)

    def _since(self, name: str, pages: int) -> int:
        """The first second of the day on which it was last found good, or had nothing in it; 0 where it has to be
        checked first."""
        now = int(self._clock().timestamp())
        if not pages:
            self._good[name] = now
        at = self._good.get(name, 0)
        return at - at % SECONDS_A_DAY if now // SECONDS_A_DAY - at // SECONDS_A_DAY <= MOST_DAYS else 0
