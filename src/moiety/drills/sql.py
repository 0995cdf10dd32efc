"""Reading rows out of stolen SQLite files, with the published page layout and nothing of a running custodian.

A thief who has a custodian's folder has its root keys too, and opens what they open. A database in the clear, the plain
twin, is read by the same door.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field, fields
from typing import Any, Final, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from moiety.custody.refusals import KeptDamaged, RootWrong
from moiety.custody.store import kept, page, seal
from moiety.custody.store.page import Place
from moiety.custody.store.seal import DataKey
from moiety.custody.store.slots import SLOTS, living
from moiety.custody.store.token import ROOT_BYTES, unwrapped_under
from moiety.drills import replay
from moiety.drills.algebra import Words
from moiety.drills.canaries import WINDOW
from moiety.drills.people import quantised
from moiety.oprf.keys import Part
from moiety.sharing.seat import Seat

_MAGIC: Final = b"SQLite format 3\x00"
_LOG: Final = "-wal"
_PAGE_OVERHEAD: Final = page.layout(0).itemsize
_WORD_BYTES: Final = 2
_PAIR_BYTES: Final = 4
_PSEUDONYM_KEY: Final = b"pseudonym key"


@dataclass(frozen=True)
class Rows:
    """The occupied rows of one gallery as stolen.

    `words` uint16 (n, d) are parts, or quantised vectors where `seat` is None; `pseudonyms` and `handles` uint8
    (n, 16); all others int64 (n,): `slots`, `expires` (unix days) and `grounds`. `marks` int64 (n, columns) are all
    other numbers that the database keeps beside a row or its page, row numbers of the tables included.
    """

    seat: str | None
    words: Words = field(repr=False)
    slots: NDArray[np.int64] = field(repr=False)
    handles: NDArray[np.uint8] = field(repr=False)
    pseudonyms: NDArray[np.uint8] = field(repr=False)
    expires: NDArray[np.int64] = field(repr=False)
    grounds: NDArray[np.int64] = field(repr=False)
    marks: NDArray[np.int64] = field(repr=False)

    def __len__(self) -> int:
        return len(self.slots)

    def at(self, slots: NDArray[np.int64]) -> Self:
        """The rows in these slots, in this order. Raises LookupError where one is not occupied."""
        order = np.argsort(self.slots)
        places = order[np.searchsorted(self.slots, slots, sorter=order).clip(max=len(order) - 1)]
        if not np.array_equal(self.slots[places], slots):
            raise LookupError("a slot holds nobody")
        columns = (getattr(self, one.name)[places] for one in fields(self) if one.name != "seat")
        return type(self)(self.seat, *columns)


def rows(files: Mapping[str, bytes], gallery: str) -> Rows:
    """The occupied rows of a gallery in stolen files: relative path -> content.

    Raises LookupError where no file is a database with such rows.
    """
    for content, log in _databases(files):
        with closing(_opened(replay.whole(content, log))) as database:
            if has(database, "person"):
                return _plain(database)
            if has(database, "page"):
                return _split(database, files, gallery)
    raise LookupError("no database with rows")


def footprints(files: Mapping[str, bytes], gallery: str, slots: NDArray[np.int64]) -> list[list[bytes]]:
    """For each slot of a custodian's gallery, every sixteen bytes that hold some of its two secret columns: as they lie
    in the file, sealed, and as its keys open them.

    Parts of neighbouring slots lie interleaved, so most windows hold something of three neighbours too.
    """
    content, log = _databases(files)[0]
    with closing(_opened(replay.whole(content, log))) as database:
        sealed, opened, _ = _paged(database, files, "page", gallery)
    found: list[list[bytes]] = [[] for _ in slots]
    for pages in (np.frombuffer(b"".join(sealed), opened.dtype), opened):
        parts = pages["parts"].reshape(len(pages), -1, SLOTS * 2).view(np.uint8)
        for one, at, slot in zip(found, slots // SLOTS, slots % SLOTS, strict=True):
            start = slot * _PAIR_BYTES // WINDOW * WINDOW
            windows = parts[at, :, start : start + WINDOW]
            one += [pages["pseudonyms"][at, slot].tobytes(), *(window.tobytes() for window in windows)]
    return found


def opened(files: Mapping[str, bytes]) -> list[bytes]:
    """Every sealed row of every database among stolen files that a key among them opens, in the clear."""
    found: list[bytes] = []
    for content, log in _databases(files):
        with closing(_opened(replay.whole(content, log))) as database:
            found += _unsealed(database, files)
        for earlier in replay.left_over(content, log):
            # A page may be of another time than those beside it: what can be read of it is read.
            with closing(_opened(earlier)) as database, suppress(sqlite3.DatabaseError, LookupError, ValueError):
                found += _unsealed(database, files)
    return found


def _unsealed(database: sqlite3.Connection, files: Mapping[str, bytes]) -> list[bytes]:
    if not has(database, "data_key"):
        return []
    found = [part for row in _kept(database, files) for part in row]
    for table in ("page", "states"):
        for (gallery,) in database.execute("SELECT name FROM gallery").fetchall():
            found += [one.tobytes() for one in _paged(database, files, table, gallery)[1]]
    return found


def occupied_since(files: Mapping[str, bytes], gallery: str) -> NDArray[np.int64]:
    """For every slot, how many of the changes in the write-ahead log it has been occupied for: int64 (slots,).

    Nothing, if no file is a database of a custodian.
    """
    since: NDArray[np.int64] = np.zeros(0, np.int64)
    for content, log in _databases(files):
        for earlier in replay.steps(content, log):
            with closing(_opened(earlier)) as database:
                held = living(_states(database, files, gallery)) if has(database, "states") else since > 0
            known = np.zeros(len(held), np.int64)
            known[: len(since)] = since[: len(held)]
            since = np.where(held, known + 1, 0)
    return since


def databases(files: Mapping[str, bytes]) -> Iterator[sqlite3.Connection]:
    """Each database among stolen files, its log worked in; whoever takes one closes it."""
    return (_opened(replay.whole(content, log)) for content, log in _databases(files))


def every_state(files: Mapping[str, bytes], gallery: str, slots: NDArray[np.int64]) -> list[Words]:
    """What a custodian's store has in these slots, uint16 (n, d), occupied or not: as it is, and as it was at each
    change that its log still tells of."""
    found: dict[bytes, Words] = {}
    for content, log in _databases(files):
        for state in (*replay.steps(content, log), *replay.left_over(content, log)):
            # A page may be of another time than those beside it: what can be read of it is read.
            with closing(_opened(state)) as database, suppress(sqlite3.DatabaseError, LookupError, ValueError):
                words = page.rows(_paged(database, files, "page", gallery)[1]).astype(np.uint16)[slots]
                found[words.tobytes()] = words
    return list(found.values())


def key_parts(files: Mapping[str, bytes]) -> dict[str, Part]:
    """A custodian's part of each purpose's pseudonym key."""
    found: dict[str, Part] = {}
    for database in databases(files):
        with closing(database):
            if has(database, "kept"):
                for kind, purpose, value in _kept(database, files):
                    if kind == _PSEUDONYM_KEY:
                        found[purpose.decode()] = Part.decode(msgspec.msgpack.decode(value[1:])[1])
    return found


def _databases(files: Mapping[str, bytes]) -> list[tuple[bytes, bytes]]:
    """Each SQLite file with its write-ahead log, which may be empty."""
    return [(content, files.get(name + _LOG, b"")) for name, content in files.items() if content.startswith(_MAGIC)]


def _opened(content: bytes) -> sqlite3.Connection:
    """A database in memory."""
    database = sqlite3.connect(":memory:")
    database.deserialize(content)
    return database


def has(database: sqlite3.Connection, table: str) -> bool:
    """Whether a database has such a table."""
    return database.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone() is not None


def _states(database: sqlite3.Connection, files: Mapping[str, bytes], gallery: str) -> NDArray[np.uint8]:
    """The state of every slot: uint8 (slots,)."""
    return np.asarray(_paged(database, files, "states", gallery)[1]["states"].reshape(-1))


def _plain(database: sqlite3.Connection) -> Rows:
    columns = "id, vector, pseudonym, expires, registered"
    found = database.execute(f"SELECT {columns} FROM person ORDER BY id").fetchall()  # noqa: S608
    if not found:
        raise LookupError("the database has no rows")
    numbers, vectors, names, expires, registered = zip(*found, strict=True)
    pseudonyms = np.frombuffer(b"".join(names), np.uint8).reshape(len(names), -1)
    return Rows(
        seat=None,
        words=quantised(np.stack([np.frombuffer(vector, "<f4") for vector in vectors])).astype(np.uint16),
        slots=np.array(numbers),
        handles=pseudonyms,
        pseudonyms=pseudonyms,
        expires=np.array(expires),
        grounds=np.zeros(len(numbers), np.int64),
        marks=np.array(registered)[:, None],
    )


def _split(database: sqlite3.Connection, files: Mapping[str, bytes], gallery: str) -> Rows:
    seat = _owner(database)[1]
    _, pages, marks = _paged(database, files, "page", gallery)
    if not len(pages):
        raise LookupError("the gallery has no rows")
    _, held_states, more = _paged(database, files, "states", gallery)
    held = living(held_states["states"].reshape(-1))
    marks = np.concatenate([marks, more], axis=1)

    def column(name: str) -> NDArray[Any]:
        values = pages[name]
        return np.asarray(values.reshape(len(held), *values.shape[2:])[held])

    return Rows(
        seat=seat,
        words=page.rows(pages).astype(np.uint16)[held],
        slots=np.flatnonzero(held),
        handles=column("handles"),
        pseudonyms=column("pseudonyms"),
        expires=column("expires").astype(np.int64),
        grounds=column("grounds").astype(np.int64),
        marks=np.repeat(marks, SLOTS, axis=0)[held],
    )


def _paged(
    database: sqlite3.Connection, files: Mapping[str, bytes], table: str, gallery: str
) -> tuple[list[bytes], page.Pages, NDArray[np.int64]]:
    """A gallery's rows of a paged table in this epoch: sealed, opened, and all other numbers: int64 (pages, marks).

    Raises LookupError where no key among the files opens them all.
    """
    found = database.execute(
        f"SELECT paged.rows, paged.rowid, paged.* FROM {table} AS paged JOIN gallery ON gallery.id = paged.gallery"  # noqa: S608
        " JOIN custodian ON custodian.epoch = paged.epoch WHERE gallery.name = ? ORDER BY paged.number",
        (gallery,),
    ).fetchall()
    office, seat, epoch = _owner(database)
    sealed = [row[0] for row in found]
    kind = page.STATES if table == "states" else page.layout(_dim(sealed))
    place = Place(office, seat, gallery, epoch)
    opened, good = seal.unseal(sealed, kind, place, range(len(sealed)), _key(database, files))
    if not good.all():
        raise LookupError("the key does not open every row")
    numbers = [[value for value in row if isinstance(value, int)] for row in found]
    marks = np.array(numbers, np.int64).reshape(len(found), len(numbers[0]) if numbers else 0)
    return sealed, opened, marks


def _dim(stored: list[bytes]) -> int:
    return (len(stored[0]) - _PAGE_OVERHEAD) // (SLOTS * _WORD_BYTES) if stored else 0


def _owner(database: sqlite3.Connection) -> tuple[bytes, Seat, int]:
    """Office, seat and epoch."""
    office, seat, epoch = database.execute("SELECT office, seat, epoch FROM custodian").fetchone()
    return office, seat, epoch


def _key(database: sqlite3.Connection, files: Mapping[str, bytes]) -> DataKey:
    """The data key of the epoch: every file of a root's length is tried. Raises LookupError where none fits."""
    office, seat, epoch = _owner(database)
    found = database.execute("SELECT wrapped FROM data_key WHERE epoch = ?", (epoch,)).fetchone()
    for root in (content for content in files.values() if len(content) == ROOT_BYTES):
        try:
            return DataKey.of(unwrapped_under(root, found[0], seal.bound(office, seat, epoch)))
        except RootWrong:
            continue
    raise LookupError("no key opens this epoch")


def _kept(database: sqlite3.Connection, files: Mapping[str, bytes]) -> list[tuple[bytes, bytes, bytes]]:
    """What a custodian keeps for itself: kinds, keys and values."""
    owner, key = _owner(database), _key(database, files)
    found: list[tuple[bytes, bytes, bytes]] = []
    for row in database.execute("SELECT kind, id, sealed FROM kept").fetchall():
        try:
            found.append(kept.opened(*owner, key, row))
        except KeptDamaged:
            continue
    return found
