"""The record store: people of all purposes, sealed, on SQLite or PostgreSQL. It holds no key and opens nothing.

Somebody who is put is pending until they are settled: whoever was ended in between finds them by `pending`, puts them
again, which replaces what is pending and leaves alone what is settled, or takes them out by `undo_many`. Each method is
one transaction, durable when it returns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from moiety.database import Database, Observer, unobserved
from moiety.vault import owing, retention, rows
from moiety.vault.consent import ENTRIES_LIMIT, ENTRY_LIMIT
from moiety.vault.framing import person_bytes, purpose_bytes
from moiety.vault.owed import Owed
from moiety.vault.refusals import BatchTooLarge, PersonMissing, RecordMisfit, WriteStale
from moiety.vault.retention import MOVES, Move, Reading, State, Stay, Trust
from moiety.vault.rows import Stage
from moiety.vault.schema import Group
from moiety.vault.seal import BLOB_LIMIT, PHOTO_BLOB_LIMIT, Blob, number_of
from moiety.vault.stored import Stored
from moiety.vault.tables import KIND

BATCH_LIMIT: Final = 10_000
"""People of one call: 100 MB where everybody has a small photograph."""

HANDLE_BYTES: Final = 16


class RecordStore:
    """`vault.sqlite` in a folder, or the tables of a PostgreSQL by its URL. Safe for threads, and for processes.

    Every method raises a `DatabaseUnavailable` where the database fails, and `PersonUnnamed` for what is no pseudonym
    or purpose.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    def create(cls, place: Path | str, observer: Observer = unobserved) -> RecordStore:
        """Make an empty store. Raises `DatabaseExists`."""
        return cls(Database.create(KIND, place, observer))

    @classmethod
    def open(cls, place: Path | str, observer: Observer = unobserved) -> RecordStore:
        """Open what `create` made. Raises `DatabaseMissing`."""
        return cls(Database.open(KIND, place, observer))

    def close(self) -> None:
        """Close every connection."""
        self._database.close()

    def put_many(self, purpose: str, people: Sequence[Stored]) -> list[int]:
        """Keep people as pending, whatever their `stay.state`. Returns the positions of those who are there already.

        Who is there and not pending is left alone, and so is the second of two in one call. Raises `BatchTooLarge` and
        `RecordMisfit`.
        """
        purpose_bytes(purpose)
        _bound(people)
        for one in people:
            _check(one)
        with self._database.writing("put") as connection:
            there = rows.found(connection, purpose, [one.person for one in people])
            settled = {person for person, row in there.items() if row.state != State.PENDING}
            again = [row for person, row in there.items() if person not in settled]
            rows.leave(connection, again)
            rows.remove(connection, [row.id for row in again])
            fresh: dict[bytes, Stored] = {}
            left = []
            for position, one in enumerate(people):
                if one.person in settled or one.person in fresh:
                    left.append(position)
                else:
                    fresh[one.person] = one
            rows.add(connection, purpose, [fresh[person] for person in sorted(fresh)])
        return left

    def settle_many(self, purpose: str, people: Sequence[Stored]) -> list[int]:
        """Make people active who are pending as they were put. Returns the positions of the others, who stay as they
        are: somebody may have put them again meanwhile, under another handle."""
        _bound(people)
        with self._database.writing("settle") as connection:
            there = rows.found(connection, purpose, [one.person for one in people])
            left, pending = [], []
            for position, one in enumerate(people):
                row = there.get(one.person)
                if row is not None and row.state in MOVES[Move.SETTLE][0] and bytes(row.handle) == one.handle:
                    pending.append(row.id)
                else:
                    left.append(position)
            rows.settle(connection, pending)
        return left

    def undo_many(self, purpose: str, people: Sequence[Stored], *, known: bool) -> int:
        """Take out people who are pending as they were put; old bytes are gone after `scrub`. Custodians may keep keys
        under the handles of those whom they have `known`, which are `leaving`. Returns how many there were."""
        _bound(people)
        with self._database.writing("undo") as connection:
            there = rows.found(connection, purpose, [one.person for one in people])
            handles = {one.handle for one in people}
            put = [row for row in there.values() if row.state == State.PENDING and bytes(row.handle) in handles]
            if known:
                rows.leave(connection, put)
            rows.remove(connection, [row.id for row in put])
        return len(put)

    def get(self, purpose: str, person: bytes, groups: Iterable[Group] = ()) -> Stored | None:
        """Somebody, whatever their state, with the classes that are asked for; None where nobody is."""
        wanted = set(groups)
        with self._database.reading() as connection:
            row = rows.one(connection, purpose, person)
            return None if row is None else rows.person(row, rows.blobs(connection, row.id, wanted))

    def expect(self, purpose: str, person: bytes, handle: bytes) -> None:
        """Remember a handle before the custodians keep keys under it, of somebody who is about to be written anew: if
        that is interrupted, it is among those that are `leaving`. Raises `RecordMisfit`."""
        if len(handle) != HANDLE_BYTES:
            raise RecordMisfit
        with self._database.writing("expect") as connection:
            rows.expect(connection, purpose, person, handle)

    def replace(
        self,
        purpose: str,
        person: bytes,
        number: int,
        blobs: Mapping[Group, Blob],
        *,
        handle: bytes,
        without_photo: bool = False,
        entry: bytes | None = None,
    ) -> None:
        """Write some classes anew, under a handle that is expected, and nothing of the old ones stays (see `scrub`) but
        the old handle, until it is `left`. Only of who is active.

        `number` is the write's, in each blob too, and one more than the last one's; `entry` is the index's from now on.
        Raises `PersonMissing`, `RecordMisfit`, and `WriteStale` also where somebody tidied meanwhile.
        """
        if any(number_of(blob) != number for blob in blobs.values()) or len(handle) != HANDLE_BYTES:
            raise RecordMisfit
        _check_blobs(blobs)
        with self._database.writing("replace") as connection:
            row = rows.one(connection, purpose, person)
            if row is None or row.state != State.ACTIVE:
                raise PersonMissing
            if number != row.number + 1 or not rows.come(connection, handle):
                raise WriteStale(last=row.number, given=number)
            rows.leave(connection, [row])
            rows.rewrite(connection, row.id, number, blobs, handle, entry, without_photo)

    def look_up(self, purpose: str, entry: bytes) -> list[Stored]:
        """Who has this entry of the purpose's index, at most `BATCH_LIMIT`."""
        with self._database.reading() as connection:
            return rows.looked_up(connection, purpose, entry, BATCH_LIMIT)

    def leaving(self, purpose: str, people: Sequence[bytes] = ()) -> dict[bytes, bool]:
        """Handles of what was written anew, of these people or of all, at most `BATCH_LIMIT`; and whether custodians
        let time pass for each (`wait`). What is being written anew at this moment is not any more: its `replace` is
        refused, so that nobody destroys the keys of a record."""
        _bound(people)
        with self._database.reading() as connection:
            found = rows.leaving(connection, purpose, people, BATCH_LIMIT)
        if Stage.COMING in found.values():
            with self._database.writing("claim") as connection:
                found = {
                    handle: Stage.GONE if stage is Stage.COMING else stage
                    for handle, stage in found.items()
                    if stage is not Stage.COMING or rows.stage(connection, handle, Stage.COMING, Stage.GONE)
                }
        return {handle: stage is Stage.WAITING for handle, stage in found.items()}

    def wait(self, handle: bytes) -> None:
        """The custodians let time pass before they destroy the keys of this handle."""
        with self._database.writing("wait") as connection:
            rows.stage(connection, handle, Stage.GONE, Stage.WAITING)

    def left(self, handle: bytes) -> None:
        """The custodians have destroyed the keys of this handle, or the face of this person."""
        with self._database.writing("left") as connection:
            rows.left(connection, [handle])

    def move(self, purpose: str, person: bytes, move: Move, now: Reading) -> Stay:
        """Restrict, lift or erase (`retention`). Raises `PersonMissing` and `MoveRefused`."""
        with self._database.writing(move.value) as connection:
            row = rows.one(connection, purpose, person)
            if row is None:
                raise PersonMissing
            stay = rows.stay(row).after(move, now)
            rows.stays(connection, row.id, stay)
        return stay

    def destroy_many(
        self, purpose: str, people: Iterable[bytes], versions: Sequence[bytes] = (), owed: Owed | None = None
    ) -> int:
        """Delete all that there is of people, whatever their state; old bytes are gone after `scrub`. Custodians have
        destroyed the keys of these `versions` too, which are `left`; and what is `owed` is, from now on.

        Returns how many were there.
        """
        people = list(people)
        _bound(people)
        with self._database.writing("destroy") as connection:
            there = rows.found(connection, purpose, people)
            rows.remove(connection, [row.id for row in there.values()])
            rows.left(connection, [*there, *versions])  # a face that was to be destroyed is, with the person
            if owed is not None:
                owing.owe(connection, owed)
        return len(there)

    def owed(self, purpose: str, *, since: int = 0) -> list[Owed]:
        """Receipts that people of a purpose who are destroyed are still to be given, at most `BATCH_LIMIT`; of those
        from before the minute `since` nothing is known any more."""
        with self._database.reading() as connection:
            found = owing.owed(connection, purpose, BATCH_LIMIT)
        over = [one for one in found if one.minute < since]
        if over:
            with self._database.writing("forget owed") as connection:
                owing.settle(connection, over)
        return [one for one in found if one.minute >= since]

    def settle_owed(self, owed: Owed) -> None:
        """This receipt was handed out."""
        with self._database.writing("settle owed") as connection:
            owing.settle(connection, [owed])

    def scrub(self) -> None:
        """Leave no more bytes of what was deleted or replaced than the database must (`database`)."""
        self._database.scrub()

    def due(self, now: Reading, limit: int = BATCH_LIMIT, *, purpose: str | None = None) -> list[tuple[str, Stored]]:
        """Purposes and people to be destroyed by now, of one purpose or of all, at most `limit`; the longest due
        first."""
        with self._database.reading() as connection:
            return rows.due(connection, purpose, now, limit)

    def hasten(self, now: Reading) -> None:
        """Let nobody of any purpose who is erasing wait longer than 72 hours from now, where the clock is on time: it
        was wrong when they were asked for."""
        latest = now.clock + retention.ERASURE_MINUTES
        if now.trust is not Trust.ON_TIME:
            return
        with self._database.reading() as connection:
            late = rows.late(connection, latest)
        if late:
            with self._database.writing("hasten") as connection:
                rows.hasten(connection, latest)

    def page(self, purpose: str, after: bytes = b"", limit: int = BATCH_LIMIT) -> list[Stored]:
        """People of a purpose in the order of their pseudonyms, from behind one of them on."""
        with self._database.reading() as connection:
            return rows.page(connection, purpose, after, limit)

    def pending(self, purpose: str) -> list[Stored]:
        """Who was put and not settled, at most `BATCH_LIMIT` of them, in the order of their pseudonyms."""
        with self._database.reading() as connection:
            return rows.pending(connection, purpose, BATCH_LIMIT)

    def count(self, purpose: str) -> dict[State, int]:
        """How many people a purpose has in each state."""
        with self._database.reading() as connection:
            return rows.count(connection, purpose)

    def answered(self, purpose: str, day: int) -> tuple[int, int]:
        """How many people of a purpose are answered about on this day (since 1970-01-01); and how many versions of
        records besides custodians may have keys of: of who is on the way, and of what was written anew."""
        with self._database.reading() as connection:
            return rows.answered(connection, purpose, day)

    def add_basis(self, purpose: str, person: bytes, *entries: bytes, faceless: bool = False) -> int:
        """Keep entries of legal basis behind the others, all or none; `faceless` remembers besides that this person's
        face is to be destroyed, until it has `left`. Returns the first one's serial, from 0 on.

        Raises `PersonMissing` and `RecordMisfit`.
        """
        if any(not 0 < len(entry) <= ENTRY_LIMIT for entry in entries):
            raise RecordMisfit
        with self._database.writing("basis") as connection:
            row = rows.one(connection, purpose, person)
            if row is None:
                raise PersonMissing
            first = len(rows.bases(connection, row.id))
            if first + len(entries) > ENTRIES_LIMIT:
                raise RecordMisfit
            for serial, entry in enumerate(entries, first):
                rows.add_basis(connection, row.id, serial, entry)
            if faceless:
                rows.face_leaves(connection, purpose, person)
        return first

    def faces_leaving(self, purpose: str, people: Sequence[bytes] = ()) -> list[bytes]:
        """Whose face is to be destroyed although the record stays, of these people or of all, at most `BATCH_LIMIT`."""
        _bound(people)
        with self._database.reading() as connection:
            return rows.faces_leaving(connection, purpose, people, BATCH_LIMIT)

    def bases(self, purpose: str, person: bytes) -> list[bytes]:
        """The entries of legal basis, in their order; none where nobody is."""
        with self._database.reading() as connection:
            row = rows.one(connection, purpose, person)
            return [] if row is None else rows.bases(connection, row.id)

    def now(self, clock: int) -> Reading:
        """What a clock's minute is taken for (`retention.read`); what the next one needs is kept."""
        return self._kept(lambda seen, shown: retention.read(clock, seen, shown))

    def confirm(self, clock: int) -> Reading:
        """Take a clock's minute as it is, from now on (`retention.confirmed`)."""
        return self._kept(lambda seen, shown: retention.confirmed(clock))

    def _kept(self, judged: Callable[[int | None, int | None], Reading]) -> Reading:
        # Most of the time the minute that is kept is the one that would be: then nothing is written.
        with self._database.reading() as connection:
            kept = rows.seen(connection)
        if ((reading := judged(*kept)).seen, reading.shown) == kept:
            return reading
        with self._database.writing("clock") as connection:
            kept = rows.seen(connection)
            reading = judged(*kept)
            if (reading.seen, reading.shown) != kept:
                rows.keep_seen(connection, reading)
        return reading


def _bound(people: Sequence[Stored] | Sequence[bytes]) -> None:
    if len(people) > BATCH_LIMIT:
        raise BatchTooLarge(given=len(people), limit=BATCH_LIMIT)


def _check(one: Stored) -> None:
    person_bytes(one.person)
    if len(one.handle) != HANDLE_BYTES:
        raise RecordMisfit
    _check_blobs(one.blobs)


def _check_blobs(blobs: Mapping[Group, Blob]) -> None:
    if any(len(blob) > (PHOTO_BLOB_LIMIT if group is Group.PHOTO else BLOB_LIMIT) for group, blob in blobs.items()):
        raise RecordMisfit
