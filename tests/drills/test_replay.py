"""A stolen write-ahead log is read as SQLite itself reads it, change by change."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from moiety.drills import replay


@pytest.fixture
def stolen(tmp_path: Path) -> tuple[bytes, bytes]:
    file = tmp_path / "some.sqlite"
    with closing(sqlite3.connect(file)) as database:
        database.executescript("PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0; CREATE TABLE t (x BLOB)")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        for count in range(5):
            with database:
                database.execute("INSERT INTO t VALUES (randomblob(?))", (20_000 * count,))
        return file.read_bytes(), Path(f"{file}-wal").read_bytes()


def rows(content: bytes) -> int:
    with closing(sqlite3.connect(":memory:")) as database:
        database.deserialize(content)
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return database.execute("SELECT count(*) FROM t").fetchone()[0]


def test_each_change_is_seen_and_nothing_is_lost(stolen):
    assert [rows(content) for content in replay.steps(*stolen)] == [0, 1, 2, 3, 4, 5]
    assert rows(replay.whole(*stolen)) == 5


def test_without_a_log_the_database_is_as_it_lies(stolen):
    assert rows(replay.whole(stolen[0], b"")) == 0


def test_a_log_cut_within_a_change_ends_with_the_change_before(stolen):
    database, log = stolen
    assert rows(replay.whole(database, log[:-100])) == 4


def test_frames_of_an_earlier_round_count_no_more_and_can_still_be_read(stolen):
    database, log = stolen
    later = log[:16] + b"\0" * 8 + log[24:]
    assert rows(replay.whole(database, later)) == 0
    assert [rows(content) for content in replay.left_over(database, later)] == [1, 2, 3, 4, 5]
    assert list(replay.left_over(database, log)) == []


def test_what_was_deleted_is_read_from_what_a_log_that_begins_again_leaves(tmp_path: Path):
    """SQLite itself begins the log again here: what it does not write over stays."""
    file = tmp_path / "some.sqlite"
    with closing(sqlite3.connect(file)) as database:
        database.executescript("PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0; PRAGMA secure_delete=ON")
        with database:
            database.execute("CREATE TABLE t (x BLOB)")
        with database:
            database.execute("INSERT INTO t VALUES (?)", (b"somebody" * 4_000,))
        with database:
            database.execute("DELETE FROM t")
        database.execute("PRAGMA wal_checkpoint(PASSIVE)")
        with database:
            database.execute("INSERT INTO t VALUES (1)")
        stolen = file.read_bytes(), Path(f"{file}-wal").read_bytes()
    assert b"somebodysomebody" not in replay.whole(*stolen)
    assert any(b"somebodysomebody" in content for content in replay.left_over(*stolen))
