"""People on their way into the record store, many at a time: sealed, put, and settled once the custodians have the keys
of all of them. Sealing takes the processor and putting takes the disk: one thread may do the first and another, beside
it, the second.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from moiety.errors import Refused
from moiety.identity.desk import Desk, date_of, heard
from moiety.identity.grounds import position
from moiety.identity.keyring import Version, classes_of
from moiety.identity.pseudonym import Pseudonym
from moiety.identity.refusals import AlreadyKept
from moiety.vault import consent
from moiety.vault.consent import Given, How
from moiety.vault.record import Record
from moiety.vault.retention import State, Stay
from moiety.vault.seal import Whose
from moiety.vault.stored import Stored

PUT_BYTES: Final = 8 * 2**20
"""Bytes of sealed values that are put at a time: a hundred photographs are on their way to the disk while the next are
sealed, and two thousand people without one go together."""

SETTLED_AT_ONCE: Final = 2_000
"""People of one question to the record store."""

Named = tuple[bytes, bytes | None]
"""A pseudonym's bytes, and the entry of the purpose's index; None where there is none."""


@dataclass(frozen=True, slots=True)
class Added:
    """Somebody's record is kept, until the day after `expires` begins in UTC."""

    pseudonym: Pseudonym
    expires: date


@dataclass(frozen=True, slots=True)
class Sealed:
    """Somebody as they are put, the keys to it, and their position among those who come together."""

    position: int
    stored: Stored = field(repr=False)
    version: Version = field(repr=False)


class Arriving:
    """People who come together: `sealed` some at a time, each of which is `put`, and then `settled`, or `withdrawn`.
    No two of these calls at the same time, but for `sealed`."""

    def __init__(self, desk: Desk, *, grounds: str, how: How, text: str, mark: bytes = b"") -> None:
        """On legal grounds that the purpose names, as `People.add` is told. Raises `GroundsUnknown`."""
        place = position(desk.purpose, grounds)
        known, now = desk.purpose.grounds[grounds], desk.now()
        self._desk = desk
        self._mark = mark
        self._place = place
        self._given = consent.encode(Given(known.article_6, known.article_9, text, now.day, how, place))
        self._last = desk.last_day(now)
        self._put: list[Sealed] = []

    def sealed(self, people: Sequence[Record], names: Sequence[Named]) -> Iterator[list[Sealed]]:
        """Everybody, some at a time. Of two of one pseudonym the first alone.

        They go by their pseudonyms: in the order in which a store got them, nothing shows of that in which they came.
        """
        desk, stay = self._desk, Stay(State.PENDING, self._last)
        versions = Version.fresh_many(desk.entropy, len(people), self._last + 1, self._place) if people else []
        some: list[Sealed] = []
        size, before = 0, b""
        for at in sorted(range(len(people)), key=lambda at: names[at][0]):
            (person, entry), version = names[at], versions[at]
            if person == before:
                continue
            before = person
            if self._mark:
                version = version.marked(self._mark, person)
            blobs = version.sealed(Whose(desk.name, person), 0, classes_of(people[at]), desk.entropy)
            some.append(Sealed(at, Stored(person, version.name, stay, 0, blobs, entry, (self._given,)), version))
            size += sum(map(len, blobs.values()))
            if size >= PUT_BYTES:
                yield some
                some, size = [], 0
        if some:
            yield some

    @heard
    def put(self, some: Sequence[Sealed]) -> None:
        """Keep them as pending, but for those who are there already. Raises what `RecordStore.put_many` does."""
        there = set(self._desk.records().put_many(self._desk.name, [one.stored for one in some]))
        # What is sealed is in the store now, and in memory for no longer.
        self._put += [
            Sealed(one.position, Stored(one.stored.person, one.stored.handle, one.stored.stay), one.version)
            for at, one in enumerate(some)
            if at not in there
        ]

    @heard
    def settled(self, people: int, approved: bytes | None) -> list[Added | Refused]:
        """Have custodians keep the keys of all who were put, and make them active: what became of each of so many
        people, by their positions. `approved` is as in `People.add_many`.

        Nothing stays of whom custodians refuse: nobody could take that out again. What they may have kept, where they
        were not all there, stays and is put again.
        """
        desk = self._desk
        outcomes: list[Added | Refused | None] = [None] * people
        try:
            if self._put:
                desk.custody().keep(desk.name, [one.version for one in self._put], approved=approved)
        except Refused:
            self.withdraw()
            raise
        until = date_of(self._last)
        for some in self._slices():
            left = set(desk.records().settle_many(desk.name, [one.stored for one in some]))
            for at, one in enumerate(some):
                if at in left:
                    # Somebody else put the same person meanwhile: theirs is the record, and these keys are nobody's.
                    desk.custody().drop(desk.name, one.version.name)
                else:
                    outcomes[one.position] = Added(Pseudonym(desk.name, one.stored.person), until)
        return list(desk.heard(AlreadyKept() if outcome is None else outcome for outcome in outcomes))

    def withdraw(self) -> None:
        """Take out everybody who was put, of whom the custodians know nothing."""
        for some in self._slices():
            self._desk.records().undo_many(self._desk.name, [one.stored for one in some], known=False)
        if self._put:
            self._desk.records().scrub()

    def _slices(self) -> Iterator[list[Sealed]]:
        for at in range(0, len(self._put), SETTLED_AT_ONCE):
            yield self._put[at : at + SETTLED_AT_ONCE]
