"""An append-only log in a database, SQLite or PostgreSQL: one of the four of an office.

What `append` returned is on the disk, with the tree above it, in one transaction; whoever is ended between any two
steps leaves the log whole. Appenders that come at the same time share one commit. When it cannot be written it says
`LedgerUnwritable`, and whoever asked does nothing then: there is no way to switch it off.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Self

from sqlalchemy import Connection

from moiety.database import Database, Observer, unobserved
from moiety.database.refusals import DatabaseReplaced, DatabaseUnavailable, DatabaseUnreadable
from moiety.ledger import checking, sql, tree
from moiety.ledger.appending import APPEND_MAX, Queue, Ticket, write
from moiety.ledger.head import Head, Signer
from moiety.ledger.many import Many
from moiety.ledger.operation import Line, Party
from moiety.ledger.refusals import (
    LedgerAltered,
    LedgerUnwritable,
    OperationUninvited,
    PositionUnknown,
    TooManyEntries,
)
from moiety.ledger.seal import Leaf
from moiety.ledger.state import State

_FAILING = (DatabaseUnavailable, DatabaseReplaced, DatabaseUnreadable)


class Log:
    """One log. Safe for threads, and for several processes on one database.

    `origin` names it in its heads, `party` says whose it is, `key` is the Ed25519 public key (32 bytes) of its heads.
    """

    def __init__(self, database: Database, origin: str, party: Party, key: bytes) -> None:
        self._database = database
        self._origin = origin
        self._party = party
        self._key = key
        self._queue = Queue()
        self._committing = Lock()
        self._seen = 0

    @classmethod
    def create(cls, place: Path | str, origin: str, party: Party, key: bytes, observer: Observer = unobserved) -> Self:
        """Begin a log, in a folder or in the PostgreSQL of a URL.

        Raises `LedgerUnwritable`, and `DatabaseExists` where there is one.
        """
        with _writing():
            database = Database.create(sql.LEDGER, place, observer, sql.found)
        return cls(database, origin, party, key)

    @classmethod
    def open(cls, place: Path | str, origin: str, party: Party, key: bytes, observer: Observer = unobserved) -> Self:
        """Open a log, and look whether its end is what it should be; where it is not, all of it is read, to tell from
        where on.

        Raises `LedgerAltered`, `DatabaseMissing` where there is none, and other errors of the database.
        """
        log = cls(Database.open(sql.LEDGER, place, observer), origin, party, key)
        try:
            with log._database.reading() as connection:
                try:
                    log._seen = checking.check_end(connection, origin, key).size
                except LedgerAltered:
                    checking.check_all(connection, origin, key)
                    raise
        except BaseException:
            log.close()
            raise
        return log

    def append(self, leaves: Sequence[Leaf]) -> list[int]:
        """Write entries down, durably when this returns: their positions.

        An operation that is in the log already, said the same, keeps the position that it has: who was not answered
        asks again. Raises `LedgerUnwritable` where nothing may be done, `LedgerAltered`, `OperationDiffers`,
        `OperationUninvited` and `TooManyEntries`; after the last three none of these entries was written.
        """
        if len(leaves) > APPEND_MAX:
            raise TooManyEntries(limit=APPEND_MAX)
        if any(self._party not in leaf.line.parties for leaf in leaves):
            raise OperationUninvited
        if not leaves:
            return []
        ticket = Ticket(leaves)
        self._queue.put(ticket)
        with self._committing:
            while not ticket.done:
                self._commit(self._queue.take())
        if ticket.error is not None:
            raise ticket.error
        return ticket.positions

    def state(self) -> State:
        """What the log is now: its size, root and lines."""
        with self._reading() as (_, state):
            return state

    def head(self, minute: int, signer: Signer, *, room: bool = False, many: int = 0) -> bytes:
        """Sign what the log is now, and keep that; with `room`, where the next few entries would fit too, one of them
        about so many people. Raises `LedgerUnwritable`."""
        with _writing():
            state = self.state()
            signed = Head(self._origin, state.size, state.frontier.root(), state.lines, minute).signed(signer)
            with self._database.writing("head") as connection:
                if room:
                    with self._database.trying(connection):
                        sql.fill(connection, many)
                sql.put_head(connection, state.size, signed)
        return signed

    def lacking(self, operations: Sequence[bytes]) -> set[bytes]:
        """Those of some operations that are not in the log."""
        with self._reading() as (connection, _):
            return set(operations) - set(sql.known(connection, operations))

    def lines(self, operations: Sequence[bytes]) -> dict[bytes, Line]:
        """The lines of those of some operations that are in the log."""
        with self._reading() as (connection, _):
            return {operation: line for operation, (_, line) in sql.known(connection, operations).items()}

    def leaves(self, start: int, end: int) -> Iterator[tuple[int, Leaf]]:
        """The leaves of a range of positions, in order."""
        return self._pages(lambda connection, at: sql.page(connection, at, end), start)

    def leaves_of(self, *tags: bytes) -> Iterator[tuple[int, Leaf]]:
        """The leaves of these tags, with their positions, in order."""
        found: list[tuple[int, Leaf]] = []
        for start in range(0, len(tags), sql.TAGS):
            some = tags[start : start + sql.TAGS]
            found += self._pages(partial(sql.page_of, tags=some), 0)
        return iter(sorted(found, key=lambda leaf: leaf[0]))

    def many(self, first: int, last: int) -> Iterator[tuple[bytes, Many]]:
        """Operations about many people of the days from `first` to `last` (since 1970-01-01), and what lies beside
        each, as far as this log keeps that. Nothing here is checked: the entry says the root."""
        start = 0
        while True:
            with self._reading() as (connection, _):
                found = sql.many(connection, first, last, start)
            yield from ((operation, many) for _, operation, many in found)
            if len(found) < sql.MANY_AT_ONCE:
                return
            start = found[-1][0] + 1

    def checked(self, start: int, end: int) -> Iterator[Leaf]:
        """As `leaves`, without positions, for whoever audits. Raises `LedgerAltered` before a leaf that is missing or
        has beside it, in the clear, what it did not commit to."""
        expected = start
        for position, leaf in self.leaves(start, end):
            checking.check_leaf(expected, position, leaf)
            yield leaf
            expected += 1

    def proven(self, operation: bytes, size: int) -> tuple[int, Leaf, list[bytes]] | None:
        """Where the leaf of an operation is, the leaf, and the proof that it is among the first `size`: see `tree`.
        None where it is not among them. Raises `PositionUnknown` where the log never had so many, `LedgerAltered`."""
        with self._reading() as (connection, state):
            if not 0 <= size <= state.size:
                raise PositionUnknown(size=state.size)
            position, _ = sql.known(connection, [operation]).get(operation, (size, None))
            if position >= size:
                return None
            [(_, leaf)] = sql.page(connection, position, position + 1)
            return position, leaf, tree.inclusion_proof(position, size, checking.nodes(connection))

    def consistency(self, old: int, size: int) -> list[bytes]:
        """The proof that the log of `old` leaves became one of `size`: see `tree`. Raises as `proven`."""
        with self._reading() as (connection, state):
            if not 0 <= old <= size <= state.size:
                raise PositionUnknown(size=state.size)
            return tree.consistency_proof(old, size, checking.nodes(connection))

    def verify(self) -> State:
        """Read everything, and look whether nothing was altered or cut. Raises `LedgerAltered`."""
        with self._reading() as (connection, _):
            return checking.check_all(connection, self._origin, self._key)

    def close(self) -> None:
        """Close every connection."""
        self._database.close()

    @contextmanager
    def _reading(self) -> Iterator[tuple[Connection, State]]:
        least = self._seen
        with self._database.reading() as connection:
            yield connection, self._current(connection, least)

    def _current(self, connection: Connection, least: int) -> State:
        """The state as stored, where it is not older than one that was seen before this transaction began."""
        state = checking.stored_state(connection)
        if state.size < least:
            raise LedgerAltered(position=state.size)
        self._seen = max(self._seen, state.size)
        return state

    def _pages(
        self, page: Callable[[Connection, int], list[tuple[int, Leaf]]], start: int
    ) -> Iterator[tuple[int, Leaf]]:
        while True:
            with self._reading() as (connection, _):
                found = page(connection, start)
            yield from found
            if len(found) < sql.PAGE:
                return
            start = found[-1][0] + 1

    def _commit(self, batch: list[Ticket]) -> None:
        least = self._seen
        try:
            with self._database.writing("append") as connection:
                state = write(connection, self._current(connection, least), batch)
            self._seen = max(self._seen, state.size)
        except LedgerAltered as error:
            for ticket in batch:
                ticket.error = LedgerAltered(**error.numbers)
        except _FAILING:
            for ticket in batch:
                ticket.error = LedgerUnwritable()
        except BaseException:
            for ticket in batch:
                ticket.error = LedgerUnwritable()
            raise
        finally:
            for ticket in batch:
                ticket.done = True


@contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except _FAILING:
        raise LedgerUnwritable from None
