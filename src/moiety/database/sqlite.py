"""SQLite: one file in a folder, for one machine; several processes may have it open."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import chain, repeat
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.pool import ConnectionPoolEntry

from moiety.database import refusals
from moiety.database.idle import Connections
from moiety.database.kind import Kind
from moiety.database.private import of_sqlite, require_private
from moiety.errors import MoietyError

_WAIT_S = 10.0
"""How long to wait for another thread or program that writes: none of ours takes as long."""

_SOON_S: Final = 0.000_25
_SOON: Final = 40
_LATER_S: Final = 0.005
"""After how long it is looked again whether it is one's turn to write: the first forty times, and after that."""

_FEW_PAGES: Final = 1
"""Pages that are held back from the log until a commit, where as many as can be are to be in its file before."""

AT_ONCE: Final = (
    "PRAGMA journal_mode=WAL",
    # FULL: a commit survives a power cut, not only a killed process.
    "PRAGMA synchronous=FULL",
    "PRAGMA secure_delete=ON",
    "PRAGMA foreign_keys=ON",
    # Sorting spills rows into temporary files otherwise.
    "PRAGMA temp_store=MEMORY",
    "PRAGMA trusted_schema=OFF",
)
"""What every connection is told first."""


class SqliteBackend:
    """The file `NAME.sqlite` in a folder. Safe for threads."""

    driver_error: type[Exception] = sqlite3.Error

    def __init__(self, folder: Path, kind: Kind) -> None:
        self._file = folder / kind.file
        self._opened = which(self._file)
        self.engine = engine(self._file, kind.page_bytes, AT_ONCE, _WAIT_S, log_bytes=kind.log_bytes)
        self._connections = Connections(self.engine, begun(_WAIT_S), prepared)

    @classmethod
    def make(cls, folder: Path, kind: Kind) -> SqliteBackend:
        """Make the folder (0700) and an empty file (0600); SQLite gives its -wal and -shm files the same mode.

        A file may be there already, from whoever was ended before anything was in it. Raises `DatabaseFull` and
        `DatabaseExposed`.
        """
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            os.close(os.open(folder / kind.file, flags, 0o600))
        except OSError:
            raise refusals.DatabaseFull from None
        return cls.at(folder, kind)

    @classmethod
    def at(cls, folder: Path, kind: Kind) -> SqliteBackend:
        """Raises `DatabaseMissing` where there is no file, instead of making an empty one, and `DatabaseExposed` where
        others may reach it."""
        if not (folder / kind.file).is_file():
            raise refusals.DatabaseMissing
        require_private(folder, *of_sqlite(kind.file))
        return cls(folder, kind)

    def transaction(self, *, writing: bool) -> AbstractContextManager[Connection]:
        """One transaction; one that writes waits for its turn at its beginning."""
        return self._connections.transaction(writing=writing)

    def claim(self, connection: Connection) -> None:
        """Nothing: a transaction that writes holds the file's lock from its beginning on."""

    @contextmanager
    def trying(self, connection: Connection) -> Iterator[None]:
        """What is written meanwhile goes into the log's file, as far as it can before a commit, and is taken back: the
        log is as long as before and its file is not, so whoever commits next has bytes of the disk to write over."""
        driver = _driver(connection)
        [(pages,)] = driver.execute("PRAGMA cache_size").fetchall()
        # Where something goes wrong, the connection is given up.
        driver.execute(f"PRAGMA cache_size={_FEW_PAGES}")
        driver.execute("SAVEPOINT trying")
        yield
        driver.execute("ROLLBACK TO trying")
        driver.execute("RELEASE trying")
        driver.execute(f"PRAGMA cache_size={pages}")

    def check(self) -> None:
        """Raises `DatabaseReplaced`: what is written now would be acknowledged and be nowhere."""
        if which(self._file) != self._opened:
            raise refusals.DatabaseReplaced

    def is_empty(self, connection: Connection) -> bool:
        """Whether nobody's tables are in the file."""
        return connection.exec_driver_sql("SELECT count(*) FROM sqlite_schema").scalar() == 0

    def scrub(self) -> None:
        """Move the log into the file and cut it to nothing, so that no old bytes remain in either.

        Raises `DatabaseBusy` where another program keeps the log in use.
        """
        if not cut(self.engine, _WAIT_S):
            raise refusals.DatabaseBusy

    def typed(self, error: BaseException | None) -> MoietyError:
        """The refusal for an error of the driver's."""
        return typed(error)

    def close(self) -> None:
        """Close every connection."""
        self._connections.close()


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


