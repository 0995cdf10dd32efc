"""One database, SQLite or PostgreSQL: made, opened, transactions, commit points, and what becomes of old bytes.

Every commit is a named point: the observer hears `"before append"` just before the commit of step `append`, and
`"after append"` once it is durable. Tests kill the process there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from sqlalchemy import Column, Connection, Engine, Integer, MetaData, String, Table, insert, inspect, select
from sqlalchemy.exc import DBAPIError

from moiety.database import refusals
from moiety.database.kind import Kind
from moiety.database.sqlite import SqliteBackend
from moiety.errors import MoietyError

Observer = Callable[[str], None]
"""Hears each commit point, before and after it."""


Beginning = Callable[[Connection], None]
"""Writes what a new database begins with."""


def nothing(connection: Connection) -> None:
    """No rows."""


def unobserved(point: str) -> None:
    """The observer that nobody is."""


_MARKS = MetaData()

_MARK = Table(
    "moiety_database",
    _MARKS,
    Column("kind", String(32), primary_key=True),
    Column("format", Integer, nullable=False),
)
"""Whose tables are in a database: a row for each kind."""


class _Backend(Protocol):
    """What differs between the two databases."""

    engine: Engine
    driver_error: type[Exception]

    def transaction(self, *, writing: bool) -> AbstractContextManager[Connection]: ...
    def claim(self, connection: Connection) -> None: ...
    def trying(self, connection: Connection) -> AbstractContextManager[None]: ...
    def check(self) -> None: ...
    def is_empty(self, connection: Connection) -> bool: ...
    def scrub(self) -> None: ...
    def typed(self, error: BaseException | None) -> MoietyError: ...
    def close(self) -> None: ...


class Database:
    """One open database of one kind: `NAME.sqlite` in a folder, or PostgreSQL by a URL. Safe for threads.

    Several processes may have it open; one changes it at a time, and the others wait for up to ten seconds. Every
    method raises a `DatabaseUnavailable`, `DatabaseUnreadable` or `DatabaseReplaced` where the database fails; after
    one of them from `writing`, whether the change was made is found out by reading.
    """

    def __init__(self, backend: _Backend, observer: Observer) -> None:
        self._backend = backend
        self._observer = observer

    @property
    def engine(self) -> Engine:
        """What tests reach behind the database with."""
        return self._backend.engine

    @classmethod
    def create(
        cls, kind: Kind, place: Path | str, observer: Observer = unobserved, begin: Beginning = nothing
    ) -> Database:
        """Make the tables, in a folder (made too, 0700; the file 0600) or in the database of a URL.

        `begin` writes the first rows, in the same transaction. Whoever is ended in the middle leaves nothing or an
        empty file, and may create again. Raises `DatabaseExists` where there is one of this kind, and `DatabaseForeign`
        where the file is somebody else's.
        """
        database = cls(_made(kind, place), observer)
        try:
            with database.writing("create") as connection:
                if _format(connection, kind) is not None:
                    raise refusals.DatabaseExists
                if not database._backend.is_empty(connection):
                    raise refusals.DatabaseForeign
                _MARKS.create_all(connection)
                kind.tables.create_all(connection, checkfirst=False)
                connection.execute(insert(_MARK).values(kind=kind.name, format=kind.format))
                begin(connection)
        except BaseException:
            database.close()
            raise
        return database

    @classmethod
    def open(cls, kind: Kind, place: Path | str, observer: Observer = unobserved) -> Database:
        """Open what `create` made.

        Raises `DatabaseMissing` where there is nothing of this kind, `DatabaseForeign` where the file is somebody
        else's, and `DatabaseFormatUnknown`.
        """
        database = cls(_found(kind, place), observer)
        try:
            with database.reading() as connection:
                found = _format(connection, kind)
                if found is None and not database._backend.is_empty(connection):
                    raise refusals.DatabaseForeign
            if found is None:
                raise refusals.DatabaseMissing
            if found != kind.format:
                raise refusals.DatabaseFormatUnknown(found=found, known=kind.format)
        except BaseException:
            database.close()
            raise
        return database

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent view."""
        with self._errors(), self._backend.transaction(writing=False) as connection:
            yield connection

    @contextmanager
    def writing(self, step: str) -> Iterator[Connection]:
        """One durable change, all or nothing; the observer hears its commit as `step`.

        It waits for its turn first, so what is read within it is what nobody else changes.
        """
        with self._errors():
            with self._backend.transaction(writing=True) as connection:
                self._backend.claim(connection)
                yield connection
                self._backend.check()
                self._observer(f"before {step}")
            self._observer(f"after {step}")

    def trying(self, connection: Connection) -> AbstractContextManager[None]:
        """Within `writing`: what is written meanwhile is taken back, and fails where there is no room for it. SQLite
        keeps that room for the next who writes, in this program or another; a PostgreSQL does not promise to."""
        return self._backend.trying(connection)

    def scrub(self, step: str = "scrub") -> None:
        """Leave no more old bytes than the database must. The observer hears it as `step`. Raises `DatabaseBusy`."""
        with self._errors():
            self._observer(f"before {step}")
            self._backend.scrub()
            self._observer(f"after {step}")

    def close(self) -> None:
        """Close every connection."""
        self._backend.close()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise self._backend.typed(error.orig) from None
        except self._backend.driver_error as error:
            raise self._backend.typed(error) from None


def _made(kind: Kind, place: Path | str) -> _Backend:
    if isinstance(place, Path):
        return SqliteBackend.make(place, kind)
    return _postgresql(kind, place)


def _found(kind: Kind, place: Path | str) -> _Backend:
    if isinstance(place, Path):
        return SqliteBackend.at(place, kind)
    return _postgresql(kind, place)


def _postgresql(kind: Kind, url: str) -> _Backend:
    from moiety.database.postgresql import PostgresBackend

    return PostgresBackend(url, kind)


def _format(connection: Connection, kind: Kind) -> int | None:
    """The format in which a database has this kind, or None where it has none of it."""
    if not inspect(connection).has_table(_MARK.name):
        return None
    found: int | None = connection.scalar(select(_MARK.c.format).where(_MARK.c.kind == kind.name))
    return found
