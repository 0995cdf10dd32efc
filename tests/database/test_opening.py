"""A database that is made, found again, and refused where it is none of ours; the same on SQLite and PostgreSQL."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, Table

from moiety.database import Database, Kind, refusals
from tests.database.notes import NOTES, read, write
from tests.postgres import Server

OTHER_TABLES = MetaData()
Table("other_thing", OTHER_TABLES, Column("id", Integer, primary_key=True))
OTHER = Kind("other", 1, OTHER_TABLES)


def test_what_was_written_is_there_when_it_is_opened_again(place: Path | str) -> None:
    with closing(Database.create(NOTES, place)) as database:
        write(database, 1)
    with closing(Database.open(NOTES, place)) as database:
        write(database, 2)
        assert read(database) == [1, 2]


def test_a_database_is_made_once(place: Path | str) -> None:
    with closing(Database.create(NOTES, place)) as database:
        write(database, 1)
    with pytest.raises(refusals.DatabaseExists):
        Database.create(NOTES, place)
    with closing(Database.open(NOTES, place)) as database:
        assert read(database) == [1]


def test_nothing_is_made_by_opening(place: Path | str) -> None:
    with pytest.raises(refusals.DatabaseMissing):
        Database.open(NOTES, place)
    assert not isinstance(place, Path) or not place.exists()


def test_two_kinds_in_one_place_know_nothing_of_each_other(place: Path | str) -> None:
    with closing(Database.create(NOTES, place)) as notes:
        with pytest.raises(refusals.DatabaseMissing):
            Database.open(OTHER, place)
        with closing(Database.create(OTHER, place)):
            write(notes, 1)
    Database.open(OTHER, place).close()
    Database.open(NOTES, place).close()


def test_another_format_is_refused(place: Path | str) -> None:
    Database.create(NOTES, place).close()
    with pytest.raises(refusals.DatabaseFormatUnknown) as raised:
        Database.open(Kind("notes", 2, NOTES.tables), place)
    assert raised.value.numbers == {"found": 1, "known": 2}


def write_and_fail(database: Database) -> None:
    with database.writing("note") as connection:
        connection.exec_driver_sql("INSERT INTO notes_note (id, said) VALUES (7, '')")
        connection.exec_driver_sql("INSERT INTO nowhere (id) VALUES (7)")


def test_a_transaction_that_fails_leaves_nothing(place: Path | str) -> None:
    with closing(Database.create(NOTES, place)) as database:
        with pytest.raises(refusals.DatabaseFailed):
            write_and_fail(database)
        assert read(database) == []
        write(database, 1)


def test_a_reader_changes_nothing_and_sees_one_moment(place: Path | str) -> None:
    with closing(Database.create(NOTES, place)) as database, database.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM notes_note").scalar() == 0
        write(database, 1)
        assert connection.exec_driver_sql("SELECT count(*) FROM notes_note").scalar() == 0


def test_an_error_of_a_statement_quotes_nothing(place: Path | str) -> None:
    with closing(Database.create(NOTES, place)) as database:
        write(database, 1, b"canary")
        with pytest.raises(refusals.DatabaseFailed) as raised:
            write(database, 1, b"canary")
        assert "canary" not in f"{raised.value!r}{raised.value.text}"
        assert raised.value.__cause__ is None
        assert raised.value.__suppress_context__


def test_the_file_and_its_folder_are_for_their_owner(tmp_path: Path) -> None:
    mask = os.umask(0)
    try:
        with closing(Database.create(NOTES, tmp_path / "kept")) as database:
            write(database, 1)
            modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "kept").iterdir()}
    finally:
        os.umask(mask)
    assert modes == {"notes.sqlite": 0o600, "notes.sqlite-wal": 0o600, "notes.sqlite-shm": 0o600}
    assert (tmp_path / "kept").stat().st_mode & 0o777 == 0o700


def test_a_commit_survives_a_power_cut(tmp_path: Path) -> None:
    with closing(Database.create(NOTES, tmp_path)) as database, database.writing("note") as connection:
        asked = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("synchronous", "journal_mode")
        }
        assert asked == {"synchronous": 2, "journal_mode": "wal"}
        assert connection.exec_driver_sql("PRAGMA secure_delete").scalar() == 1
        assert connection.exec_driver_sql("PRAGMA temp_store").scalar() == 2


def test_an_empty_file_of_whoever_was_ended_is_filled(tmp_path: Path) -> None:
    (tmp_path / "notes.sqlite").touch(0o600)
    with pytest.raises(refusals.DatabaseMissing):
        Database.open(NOTES, tmp_path)
    Database.create(NOTES, tmp_path).close()
    Database.open(NOTES, tmp_path).close()


def test_a_file_of_somebody_elses_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "notes.sqlite"
    file.touch(mode=0o600)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE theirs (id)")
    for way in (Database.open, Database.create):
        with pytest.raises(refusals.DatabaseForeign):
            way(NOTES, tmp_path)
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT name FROM sqlite_schema").fetchall() == [("theirs",)]


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.sqlite").touch(mode=0o600)
    (tmp_path / "notes.sqlite").write_bytes(b"dear diary, " * 100)
    for way in (Database.open, Database.create):
        with pytest.raises(refusals.DatabaseUnreadable):
            way(NOTES, tmp_path)
    assert (tmp_path / "notes.sqlite").read_bytes() == b"dear diary, " * 100


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "notes.sqlite").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(refusals.DatabaseFull):
        Database.create(NOTES, tmp_path)
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_within_nothing_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(refusals.DatabaseFull):
        Database.create(NOTES, tmp_path / "no" / "where")


def test_a_url_of_no_postgresql_is_refused() -> None:
    for wrong in ("sqlite:///x", "nothing", "mysql://x/y"):
        with pytest.raises(refusals.DatabaseUrlWrong):
            Database.open(NOTES, wrong)


def test_a_server_that_does_not_let_in_or_is_not_there_is_unavailable(postgres: Server) -> None:
    with pytest.raises(refusals.DatabaseShut):
        Database.open(NOTES, postgres.tcp_url("postgres", "wrong"))
    with pytest.raises(refusals.DatabaseLost):
        Database.open(NOTES, "postgresql://postgres@127.0.0.1:1/x")


@pytest.mark.parametrize("name", ["", "Notes", "a b", "../x", 'x"', "x" * 33])
def test_a_kind_is_named_with_small_letters(name: str) -> None:
    with pytest.raises(ValueError, match="small letters"):
        Kind(name, 1, MetaData())