def typed(error: BaseException | None) -> MoietyError:
    """What an error of the driver's means: one of `refusals`."""
    code: int = getattr(error, "sqlite_errorcode", 0)
    plain = code & 0xFF
    if plain in _FULL or code in _UNWRITTEN:
        return refusals.DatabaseFull()
    if plain in _BUSY:
        return refusals.DatabaseBusy()
    if plain in _BROKEN:
        return refusals.DatabaseUnreadable(error=code)
    return refusals.DatabaseFailed(error=code)


def which(file: Path) -> tuple[int, int] | None:
    """What tells a file from another that is put in its place."""
    try:
        found = os.stat(file)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def begun(wait_s: float) -> Callable[[Connection, bool], AbstractContextManager[object]]:
    """Transactions over connections of an `engine`, committed at their end; one that writes waits for its turn at its
    beginning, so long at most.

    They are the driver's own: of a small transaction's time, SQLAlchemy's way there and back would be a fifth. What is
    begun beside by its statements is the same transaction.
    """

    @contextmanager
    def transaction(connection: Connection, writing: bool) -> Iterator[None]:
        driver = _driver(connection)
        if writing:
            _take_turn(driver, wait_s)
        else:
            driver.execute("BEGIN")
        # Where something goes wrong, the connection is given up, and what was not committed is nowhere.
        yield
        connection.commit()
        driver.commit()

    return transaction


def _take_turn(driver: sqlite3.Connection, wait_s: float) -> None:
    """Begin to write, once nobody else does.

    Whoever writes takes a millisecond, and SQLite's own way of waiting looks again after one, two, five, and so on: of
    two processes that write all the time, one slept while nobody wrote.
    """
    until = monotonic() + wait_s
    for again_s in chain(repeat(_SOON_S, _SOON), repeat(_LATER_S)):
        try:
            driver.execute("BEGIN IMMEDIATE")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or monotonic() > until:
                raise
        sleep(again_s)


def prepared(connection: Connection, writing: bool) -> Connection:
    """A connection to read over; or one to write over, which no other use comes to have: it waits in its own way."""
    if writing:
        connection.detach()
        _driver(connection).execute("PRAGMA busy_timeout=0")
    return connection


def _driver(connection: Connection) -> sqlite3.Connection:
    driver = connection.connection.dbapi_connection
    if not isinstance(driver, sqlite3.Connection):
        raise TypeError("this is no connection to SQLite")
    return driver


def cut(engine: Engine, wait_s: float) -> bool:
    """Move the log into the file and cut it to nothing; whether no other program keeps it in use, so long at most."""
    pooled, until = engine.raw_connection(), monotonic() + wait_s
    try:
        while True:
            busy, _, _ = pooled.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            # SQLite waits for who reads or writes, but not for another who moves the log.
            if not busy or monotonic() > until:
                break
            sleep(_LATER_S)
    finally:
        pooled.close()
    return not busy


def engine(
    file: Path,
    page_bytes: int,
    at_once: Sequence[str],
    wait_s: float,
    options: Mapping[str, Any] | None = None,
    *,
    log_bytes: int,
) -> Engine:
    """What opens connections to a file, each told `at_once` first; one waits so long for another program's writing.
    `options` are SQLAlchemy's execution options, `log_bytes` those of commits until they are moved into the file."""
    # A path may hold characters that mean something in a URL. Errors must not print what was bound.
    # Threads read at the same time: none of them should wait for another's connection.
    made = create_engine(
        URL.create("sqlite", database=str(file)),
        connect_args={"timeout": wait_s},
        hide_parameters=True,
        max_overflow=-1,
        execution_options=dict(options or {}),
    )

    @event.listens_for(made, "connect")
    def configure(connection: sqlite3.Connection, entry: ConnectionPoolEntry) -> None:
        # Python's driver would begin and end transactions on its own; ours are explicit (see `begin`).
        connection.isolation_level = None
        connection.execute(f"PRAGMA page_size={page_bytes}")
        connection.execute(f"PRAGMA wal_autocheckpoint={log_bytes // page_bytes}")
        for pragma in at_once:
            connection.execute(pragma)

    @event.listens_for(made, "begin")
    def begin(connection: Connection) -> None:
        driver = _driver(connection)
        if not driver.in_transaction:
            driver.execute("BEGIN")

    return made
