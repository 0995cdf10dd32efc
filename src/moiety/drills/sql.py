"""Reading rows out of stolen SQLite files, with the published page layout and nothing of a running custodian.

A database in the clear, the plain twin, is read by the same door.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field, fields
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from moiety.custody import page
from moiety.custody.slots import SLOTS, State
from moiety.drills import replay
from moiety.drills.algebra import Words
from moiety.drills.canaries import WINDOW
from moiety.drills.people import quantised

_MAGIC: Final = b"SQLite format 3\x00"
_LOG: Final = "-wal"
_PAGE_OVERHEAD: Final = page.layout(0).itemsize
_WORD_BYTES: Final = 2
_PAIR_BYTES: Final = 4


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
            if _has(database, "person"):
                return _plain(database)
            if _has(database, "page"):
                return _split(database, gallery)
    raise LookupError("no database with rows")


def footprints(files: Mapping[str, bytes], gallery: str, slots: NDArray[np.int64]) -> list[list[bytes]]:
    """For each slot of a custodian's gallery, every sixteen bytes as they lie that hold some of its two secret columns.

    Parts of neighbouring slots lie interleaved, so most windows hold something of three neighbours too.
    """
    content, log = _databases(files)[0]
    with closing(_opened(replay.whole(content, log))) as database:
        pages = _pages(_paged(database, "page", gallery)[0])
    parts = pages["parts"].reshape(len(pages), -1, SLOTS * 2).view(np.uint8)
    names = pages["pseudonyms"]
    found = []
    for at, slot in zip(slots // SLOTS, slots % SLOTS, strict=True):
        start = slot * _PAIR_BYTES // WINDOW * WINDOW
        windows = parts[at, :, start : start + WINDOW]
        found.append([names[at, slot].tobytes(), *(window.tobytes() for window in windows)])
    return found


def occupied_since(files: Mapping[str, bytes], gallery: str) -> NDArray[np.int64]:
    """For every slot, how many of the changes in the write-ahead log it has been occupied for: int64 (slots,).

    Nothing, if no file is a database of a custodian.
    """
    since: NDArray[np.int64] = np.zeros(0, np.int64)
    for content, log in _databases(files):
        for earlier in replay.steps(content, log):
            with closing(_opened(earlier)) as database:
                held = _states(database, gallery) == State.ACTIVE if _has(database, "states") else since > 0
            known = np.zeros(len(held), np.int64)
            known[: len(since)] = since[: len(held)]
            since = np.where(held, known + 1, 0)
    return since


def _databases(files: Mapping[str, bytes]) -> list[tuple[bytes, bytes]]:
    """Each SQLite file with its write-ahead log, which may be empty."""
    return [(content, files.get(name + _LOG, b"")) for name, content in files.items() if content.startswith(_MAGIC)]


def _opened(content: bytes) -> sqlite3.Connection:
    """A database in memory."""
    database = sqlite3.connect(":memory:")
    database.deserialize(content)
    return database


def _has(database: sqlite3.Connection, table: str) -> bool:
    return database.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone() is not None


def _states(database: sqlite3.Connection, gallery: str) -> NDArray[np.uint8]:
    """The state of every slot: uint8 (slots,)."""
    stored, _ = _paged(database, "states", gallery)
    return np.frombuffer(b"".join(stored), page.STATES)["states"].reshape(-1)


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


def _split(database: sqlite3.Connection, gallery: str) -> Rows:
    (seat,) = database.execute("SELECT seat FROM custodian").fetchone()
    stored, marks = _paged(database, "page", gallery)
    if not stored:
        raise LookupError("the gallery has no rows")
    pages = _pages(stored)
    states = _states(database, gallery)
    held = states == State.ACTIVE
    marks = np.concatenate([marks, _paged(database, "states", gallery)[1]], axis=1)

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


def _pages(stored: list[bytes]) -> page.Pages:
    return np.frombuffer(b"".join(stored), page.layout((len(stored[0]) - _PAGE_OVERHEAD) // (SLOTS * _WORD_BYTES)))


def _paged(database: sqlite3.Connection, table: str, gallery: str) -> tuple[list[bytes], NDArray[np.int64]]:
    """A gallery's rows of a paged table in this epoch, and all other numbers in them: int64 (pages, marks)."""
    found = database.execute(
        f"SELECT paged.rows, paged.rowid, paged.* FROM {table} AS paged JOIN gallery ON gallery.id = paged.gallery"  # noqa: S608
        " JOIN custodian ON custodian.epoch = paged.epoch WHERE gallery.name = ? ORDER BY paged.number",
        (gallery,),
    ).fetchall()
    numbers = [[value for value in row if isinstance(value, int)] for row in found]
    return [row[0] for row in found], np.array(numbers, np.int64).reshape(len(found), len(numbers[0]) if numbers else 0)
