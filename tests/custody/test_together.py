"""Several threads and several processes on one office."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from moiety.custody import refusals
from moiety.custody.gateway.embedded import Embedded
from moiety.custody.store import tables
from moiety.custody.store.lock import OfficeLock
from tests.custody.doomed import FORK
from tests.custody.scene import DOOR, Person, matched, opened, people

ROUNDS = 6
EACH = 3


def of(worker: int, turn: int) -> list[Person]:
    """The people that one worker enrols in one turn."""
    return people(EACH, seed=1000 * worker + turn + 1)


def enrol_and_erase(office: Embedded, worker: int) -> None:
    """Enrol some, find them at once, erase the first, look again."""
    for turn in range(ROUNDS):
        crowd = of(worker, turn)
        office.enrol(DOOR, crowd)
        assert matched(office, crowd) == [True] * EACH
        assert office.erase(DOOR, crowd[0].pseudonym)
        assert matched(office, crowd) == [False] + [True] * (EACH - 1)


def remaining(workers: int) -> list[Person]:
    return [person for worker in range(workers) for turn in range(ROUNDS) for person in of(worker, turn)[1:]]


def test_threads_on_one_office(office: Embedded) -> None:
    with ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(enrol_and_erase, office, worker) for worker in range(4)]:
            done.result()
    everybody = remaining(4)
    assert matched(office, everybody) == [True] * len(everybody)
    assert office.gallery(DOOR).rows == len(everybody)
    assert office.findings() == []


def _worker(folder: Path, worker: int) -> None:
    office = opened(folder)
    enrol_and_erase(office, worker)
    office.close()


def _refresher(folder: Path, worker: int) -> None:
    office = opened(folder)
    for _ in range(ROUNDS):
        office.refresh()
    office.close()


def run(folder: Path, *jobs: Callable[[Path, int], None]) -> list[int | None]:
    """Each job in a process of its own, at once: their exit statuses."""
    processes = [FORK.Process(target=job, args=(folder, worker)) for worker, job in enumerate(jobs)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(300)
    return [process.exitcode for process in processes]


def test_processes_on_one_office(folder: Path) -> None:
    assert run(folder, _worker, _worker, _refresher) == [0, 0, 0]
    office = opened(folder)
    everybody = remaining(2)
    assert matched(office, everybody) == [True] * len(everybody)
    assert office.gallery(DOOR).epoch == 1 + ROUNDS
    assert office.findings() == []
    office.close()


def test_an_open_office_sees_what_another_process_does(folder: Path) -> None:
    mine, theirs = opened(folder), opened(folder)
    crowd = people(5)
    for person in crowd:
        theirs.enrol(DOOR, [person])
        assert matched(mine, [person]) == [True]
    mine.erase(DOOR, crowd[0].pseudonym)
    assert matched(theirs, crowd) == [False] + [True] * 4
    theirs.refresh()
    assert matched(mine, crowd) == [False] + [True] * 4
    theirs.add_gallery("gate", theirs.gallery(DOOR).terms, b"")
    assert mine.galleries() == [DOOR, "gate"]
    mine.enrol(DOOR, people(5000, seed=3))
    assert matched(theirs, [*crowd, *people(5000, seed=3)[::1000]]) == [False] + [True] * 9
    mine.close()
    theirs.close()


def test_only_what_changed_is_read_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from moiety.custody.matrix import Matrix

    mine, theirs = opened(folder), opened(folder)
    mine.enrol(DOOR, people(3000))
    matched(theirs, people(1))
    read: list[int] = []
    kept = Matrix.put_parts

    def counted(self: Matrix, numbers: list[int], pages: np.ndarray) -> None:  # type: ignore[type-arg]
        read.extend(numbers)
        kept(self, numbers, pages)

    monkeypatch.setattr(Matrix, "put_parts", counted)
    [newcomer] = people(1, seed=8)
    mine.enrol(DOOR, [newcomer])
    assert len(read) == 3  # one page at each of the three, taken over from what was written
    read.clear()
    assert matched(theirs, [newcomer]) == [True]
    assert len(read) == 3
    mine.close()
    theirs.close()


def test_many_may_read_and_one_may_write(tmp_path: Path) -> None:
    lock = OfficeLock(tmp_path)
    inside: list[str] = []

    def hold(how: str, name: str, entered: threading.Event, leave: threading.Event) -> None:
        with lock.alone() if how == "alone" else lock.shared():
            inside.append(name)
            entered.set()
            leave.wait(10)
            inside.remove(name)

    events = {name: (threading.Event(), threading.Event()) for name in ("one", "two", "writer", "late")}
    kinds = {"one": "shared", "two": "shared", "writer": "alone", "late": "shared"}
    threads = {name: threading.Thread(target=hold, args=(kinds[name], name, *events[name])) for name in events}
    threads["one"].start()
    threads["two"].start()
    assert all(events[name][0].wait(10) for name in ("one", "two"))
    threads["writer"].start()
    time.sleep(0.2)
    # A reader that comes after a waiting writer waits behind it, or writers would starve.
    threads["late"].start()
    time.sleep(0.2)
    assert sorted(inside) == ["one", "two"]
    events["one"][1].set()
    events["two"][1].set()
    assert events["writer"][0].wait(10)
    time.sleep(0.2)
    assert inside == ["writer"]
    events["writer"][1].set()
    assert events["late"][0].wait(10)
    events["late"][1].set()
    for thread in threads.values():
        thread.join(10)
    assert inside == []


def test_searches_of_several_threads_run_at_once(office: Embedded) -> None:
    crowd = people(8)
    office.enrol(DOOR, crowd)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda person: matched(office, [person]), crowd * 4))
    assert answers == [[True]] * 32
    assert os.getpid()


@contextmanager
def broken_once(monkeypatch: pytest.MonkeyPatch, name: str, after: int) -> Iterator[None]:
    """The next reading of rows fails after some of them have come, as on a disk that has a bad moment."""
    whole = getattr(tables, name)
    left = [after]

    def failing(*arguments: Any) -> Iterator[Any]:
        for some in whole(*arguments):
            if left and left[0] == 0:
                left.clear()
                raise refusals.StoreFailed(error=10)
            if left:
                left[0] -= 1
            yield some

    with monkeypatch.context() as patch:
        patch.setattr(tables, name, failing)
        yield
        assert not left, "nothing failed"


@pytest.mark.parametrize("after", [0, 1, 2, 3])
def test_a_reading_that_fails_leaves_no_half_of_a_gallery(
    folder: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    """A check reads everything again; where that fails, the next search does, instead of answering from halves."""
    office, crowd = opened(folder), people(40)
    office.enrol(DOOR, crowd)
    assert all(matched(office, crowd))
    with broken_once(monkeypatch, "every", after), pytest.raises(refusals.StoreFailed):
        office.findings()
    assert all(matched(office, crowd))
    assert not any(matched(office, people(40, seed=9)))
    office.close()


def test_who_stops_watching_a_check_stops_nothing_else(folder: Path) -> None:
    office, crowd = opened(folder), people(40)
    office.enrol(DOOR, crowd)

    def leave(stage: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        office.findings(leave)
    assert all(matched(office, crowd))
    assert office.findings() == []
    office.close()


@pytest.mark.parametrize(("name", "after"), [("every", 0), ("named", 0)])
def test_catching_up_that_fails_is_done_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, after: int
) -> None:
    """Another process enrolled and erased; the first look at that fails at a custodian."""
    mine, theirs = opened(folder), opened(folder)
    crowd, more = people(20), people(20, seed=5)
    theirs.enrol(DOOR, crowd)
    assert all(matched(mine, crowd))
    theirs.enrol(DOOR, more)
    theirs.erase(DOOR, crowd[0].pseudonym)
    with broken_once(monkeypatch, name, after), pytest.raises(refusals.StoreFailed):
        matched(mine, more)
    assert matched(mine, crowd) == [False] + [True] * 19
    assert all(matched(mine, more))
    with pytest.raises(refusals.AlreadyEnrolled):
        mine.enrol(DOOR, more[:1])
    assert mine.erase(DOOR, more[0].pseudonym)
    assert matched(theirs, more) == [False] + [True] * 19
    for office in (mine, theirs):
        office.close()


def test_a_page_that_was_mended_by_hand_is_good_again(folder: Path) -> None:
    """Found damaged, closed, put right and checked: nothing of the time in between is kept."""
    office, crowd = opened(folder), people(40)
    office.enrol(DOOR, crowd)
    file = folder / "custodian-a" / "custodian.sqlite"
    with closing(sqlite3.connect(file)) as database:
        before = database.execute("SELECT rowid, rows FROM states").fetchall()
        with database:
            # Everybody's state flipped, the rest of the rows as it was.
            flipped = [(row, rows[:1] + bytes(64) + rows[65:]) for row, rows in before]
            database.executemany("UPDATE states SET rows = ?2 WHERE rowid = ?1", flipped)
    assert office.findings()
    assert office.status().galleries[0].damaged
    with closing(sqlite3.connect(file)) as database, database:
        database.executemany("UPDATE states SET rows = ?2 WHERE rowid = ?1", before)
    assert office.findings() == []
    assert all(matched(office, crowd))
    office.close()
