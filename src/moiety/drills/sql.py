"""Reading rows out of stolen SQLite files, with the published page layout and nothing of a running custodian.

A database in the clear, the plain twin, is read by the same door.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from moiety.custody import page
from moiety.custody.slots import SLOTS, State
from moiety.drills.algebra import Words
from moiety.drills.people import quantised

_MAGIC: Final = b"SQLite format 3\x00"
_LOG: Final = "-wal"
_PAGE_OVERHEAD: Final = page.layout(0).itemsize
_WORD_BYTES: Final = 2


@dataclass(frozen=True)
class Rows:
    """The occupied rows of one gallery as stolen.

    `words` uint16 (n, d) are parts, or quantised vectors where `seat` is None; `pseudonyms` and `handles` uint8
    (n, 16); all others int64 (n,): `slots`, `expires` (unix days), `grounds`, and `changes`, the number of the
    gallery's change in which the row's page was last written.
    """

    seat: str | None
    words: Words = field(repr=False)
    slots: NDArray[np.int64] = field(repr=False)
    handles: NDArray[np.uint8] = field(repr=False)
    pseudonyms: NDArray[np.uint8] = field(repr=False)
    expires: NDArray[np.int64] = field(repr=False)
    grounds: NDArray[np.int64] = field(repr=False)
    changes: NDArray[np.int64] = field(repr=False)

    def __len__(self) -> int:
        return len(self.slots)

    def at(self, slots: NDArray[np.int64]) -> Self:
        """The rows in these slots, in this order. Raises LookupError where one is not occupied."""
        order = np.argsort(self.slots)
        places = order[np.searchsorted(self.slots, slots, sorter=order).clip(max=len(order) - 1)]
        if not np.array_equal(self.slots[places], slots):
            raise LookupError("a slot holds nobody")
        columns = (self.words, self.slots, self.handles, self.pseudonyms, self.expires, self.grounds, self.changes)
        return type(self)(self.seat, *(column[places] for column in columns))


def rows(files: Mapping[str, bytes], gallery: str) -> Rows:
    """The occupied rows of a gallery in stolen files: relative path -> content.

    Raises LookupError where no file is a database with such rows.
    """
    with tempfile.TemporaryDirectory(prefix="moiety-drill-") as folder:
        for content, log in _databases(files):
            copy = Path(folder, "stolen.sqlite")
            copy.write_bytes(content)
            Path(folder, copy.name + _LOG).write_bytes(log)
            with closing(sqlite3.connect(copy)) as database:
                tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
                if "person" in tables:
                    return _plain(database)
                if "page" in tables:
                    return _split(database, gallery)
    raise LookupError("no database with rows")


def _databases(files: Mapping[str, bytes]) -> list[tuple[bytes, bytes]]:
    """Each SQLite file with its write-ahead log, which may be empty."""
    return [(content, files.get(name + _LOG, b"")) for name, content in files.items() if content.startswith(_MAGIC)]


def _plain(database: sqlite3.Connection) -> Rows:
    columns = "id, vector, pseudonym, expires, registered"
    found = database.execute(f"SELECT {columns} FROM person ORDER BY id").fetchall()  # noqa: S608
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
        changes=np.array(registered),
    )


def _split(database: sqlite3.Connection, gallery: str) -> Rows:
    (seat,) = database.execute("SELECT seat FROM custodian").fetchone()
    found = database.execute(
        "SELECT page.rows, states.rows, page.number, page.version FROM page"
        " JOIN gallery ON gallery.id = page.gallery JOIN custodian ON custodian.epoch = page.epoch"
        " JOIN states ON (states.gallery, states.epoch, states.number) = (page.gallery, page.epoch, page.number)"
        " WHERE gallery.name = ? ORDER BY page.number",
        (gallery,),
    ).fetchall()
    stored, states, numbers, versions = zip(*found, strict=True)
    pages = np.frombuffer(b"".join(stored), page.layout((len(stored[0]) - _PAGE_OVERHEAD) // (SLOTS * _WORD_BYTES)))
    held = np.frombuffer(b"".join(states), page.STATES)["states"].reshape(-1) == State.ACTIVE
    slots = np.add.outer(np.array(numbers) * SLOTS, np.arange(SLOTS)).reshape(-1)

    def column(name: str) -> NDArray[Any]:
        values = pages[name]
        return np.asarray(values.reshape(len(slots), *values.shape[2:])[held])

    return Rows(
        seat=seat,
        words=column("parts").astype(np.uint16),
        slots=slots[held],
        handles=column("handles"),
        pseudonyms=column("pseudonyms"),
        expires=column("expires").astype(np.int64),
        grounds=column("grounds").astype(np.int64),
        changes=np.repeat(np.array(versions), SLOTS)[held],
    )
