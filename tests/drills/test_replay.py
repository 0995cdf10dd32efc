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


def test_frames_of_an_earlier_round_are_not_read(stolen):
    database, log = stolen
    assert rows(replay.whole(database, log[:16] + b"\0" * 8 + log[24:])) == 0
