"""The plain twin: the same people in an ordinary SQLite database, float vectors and all, as the leak had them."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from moiety.drills.people import Vectors

_TABLE: Final = (
    "CREATE TABLE {} (id INTEGER PRIMARY KEY, name TEXT, number TEXT, pseudonym BLOB, photograph BLOB,"
    " vector BLOB, expires INTEGER, registered INTEGER)"
)


class PlainTwin:
    """One database in a folder of its own, in write-ahead mode and otherwise as SQLite comes. Close it after use."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._database = sqlite3.connect(folder / "people.sqlite")
        # Some builds of SQLite overwrite deleted rows unasked; most, and most databases, do not.
        self._database.executescript(f"PRAGMA journal_mode=WAL; PRAGMA secure_delete=OFF; {_TABLE.format('person')}")

    def enrol(
        self,
        names: Sequence[str],
        numbers: Sequence[str],
        pseudonyms: NDArray[np.uint8],
        photographs: Sequence[bytes],
        vectors: Vectors,
        days: NDArray[np.int64],
    ) -> NDArray[np.int64]:
        """One row each, numbered in the order of arrival; returns the row numbers (n,)."""
        (last,) = self._database.execute("SELECT COALESCE(MAX(id), 0) FROM person").fetchone()
        ids = np.arange(last + 1, last + 1 + len(names))
        columns = (ids.tolist(), names, numbers, map(bytes, pseudonyms), photographs)
        more = ([vector.astype("<f4").tobytes() for vector in vectors], days.tolist(), ids.tolist())
        with self._database:
            places = "?,?,?,?,?,?,?,?"
            self._database.executemany(f"INSERT INTO person VALUES ({places})", zip(*columns, *more, strict=True))  # noqa: S608
        return ids

    def erase(self, ids: NDArray[np.int64]) -> None:
        """Delete rows."""
        with self._database:
            self._database.executemany("DELETE FROM person WHERE id = ?", [(number,) for number in ids.tolist()])

    def rewrite(self, ids: NDArray[np.int64], photographs: Sequence[bytes], vectors: Vectors) -> None:
        """Give all rows other photographs and vectors (n, d), in a new table that takes the old one's place.

        Migrations do it like this; it is also what SQLite's documentation gives for what ALTER TABLE cannot change.
        """
        columns = "id, name, number, pseudonym, ?, ?, expires, registered"
        rows = zip(photographs, (vector.astype("<f4").tobytes() for vector in vectors), ids.tolist(), strict=True)
        with self._database:
            self._database.execute(_TABLE.format("newer"))
            self._database.executemany(f"INSERT INTO newer SELECT {columns} FROM person WHERE id = ?", rows)  # noqa: S608
            self._database.execute("DROP TABLE person")
            self._database.execute("ALTER TABLE newer RENAME TO person")

    def close(self) -> None:
        """Close the database."""
        self._database.close()
