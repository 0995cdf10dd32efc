"""What an attack may use: stolen stores at four moments, the people it is about, and the known truth to judge by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from moiety.drills.algebra import SEATS
from moiety.drills.haystack import Haystack
from moiety.drills.loot import Loot, Seen
from moiety.drills.people import People
from moiety.drills.sql import Rows
from moiety.sharing.seat import Seat

if TYPE_CHECKING:
    from moiety.drills.register import Register

PLAIN: Final = "plain"
"""The name of the plain twin among the stores; the others are seats."""
NOBODY: Final = -1
"""The slot of somebody who has no row."""


@dataclass(frozen=True)
class Theft:
    """All stores of one deployment as they were at one moment.

    `slots` int64 (people,) says for each store where each person's row lies, `NOBODY` for none: with it guesses are
    judged and rows of known people are picked; no attack on held-out people reads it.
    """

    gallery: str
    stores: Mapping[str, Loot]
    slots: Mapping[str, NDArray[np.int64]]

    def rows(self, store: str, people: NDArray[np.intp]) -> Rows:
        """The stolen rows of these people, in this order."""
        return self._occupied[store].at(self.slots[store][people])

    def parts(self, store: str) -> list[bytes]:
        """Every byte of one store, and its rows once more without what lies between them in the file."""
        return [*self.stores[store].parts(), self._occupied[store].words.astype("<u2").tobytes()]

    @cached_property
    def _occupied(self) -> dict[str, Rows]:
        return {store: loot.rows(self.gallery) for store, loot in self.stores.items()}


@dataclass(frozen=True)
class Arrival:
    """What the stores told right after this person, by number, had come; the next one had not."""

    person: int
    seen: Mapping[str, Seen]


@dataclass(frozen=True)
class Hours:
    """What a stolen certificate got in an hour each: people named and people erased, of so many; and how many of so
    many were lost to a custodian by mending, see `wrecking`."""

    people: int
    named: int
    erased: int
    lost: int = 0


NO_HOURS: Final = Hours(0, 0, 0)
"""Where no gateway was stolen."""


@dataclass(frozen=True)
class Told:
    """What a stolen gateway was told: which of its malformed probes matched whose row, bool (questions, people), none
    where they were refused; and which comers, bool (comers,), matched anybody before and after it enrolled templates
    that are no faces."""

    units: NDArray[np.bool_]
    bent: NDArray[np.bool_]
    behind: NDArray[np.bool_]
    overlong: NDArray[np.bool_]
    let_in_before: NDArray[np.bool_]
    let_in: NDArray[np.bool_]


@dataclass(frozen=True)
class Probing:
    """Malformed probes, and what custodians that check them told, and those of the twin that do not.

    `factors` int64 (31,) are the numbers in unit probes, `overlong` int16 (248, dim) the probes that are too long,
    `faces` int16 (248, dim) those that are bent behind a face, by `bends` int64 (248,) masks of a row, and
    `threshold` what all were compared by, in words, and `templates` int16 (people, dim) the truth.
    """

    factors: NDArray[np.int64]
    overlong: NDArray[np.int16]
    faces: NDArray[np.int16]
    bends: NDArray[np.int64]
    threshold: int
    templates: NDArray[np.int16]
    checked: Told
    unchecked: Told


@dataclass(frozen=True)
class Retrying:
    """The masked sums uint16 (pages, 8, 64) that one custodian heard from the one before it: in an attempt that was
    broken off, and each time when it was made to run again with other shares; (0, 8, 64) where it did not.

    `seat` is who heard, `slots` (people,) where whose row lies, and `own` uint16 (people, 8) and `templates` int16
    (people, 8) are the first words of its own parts and of the templates.
    """

    seat: Seat
    slots: NDArray[np.int64]
    own: NDArray[np.uint16]
    templates: NDArray[np.int16]
    heard: Sequence[NDArray[np.uint16]]
    by_twin: Sequence[NDArray[np.uint16]]


@dataclass(frozen=True)
class Scene:
    """One drill's material. `seat` is the stolen custodian, `partner` the one that may help it.

    One deployment is robbed three times: with everybody enrolled, after some were erased, and after a refresh; a second
    deployment with the same people, from other photographs, once. `strangers` were never enrolled anywhere.

    `photographs` are the files enrolled first, `pseudonyms` uint8 (people, 16) what they were given for, and `days`
    int64 (people,) on which day of the drill each came; all in the order of arrival. `arrivals` are looks at the
    stores of the first deployment between one arrival and the next.

    `budgeted` and `unbudgeted` are what the stolen certificate of another deployment's gateway got, with budgets and
    without. `probing` and `retrying` are what a stolen gateway of the second one got out of custodians that run; none
    where nobody did that. `register` is what was stolen of custodians that keep records, if any were robbed.
    """

    seat: str
    people: People
    strangers: People
    photographs: Sequence[bytes]
    pseudonyms: NDArray[np.uint8]
    days: NDArray[np.int64]
    enrolled: Theft
    erased: Theft
    refreshed: Theft
    elsewhere: Theft
    arrivals: Sequence[Arrival]
    budgeted: Hours = NO_HOURS
    unbudgeted: Hours = NO_HOURS
    probing: Probing | None = None
    retrying: Retrying | None = None
    register: Register | None = None

    @property
    def probed(self) -> Probing:
        """Raises `LookupError` where nobody sent malformed probes."""
        if self.probing is None:
            raise LookupError
        return self.probing

    @property
    def retried(self) -> Retrying:
        """Raises `LookupError` where nobody made an attempt run again."""
        if self.retrying is None:
            raise LookupError
        return self.retrying

    @property
    def registered(self) -> Register:
        """Raises `LookupError` where no register was robbed."""
        if self.register is None:
            raise LookupError
        return self.register

    @property
    def stolen(self) -> tuple[str, ...]:
        """What the thief has, as answers call it: his custodian, and its partner where he has two."""
        return f"custodian-{self.seat}", f"custodian-{self.partner}"

    @property
    def partner(self) -> str:
        """The next custodian."""
        return SEATS[(SEATS.index(self.seat) + 1) % len(SEATS)]

    @property
    def everybody(self) -> NDArray[np.intp]:
        return np.arange(len(self.people))

    @cached_property
    def staying(self) -> NDArray[np.intp]:
        """Who is still enrolled after the erasures."""
        return np.flatnonzero(self.erased.slots[self.seat] != NOBODY)

    @cached_property
    def gone(self) -> NDArray[np.intp]:
        """Who was erased."""
        return np.flatnonzero(self.erased.slots[self.seat] == NOBODY)

    def haystack(self, store: str) -> Haystack:
        """Every byte stolen from one store, at all four moments, and the parts put in order, row by row."""
        return self._haystacks[store]

    @cached_property
    def _haystacks(self) -> dict[str, Haystack]:
        thefts = (self.enrolled, self.erased, self.refreshed, self.elsewhere)
        return {
            store: Haystack([part for theft in thefts for part in theft.parts(store)]) for store in (self.seat, PLAIN)
        }
