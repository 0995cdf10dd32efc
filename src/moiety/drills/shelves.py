"""Reading people out of stolen record stores, by the published tables, and out of the plain twin by the same door."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from moiety.drills import sql

GROUPS: Final = ("document", "contact", "birth", "photo")

_KEPT: Final = (
    "SELECT person, handle, entry, document, contact, birth, COALESCE(photo, x''), id, state, number, expires,"
    " COALESCE(due, 0) FROM vault_people JOIN vault_records USING (id) LEFT JOIN vault_photos USING (id)"
    " WHERE purpose = ?"
)
_PLAIN: Final = (
    "SELECT person, person, indexed, CAST(number || name || nationality AS BLOB), CAST(address || employer AS BLOB),"
    " CAST(sex || born AS BLOB), photograph, id FROM guest WHERE purpose = ?"
)
_NAMES: Final = 3


@dataclass(frozen=True)
class Entries:
    """The people of one purpose as stolen: `people`, `handles` and `indexed` uint8 (n, 16); for each of `GROUPS` what
    is kept of them; and all other numbers beside them, `marks` int64 (n, columns)."""

    people: NDArray[np.uint8] = field(repr=False)
    handles: NDArray[np.uint8] = field(repr=False)
    indexed: NDArray[np.uint8] = field(repr=False)
    blobs: Sequence[tuple[bytes, ...]] = field(repr=False)
    marks: NDArray[np.int64] = field(repr=False)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Bytes of what is kept: int64 (n, 4)."""
        return np.array([[len(blob) for blob in blobs] for blobs in self.blobs], np.int64)

    def of(self, people: NDArray[np.uint8]) -> Self:
        """The entries of these people, uint8 (m, 16), in their order. Raises KeyError where one is not there."""
        places = {one.tobytes(): place for place, one in enumerate(self.people)}
        order = [places[one.tobytes()] for one in people]
        columns = (self.people[order], self.handles[order], self.indexed[order])
        return type(self)(*columns, [self.blobs[place] for place in order], self.marks[order])


def entries(files: Mapping[str, bytes], purpose: str) -> Entries:
    """The people of a purpose in stolen files: relative path -> content. Raises LookupError where there are none."""
    for database in sql.databases(files):
        with closing(database):
            query = _KEPT if sql.has(database, "vault_people") else _PLAIN if sql.has(database, "guest") else ""
            if query and (found := database.execute(query, (purpose,)).fetchall()):
                return _entries(found)
    raise LookupError("no database with people of this purpose")


def _entries(found: Sequence[sqlite3.Row]) -> Entries:
    def names(at: int) -> NDArray[np.uint8]:
        return np.frombuffer(b"".join(row[at] for row in found), np.uint8).reshape(len(found), -1)

    blobs = [tuple(row[_NAMES : _NAMES + len(GROUPS)]) for row in found]
    marks = np.array([row[_NAMES + len(GROUPS) :] for row in found], np.int64)
    return Entries(names(0), names(1), names(2), blobs, marks)
