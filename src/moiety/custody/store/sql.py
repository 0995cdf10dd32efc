"""One custodian's database, SQLite or PostgreSQL: transactions, commit points, and what becomes of old bytes.

The statements are the same on both (`tables`); what differs is a file each (`sqlite`, `postgresql`).

Every commit is a named point: the observer hears `"a before prepare"` just before the commit of step `prepare` at
custodian a, and `"a after prepare"` once it is durable. Tests kill the process there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from moiety.custody import refusals
from moiety.custody.store import tables, versions
from moiety.custody.store.keyring import Keyring
from moiety.custody.store.sqlite import FILE, SqliteDatabase
from moiety.errors import MoietyError
from moiety.sharing.seat import Seat

Observer = Callable[[str], None]
"""Hears each commit point, before and after it."""

__all__ = ["FILE", "Database", "Observer", "Store", "unobserved"]


def unobserved(point: str) -> None:
    """The observer that nobody is."""


class Database(Protocol):
    """What a store needs of a database, beyond statements. Errors of the driver's come as they are: see `typed`."""

    engine: Engine
    driver_error: type[Exception]

    def transaction(self, *, writing: bool) -> AbstractContextManager[Connection]:
        """One transaction: one consistent view, or one durable change at a time."""

    def claim(self, connection: Connection, *, first: bool = False) -> None:
        """Begin a change: wait for any other one, and refuse where the store has been taken by somebody else."""

    def stamp(self) -> int:
        """See `Store.stamp`."""

    def scrub(self) -> None:
        """See `Store.scrub`."""

    def typed(self, error: BaseException | None) -> MoietyError:
        """The refusal for an error of the driver's."""

    def close(self) -> None:
        """Close every connection."""


class Store:
    """The database of one custodian: `custodian.sqlite` in its folder, or PostgreSQL by a URL. Safe for threads."""

    def __init__(self, database: Database, seat: Seat, observer: Observer) -> None:
        self._database = database
        self._seat = seat
        self._observer = observer

    @property
    def engine(self) -> Engine:
        """What tests reach behind the store with."""
        return self._database.engine

    @classmethod
    def open(cls, folder: Path, seat: Seat, keys: Keyring, observer: Observer, url: str | None = None) -> Store:
        """Open what `create` made, and bring it to this version's format.

        Raises `NoOffice` where there is nothing, `FormatUnknown`, `NotOneOffice` where it is another seat's, and
        `StoreTaken` where another process has this database open.
        """
        database = _opened(folder, keys, url)
        store = cls(database, seat, observer)
        try:
            store._settle_in(keys)
        except BaseException:
            store.close()
            raise
        return store

    @classmethod
    def beside(cls, folder: Path, seat: Seat, keys: Keyring, url: str | None = None) -> Store:
        """A store that another process may have open, to read from it and nothing else.

        Raises as `open`, and `FormatUnknown` for an older format too.
        """
        if url is None:
            database: Database = SqliteDatabase.open(folder, keys)
        else:
            from moiety.custody.store.postgresql import PostgresDatabase

            database = PostgresDatabase(url, keys)
        store = cls(database, seat, unobserved)
        try:
            with store.reading() as connection:
                found = versions.found(connection)
            if found is None:
                raise refusals.NoOffice
            if found.seat != seat:
                raise refusals.NotOneOffice
            if found.format != tables.FORMAT:
                raise refusals.FormatUnknown(found=found.format, known=tables.FORMAT)
        except BaseException:
            store.close()
            raise
        return store

    @classmethod
    def create(
        cls,
        folder: Path,
        seat: Seat,
        office: bytes,
        keys: Keyring,
        observer: Observer = unobserved,
        url: str | None = None,
    ) -> Store:
        """Make the folder (0700), the file (0600) where there is no URL, the tables and the first epoch's key.

        Raises `DatabaseTaken` where there is a custodian in this database already.
        """
        folder.mkdir(mode=0o700)
        store = cls(_created(folder, keys, url), seat, observer)
        try:
            with store.writing("found", new=True) as connection:
                versions.upgrade(connection)
                tables.found(connection, seat, office)
                store._database.claim(connection, first=True)
                keys.make(connection, office, tables.custodian(connection).epoch)
        except BaseException:
            store.close()
            raise
        return store

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent view of the store."""
        with self._errors(), self._database.transaction(writing=False) as connection:
            yield connection

    @contextmanager
    def writing(self, step: str, *, new: bool = False) -> Iterator[Connection]:
        """One durable change, all or nothing; the observer hears its commit as `step`. `new`: there is no table yet."""
        with self._errors():
            with self._database.transaction(writing=True) as connection:
                if not new:
                    self._database.claim(connection)
                yield connection
                self._observer(f"{self._seat} before {step}")
            self._observer(f"{self._seat} after {step}")

    def stamp(self) -> int:
        """A number that is another one after any commit, whoever made it; much cheaper than to read what it changed.

        Taken before reading what is to be kept, it says later whether that is still all there is. Every operation asks
        for it first. Raises `StoreReplaced` where another file has taken the place of the one that was opened, and
        `StoreTaken` where another process has taken the database: what is written would be acknowledged and be nowhere.
        """
        with self._errors():
            return self._database.stamp()

    def scrub(self, step: str = "scrub") -> None:
        """Leave no more old bytes than the database must. The observer hears it as `step`. Raises `StoreBusy`."""
        with self._errors():
            self._observer(f"{self._seat} before {step}")
            self._database.scrub()
            self._observer(f"{self._seat} after {step}")

    def close(self) -> None:
        """Close every connection."""
        self._database.close()

    def _settle_in(self, keys: Keyring) -> None:
        """Check whose store this is and that its key can be had; bring an older format up to date."""
        with self.reading() as connection:
            found = versions.found(connection)
        if found is None:
            raise refusals.NoOffice
        if found.seat != self._seat:
            raise refusals.NotOneOffice
        if found.format > tables.FORMAT:
            raise refusals.FormatUnknown(found=found.format, known=tables.FORMAT)
        if found.format < tables.FORMAT:
            with self.writing("upgrade", new=True) as connection:
                versions.upgrade(connection)
                self._database.claim(connection, first=True)
            self.scrub()
        with self.reading() as connection:
            own = tables.custodian(connection)
            keys.key(connection, own, own.epoch)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise self._database.typed(error.orig) from None
        except self._database.driver_error as error:
            raise self._database.typed(error) from None


def _opened(folder: Path, keys: Keyring, url: str | None) -> Database:
    if url is None:
        return SqliteDatabase.open(folder, keys)
    from moiety.custody.store.postgresql import PostgresDatabase

    return PostgresDatabase.open(url, keys)


def _created(folder: Path, keys: Keyring, url: str | None) -> Database:
    if url is None:
        return SqliteDatabase.create(folder, keys)
    from moiety.custody.store.postgresql import PostgresDatabase

    return PostgresDatabase.create(url, keys)
