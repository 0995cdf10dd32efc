"""PostgreSQL, by its URL: several processes may have one database open, and one changes it at a time.

What is deleted stays in a PostgreSQL: in dead rows until a VACUUM, in `pg_wal` and in whatever archives that. Whoever
promises that something is gone has sealed it under a key that is gone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final

import psycopg
from sqlalchemy import Connection, Engine, create_engine, make_url, text
from sqlalchemy.exc import ArgumentError

from moiety.database import refusals
from moiety.database.idle import Connections
from moiety.database.kind import Kind
from moiety.errors import MoietyError

_WAIT_S: Final = 10

_SETTINGS: Final = (
    # A commit is on the disk, and on the standby where one is set, when it is acknowledged.
    f"-c synchronous_commit=on -c lock_timeout={_WAIT_S}s -c client_encoding=UTF8"
)

_LOCK: Final = text("SELECT pg_advisory_xact_lock(:lock)")


class PostgresBackend:
    """One database by its URL (`postgresql://user:password@host/name`). Safe for threads."""

    driver_error: type[Exception] = psycopg.Error

    def __init__(self, url: str, kind: Kind) -> None:
        self._kind = kind
        self.engine = engine(url)
        self._connections = Connections(self.engine, begun, prepared)

    def transaction(self, *, writing: bool) -> AbstractContextManager[Connection]:
        """One transaction: a snapshot to read, or the newest state after whoever wrote last."""
        return self._connections.transaction(writing=writing)

    def claim(self, connection: Connection) -> None:
        """Wait for the turn to write. It ends with the transaction, however that ends."""
        connection.execute(_LOCK, {"lock": self._kind.lock})

    @contextmanager
    def trying(self, connection: Connection) -> Iterator[None]:
        """What is written meanwhile is taken back: a dead row until the server's own VACUUM."""
        with connection.begin_nested() as tried:
            yield
            tried.rollback()

    def check(self) -> None:
        """Nothing: a server says itself whether it is there."""

    def is_empty(self, connection: Connection) -> bool:
        """True: others may have tables beside ours in one database."""
        return True

    def scrub(self) -> None:
        """Let dead rows be written over. That is all that a PostgreSQL does: see above."""
        names = ", ".join(f'"{name}"' for name in sorted(self._kind.tables.tables))
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(f"VACUUM (INDEX_CLEANUP AUTO) {names}")

    def typed(self, error: BaseException | None) -> MoietyError:
        """The refusal for an error of the driver's, by its SQLSTATE."""
        return typed(error)

    def close(self) -> None:
        """Close every connection."""
        self._connections.close()


_FULL: Final = {"53100", "25006"}  # disk full; a server that only reads
_BUSY: Final = {"40001", "40P01", "55P03"}
_BROKEN: Final = {"XX001", "XX002"}
_SHUT: Final = ("28", "3D", "42501")  # not let in; no such database; no right to a table
_LOST: Final = ("08", "57P", "53300", "25P03", "25P04")


def _number(state: str) -> int:
    """An SQLSTATE as a whole number: itself where it has no letters, else in base 36."""
    return int(state) if state.isdigit() else int(state or "0", 36)


def typed(error: BaseException | None) -> MoietyError:
    """What an error of the driver's means, by its SQLSTATE: one of `refusals`."""
    state: str = getattr(error, "sqlstate", None) or ""
    if state in _FULL:
        return refusals.DatabaseFull()
    if state in _BUSY:
        return refusals.DatabaseBusy()
    if state.startswith(_SHUT):
        return refusals.DatabaseShut()
    if state in _BROKEN:
        return refusals.DatabaseUnreadable(error=_number(state))
    if not state and isinstance(error, psycopg.OperationalError):
        # Nobody answered, or who answered did not let us in: then a password was asked for.
        tried = error.pgconn
        asked = tried is not None and (tried.needs_password or tried.used_password)
        return refusals.DatabaseShut() if asked else refusals.DatabaseLost()
    if state.startswith(_LOST):
        return refusals.DatabaseLost()
    return refusals.DatabaseFailed(error=_number(state))


def engine(url: str, options: Mapping[str, Any] | None = None) -> Engine:
    """What opens connections to a database by its URL; `options` are SQLAlchemy's execution options. Raises
    `DatabaseUrlWrong`."""
    try:
        address = make_url(url)
    except ArgumentError:
        raise refusals.DatabaseUrlWrong from None
    if address.get_backend_name() != "postgresql":
        raise refusals.DatabaseUrlWrong
    # Threads read at the same time: none of them should wait for another's connection.
    return create_engine(
        address.set(drivername="postgresql+psycopg"),
        connect_args={"options": _SETTINGS, "connect_timeout": _WAIT_S},
        hide_parameters=True,
        max_overflow=-1,
        execution_options=dict(options or {}),
    )


def begun(connection: Connection, writing: bool) -> AbstractContextManager[object]:
    """A transaction, committed at its end."""
    return connection.begin()


def prepared(connection: Connection, writing: bool) -> Connection:
    """A connection whose transactions read a snapshot; or write, over the newest state."""
    if writing:
        return connection.execution_options(isolation_level="READ COMMITTED")
    return connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
