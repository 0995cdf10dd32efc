"""What is PostgreSQL's alone: one process at a time, a database for each custodian, and what its errors mean."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from moiety.custody import refusals
from moiety.custody.custodian import Custodian
from moiety.custody.store import postgresql, tables
from moiety.custody.store.failing import of_store
from moiety.custody.store.keyring import Keyring
from moiety.custody.store.sql import Store, unobserved
from moiety.custody.store.token import FileToken
from moiety.database import refusals as databases
from moiety.sharing.seat import Seat
from tests.postgres import TRUSTED_SOCKET, Server

OFFICE = bytes(16)


@pytest.fixture
def url(postgres: Server) -> str:
    return postgres.socket_url(postgres.database())


def made(folder: Path, url: str, seat: Seat = "a", office: bytes = OFFICE) -> None:
    Custodian.create(folder, seat, office, os.urandom, database=url)


def opened(folder: Path, url: str, seat: Seat = "a") -> Store:
    keys = Keyring(FileToken(folder / "roots", os.urandom), seat, os.urandom)
    return Store.open(folder, seat, keys, unobserved, url)


def change(store: Store) -> None:
    with store.writing("test") as connection:
        tables.set_staging(connection, 0)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "_WAIT_S", 1.0)


def test_a_second_process_is_refused_until_the_first_has_let_go(tmp_path: Path, url: str, impatient: None) -> None:
    made(tmp_path / "a", url)
    with closing(opened(tmp_path / "a", url)) as store:
        with pytest.raises(refusals.StoreTaken):
            opened(tmp_path / "a", url)
        change(store)
    with closing(opened(tmp_path / "a", url)) as again:
        change(again)


def test_who_lost_the_database_to_another_process_writes_nothing_more(tmp_path: Path, url: str) -> None:
    """Its connection was cut, say by a network that was away: whoever came after it must not be overwritten."""
    made(tmp_path / "a", url)
    with closing(opened(tmp_path / "a", url)) as first:
        change(first)
        first._database._holder.invalidate()  # type: ignore[attr-defined]
        with closing(opened(tmp_path / "a", url)) as second:
            change(second)
            with pytest.raises(refusals.StoreTaken):
                change(first)
            change(second)


def test_two_custodians_are_not_put_into_one_database(tmp_path: Path, url: str) -> None:
    made(tmp_path / "a", url)
    for seat, office in (("a", OFFICE), ("b", OFFICE), ("b", bytes(range(16)))):
        with pytest.raises(refusals.DatabaseTaken):
            made(tmp_path / f"other-{seat}-{office[1]}", url, seat, office)
    opened(tmp_path / "a", url).close()


def test_a_database_of_another_custodian_is_refused(tmp_path: Path, url: str, postgres: Server) -> None:
    """Of another seat, or of the same seat of another office: then its rows are sealed under another root."""
    other = postgres.socket_url(postgres.database())
    made(tmp_path / "a", url)
    made(tmp_path / "b", other, "b")
    with pytest.raises(refusals.NotOneOffice):
        opened(tmp_path / "a", other)
    third = postgres.socket_url(postgres.database())
    made(tmp_path / "elsewhere", third, "a", bytes(range(16)))
    with pytest.raises(refusals.RootWrong):
        opened(tmp_path / "a", third)
    opened(tmp_path / "a", url).close()


def test_what_is_removed_of_a_move_is_this_custodians_alone(tmp_path: Path, url: str) -> None:
    """A URL that names another one's database by mistake costs nobody his store."""
    made(tmp_path / "a", url)
    keys = Keyring(FileToken(tmp_path / "a" / "roots", os.urandom), "a", os.urandom)
    for office, seat in ((bytes(range(16)), "a"), (OFFICE, "b")):
        postgresql.remove_leftover(url, office, seat, keys)  # type: ignore[arg-type]
        opened(tmp_path / "a", url).close()
    postgresql.remove_leftover(url, OFFICE, "a", keys)
    with pytest.raises(refusals.NoOffice):
        opened(tmp_path / "a", url)
    postgresql.remove_leftover(url, OFFICE, "a", keys)
    made(tmp_path / "again", url)


def test_an_empty_database_and_one_that_is_not_there_are_refused(tmp_path: Path, url: str, postgres: Server) -> None:
    made(tmp_path / "a", url)
    with pytest.raises(refusals.NoOffice):
        opened(tmp_path / "a", postgres.socket_url(postgres.database()))
    with pytest.raises(refusals.StoreLost):
        opened(tmp_path / "a", postgres.socket_url("nowhere"))
    with pytest.raises(refusals.StoreShut):
        opened(tmp_path / "a", postgres.tcp_url("postgres", "wrong"))
    with pytest.raises(refusals.StoreLost):
        opened(tmp_path / "a", "postgresql://postgres@127.0.0.1:1/x")
    for wrong in ("sqlite:///x", "nothing"):
        with pytest.raises(refusals.DatabaseWrong):
            opened(tmp_path / "a", wrong)


def test_a_server_that_stops_makes_a_custodian_unavailable_and_one_that_is_back_does_not(tmp_path: Path) -> None:
    server = Server(TRUSTED_SOCKET)
    try:
        url = server.socket_url(server.database())
        made(tmp_path / "a", url)
        with closing(opened(tmp_path / "a", url)) as store:
            change(store)
            before = store.stamp()
            server.stop("immediate")
            for use in (lambda: change(store), store.stamp, lambda: change(store), store.scrub):
                with pytest.raises(refusals.StoreLost):
                    use()
            server.start()
            deadline = time.monotonic() + 10
            while time.monotonic() < deadline:
                try:
                    change(store)
                    break
                except refusals.StoreLost:
                    continue
            assert store.stamp() == before + 1
    finally:
        server.destroy()


