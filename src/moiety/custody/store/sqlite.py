"""SQLite under a custodian: one file in its folder, for one machine; several processes may have it open."""

from __future__ import annotations

import os
import sqlite3
from contextlib import AbstractContextManager
from pathlib import Path
from threading import Lock

from sqlalchemy import Connection
from sqlalchemy.pool import PoolProxiedConnection

from moiety.custody import refusals
from moiety.custody.store.failing import of_store
from moiety.custody.store.keyring import KEYRING, Keyring
from moiety.database.idle import Connections
from moiety.database.private import of_sqlite, require_private
from moiety.database.sqlite import AT_ONCE, begun, cut, engine, prepared, typed, which
from moiety.errors import MoietyError

FILE = "custodian.sqlite"

_WAIT_S = 10.0
"""How long to wait for another program that holds the store. Our own processes exclude each other by the lock."""

_PAGE_BYTES = 16_384
"""They write twice as fast as SQLite's default at 192 words, and no slower at any size tried."""

_LOG_BYTES = 128 * 2**20
"""Of commits, until they are moved into the file. Whoever destroys something scrubs, which moves them in one go."""


class SqliteDatabase:
    """The file `custodian.sqlite` in a custodian's folder. Safe for threads."""

    driver_error: type[Exception] = sqlite3.Error

    def __init__(self, folder: Path, keys: Keyring) -> None:
        self._file = folder / FILE
        self._opened = which(self._file)
        self.engine = engine(self._file, _PAGE_BYTES, AT_ONCE, _WAIT_S, {KEYRING: keys}, log_bytes=_LOG_BYTES)
        self._connections = Connections(self.engine, begun(_WAIT_S), prepared)
        self._watching = Lock()
        self._watch: PoolProxiedConnection | None = None

    @classmethod
    def create(cls, folder: Path, keys: Keyring) -> SqliteDatabase:
        """Make an empty file (0600); SQLite gives its -wal and -shm files the same mode."""
        os.close(os.open(folder / FILE, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        return cls(folder, keys)

    @classmethod
    def open(cls, folder: Path, keys: Keyring) -> SqliteDatabase:
        """Raises `NoOffice` where there is no file, instead of making an empty one, and `DatabaseExposed` where others
        may reach it."""
        if not (folder / FILE).is_file():
            raise refusals.NoOffice
        require_private(folder, *of_sqlite(FILE))
        return cls(folder, keys)

    def transaction(self, *, writing: bool) -> AbstractContextManager[Connection]:
        """One transaction; one that writes waits for its turn at its beginning."""
        return self._connections.transaction(writing=writing)

    def claim(self, connection: Connection, *, first: bool = False) -> None:
        """Nothing: a transaction that writes holds the file's lock from its beginning on."""

    def stamp(self) -> int:
        """See `Store.stamp`. Raises `StoreReplaced`."""
        if which(self._file) != self._opened:
            raise refusals.StoreReplaced
        with self._watching:
            if self._watch is None:
                self._watch = self.engine.raw_connection()  # nothing is ever written over this one
            number: int = self._watch.cursor().execute("PRAGMA data_version").fetchone()[0]
            return number

    def scrub(self) -> None:
        """Move the log into the file and cut it to nothing, so that no old bytes remain in either.

        Raises `StoreBusy` where another program keeps the log in use.
        """
        if not cut(self.engine, _WAIT_S):
            raise refusals.StoreBusy

    def typed(self, error: BaseException | None) -> MoietyError:
        """The refusal for an error of the driver's."""
        return of_store(typed(error))

    def close(self) -> None:
        """Close every connection."""
        with self._watching:
            if self._watch is not None:
                self._watch.close()
                self._watch = None
        self._connections.close()


def in_use(folder: Path) -> bool:
    """Whether anybody has this custodian's file open: only the last one out may leave the log."""
    connection = sqlite3.connect(folder / FILE, timeout=0, isolation_level=None)
    try:
        (mode,) = connection.execute("PRAGMA journal_mode=DELETE").fetchone()
    except sqlite3.OperationalError as error:
        found = of_store(typed(error))
        if isinstance(found, refusals.StoreBusy):
            return True
        raise found from None
    finally:
        connection.close()
    return bool(mode != "delete")
