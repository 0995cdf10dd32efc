"""One person's record: shown masked, opened for a reason, corrected, restricted, and erased."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from moiety.identity.basis import Basis, history
from moiety.identity.desk import Desk, date_of, heard, instant_of
from moiety.identity.enrol import Beside
from moiety.identity.grounds import position
from moiety.identity.keyring import ACCESS, Version, opened
from moiety.identity.ports import Noted
from moiety.identity.pseudonym import Pseudonym
from moiety.identity.purpose import RETENTION_LIMIT_DAYS
from moiety.identity.receipts import Receipt, hand_out, owed_to, owing
from moiety.identity.refusals import FieldsNotAList, NobodyKept, NumberFixed, ReasonUnsaid
from moiety.ledger.refusals import OperationUnwritten
from moiety.vault import consent
from moiety.vault.consent import ByHand, Entry, Given, by_hand
from moiety.vault.mask import masked, shown
from moiety.vault.owed import Owed
from moiety.vault.record import Record, corrected, names_of
from moiety.vault.refusals import FieldUnknown, MoveRefused, PersonMissing
from moiety.vault.retention import Move, State
from moiety.vault.schema import Group, Kind
from moiety.vault.seal import Whose
from moiety.vault.stored import Stored
from moiety.vault.values import Raw

REASON: Final = r"[a-z][a-z0-9_]{0,31}"
"""A word, so that no reason names anybody."""

SHOWN: Final = "shown"
CORRECTED: Final = "corrected"
AUDITED: Final = "audited"


@dataclass(frozen=True, slots=True)
class Revealed:
    """Fields in the clear, as people write them; a photograph as the bytes of its file."""

    pseudonym: Pseudonym
    values: Mapping[str, str | bytes] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Leaving:
    """Nobody is answered about this person any more; `at` is when nothing is left of the record, and `destroyed` says
    whether that has been."""

    pseudonym: Pseudonym
    destroyed: bool
    at: datetime
    receipt: Receipt | None = None


class Person:
    """Whoever is kept under a pseudonym. Nothing is opened until it is asked for."""

    def __init__(self, desk: Desk, pseudonym: Pseudonym) -> None:
        self._desk = desk
        self._whose = Whose(desk.name, pseudonym.value)
        self.pseudonym = pseudonym

    @heard
    def state(self) -> State:
        """Whether anybody is answered about this person. Raises `NobodyKept`."""
        return self._stored(()).stay.state

    @heard
    def show(self) -> Mapping[str, str]:
        """Every field that this role may have opened, masked. It is an opening, and written down as one.

        Raises `NobodyKept`, `NobodyThere`, `ClassRefused`.
        """
        fields = self._desk.schema().fields
        found = self._opened(self._desk.allowed(), SHOWN)
        # What the purpose keeps no more lies there until its class is written anew.
        return {name: masked(fields[name], plain) for name, plain in _joined(found).items() if name in fields}

    @heard
    def reveal(self, fields: Iterable[str], *, reason: str) -> Revealed:
        """These fields in the clear; only the classes that they are in are opened. `reason` is one word of lower-case
        letters, digits and underscores, 32 at most, which is written down.

        Raises `ReasonUnsaid`, `FieldsNotAList`, `FieldUnknown`, `NobodyKept`, `NobodyThere`, `ClassRefused`.
        """
        if not isinstance(reason, str) or re.fullmatch(REASON, reason) is None:
            raise ReasonUnsaid
        schema = self._desk.schema().fields
        wanted = _each_once(fields)
        if not wanted or not set(wanted) <= set(schema):
            raise FieldUnknown(schema)
        found = _joined(self._opened({schema[name].group for name in wanted}, reason))
        values: dict[str, str | bytes] = {}
        for name in wanted:
            plain = found.get(name, b"")
            values[name] = plain if schema[name].kind is Kind.PHOTO else shown(schema[name], plain)
        return Revealed(self.pseudonym, values)

    def is_photo(self, field: str) -> bool:
        """Whether a field of this name is a photograph's, which `reveal` answers as bytes; not of an unknown name."""
        known = self._desk.schema().fields.get(field)
        return known is not None and known.kind is Kind.PHOTO

    @heard
    def correct(self, values: Mapping[str, Raw]) -> None:
        """Put these values in place of what was there; None empties a field. Their classes are sealed under new keys,
        and what was sealed under the old ones opens no more. The keys of the other classes are carried over by the
        custodians: nobody learns them by it. Where a field of the index changes, the classes of its fields are opened.

        Raises as `reveal`, `ValuesNotFields`, `ValueInvalid`, and `NumberFixed` for another identity number: that is
        another person.
        """
        desk, schema = self._desk, self._desk.schema()
        if not names_of(values) <= set(schema.fields) or not values:
            raise FieldUnknown(schema.fields)
        checked = Record(schema, values)
        changed = {schema.fields[name].group for name in values}
        indexed = set(desk.purpose.records.index) if desk.purpose.records else set()
        wanted = changed | ({schema.fields[name].group for name in indexed} if indexed & set(values) else set())
        stored = self._stored(wanted)
        before, public = opened(desk.custody(), self._whose, stored, wanted, role=desk.role, reason=CORRECTED)
        number = schema.number
        if number in values and before[schema.fields[number].group][number] != checked.plain[number]:
            raise NumberFixed
        found = {
            group: corrected(
                schema, group, plain, {name: raw for name, raw in values.items() if schema.fields[name].group is group}
            )
            for group, plain in before.items()
        }
        entry = desk.entry_of(_joined(found)) if indexed & set(values) else stored.entry
        # Whoever it is keeps the key that ledgers are read with: custodians carry it over.
        place = next((ground.place or 0 for ground in consent.standing(self._entries())), 0)
        after = replace(Version.fresh(desk.entropy, stored.stay.expires + 1, place), public=public)
        blobs = after.sealed(self._whose, stored.number + 1, {group: found[group] for group in changed}, desk.entropy)
        carried = [*(group.value for group in Group if group not in changed), ACCESS]
        desk.records().expect(desk.name, self.pseudonym.value, after.name)
        desk.custody().rewrite(desk.name, after, stored.handle, carried)
        gone = Group.PHOTO in changed and Group.PHOTO not in blobs
        desk.records().replace(
            desk.name,
            self.pseudonym.value,
            stored.number + 1,
            blobs,
            handle=after.name,
            without_photo=gone,
            entry=entry,
        )
        desk.tidy([self.pseudonym.value])

    @heard
    def restrict(self) -> None:
        """Keep this person and use nothing of them (GDPR Art. 18): nothing opens, no face matches, until `lift`. Of who
        is restricted already it makes sure. Raises `NobodyKept`, and `MoveRefused` of who is being erased."""
        self._move(Move.RESTRICT, State.RESTRICTED)

    @heard
    def lift(self) -> None:
        """End a restriction; of who is not restricted it makes sure. Raises as `restrict`."""
        self._move(Move.LIFT, State.ACTIVE)

    @heard
    def basis(self) -> list[Basis]:
        """Every legal ground that this person gave, and what became of it, in the order in which they were given.
        Raises `NobodyKept`."""
        self._stored(())
        return [Basis.of(self._desk.purpose, ground) for ground in consent.grounds(self._entries())]

    @heard
    def consent(self, grounds: str, *, how: ByHand = "office", text: str = "1") -> None:
        """Write down one more ground that this person gave, `how`, to the version `text` of what people are told; or
        one of before anew, to another text. Nothing that was withdrawn comes back by it.

        Raises `GroundsUnknown`, `BasisInvalid`, `BasesFull`, `NobodyKept`, and `MoveRefused` of who is being erased.
        """
        desk, person = self._desk, self.pseudonym.value
        place = position(desk.purpose, grounds)
        stored, known = self._stored(()), desk.purpose.grounds[grounds]
        if stored.stay.state is State.ERASING:
            raise MoveRefused(state=int(stored.stay.state))
        given = Given(known.article_6, known.article_9, text, desk.now().day, by_hand(how), place)
        entry = consent.giving(self._entries(), given)
        desk.custody().note_ground(desk.name, stored.handle, place, text, how)
        desk.records().add_basis(desk.name, person, entry)

    @heard
    def beside(self, grounds: str) -> Beside:
        """What a face is enrolled with on these grounds that belongs to this record. A face that this person had before
        they took back what allowed it is gone first.

        Raises `NobodyKept`, `PersonMissing` of who is restricted or being erased, `GroundsUnknown`, `GroundsMissing`,
        and `FaceGroundsMissing` unless this person gave them, they hold, and they allow a face (Art. 9).
        """
        stored = self._stored(())
        if stored.stay.state is not State.ACTIVE:
            raise PersonMissing
        consent.require_face(self._entries(), position(self._desk.purpose, grounds))
        self._desk.drop_faces([self.pseudonym.value])
        return Beside(self.pseudonym, date_of(stored.stay.expires + 1))

    @heard
    def withdraw(self, grounds: str | None = None, *, how: ByHand = "electronic") -> Leaving | None:
        """Take a ground back (Art. 7(3), 21), or all that can be. Where nothing holds after that, nothing is used from
        now on, and the record is destroyed after 72 hours. Where something does, the record stays, and None is
        answered; a face that nothing holds for any more (Art. 9) matches from now on never again, and is destroyed.

        Raises `GroundsUnknown`, `BasisInvalid`, `NothingToWithdraw`, `NobodyKept`.
        """
        desk, person = self._desk, self.pseudonym.value
        place = None if grounds is None else position(desk.purpose, grounds)
        stored, before = self._stored(()), self._entries()
        ended = consent.withdrawals(before, place, desk.now().day, by_hand(how))
        after = [*before, *ended]
        for entry in ended:
            desk.custody().note_ground(desk.name, stored.handle, entry.place or 0)
        # Its effect first: whoever is interrupted here may withdraw again.
        leaving = None if consent.standing(after) else self.erase()
        faceless = leaving is None and consent.allow_face(before) and not consent.allow_face(after)
        if faceless:
            desk.custody().hold(desk.name, None, person, True)
        desk.records().add_basis(desk.name, person, *(consent.encode(entry) for entry in ended), faceless=faceless)
        desk.drop_faces([person])
        return leaving

    @heard
    def erase(
        self, *, now: bool = False, approved: bytes | None = None, take: Callable[[Receipt], None] | None = None
    ) -> Leaving:
        """Answer nobody about this person from now on, and destroy record and face after 72 hours, until when `restore`
        takes it back; or at once, which custodians apart want two officers to sign: refused, nothing was done.

        Who was destroyed and has not been given the receipt, because that was interrupted, is given it: it is owed
        until `take` has taken it. Raises `NobodyKept`."""
        desk, reading = self._desk, self._desk.now()
        try:
            stored = self._stored(())
        except NobodyKept:
            if (owed := owed_to(desk, self.pseudonym)) is None:
                raise
            return self._received(owed, take)
        if now:
            return self._received(self.destroy(stored, approved=approved), take)
        # Of who is leaving already too: custodians that were put back to before do not know of it any more.
        for version in (*self._left(), stored.handle):  # what an interruption left has its three days at the same time
            desk.custody().hold(desk.name, version, self.pseudonym.value, True)
        stay = stored.stay
        if stay.state is not State.ERASING:
            stay = desk.records().move(desk.name, self.pseudonym.value, Move.ERASE, reading)
        return Leaving(self.pseudonym, False, instant_of(stay.destroy_at))

    @heard
    def restore(self) -> None:
        """Take an erasure back that nobody wanted, before its 72 hours are over; of who is active it makes sure. Raises
        `NobodyKept`, `GroundsMissing` of who took the grounds back, and `MoveRefused` of who is restricted."""
        self._stored(())
        consent.require(self._entries())
        self._move(Move.RESTORE, State.ACTIVE)

    @heard
    def request_erasure(self) -> bytes:
        """A request file for two officers to sign before `erase` at once is given it as `approved`; nothing in it names
        the person."""
        desk, stored, person = self._desk, self._stored(()), self.pseudonym.value
        versions = [*self._left(), stored.handle]
        return desk.custody().request_destruction(desk.name, versions, person)

    @heard
    def history(self) -> list[Noted]:
        """What the ledgers say of this person: who did what, and whose ledgers have it. It takes the person's own key,
        which is opened for it, and that is written down too. Raises `NobodyKept`, `NobodyThere`."""
        desk = self._desk
        stored = self._stored(())
        keys = desk.custody().unlock(desk.name, stored.handle, [ACCESS], role=desk.role, reason=AUDITED)
        last = desk.now().day
        first = min(last, stored.stay.expires - RETENTION_LIMIT_DAYS)
        return list(desk.custody().noted(keys.secrets[ACCESS], keys.public, max(0, first), last))

    @heard
    def prove(self, operation: bytes, *, since: bytes | None = None) -> bytes:
        """As `Office.prove`, of an operation of this person's `history`: the file says what was done. Raises
        `OperationUnwritten` for any other, and as `history`."""
        noted = next((one for one in self.history() if one.operation == operation), None)
        if noted is None:
            raise OperationUnwritten
        return self._desk.custody().prove(operation, noted.shown, since, noted.within)

    def destroy(self, stored: Stored, *, approved: bytes | None = None) -> Owed:
        """Leave nothing of this person anywhere: the keys first, so that what is interrupted can be gone on with; those
        of versions too that an interruption left, each of which opens the record's old copies. What is owed for it
        then, until it is handed out (see `receipts`)."""
        desk, person, left = self._desk, self.pseudonym.value, self._left()
        versions = [*left, stored.handle]
        desk.custody().destroy(desk.name, versions, person, approved=approved)
        owed = owing(desk, self.pseudonym, versions)
        desk.records().destroy_many(desk.name, [person], left, owed)
        return owed

    def _received(self, owed: Owed, take: Callable[[Receipt], None] | None) -> Leaving:
        receipts: list[Receipt] = []

        def taken(receipt: Receipt) -> None:
            if take is not None:
                take(receipt)
            receipts.append(receipt)

        hand_out(self._desk, owed, taken)
        return Leaving(self.pseudonym, True, instant_of(owed.minute), next(iter(receipts), None))

    def _entries(self) -> list[Entry]:
        return history(self._desk.purpose, self._desk.records().bases(self._desk.name, self.pseudonym.value))

    def _left(self) -> list[bytes]:
        """Versions that are not the record any more, or never came to be, in an order that two people can sign."""
        return sorted(self._desk.records().leaving(self._desk.name, [self.pseudonym.value]))

    def _move(self, move: Move, target: State) -> None:
        """The custodians first where somebody is to be kept from use, and last where they are not any more. Who is
        there already may have been left there by an interruption, with custodians that do not know of it."""
        desk, reading = self._desk, self._desk.now()
        stored = self._stored(())
        there = stored.stay.state is target
        if not there:
            stored.stay.after(move, reading)
        if move is Move.RESTRICT:
            desk.custody().hold(desk.name, stored.handle, self.pseudonym.value, True)
        if not there:
            desk.records().move(desk.name, self.pseudonym.value, move, reading)
        if move is not Move.RESTRICT:
            # About a face that nothing holds for any more nobody is answered all the same.
            gone = desk.records().faces_leaving(desk.name, [self.pseudonym.value])
            desk.custody().hold(desk.name, stored.handle, None if gone else self.pseudonym.value, False)

    def _stored(self, groups: Iterable[Group]) -> Stored:
        stored = self._desk.records().get(self._desk.name, self.pseudonym.value, groups)
        if stored is None or stored.stay.state is State.PENDING:
            raise NobodyKept
        return stored

    def _opened(self, groups: Iterable[Group], reason: str) -> dict[Group, dict[str, bytes]]:
        wanted = list(groups)
        desk = self._desk
        stored = self._stored(wanted)
        values, _ = opened(desk.custody(), self._whose, stored, wanted, role=desk.role, reason=reason)
        return values


def _each_once(fields: Iterable[str]) -> list[str]:
    """The names of fields. Raises `FieldsNotAList` for a single one, whose letters would be taken for some."""
    if isinstance(fields, str | bytes) or not isinstance(fields, Iterable):
        raise FieldsNotAList
    names = list(fields)
    if not all(isinstance(name, str) for name in names):
        raise FieldsNotAList
    return list(dict.fromkeys(names))


def _joined(found: Mapping[Group, Mapping[str, bytes]]) -> dict[str, bytes]:
    return {name: plain for values in found.values() for name, plain in values.items()}
