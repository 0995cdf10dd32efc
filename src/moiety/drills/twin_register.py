"""The plain twin of a record store: the same people in an ordinary SQLite database, under hashes of their numbers."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from moiety.drills.guests import Guest

_TABLE: Final = (
    "CREATE TABLE guest (id INTEGER PRIMARY KEY, purpose TEXT, person BLOB, indexed BLOB, number TEXT, name TEXT,"
    " nationality TEXT, sex TEXT, born TEXT, address TEXT, employer TEXT, photograph BLOB)"
)


def hashed(text: str) -> bytes:
    """What people often take for a pseudonym: the beginning of SHA-256, 16 bytes."""
    return hashlib.sha256(text.encode()).digest()[:16]


def write(folder: Path, kept: Mapping[str, Sequence[Guest]]) -> None:
    """Write the people of each purpose, in the order of their arrival, into a database in a new folder."""
    folder.mkdir()
    with closing(sqlite3.connect(folder / "register.sqlite")) as database, database:
        database.execute(_TABLE)
        for purpose, guests in kept.items():
            rows = [
                (
                    purpose,
                    hashed(guest.number),
                    hashed(guest.name + guest.born),
                    guest.number,
                    guest.name,
                    "CN",
                    guest.sex,
                    guest.born,
                    guest.address,
                    guest.employer,
                    guest.photograph,
                )
                for guest in guests
            ]
            database.executemany(f"INSERT INTO guest VALUES (NULL{',?' * 11})", rows)  # noqa: S608
