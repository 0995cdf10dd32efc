"""A store of the first format opens as one of this version: sealed, with nobody lost and nothing left in the clear."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from psycopg import sql
from sqlalchemy import create_engine

from moiety.custody import refusals
from moiety.custody.store import tables, versions
from moiety.sharing.seat import SEATS
from tests.custody.old_format import put_back
from tests.custody.rows import opened as in_the_clear
from tests.custody.scene import DOOR, STORES, bytes_of, matched, opened, people
from tests.postgres import Server

CROWD = people(6)


@pytest.fixture
def old(folder: Path) -> Path:
    """An office folder of the first format, with some people; one was erased."""
    with closing(opened(folder)) as office:
        office.enrol(DOOR, CROWD)
        office.erase(DOOR, CROWD[0].pseudonym)
    for seat in SEATS:
        put_back(folder / f"custodian-{seat}")
    return folder


def test_the_old_writer_writes_what_the_old_version_wrote(old: Path) -> None:
    with closing(sqlite3.connect(old / "custodian-a" / "custodian.sqlite")) as database:
        names = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        assert names == {"custodian", "gallery", "page", "states"}
        assert database.execute("SELECT format FROM custodian").fetchall() == [(1,)]
        assert database.execute("SELECT length(rows) FROM states LIMIT 1").fetchall() == [(1 + 64 + 32 + 32,)]


def test_an_old_store_is_sealed_when_it_is_opened(old: Path) -> None:
    with closing(opened(old)) as office:
        assert matched(office, CROWD) == [False] + [True] * 5
        assert office.findings() == []
        office.enrol(DOOR, CROWD[:1])
        assert matched(office, CROWD) == [True] * 6
        clear = [row for person in CROWD for row in in_the_clear(bytes_of(old), person)]
        assert not any(row in whole for row in clear for whole in bytes_of(old).values())
        assert office.refresh() == 2
        assert matched(office, CROWD) == [True] * 6
    with closing(sqlite3.connect(old / "custodian-a" / "custodian.sqlite")) as database:
        assert database.execute("SELECT format FROM custodian").fetchall() == [(tables.FORMAT,)]
        assert database.execute("SELECT version_num FROM alembic_version").fetchall() == [("0002",)]


@pytest.mark.parametrize("table", ["page", "states"])
def test_what_was_damaged_before_is_damaged_after_and_named(old: Path, table: str) -> None:
    with closing(sqlite3.connect(old / "custodian-b" / "custodian.sqlite")) as database, database:
        [(row,)] = database.execute(f"SELECT rows FROM {table} WHERE number = 9").fetchall()  # noqa: S608
        altered = bytearray(row)
        altered[40] ^= 1
        database.execute(f"UPDATE {table} SET rows = ? WHERE number = 9", (bytes(altered),))  # noqa: S608
    with closing(opened(old)) as office:
        assert {(finding.seat, finding.page) for finding in office.findings()} == {("b", 9)}
        assert office.mend() == 1
        assert matched(office, CROWD) == [False] + [True] * 5


def test_an_interrupted_upgrade_begins_again(old: Path) -> None:
    def stop(point: str) -> None:
        if point == "b before upgrade":
            raise RuntimeError("stopped here")

    with pytest.raises(RuntimeError):
        opened(old, observer=stop)
    with closing(opened(old)) as office:
        assert matched(office, CROWD) == [False] + [True] * 5
        assert {root.name for root in old.glob("custodian-?/roots/*")} == {"epoch-1.key"}


def test_an_upgrade_in_the_middle_of_a_refresh_loses_nobody(folder: Path) -> None:
    """Two have switched; the third has the next epoch's pages staged, and no other copy of them."""

    def stop(point: str) -> None:
        if point == "c before switch":
            raise RuntimeError("stopped here")

    with closing(opened(folder, observer=stop)) as office:
        office.enrol(DOOR, CROWD)
        with pytest.raises(RuntimeError):
            office.refresh()
        assert [c.standing().epoch for c in office._three.custodians.values()] == [2, 2, 1]
    for seat in SEATS:
        put_back(folder / f"custodian-{seat}")
    with closing(opened(folder)) as office:
        assert office.gallery(DOOR).epoch == 2
        assert matched(office, CROWD) == [True] * 6
        assert office.findings() == []


def test_a_newer_store_is_refused(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "custodian-c" / "custodian.sqlite")) as database, database:
        database.execute("UPDATE custodian SET format = ?", (tables.FORMAT + 1,))
    with pytest.raises(refusals.FormatUnknown):
        opened(folder)


