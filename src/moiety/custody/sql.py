"""One custodian's database: the file, the engine, transactions, and overwriting what was deleted.

Every commit is a named point: the observer hears `"a before prepare"` just before the commit of step `prepare` at
custodian a, and `"a after prepare"` once it is durable. Tests kill the process there.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from moiety.custody import refusals, tables
from moiety.custody.keyring import KEYRING, Keyring
from moiety.errors import MoietyError
from moiety.sharing.seat import Seat

Observer = Callable[[str], None]
"""Hears each commit point, before and after it."""

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


def unobserved(point: str) -> None:
    """The observer that nobody is."""


class Store:
    """The database of one custodian, `custodian.sqlite` in a folder of its own. Safe for threads."""

    def __init__(self, folder: Path, seat: Seat, keys: Keyring, observer: Observer) -> None:
        self._file = folder / FILE
        self._opened = _which(self._file)
        self._engine = _engine(self._file, keys)
        self._seat = seat
        self._observer = observer
        self._watching = Lock()
        self._watch: PoolProxiedConnection | None = None

    @classmethod
    def open(cls, folder: Path, seat: Seat, keys: Keyring, observer: Observer) -> Store:
        """Open what `create` made. Raises `NoOffice` where there is nothing, instead of making an empty file."""
        if not (folder / FILE).is_file():
            raise refusals.NoOffice
        return cls(folder, seat, keys, observer)

    @classmethod
    def create(cls, folder: Path, seat: Seat, office: bytes, keys: Keyring, observer: Observer = unobserved) -> Store:
        """Make the folder (0700), the file (0600), the tables and the first epoch's key."""
        folder.mkdir(mode=0o700)
        # SQLite gives its -wal and -shm files the mode of the database file.
        os.close(os.open(folder / FILE, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        store = cls(folder, seat, keys, observer)
        with store.writing("found") as connection:
            tables.found(connection, seat, office)
            keys.make(connection, office, tables.custodian(connection).epoch)
        return store

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent view of the store."""
        with _errors(), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self, step: str) -> Iterator[Connection]:
        """One durable change, all or nothing; the observer hears its commit as `step`."""
        with _errors(), self._engine.connect().execution_options(**{_WRITING: True}) as connection:
            with connection.begin():
                yield connection
                self._observer(f"{self._seat} before {step}")
            self._observer(f"{self._seat} after {step}")

    def stamp(self) -> int:
        """A number that is another one after any commit, whoever made it; much cheaper than to read what it changed.

        Taken before reading what is to be kept, it says later whether that is still all there is. Every operation asks
        for it first. Raises `StoreReplaced` where another file has taken the place of the one that was opened: what is
        written to that one would be acknowledged and be nowhere.
        """
        if _which(self._file) != self._opened:
            raise refusals.StoreReplaced
        with _errors(), self._watching:
            if self._watch is None:
                self._watch = self._engine.raw_connection()  # nothing is ever written over this one
            number: int = self._watch.cursor().execute("PRAGMA data_version").fetchone()[0]
            return number

    def scrub(self, step: str = "scrub") -> None:
        """Move the log into the file and cut it to nothing, so that no old bytes remain in either.

        The observer hears it as `step`. Raises `StoreBusy` where another program keeps the log in use.
        """
        with _errors():
            pooled = self._engine.raw_connection()
            try:
                self._observer(f"{self._seat} before {step}")
                busy, _, _ = pooled.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                self._observer(f"{self._seat} after {step}")
            finally:
                pooled.close()
        if busy:
            raise refusals.StoreBusy

    def close(self) -> None:
        """Close every connection."""
        with self._watching:
            if self._watch is not None:
                self._watch.close()
                self._watch = None
        self._engine.dispose()


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


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        raise _typed(error.orig) from None
    except sqlite3.Error as error:
        raise _typed(error) from None


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
