"""Writes a store as the first format had it: pages in the clear with SHA-256 digests, no keys, no Alembic.

A store of this version is opened with its own keys and written down again by the old rules.
"""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np

from moiety.custody.store import page
from moiety.custody.store.page import Pages
from moiety.sharing.seat import Seat
from tests.custody.scene import DIM, DOOR
from tests.custody.thief import roots_of, unsealed


def put_back(home: Path) -> None:
    """Turn a custodian's store, closed, into one of the first format."""
    with closing(sqlite3.connect(home / "custodian.sqlite", isolation_level=None)) as database:
        (seat,) = database.execute("SELECT seat FROM custodian").fetchone()
        epochs = [epoch for (epoch,) in database.execute("SELECT epoch FROM data_key").fetchall()]
        database.execute("BEGIN")
        for epoch in epochs:
            pages, states, numbers = unsealed(database, roots_of(home), DOOR, DIM, epoch)
            for at, number in enumerate(numbers):
                where = _where(seat, epoch, number)
                body = b"\x01" + _columns(pages[at : at + 1])
                row = body + hashlib.sha256(b"moiety page 1" + where + body).digest()
                top = b"\x01" + states["states"][at].tobytes() + row[-32:]
                head = top + hashlib.sha256(b"moiety states 1" + where + top).digest()
                for table, old in (("page", row), ("states", head)):
                    which = "WHERE number = ? AND epoch = ?"
                    database.execute(f"UPDATE {table} SET rows = ? {which}", (old, number, epoch))  # noqa: S608
        for table in ("data_key", "kept", "writer", "alembic_version"):
            database.execute(f"DROP TABLE {table}")
        # There was no root to retire: who had switched had done with it.
        database.execute("UPDATE custodian SET format = 1, staging = CASE staging WHEN 3 THEN 0 ELSE staging END")
        database.execute("COMMIT")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.rmtree(home / "roots")


def _where(seat: Seat, epoch: int, number: int) -> bytes:
    name = DOOR.encode()
    place = seat.encode() + epoch.to_bytes(8, "little") + len(name).to_bytes(2, "little") + name
    return place + number.to_bytes(8, "little")


def _columns(one: Pages) -> bytes:
    return b"".join(
        np.ascontiguousarray(one[name]).tobytes() for name in ("grounds", "expires", "handles", "pseudonyms", "parts")
    )


assert page.VERSION == 2, "this writes what came before"
