"""The plain twin of what a gateway's service keeps: the same words in an ordinary SQLite database."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from moiety.drills.counter import hashed
from moiety.drills.guests import Guest
from moiety.drills.people import Vectors

_TABLES = """
CREATE TABLE caller (id INTEGER PRIMARY KEY, key TEXT);
CREATE TABLE asked (id INTEGER PRIMARY KEY, hashed BLOB);
CREATE TABLE job (id INTEGER PRIMARY KEY, input BLOB);
CREATE TABLE face (id INTEGER PRIMARY KEY, collection TEXT, name BLOB, kept BLOB, pseudonym BLOB, photograph BLOB,
    vector BLOB);
"""


def write(
    folder: Path,
    guests: Sequence[Guest],
    keys: Sequence[str],
    sent: bytes,
    faces: Mapping[str, NDArray[np.uint8]],
    photographs: Sequence[bytes],
    vectors: Vectors,
) -> None:
    """Write what a service was told into a database in a new folder."""
    folder.mkdir()
    with closing(sqlite3.connect(folder / "service.sqlite")) as database, database:
        database.executescript(_TABLES)
        database.executemany("INSERT INTO caller VALUES (NULL, ?)", [(key,) for key in keys])
        database.executemany("INSERT INTO asked VALUES (NULL, ?)", [(hashed(guest.number),) for guest in guests])
        database.execute("INSERT INTO job VALUES (NULL, ?)", (sent,))
        for collection, names in faces.items():
            rows = [
                (
                    collection,
                    hashed(guest.number),
                    f"{guest.number} {guest.name}".encode(),
                    name.tobytes(),
                    file,
                    vector,
                )
                for guest, name, file, vector in zip(
                    guests, names, photographs, [one.astype("<f4").tobytes() for one in vectors], strict=True
                )
            ]
            database.executemany("INSERT INTO face VALUES (NULL, ?, ?, ?, ?, ?, ?)", rows)
