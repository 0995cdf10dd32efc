"""PostgreSQL under a custodian: a database of its own, which one process at a time has open.

That process holds an advisory lock for as long as it is open, on a connection of its own, and has put its mark into
the one row of table `writer`; every change begins by counting that row up where the mark is still there. So changes
come one after the other, and a process that lost its lock, with its connection or because it was thought dead, cannot
write over the one that came after it.

What is deleted stays in a PostgreSQL: in dead rows until a VACUUM, in pages' gaps after it, in `pg_wal` and in whatever
archives that; only a superuser could make a checkpoint, and not even that would end it. What ends it is the seal: the
rows of an epoch die with its root. Until the epoch is over, an erased row's sealed bytes, and the order in which pages
were last rewritten (`xmin`), can be read from a copy of this one database's files together with its roots. A file of
SQLite's tells neither.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from threading import Lock
from typing import Any, Final

import psycopg
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from moiety.custody import refusals
from moiety.custody.store import tables
from moiety.custody.store.failing import of_store
from moiety.custody.store.keyring import KEYRING, Keyring
from moiety.database.idle import Connections
from moiety.database.postgresql import begun, engine, prepared, typed
from moiety.database.refusals import DatabaseUrlWrong
from moiety.errors import MoietyError
from moiety.sharing.seat import Seat

_LOCK: Final = 0x6D6F69657479
"""The advisory lock of a custodian's database ("moiety")."""

_WAIT_S = 10.0
"""How long to wait for another process, which may be dying, to let go of the database."""
_POLL_S: Final = 0.05

_MARK_BYTES: Final = 16


class PostgresDatabase:
    """One database by its URL (`postgresql://user:password@host/name`). Safe for threads."""

    driver_error: type[Exception] = psycopg.Error

    def __init__(self, url: str, keys: Keyring) -> None:
        try:
            self.engine = engine(url, {KEYRING: keys})
            self._connections = Connections(self.engine, begun, prepared)
        except DatabaseUrlWrong:
            raise refusals.DatabaseWrong from None
        self._mark = keys.entropy(_MARK_BYTES)
        self._holding = Lock()
        self._holder: Connection | None = None
        self._marked = False

    @classmethod
    def create(cls, url: str, keys: Keyring) -> PostgresDatabase:
        """Take a database that holds no custodian. Raises `DatabaseTaken`."""
        database = cls(url, keys)
        try:
            with database.engine.connect() as connection:
                taken = connection.scalar(text("SELECT to_regclass('custodian')"))
            if taken is not None:
                raise refusals.DatabaseTaken
            database._hold()
        except DBAPIError as error:
            database.close()
            raise database.typed(error.orig) from None
        except BaseException:
            database.close()
            raise
        return database

    @classmethod
    def open(cls, url: str, keys: Keyring) -> PostgresDatabase:
        """Take a custodian's database. Raises `StoreTaken` where another process has it open."""
        database = cls(url, keys)
        try:
            database._hold()
        except DBAPIError as error:
            database.close()
            raise database.typed(error.orig) from None
        except BaseException:
            database.close()
            raise
        return database

    def transaction(self, *, writing: bool) -> AbstractContextManager[Connection]:
        """One transaction: a snapshot to read, or the newest state under the writer's row."""
        return self._connections.transaction(writing=writing)

    def claim(self, connection: Connection, *, first: bool = False) -> None:
        """Count this change. Raises `StoreTaken` where another process has put its mark there; `first` puts this one's
        where the tables were just made."""
        if first:
            connection.execute(_PUT_MARK, {"mark": self._mark})
            self._marked = True
        elif connection.execute(_COUNT, {"mark": self._mark}).rowcount != 1:
            raise refusals.StoreTaken

    def stamp(self) -> int:
        """See `Store.stamp`. It is asked over the connection that holds the lock."""
        with self._holding:
            holder = self._holder or self._take()
            try:
                found = holder.execute(_STAMP).one()
            except DBAPIError:
                self._let_go()
                raise
        if bytes(found.mark) != self._mark:
            raise refusals.StoreTaken
        return int(found.changes)

    def scrub(self) -> None:
        """Let dead rows be written over. What that leaves, only the end of the epoch ends: see above."""
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM (INDEX_CLEANUP AUTO) page, states, kept, data_key"))

    @staticmethod
    def typed(error: BaseException | None) -> MoietyError:
        """The refusal for an error of the driver's, by its SQLSTATE."""
        return of_store(typed(error))

    def close(self) -> None:
        """Close every connection, and let go of the database."""
        with self._holding:
            self._let_go()
        self._connections.close()

    def _hold(self) -> None:
        with self._holding:
            self._take()

    def _take(self) -> Connection:
        """Take the lock, on a connection that nothing else is done on but asking for the stamp."""
        holder = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        deadline = time.monotonic() + _WAIT_S
        try:
            while not holder.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": _LOCK}):
                if time.monotonic() > deadline:
                    raise refusals.StoreTaken
                time.sleep(_POLL_S)
            # Waits for a change that a dead process left running at the server, and ends its right to another.
            if not self._marked and holder.scalar(text("SELECT to_regclass('writer')")) is not None:
                holder.execute(_PUT_MARK, {"mark": self._mark})
                self._marked = True
        except BaseException:
            holder.invalidate()
            holder.close()
            raise
        self._holder = holder
        return holder

    def _let_go(self) -> None:
        if self._holder is not None:
            self._holder.invalidate()
            self._holder.close()
            self._holder = None


_PUT_MARK: Final = text("UPDATE writer SET mark = :mark")
_COUNT: Final = text("UPDATE writer SET changes = changes + 1 WHERE mark = :mark")
_STAMP: Final = text("SELECT changes, mark FROM writer")


def remove_leftover(url: str, office: bytes, seat: Seat, keys: Keyring) -> None:
    """Remove the tables of a custodian that began to move into this database and never came to be; of no other one."""
    database = PostgresDatabase(url, keys)
    try:
        with database.engine.begin() as connection:
            if connection.scalar(text("SELECT to_regclass('custodian')")) is None:
                return
            found = connection.execute(text("SELECT office, seat FROM custodian")).one_or_none()
            if found is not None and (bytes(found.office), found.seat) == (office, seat):
                tables.METADATA.drop_all(connection)
                connection.execute(text("DROP TABLE IF EXISTS alembic_version"))
    except DBAPIError as error:
        raise database.typed(error.orig) from None
    finally:
        database.close()


def copy_in(connection: Connection, statement: str, types: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert rows by a COPY statement, in binary."""
    with _driver(connection).cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)


def copy_out(connection: Connection, statement: str, types: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """The rows of a COPY statement, in binary, as they arrive."""
    with _driver(connection).cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(types)
        yield from copy.rows()


def _driver(connection: Connection) -> psycopg.Connection[Any]:
    driver = connection.connection.dbapi_connection
    if not isinstance(driver, psycopg.Connection):
        raise TypeError("only PostgreSQL copies")
    return driver
