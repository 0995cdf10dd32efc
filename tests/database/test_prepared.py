"""Prepared statements say what SQLAlchemy's own way would, and connections are used again as long as they are good."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from sqlalchemy import bindparam, delete, insert, select, update

from moiety.database import Database, refusals
from moiety.database.prepared import Prepared
from tests.database.notes import NOTE, NOTES, read, write
from tests.postgres import Server

PUT = Prepared(insert(NOTE))
ALL = Prepared(select(NOTE).where(NOTE.c.id >= bindparam("first")).order_by(NOTE.c.id))
SOME = Prepared(select(NOTE.c.said).where(NOTE.c.id > 1).order_by(NOTE.c.id).limit(2))
CHANGE = Prepared(update(NOTE).where(NOTE.c.id == bindparam("of")).values(said=bindparam("to")))
_END = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname"

DROP = Prepared(delete(NOTE).where(NOTE.c.id == bindparam("of")))


@pytest.fixture
def database(place: Path | str) -> Iterator[Database]:
    with closing(Database.create(NOTES, place)) as made:
        yield made


def test_it_says_what_the_statement_says(database: Database) -> None:
    notes = [{"id": number, "said": bytes([number, 0, 255])} for number in range(1, 6)]
    with database.writing("put") as connection:
        PUT.run_each(connection, notes)
        PUT.run_each(connection, [])
        assert CHANGE.run(connection, {"of": 3, "to": b"three"}) == 1
        assert CHANGE.run(connection, {"of": 9, "to": b""}) == 0
        assert DROP.run(connection, {"of": 4}) == 1
        PUT.run(connection, {"id": 8, "said": b"\0"})
        PUT.run_rows(connection, ["id", "said"], [(10, b"ten"), (11, b"eleven")])
        PUT.run_rows(connection, ["said", "id"], [(b"twelve", 12)])
        PUT.run_rows(connection, ["id", "said"], [])
    with database.reading() as connection:
        plainly = select(NOTE).where(NOTE.c.id >= 2).order_by(NOTE.c.id)
        assert ALL.all(connection, {"first": 2}) == [tuple(row) for row in connection.execute(plainly)]
        assert ALL.all(connection, {"first": 2}) == [
            (2, b"\x02\0\xff"),
            (3, b"three"),
            (5, b"\x05\0\xff"),
            (8, b"\0"),
            (10, b"ten"),
            (11, b"eleven"),
            (12, b"twelve"),
        ]
        assert ALL.first(connection, {"first": 5}) == (5, b"\x05\0\xff")
        assert ALL.first(connection, {"first": 13}) is None
        # What the statement holds itself stays what it is.
        assert SOME.all(connection, {}) == [(b"\x02\0\xff",), (b"three",)]


def test_it_is_of_its_transaction(database: Database) -> None:
    with suppress(KeyError), database.writing("put") as connection:
        PUT.run(connection, {"id": 1, "said": b""})
        raise KeyError
    assert read(database) == []


def test_its_error_quotes_nothing(database: Database) -> None:
    write(database, 1)
    with pytest.raises(refusals.DatabaseFailed) as raised, database.writing("put") as connection:
        PUT.run(connection, {"id": 1, "said": b"canary"})
    assert "canary" not in f"{raised.value!r}{raised.value.text}"
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


def test_what_is_not_given_is_not_made_up(database: Database) -> None:
    with pytest.raises((KeyError, refusals.DatabaseFailed)), database.reading() as connection:
        ALL.all(connection, {})


def test_a_connection_is_used_again_and_one_that_went_wrong_is_not(database: Database) -> None:
    def used(*, writing: bool) -> int:
        with database.writing("used") if writing else database.reading() as connection:
            return id(connection)

    reading, writing = used(writing=False), used(writing=True)
    assert reading != writing
    assert [used(writing=False), used(writing=True)] == [reading, writing]
    kept = database._backend._connections._idle  # type: ignore[attr-defined]
    assert [len(some) for some in kept.values()] == [1, 1]
    write(database, 1)
    with pytest.raises(refusals.DatabaseFailed):
        write(database, 1)
    assert [len(kept[False]), len(kept[True])] == [1, 0]
    write(database, 2)
    assert read(database) == [1, 2]


def test_threads_have_a_connection_each(database: Database) -> None:
    found: set[int] = set()
    barrier = threading.Barrier(3)

    def look() -> None:
        with database.reading() as connection:
            found.add(id(connection))
            barrier.wait()

    threads = [threading.Thread(target=look) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 3


def test_a_server_that_was_away_is_used_again(postgres: Server) -> None:
    name = postgres.database()
    with closing(Database.create(NOTES, postgres.socket_url(name))) as database:
        write(database, 1)
        assert read(database) == [1]
        postgres.ask("postgres", f"{_END} = '{name}'")
        with pytest.raises(refusals.DatabaseLost):
            read(database)
        # That one was lost, and with it all others: no second one is told so.
        write(database, 2)
        assert read(database) == [1, 2]


def test_nothing_stays_open_when_it_is_closed(tmp_path: Path) -> None:
    with closing(Database.create(NOTES, tmp_path / "kept")) as database:
        write(database, 1)
        read(database)
        with database.reading():
            database.close()  # whoever reads meanwhile gives theirs up afterwards
    with closing(sqlite3.connect(tmp_path / "kept" / NOTES.file, timeout=0, isolation_level=None)) as other:
        [mode] = other.execute("PRAGMA journal_mode=DELETE").fetchone()  # which nobody else may have open
        assert mode == "delete"
