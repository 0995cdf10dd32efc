"""A store of the first format opens as one of this version: sealed, with nobody lost and nothing left in the clear."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from moiety.custody import refusals, tables
from moiety.sharing.seat import SEATS
from tests.custody.old_format import put_back
from tests.custody.rows import opened as in_the_clear
from tests.custody.scene import DOOR, bytes_of, matched, opened, people

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
