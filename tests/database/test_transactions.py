"""One writer at a time, whole after any end, typed where it cannot write, and nothing left of what is overwritten."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import delete, func, insert, select

from moiety.database import Database, postgresql, refusals, sqlite
from moiety.errors import MoietyError
from tests.database.doomed import Fatal, live
from tests.database.notes import NOTE, NOTES, read, write


def _count_up(place: Path | str, times: int) -> None:
    with closing(Database.open(NOTES, place)) as database:
        for _ in range(times):
            with database.writing("count") as connection:
                last = connection.scalar(select(func.coalesce(func.max(NOTE.c.id), 0))) or 0
                connection.execute(insert(NOTE).values(id=last + 1, said=b""))


def test_threads_write_one_after_the_other(place: Path | str) -> None:
    Database.create(NOTES, place).close()
    threads = [threading.Thread(target=_count_up, args=(place, 10)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with closing(Database.open(NOTES, place)) as database:
        assert read(database) == list(range(1, 41))


def test_processes_write_one_after_the_other(place: Path | str) -> None:
    Database.create(NOTES, place).close()
    ended: list[int | None] = []
    there = threading.Thread(target=lambda: ended.append(live(_count_up, place, 20)))
    there.start()
    _count_up(place, 20)
    there.join()
    assert ended == [0]
    with closing(Database.open(NOTES, place)) as database:
        assert read(database) == list(range(1, 41))


def test_who_waits_too_long_for_a_turn_is_told(place: Path | str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "_WAIT_S", 0.2)
    monkeypatch.setattr(postgresql, "_SETTINGS", "-c lock_timeout=200ms")
    Database.create(NOTES, place).close()
    with (
        closing(Database.open(NOTES, place)) as one,
        closing(Database.open(NOTES, place)) as other,
        one.writing("note"),
        pytest.raises(refusals.DatabaseBusy),
    ):
        write(other, 1)


def _made_until(place: Path | str, point: str) -> None:
    Database.create(NOTES, place, Fatal(point))


def _written_until(place: Path | str, point: str) -> None:
    write(Database.open(NOTES, place, Fatal(point)), 1)


@pytest.mark.parametrize(("point", "made"), [("before create", False), ("after create", True)])
def test_whoever_is_killed_while_making_it_leaves_it_whole_or_not_there(
    place: Path | str, point: str, made: bool
) -> None:
    assert live(_made_until, place, point) == -signal.SIGKILL
    if not made:
        with pytest.raises(refusals.DatabaseMissing):
            Database.open(NOTES, place)
        Database.create(NOTES, place).close()
    with closing(Database.open(NOTES, place)) as database:
        write(database, 1)


@pytest.mark.parametrize(("point", "found"), [("before note", []), ("after note", [1])])
def test_whoever_is_killed_while_writing_has_written_all_or_nothing(
    place: Path | str, point: str, found: list[int]
) -> None:
    Database.create(NOTES, place).close()
    assert live(_written_until, place, point) == -signal.SIGKILL
    with closing(Database.open(NOTES, place)) as database:
        assert read(database) == found
        write(database, 2)


def _on_a_small_disk(place: Path) -> None:
    with closing(Database.open(NOTES, place)) as database:
        write(database, 1)
        largest = max(path.stat().st_size for path in place.iterdir())
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest + 50_000, resource.RLIM_INFINITY))
        with pytest.raises(refusals.DatabaseFull):
            write(database, 2, bytes(1_000_000))
        assert read(database) == [1]
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        write(database, 3)


def test_a_full_disk_is_said_and_leaves_it_as_it_was(tmp_path: Path) -> None:
    Database.create(NOTES, tmp_path).close()
    assert live(_on_a_small_disk, tmp_path) == 0
    with closing(Database.open(NOTES, tmp_path)) as database:
        assert read(database) == [1, 3]


def test_a_file_that_was_put_in_its_place_is_not_written(tmp_path: Path) -> None:
    with closing(Database.create(NOTES, tmp_path / "kept")) as database:
        write(database, 1)
        shutil.copytree(tmp_path / "kept", tmp_path / "copy")
        for path in (tmp_path / "copy").iterdir():
            os.replace(path, tmp_path / "kept" / path.name)
        with pytest.raises(refusals.DatabaseReplaced):
            write(database, 2)
    with closing(Database.open(NOTES, tmp_path / "kept")) as database:
        assert read(database) == [1]


def test_after_a_scrub_no_byte_of_what_was_deleted_is_left(tmp_path: Path) -> None:
    with closing(Database.create(NOTES, tmp_path)) as database:
        write(database, 1, b"canary" * 10_000)
        write(database, 2, b"living" * 10_000)
        assert any(b"canary" in path.read_bytes() for path in tmp_path.iterdir())
        with database.writing("delete") as connection:
            connection.execute(delete(NOTE).where(NOTE.c.id == 1))
        database.scrub()
        assert not any(b"canary" in path.read_bytes() for path in tmp_path.iterdir())
        assert any(b"living" in path.read_bytes() for path in tmp_path.iterdir())


def test_those_who_scrub_at_the_same_time_wait_for_each_other(tmp_path: Path) -> None:
    """SQLite does not wait for another who moves the log, and would say that it is busy."""
    Database.create(NOTES, tmp_path).close()

    def scrub(each: int) -> None:
        with closing(Database.open(NOTES, tmp_path)) as database:
            for at in range(20):
                write(database, 100 * each + at, bytes(1_000_000))
                database.scrub()

    with ThreadPoolExecutor(3) as threads:
        list(threads.map(scrub, range(3)))


def test_a_scrub_that_a_reader_hinders_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "_WAIT_S", 0.2)
    with closing(Database.create(NOTES, tmp_path)) as database:
        write(database, 1)
        with database.reading() as connection:
            assert connection.scalar(select(func.count()).select_from(NOTE)) == 1
            write(database, 2)
            with pytest.raises(refusals.DatabaseBusy):
                database.scrub()
        database.scrub()


def test_scrubbing_is_possible_in_either(place: Path | str) -> None:
    heard: list[str] = []
    with closing(Database.create(NOTES, place, heard.append)) as database:
        database.scrub()
    assert heard == ["before create", "after create", "before scrub", "after scrub"]


def _coded(code: int) -> sqlite3.Error:
    error = sqlite3.OperationalError("said something")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("code", "refusal"),
    [
        (sqlite3.SQLITE_FULL, refusals.DatabaseFull),
        (sqlite3.SQLITE_READONLY, refusals.DatabaseFull),
        (sqlite3.SQLITE_IOERR_WRITE, refusals.DatabaseFull),
        (sqlite3.SQLITE_IOERR_FSYNC, refusals.DatabaseFull),
        (sqlite3.SQLITE_IOERR_TRUNCATE, refusals.DatabaseFull),
        (sqlite3.SQLITE_IOERR_SHMSIZE, refusals.DatabaseFull),
        (sqlite3.SQLITE_BUSY, refusals.DatabaseBusy),
        (sqlite3.SQLITE_LOCKED, refusals.DatabaseBusy),
        (sqlite3.SQLITE_CORRUPT, refusals.DatabaseUnreadable),
        (sqlite3.SQLITE_NOTADB, refusals.DatabaseUnreadable),
        (sqlite3.SQLITE_IOERR_READ, refusals.DatabaseFailed),
    ],
)
def test_what_an_error_of_sqlite_means(code: int, refusal: type[MoietyError], tmp_path: Path) -> None:
    (tmp_path / NOTES.file).touch(mode=0o600)
    backend = sqlite.SqliteBackend.at(tmp_path, NOTES)
    assert type(backend.typed(_coded(code))) is refusal


@pytest.mark.parametrize(
    ("error", "refusal"),
    [
        (psycopg.errors.DiskFull, refusals.DatabaseFull),
        (psycopg.errors.ReadOnlySqlTransaction, refusals.DatabaseFull),
        (psycopg.errors.AdminShutdown, refusals.DatabaseLost),
        (psycopg.errors.CrashShutdown, refusals.DatabaseLost),
        (psycopg.errors.CannotConnectNow, refusals.DatabaseLost),
        (psycopg.errors.ConnectionFailure, refusals.DatabaseLost),
        (psycopg.errors.TooManyConnections, refusals.DatabaseLost),
        (psycopg.OperationalError, refusals.DatabaseLost),
        (psycopg.errors.SerializationFailure, refusals.DatabaseBusy),
        (psycopg.errors.DeadlockDetected, refusals.DatabaseBusy),
        (psycopg.errors.LockNotAvailable, refusals.DatabaseBusy),
        (psycopg.errors.InsufficientPrivilege, refusals.DatabaseShut),
        (psycopg.errors.InvalidPassword, refusals.DatabaseShut),
        (psycopg.errors.InvalidCatalogName, refusals.DatabaseShut),
        (psycopg.errors.DataCorrupted, refusals.DatabaseUnreadable),
        (psycopg.errors.UndefinedTable, refusals.DatabaseFailed),
    ],
)
def test_what_an_error_of_postgresql_means(error: type[psycopg.Error], refusal: type[MoietyError]) -> None:
    backend = postgresql.PostgresBackend("postgresql://nobody@127.0.0.1:1/x", NOTES)
    assert type(backend.typed(error("said something"))) is refusal