@pytest.fixture
def moved(old: Path, postgres: Server) -> Callable[[], dict[str, str]]:
    """Puts the old stores into databases of the first format; their URLs."""

    def move() -> dict[str, str]:
        urls = {seat: postgres.socket_url(postgres.database()) for seat in SEATS}
        for seat, url in urls.items():
            _copy(old / f"custodian-{seat}" / "custodian.sqlite", url)
        (old / STORES).write_text(json.dumps(urls))
        return urls

    return move


def _copy(file: Path, url: str) -> None:
    """Move all rows of a store of the first format into a database, in tables as that format's step makes them."""
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:", 1))
    config = Config()
    config.set_main_option("script_location", str(Path(versions.__file__).parent / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.exec_driver_sql("DROP TABLE alembic_version")  # which that format did not know
        with closing(sqlite3.connect(file)) as database:
            for table in ("custodian", "gallery", "page", "states"):
                rows = database.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608
                marks = ", ".join(["%s"] * len(rows[0]))
                connection.exec_driver_sql(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608
    engine.dispose()
    file.unlink()


def lying_in(urls: dict[str, str]) -> list[bytes]:
    """Every page and state of the databases, as they lie there."""
    found: list[bytes] = []
    for url in urls.values():
        with psycopg.connect(url) as connection:
            for table in ("page", "states"):
                found += [
                    row
                    for (row,) in connection.execute(
                        sql.SQL("SELECT rows FROM {}").format(sql.Identifier(table))
                    ).fetchall()
                ]
    return found


def test_an_old_database_is_sealed_when_it_is_opened(old: Path, moved: Callable[[], dict[str, str]]) -> None:
    urls = moved()
    clear = [row[len(row) // 2 :][:48] for row in lying_in(urls)]  # parts, or states
    with closing(opened(old)) as office:
        assert matched(office, CROWD) == [False] + [True] * 5
        assert office.findings() == []
        assert not any(some in row for some in clear for row in lying_in(urls))
        office.enrol(DOOR, CROWD[:1])
        assert office.refresh() == 2
        assert matched(office, CROWD) == [True] * 6


def test_an_interrupted_upgrade_of_a_database_leaves_it_as_it_was(
    old: Path, moved: Callable[[], dict[str, str]]
) -> None:
    def stop(point: str) -> None:
        if point == "b before upgrade":
            raise RuntimeError("stopped here")

    urls = moved()
    with pytest.raises(RuntimeError):
        opened(old, observer=stop)
    with psycopg.connect(urls["b"]) as connection:
        assert connection.execute("SELECT format FROM custodian").fetchall() == [(1,)]
        assert connection.execute("SELECT to_regclass('data_key')").fetchall() == [(None,)]
    with closing(opened(old)) as office:
        assert matched(office, CROWD) == [False] + [True] * 5
        assert office.findings() == []


OPEN = """
import os, sys
from pathlib import Path
from moiety.custody.store.keyring import Keyring
from moiety.custody.store.sql import Store, unobserved
from moiety.custody.store.token import FileToken

folder = Path(sys.argv[1])
keys = Keyring(FileToken(folder / "roots", os.urandom), "a", os.urandom)
print("ready", flush=True)
sys.stdin.readline()
Store.open(folder, "a", keys, unobserved, *sys.argv[2:]).close()
"""


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_two_processes_that_upgrade_one_store_at_once_upgrade_it_once(
    old: Path, moved: Callable[[], dict[str, str]], kind: str
) -> None:
    words = [sys.executable, "-c", OPEN, str(old / "custodian-a")]
    words += [moved()["a"]] if kind == "postgresql" else []
    both = [subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(2)]
    for one in both:
        assert one.stdout is not None
        assert one.stdout.readline() == b"ready\n"
    for one in both:
        assert one.stdin is not None
        one.stdin.write(b"go\n")
        one.stdin.flush()
    for one in both:
        one.communicate(timeout=60)
    assert [one.returncode for one in both] == [0, 0]
    with closing(opened(old)) as office:
        assert matched(office, CROWD) == [False] + [True] * 5
        assert office.findings() == []


def test_a_newer_database_is_refused_and_stays_as_it_is(old: Path, moved: Callable[[], dict[str, str]]) -> None:
    urls = moved()
    with psycopg.connect(urls["c"]) as connection:
        connection.execute("UPDATE custodian SET format = %s", (tables.FORMAT + 1,))
    before = lying_in({"c": urls["c"]})
    with pytest.raises(refusals.FormatUnknown):
        opened(old)
    assert lying_in({"c": urls["c"]}) == before
