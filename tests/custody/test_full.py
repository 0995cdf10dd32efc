"""A disk that cannot take more: a typed refusal, nobody half enrolled, and everything works again afterwards."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from sqlalchemy import event

from moiety.custody import refusals
from moiety.custody.gateway.embedded import Embedded
from moiety.custody.store.slots import Phase, State
from tests.custody.doomed import FORK
from tests.custody.ledgers import anew
from tests.custody.scene import DOOR, bytes_of, matched, opened, people

RESIDENTS = people(3)
CROWD = people(5_000, seed=2)


@contextmanager
def limited(office: Embedded, seat: str) -> Iterator[None]:
    """One custodian's database may not grow."""
    database = office._three.custodians[seat]._store._database  # type: ignore[index]

    def limit(connection, entry) -> None:  # type: ignore[no-untyped-def]
        [(pages,)] = connection.execute("PRAGMA page_count").fetchall()
        connection.execute(f"PRAGMA max_page_count={pages}")

    anew(database)
    event.listen(database.engine, "connect", limit)
    yield
    event.remove(database.engine, "connect", limit)
    anew(database)


@pytest.mark.parametrize("seat", ["a", "b", "c"])
def test_one_full_custodian_stops_an_enrolment_and_nothing_else(office: Embedded, seat: str) -> None:
    office.enrol(DOOR, RESIDENTS)
    with limited(office, seat):
        with pytest.raises(refusals.StoreFull) as raised:
            office.enrol(DOOR, CROWD)
        assert raised.value.exit_status == 3
        # Undone at once, not only when somebody asks next: those who were refused are nowhere.
        for custodian in office._three.custodians.values():
            assert (custodian.states(DOOR) != State.PENDING).all()
            assert custodian.standing().galleries[DOOR].phase == Phase.SETTLED
        assert matched(office, RESIDENTS + CROWD[:2]) == [True] * 3 + [False] * 2
        assert office.gallery(DOOR).rows == 3
        with pytest.raises(refusals.StoreFull):
            office.refresh()
        assert office.gallery(DOOR).epoch == 1
        assert matched(office, RESIDENTS) == [True] * 3
        assert office.erase(DOOR, RESIDENTS[0].pseudonym)
    office.enrol(DOOR, CROWD)
    assert matched(office, RESIDENTS[1:] + CROWD[:2]) == [True] * 4
    assert office.refresh() == 2
    assert office.findings() == []


def _on_a_small_disk(folder: Path, room: int) -> None:
    office = opened(folder)
    largest = max(len(content) for content in bytes_of(folder).values())
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest + room, resource.RLIM_INFINITY))
    with pytest.raises(refusals.StoreFull):
        office.enrol(DOOR, CROWD)
    for _ in range(2):
        # Putting things right may need room too; it is never answered wrongly.
        with suppress(refusals.StoreFull):
            assert matched(office, RESIDENTS + CROWD[:2]) == [True] * 3 + [False] * 2
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert matched(office, RESIDENTS + CROWD[:2]) == [True] * 3 + [False] * 2
    office.close()


@pytest.mark.parametrize("room", [0, 40_000, 400_000, 600_000])
def test_a_disk_that_is_full_for_everybody(folder: Path, room: int) -> None:
    """The kernel refuses to let any file of the process grow beyond a limit, wherever the write comes from."""
    office = opened(folder)
    office.enrol(DOOR, RESIDENTS)
    office.close()
    process = FORK.Process(target=_on_a_small_disk, args=(folder, room))
    process.start()
    process.join(120)
    assert process.exitcode == 0
    office = opened(folder)
    assert matched(office, RESIDENTS + CROWD[:2]) == [True] * 3 + [False] * 2
    office.enrol(DOOR, CROWD)
    assert matched(office, RESIDENTS + CROWD[:2]) == [True] * 5
    assert office.findings() == []
    office.close()


def test_a_folder_that_may_not_be_written_is_unavailable(folder: Path) -> None:
    """As root every file may be written, so the database is opened read-only instead."""
    office = opened(folder)
    for custodian in office._three.custodians.values():
        event.listen(custodian._store.engine, "connect", lambda some, _: some.execute("PRAGMA query_only=ON"))
        anew(custodian._store._database)
    with pytest.raises(refusals.StoreFull):
        office.enrol(DOOR, RESIDENTS)
    assert matched(office, RESIDENTS) == [False] * 3
    office.close()
