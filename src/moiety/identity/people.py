"""People's records: kept sealed under keys that exist in parts at the custodians, found by pseudonym, opened class by
class.

The order of every change is such that whoever is interrupted leaves nobody half there: a record is not found before the
custodians keep its keys, a record that is written anew is in place before the keys of the one before are destroyed, and
what an interruption left is put right by whoever comes next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Final

from moiety.errors import MoietyError, Refused
from moiety.identity.arriving import Added, Arriving, Named
from moiety.identity.claim import of_purpose
from moiety.identity.desk import Desk, Refusals, heard
from moiety.identity.keyring import bears
from moiety.identity.person import Person
from moiety.identity.pseudonym import Pseudonym
from moiety.identity.receipts import Receipt, hand_out, outstanding, owed_to
from moiety.identity.refusals import NoNumber, NotInIndex, NumberNotText
from moiety.vault.consent import ByHand, How, by_hand
from moiety.vault.identifier import Identifier
from moiety.vault.index import index_bytes
from moiety.vault.record import Record, names_of
from moiety.vault.refusals import ValuesNotFields
from moiety.vault.retention import Reading, State
from moiety.vault.schema import Schema
from moiety.vault.stored import Stored
from moiety.vault.values import Raw, identifier

_PENDING_DAYS: Final = 1
"""Days behind that of today on which somebody may have been put who is still on the way."""

SWEPT_AT_ONCE: Final = 1_000
"""People of one question to the record store."""

FOUND: Final = frozenset({State.ACTIVE, State.RESTRICTED})
"""Whom a number, or the index, finds: also who is restricted, or nobody would know whom to lift that from."""

_NAME_BYTES: Final = 16

Receiving = Callable[[str], AbstractContextManager[Callable[[Receipt], None]]]
"""Makes room for the receipt of one person under a name, and takes it, where there is one."""


@contextmanager
def _unreceived(name: str) -> Iterator[Callable[[Receipt], None]]:
    yield lambda receipt: None


class People:
    """The people of one purpose that keeps records."""

    def __init__(self, desk: Desk) -> None:
        """Raises `NoRecords` where the purpose keeps none."""
        desk.schema()
        self._desk = desk

    def owes(self, pseudonym: Pseudonym) -> bool:
        """Whether somebody's record is destroyed, and they were not given the receipt."""
        return owed_to(self._desk, of_purpose(pseudonym, self._desk.purpose)) is not None

    def person(self, pseudonym: Pseudonym | str) -> Person:
        """Whoever is kept under this pseudonym; nothing is opened yet. Raises `PseudonymUnreadable`,
        `PseudonymOfAnotherPurpose`."""
        return Person(self._desk, of_purpose(pseudonym, self._desk.purpose))

    def add(self, values: Mapping[str, Raw], *, grounds: str, how: ByHand = "office", text: str = "1") -> Added:
        """Keep one person's record, on legal grounds that the purpose names: given `how`, to the version `text` of what
        people are told.

        Raises `ValuesNotFields`, `ValueInvalid`, `FieldUnknown`, `NoNumber` without an identity number,
        `GroundsUnknown`, `BasisInvalid`, and `AlreadyKept`.
        """
        outcome = self.add_many([values], grounds=grounds, how=how, text=text)[0]
        if isinstance(outcome, Refused):
            raise outcome
        return outcome

    @heard
    def add_many(
        self,
        people: Sequence[Mapping[str, Raw]],
        *,
        grounds: str,
        how: ByHand = "office",
        text: str = "1",
        approved: bytes | None = None,
    ) -> list[Added | Refused]:
        """As `add`, for many at once; somebody whose values will not do, or who is there already, is a `Refused` value
        in their place. `approved` is what `request_bulk` wrote, once people have signed it. Raises `ValuesNotFields`
        for what is no list of people."""
        if isinstance(people, str | bytes) or not isinstance(people, Sequence):
            raise ValuesNotFields
        how = by_hand(how)
        outcomes: list[Added | Refused | None] = [None] * len(people)
        records: dict[int, Record] = {}
        for at, values in enumerate(people):
            try:
                records[at] = self._checked(values)
            except Refused as refusal:
                self._desk.refused(refusal)
                outcomes[at] = refusal.with_traceback(None)
        checked = list(records.values())
        names = self.named(checked, approved=approved)
        arriving = self.arriving(grounds=grounds, how=how, text=text)
        try:
            for some in arriving.sealed(checked, names):
                arriving.put(some)
        except MoietyError:
            with suppress(MoietyError):
                arriving.withdraw()
            raise
        added = arriving.settled(len(checked), approved)
        for at, outcome in zip(records, added, strict=True):
            outcomes[at] = outcome
        return [outcome for outcome in outcomes if outcome is not None]

    @heard
    def named(self, people: Sequence[Record], *, approved: bytes | None = None) -> list[Named]:
        """The pseudonym of each, and the entry of the purpose's index, evaluated together. `approved` is what
        `Arriving.settled` of them will be given."""
        desk = self._desk
        names = desk.purpose.records.index if desk.purpose.records else ()
        inputs = [identifier(record.plain[record.schema.number]).input_bytes(desk.name) for record in people]
        entries: dict[int, int] = {}
        for at, record in enumerate(people):
            entry = index_bytes(desk.name, names, record) if names else None
            if entry is not None:
                entries[at] = len(inputs)
                inputs.append(entry)
        outputs = desk.custody().pseudonyms(desk.name, inputs, approved=approved) if inputs else []
        return [(outputs[at], outputs[entries[at]] if at in entries else None) for at in range(len(people))]

    @heard
    def arriving(self, *, grounds: str, how: How, text: str, mark: bytes = b"") -> Arriving:
        """What `add_many` does, step by step, for records that were checked already, each with an identity number and
        `named`. Whoever is added under a `mark` is known by it again: see `bearing`. Raises `GroundsUnknown`."""
        return Arriving(self._desk, grounds=grounds, how=how, text=text, mark=mark)

    def give_up(self, pseudonym: Pseudonym | str) -> bool:
        """Take out somebody who was put and whom nobody was told to be there, see `add_many`; whether there was such a
        one. Raises as `person`."""
        person = of_purpose(pseudonym, self._desk.purpose).value
        stored = self._desk.records().get(self._desk.name, person)
        return stored is not None and self._given_up([stored]) == 1

    def _given_up(self, people: Sequence[Stored]) -> int:
        """How many of these were pending, and are not there any more."""
        desk = self._desk
        gone = desk.records().undo_many(desk.name, people, known=True)
        if gone:
            desk.tidy([stored.person for stored in people])
            desk.records().scrub()
        return gone

    def _forgotten(self) -> list[Stored]:
        """Who is pending for more than a day: whoever put them is not coming back. No row says when it was written, but
        the day until which it is kept is counted from there."""
        desk = self._desk
        latest = desk.last_day(desk.now()) - _PENDING_DAYS
        return [stored for stored in desk.records().pending(desk.name) if stored.stay.expires < latest]

    def bearing(self, person: bytes, mark: bytes) -> bool:
        """Whether the record that is kept of this person is the one that was added under this mark: one that was
        written anew since then is not."""
        stored = self._desk.records().get(self._desk.name, person)
        return stored is not None and bears(stored.handle, mark, person)

    @heard
    def request_bulk(self, people: int) -> bytes:
        """A request file for two people to sign before `add_many` of so many at most is given it as `approved`."""
        return self._desk.custody().request_records(self._desk.name, people)

    @heard
    def find(self, number: str | Identifier) -> Person | None:
        """Who has this identity number: it is looked up through the pseudonym alone, which custodians evaluate without
        learning the number. None where nobody is kept who has it, or who has it is being erased: about them nobody is
        answered, and `Person.restore` goes by the pseudonym. Raises `IdentifierInvalid`, and `NumberNotText` for what
        is neither text nor an `Identifier`."""
        desk = self._desk
        schema = desk.schema()
        known = schema.fields[schema.number]
        if isinstance(number, str):
            number = Identifier.parse(known.scheme, known.country, number)
        if not isinstance(number, Identifier):
            raise NumberNotText
        [person] = desk.custody().pseudonyms(desk.name, [number.input_bytes(desk.name)])
        stored = desk.records().get(desk.name, person)
        return None if stored is None or stored.stay.state not in FOUND else Person(desk, Pseudonym(desk.name, person))

    @heard
    def look_up(self, values: Mapping[str, Raw]) -> list[Person]:
        """Who has these values of the fields of the purpose's index; in no order, and nobody whom `find` does not find.
        Raises `NotInIndex` for others, `ValuesNotFields` and `ValueInvalid`."""
        desk = self._desk
        names = desk.purpose.records.index if desk.purpose.records else ()
        if names_of(values) != set(names) or not names:
            raise NotInIndex(fields=len(names))
        entry = index_bytes(desk.name, names, Record(desk.schema(), values))
        if entry is None:
            raise NotInIndex(fields=len(names))
        [index] = desk.custody().pseudonyms(desk.name, [entry])
        return [
            Person(desk, Pseudonym(desk.name, stored.person))
            for stored in desk.records().look_up(desk.name, index)
            if stored.stay.state in FOUND
        ]

    def schema(self) -> Schema:
        """The fields that are kept."""
        return self._desk.schema()

    def clock(self) -> Reading:
        """What is believed of the clock. Where it is further ahead than that, or behind, retention waits for it: see
        `vault.retention`, and `days_off`. It is one for all purposes of the office."""
        return self._desk.now()

    def confirm_clock(self) -> Reading:
        """Believe the clock as it stands, because somebody has looked at it: whoever's time is over by it goes with the
        next `sweep`."""
        return self._desk.confirm_clock()

    @heard
    def sweep(self, receiving: Receiving | None = None) -> int:
        """Destroy whoever is due: erased three days ago, or kept to the last day; what was written anew; and whoever a
        call put that was interrupted more than a day ago. How many people are gone. `receiving` is entered before each
        is destroyed, with a random name, and gives what takes the receipt of it; and of whomever an interruption left
        without one.

        Whoever custodians refuse keeps nobody else waiting: the first such refusal is raised when all others are gone.
        """
        desk, refusals, gone = self._desk, Refusals(), 0
        now = desk.now()
        desk.records().hasten(now)
        while forgotten := self._forgotten():
            gone += self._given_up(forgotten)
        for owed in outstanding(desk, now):
            if receiving is not None:
                with receiving(desk.entropy(_NAME_BYTES).hex()) as take, refusals:
                    hand_out(desk, owed, take)
        blocked: set[bytes] = set()
        while due := self._due(now, blocked):
            for stored in due:
                blocked.add(stored.person)
                with (receiving or _unreceived)(desk.entropy(_NAME_BYTES).hex()) as take, refusals:
                    owed = Person(desk, Pseudonym(desk.name, stored.person)).destroy(stored)
                    blocked.remove(stored.person)
                    gone += 1
                    hand_out(desk, owed, take)
        with refusals:
            desk.tidy()  # after: what was left of somebody who goes goes with them
        with refusals:
            desk.drop_faces()
        refusals.raise_first()
        return gone

    def _due(self, now: Reading, blocked: set[bytes]) -> list[Stored]:
        """Some of those who are due and not blocked; nobody where there are no others."""
        due = self._desk.records().due(now, SWEPT_AT_ONCE + len(blocked), purpose=self._desk.name)
        return [stored for _, stored in due if stored.person not in blocked]

    def _checked(self, values: Mapping[str, Raw]) -> Record:
        record = Record(self._desk.schema(), values)
        if not record.plain[record.schema.number]:
            raise NoNumber
        return record