def test_a_commit_is_durable_and_a_read_writes_nothing(tmp_path: Path, url: str, postgres: Server) -> None:
    """Whatever the server's own settings say."""
    name = url.split("?")[0].rsplit("/")[-1]
    postgres.ask("postgres", f'ALTER DATABASE "{name}" SET synchronous_commit = off')
    made(tmp_path / "a", url)
    with closing(opened(tmp_path / "a", url)) as store:
        with store.writing("test") as connection:
            found = connection.exec_driver_sql("SHOW synchronous_commit").scalar()
        assert found == "on"
        with store.reading() as connection:
            assert connection.exec_driver_sql("SHOW transaction_isolation").scalar() == "repeatable read"
            assert connection.exec_driver_sql("SHOW transaction_read_only").scalar() == "on"


def test_what_an_error_of_the_database_means(url: str) -> None:
    """As to any database (`tests/database`), in the words of a custodian's store."""
    database = postgresql.PostgresDatabase(url, Keyring(FileToken(Path("nowhere"), os.urandom), "a", os.urandom))
    assert type(database.typed(psycopg.errors.DiskFull("said something"))) is refusals.StoreFull
    database.close()
    for kind in (*databases.DatabaseUnavailable.__subclasses__(), databases.DatabaseUnreadable):
        numbers = {"error": 7} if "{error}" in kind.advice else {}
        found = of_store(kind(**numbers))
        assert type(found).__name__ == kind.__name__.replace("Database", "Store")
        assert found.numbers == numbers


def paged(store: Store, name: str = "door") -> int:
    """A gallery to put pages into: its id."""
    with store.writing("test") as connection:
        tables.add_gallery(connection, name, b"", b"")
        return next(row.id for row in tables.galleries(connection) if row.name == name)


def copied(store: Store, gallery: int, epoch: int = 1, below: int = 1_000) -> list[tuple[int, bytes]]:
    with store.reading() as connection:
        portions = tables.every(connection, tables.PAGE, gallery, epoch, below)
        return [pair for numbers, rows in portions for pair in zip(numbers, rows, strict=True)]


def test_what_is_copied_out_is_what_was_asked_for_in_order_of_pages(tmp_path: Path, url: str, postgres: Server) -> None:
    """Rewritten pages lie behind the others, and pages of another gallery or epoch among them. The server reads them as
    they lie, as it may do wherever it thinks that faster than an index."""
    name = url.split("?")[0].rsplit("/")[-1]
    for way in ("indexscan", "bitmapscan"):
        postgres.ask("postgres", f'ALTER DATABASE "{name}" SET enable_{way} = off')
    made(tmp_path / "a", url)
    with closing(opened(tmp_path / "a", url)) as store:
        door, gate = paged(store), paged(store, "gate")
        for gallery, epoch in ((door, 1), (gate, 1), (door, 2)):
            with store.writing("test") as connection:
                for at in (range(600), range(600, 610)):
                    rows = [b"%d %d %d" % (gallery, epoch, number) for number in at]
                    tables.put(connection, tables.PAGE, gallery, epoch, [*at], rows, new=True)
        with store.writing("test") as connection:
            tables.put(connection, tables.PAGE, door, 1, [3, 300], [b"again", b""], new=False)
        expected = {number: b"%d 1 %d" % (door, number) for number in range(605)} | {3: b"again", 300: b""}
        assert copied(store, door, below=605) == [*expected.items()]
        assert copied(store, door, epoch=3) == []


@pytest.mark.parametrize("how", ["no more rows", "a page twice", "the server ends it"])
def test_a_copy_that_ends_in_the_middle_leaves_nothing(tmp_path: Path, url: str, postgres: Server, how: str) -> None:
    """Neither what was sent before the error nor anything else of that change; and the next change is as any other."""
    made(tmp_path / "a", url)
    name = url.split("?")[0].rsplit("/")[-1]
    refusal: type[Exception] = {
        "no more rows": ZeroDivisionError,
        "a page twice": refusals.StoreFailed,
        "the server ends it": refusals.StoreLost,
    }[how]

    def rows(gallery: int) -> Iterator[tuple[int, int, int, bytes]]:
        for number in range(2_000):
            yield gallery, 1, number, bytes(5_000)
        if how == "no more rows":
            raise ZeroDivisionError
        if how == "the server ends it":
            ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'COPY page%'"
            assert postgres.ask("postgres", ended) == [(True,)]
        yield gallery, 1, 0, bytes(5_000)

    with closing(opened(tmp_path / "a", url)) as store:
        gallery = paged(store)
        before = store.stamp()

        def fail() -> None:
            with store.writing("test") as connection:
                tables.put(connection, tables.STATES, gallery, 1, [0], [b"with it"], new=True)
                postgresql.copy_in(
                    connection,
                    "COPY page (gallery, epoch, number, rows) FROM STDIN (FORMAT BINARY)",
                    ("int4", "int8", "int4", "bytea"),
                    rows(gallery),
                )

        with pytest.raises(refusal):
            fail()
        assert copied(store, gallery) == []
        assert store.stamp() == before
        with store.writing("test") as connection:
            tables.put(connection, tables.PAGE, gallery, 1, [0], [b"whole"], new=True)
        assert copied(store, gallery) == [(0, b"whole")]
    assert postgres.ask(name, "SELECT count(*) FROM states") == [(0,)]
