"""SQLite under a custodian: one file in its folder, for one machine; several processes may have it open."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from threading import Lock

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from moiety.custody import refusals
from moiety.custody.store.keyring import KEYRING, Keyring
from moiety.database.private import of_sqlite, require_private
from moiety.errors import MoietyError

FILE = "custodian.sqlite"

_WAIT_S = 10.0
"""How long to wait for another program that holds the store. Our own processes exclude each other by the lock."""

_WRITING = "moiety_writing"

_AT_ONCE = (
    # 16 KB pages write twice as fast as SQLite's default at 192 words, and no slower at any size tried.
    "PRAGMA page_size=16384",
    "PRAGMA journal_mode=WAL",
    # 128 MB. Whoever enrols or erases scrubs, which moves the log in one go; only a refresh writes more than that.
    "PRAGMA wal_autocheckpoint=8192",
    # FULL: a commit survives a power cut, not only a killed process.
    "PRAGMA synchronous=FULL",
    "PRAGMA secure_delete=ON",
    "PRAGMA foreign_keys=ON",
    # Sorting spills rows into temporary files otherwise.
    "PRAGMA temp_store=MEMORY",
    "PRAGMA trusted_schema=OFF",
)


class SqliteDatabase:
    """The file `custodian.sqlite` in a custodian's folder. Safe for threads."""

    driver_error: type[Exception] = sqlite3.Error

    def __init__(self, folder: Path, keys: Keyring) -> None:
        self._file = folder / FILE
        self._opened = _which(self._file)
        self.engine = _engine(self._file, keys)
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

    def connect(self, *, writing: bool) -> Connection:
        """A connection for one transaction; one that writes waits for its turn at its beginning."""
        return self.engine.connect().execution_options(**{_WRITING: writing})

    def claim(self, connection: Connection, *, first: bool = False) -> None:
        """Nothing: a transaction that writes holds the file's lock from its beginning on."""

    def stamp(self) -> int:
        """See `Store.stamp`. Raises `StoreReplaced`."""
        if _which(self._file) != self._opened:
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
        pooled = self.engine.raw_connection()
        try:
            busy, _, _ = pooled.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        finally:
            pooled.close()
        if busy:
            raise refusals.StoreBusy

    def typed(self, error: BaseException | None) -> MoietyError:
        """The refusal for an error of the driver's."""
        return _typed(error)

    def close(self) -> None:
        """Close every connection."""
        with self._watching:
            if self._watch is not None:
                self._watch.close()
                self._watch = None
        self.engine.dispose()


def in_use(folder: Path) -> bool:
    """Whether anybody has this custodian's file open: only the last one out may leave the log."""
    connection = sqlite3.connect(folder / FILE, timeout=0, isolation_level=None)
    try:
        (mode,) = connection.execute("PRAGMA journal_mode=DELETE").fetchone()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF in _BUSY:
            return True
        raise _typed(error) from None
    finally:
        connection.close()
    return bool(mode != "delete")


def _which(file: Path) -> tuple[int, int] | None:
    """What tells a file from another that is put in its place."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _engine(file: Path, keys: Keyring) -> Engine:
    # A path may hold characters that mean something in a URL. Errors must not print what was bound.
    # Every thread that searches reads at the same time: none of them should wait for another's connection.
    engine = create_engine(
        URL.create("sqlite", database=str(file)),
        connect_args={"timeout": _WAIT_S},
        hide_parameters=True,
        max_overflow=-1,
        execution_options={KEYRING: keys},
    )

    @event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, entry: ConnectionPoolEntry) -> None:
        # Python's driver would begin and end transactions on its own; ours are explicit (see `begin`).
        connection.isolation_level = None
        for pragma in _AT_ONCE:
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writing = connection.get_execution_options().get(_WRITING, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine


_FULL = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY}
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_BROKEN = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
# A file that may not grow (quota, limit) fails to be written, synced or mapped instead of being "full".
_UNWRITTEN = {
    sqlite3.SQLITE_IOERR_WRITE,
    sqlite3.SQLITE_IOERR_FSYNC,
    sqlite3.SQLITE_IOERR_TRUNCATE,
    sqlite3.SQLITE_IOERR_SHMSIZE,
}


def _typed(error: BaseException | None) -> MoietyError:
    code: int = getattr(error, "sqlite_errorcode", 0)
    plain = code & 0xFF
    if plain in _FULL or code in _UNWRITTEN:
        return refusals.StoreFull()
    if plain in _BUSY:
        return refusals.StoreBusy()
    if plain in _BROKEN:
        return refusals.StoreUnreadable(error=code)
    return refusals.StoreFailed(error=code)
