"""Whatever ends a process, and whoever else writes: the log is whole, and has all that it acknowledged."""

from __future__ import annotations

import shutil
import signal
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from moiety.database.refusals import DatabaseMissing
from moiety.ledger import sql
from moiety.ledger.log import Log
from tests.database.doomed import FORK, live
from tests.ledger import office
from tests.ledger.office import SIGNER, create, opened
from tests.ledger.people import MINUTE, leaf_about, leaves

KILLED = -signal.SIGKILL


def begun(place: Path | str) -> None:
    """A log of 251 leaves, the first of them about person 1."""
    with closing(create(place)) as log:
        log.append([leaf_about(1, 0), *leaves(250, 1)])


@pytest.mark.parametrize(("point", "there"), [("before create", False), ("after create", True)])
def test_killed_while_it_is_begun_it_is_there_or_not(place: Path | str, point: str, there: bool) -> None:
    assert live(office.create_until, place, point) == KILLED
    if not there:
        with pytest.raises(DatabaseMissing):
            opened(place)
        create(place).close()
    with closing(opened(place)) as log:
        assert log.append(leaves(1)) == [0]


@pytest.mark.parametrize(("point", "size"), [("before append", 251), ("after append", 551)])
def test_killed_while_appending_it_has_all_or_nothing(place: Path | str, point: str, size: int) -> None:
    begun(place)
    assert live(office.append_until, place, point) == KILLED
    with closing(opened(place)) as log:
        assert log.verify().size == size
        assert log.append(leaves(300, 1_000)) == list(range(251, 551))
        assert log.verify().size == 551


@pytest.mark.parametrize(("point", "signed"), [("before head", False), ("after head", True)])
def test_killed_while_signing_it_has_a_head_or_none(place: Path | str, point: str, signed: bool) -> None:
    begun(place)
    assert live(office.sign_until, place, point) == KILLED
    with closing(opened(place)) as log:
        with log._database.reading() as connection:
            assert (sql.last_head(connection) is not None) == signed
        log.verify()


def test_killed_at_any_moment_it_has_what_it_acknowledged(place: Path | str, tmp_path: Path) -> None:
    begun(place)
    told = tmp_path / "told"
    told.touch()
    size = 251
    for wait_s in (0.05, 0.11):
        process = FORK.Process(target=office.append_until_killed, args=(place, told))
        before = told.stat().st_size
        process.start()
        while told.stat().st_size == before:
            time.sleep(0.005)
        time.sleep(wait_s)
        process.kill()
        process.join()
        with closing(opened(place)) as log:
            acknowledged = told.stat().st_size - before
            # Of the second process the first operations are repeats, which keep their positions.
            assert log.verify().size >= max(size, 251 + acknowledged)
            size = log.state().size


def test_threads_and_processes_write_one_log(place: Path | str) -> None:
    begun(place)
    ended: list[int | None] = []
    there = threading.Thread(target=lambda: ended.append(live(office.append_many, place, 10_000, 30)))
    with closing(opened(place)) as log:
        there.start()

        def appender(first: int) -> None:
            for leaf in leaves(15, first):
                log.append([leaf])

        threads = [threading.Thread(target=appender, args=(first,)) for first in (20_000, 30_000)]
        for thread in threads:
            thread.start()
        for thread in [*threads, there]:
            thread.join()
        assert ended == [0]
        assert log.verify().size == 311
        assert len({leaf.line.operation for _, leaf in log.leaves(0, 311)}) == 311


def test_a_full_disk_stops_it_and_leaves_it_whole(tmp_path: Path) -> None:
    create(tmp_path).close()
    assert live(office.on_a_small_disk, tmp_path) == 0
    with closing(opened(tmp_path)) as log:
        assert log.verify().size == 3_003


@pytest.mark.parametrize(
    ("entries", "step", "many"), [(1, 2_060, 0), (30, 2_060, 0), (151, 110_017, 0), (1, 20_003, 8_000)]
)
def test_where_there_is_room_the_next_entry_fits_whatever_it_is(
    tmp_path: Path, entries: int, step: int, many: int
) -> None:
    """Of a log that SQLite has not moved into the file yet, by half of what a page takes there, and of one that it
    writes over, where many still fit."""
    with closing(create(tmp_path / "open")) as log:
        for leaf in leaves(entries):
            log.append([leaf])
        shutil.copytree(tmp_path / "open", tmp_path / "begun")  # as a process leaves it that is killed
    assert live(office.on_ever_fuller_disks, tmp_path / "begun", tmp_path / "place", step, many) == 0


def test_to_ask_for_room_leaves_nothing_and_takes_no_more_each_time(log: Log, place: Path | str) -> None:
    log.append(leaves(3))
    sizes = []
    for _ in range(3):
        for _ in range(300):
            log.head(MINUTE, SIGNER.sign, room=True)
        log._database.scrub()
        sizes.append(_bytes_of(log, place))
    assert sizes[2] <= sizes[1] <= sizes[0] + 2**20
    with log._database.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(sql.HEAD)) == 1
    assert log.append(leaves(1, 5)) == [3]
    assert log.verify().size == 4


def _bytes_of(log: Log, place: Path | str) -> int:
    if isinstance(place, Path):
        return sum(file.stat().st_size for file in place.iterdir())
    with log._database.reading() as connection:
        size: int = connection.scalar(text("SELECT pg_total_relation_size('ledger_head')"))
        return size


def test_readers_see_whole_logs_while_others_append(place: Path | str) -> None:
    begun(place)
    stop = threading.Event()
    found: list[int] = []

    def reader(log: Log) -> None:
        while not stop.is_set():
            found.append(log.verify().size)

    with closing(opened(place)) as log:
        thread = threading.Thread(target=reader, args=(log,))
        thread.start()
        for first in range(2_000, 2_400, 20):
            log.append(leaves(20, first))
        stop.set()
        thread.join()
        assert found == sorted(found)
        assert found
        assert {(size - 251) % 20 for size in found} == {0}
