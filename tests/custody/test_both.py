"""One suite over both databases: what a custodian promises does not depend on where its rows lie."""

from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from moiety.custody import refusals
from moiety.custody.gateway.embedded import Embedded
from moiety.custody.store import tables
from moiety.custody.store.kept import drop_keys, keep, kept
from moiety.ledger.audit import What
from moiety.ledger.operation import Party
from moiety.sharing.seat import SEATS, Seat
from tests.custody import stories
from tests.custody.doomed import Story, live
from tests.custody.scene import DOCUMENT, DOOR, STORES, TERMS, TODAY, create, matched, opened, people
from tests.custody.stories import NEWCOMERS, REPLACED, RESIDENTS
from tests.postgres import Server

CROWD = people(6)
KILLED = -signal.SIGKILL


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def folder(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """An office with one empty gallery, closed."""
    create(tmp_path / "office", _databases(request.getfixturevalue("postgres")) if kind == "postgresql" else None)
    return tmp_path / "office"


@pytest.fixture
def office(folder: Path) -> Iterator[Embedded]:
    office = opened(folder)
    yield office
    office.close()


def _databases(server: Server, templates: dict[Seat, str] | None = None) -> dict[Seat, str]:
    return {seat: server.socket_url(server.database((templates or {}).get(seat, "template0"))) for seat in SEATS}


@pytest.fixture(scope="module")
def untouched(kind: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """An office with three residents, found good, closed and never opened again."""
    folder = tmp_path_factory.mktemp("untouched") / "office"
    create(folder, _databases(request.getfixturevalue("postgres")) if kind == "postgresql" else None)
    with closing(opened(folder)) as office:
        office.enrol(DOOR, RESIDENTS)
        office.findings()
    return folder


@pytest.fixture
def inhabited(untouched: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A copy of it, databases and all."""
    folder = Path(shutil.copytree(untouched, tmp_path / "inhabited"))
    if (folder / STORES).exists():
        names = {
            seat: url.split("?")[0].rsplit("/")[-1] for seat, url in json.loads((folder / STORES).read_text()).items()
        }
        (folder / STORES).write_text(json.dumps(_databases(request.getfixturevalue("postgres"), names)))
    return folder


def points(*steps: str) -> list[str]:
    """Two of the six moments of each step: `test_interrupted` tries all of them, on SQLite."""
    return [f"{moment} {step}" for step in steps for moment in ("b before", "c after")]


def test_a_whole_life(office: Embedded, folder: Path) -> None:
    past = people(1, seed=7, expires_day=TODAY)
    office.enrol(DOOR, CROWD)
    office.enrol(DOOR, past)
    assert matched(office, CROWD + past) == [True] * 6 + [False]
    assert office.erase(DOOR, CROWD[0].pseudonym)
    assert not office.erase(DOOR, CROWD[0].pseudonym)
    assert office.refresh() == 2
    assert matched(office, CROWD) == [False] + [True] * 5
    assert office.findings() == []
    with pytest.raises(refusals.AlreadyEnrolled):
        office.enrol(DOOR, [CROWD[1]])
    office.replace_document(DOOR, TERMS, REPLACED)
    office.add_gallery("gate", TERMS, DOCUMENT)
    office.enrol("gate", CROWD[:1])
    office.close()
    with closing(opened(folder)) as again:
        assert matched(again, CROWD) == [False] + [True] * 5
        assert matched(again, CROWD[:1], "gate") == [True]
        assert again.gallery(DOOR).document == REPLACED
        assert (again.gallery(DOOR).epoch, again.gallery(DOOR).rows) == (2, 5)


def test_a_batch_of_several_blocks_and_portions(office: Embedded, folder: Path) -> None:
    """More pages than are copied, read or rewritten at a time."""
    crowd = people(9_000, seed=3)
    office.enrol(DOOR, crowd[:5_000])
    office.enrol(DOOR, crowd[5_000:])
    some = crowd[::600]
    assert matched(office, some) == [True] * len(some)
    office.refresh()
    office.close()
    with closing(opened(folder)) as again:
        assert matched(again, some) == [True] * len(some)
        assert again.findings() == []
        assert again.gallery(DOOR).rows == 9_000


def test_a_page_that_was_altered_is_found_named_and_mended(office: Embedded, folder: Path) -> None:
    office.enrol(DOOR, CROWD)
    store = office._three.custodians["b"]._store
    with store.engine.begin() as connection:
        row = connection.execute(text("SELECT rows FROM page WHERE number = 17")).scalar_one()
        altered = bytearray(row)
        altered[3000] ^= 1
        connection.execute(text("UPDATE page SET rows = :rows WHERE number = 17"), {"rows": bytes(altered)})
        connection.execute(text("DELETE FROM states WHERE number = 63"))
    assert {(finding.seat, finding.page) for finding in office.findings()} == {("b", 17), ("b", 63)}
    with pytest.raises(refusals.GalleryDamaged):
        office.identify(DOOR, CROWD[0].words[None])
    assert office.mend() == 2
    assert matched(office, CROWD) == [True] * 6


def test_what_is_kept_is_there_again_and_follows_a_refresh(office: Embedded) -> None:
    store = office._three.custodians["c"]._store
    with store.writing("test") as connection:
        keep(connection, "budget", {b"one": b"1", b"two": b"2", b"": bytes(5_000)})
        keep(connection, "budget", {b"one": b"uno"})
        drop_keys(connection, "budget", [b"two", b"three"])
    for _ in range(2):
        with store.reading() as connection:
            assert kept(connection, "budget") == {b"one": b"uno", b"": bytes(5_000)}
        office.refresh()


def test_nothing_that_failed_is_there(office: Embedded) -> None:
    office.enrol(DOOR, CROWD[:2])
    store = office._three.custodians["a"]._store

    def change() -> None:
        with store.writing("test") as connection:
            tables.drop_epoch(connection, 1)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        change()
    assert matched(office, CROWD[:2]) == [True, True]


def test_a_reader_sees_one_moment_and_a_writer_the_newest(office: Embedded) -> None:
    store = office._three.custodians["a"]._store
    with store.reading() as before:
        assert tables.custodian(before).staging == 0
        with store.writing("test") as change:
            tables.set_staging(change, 1)
        assert tables.custodian(before).staging == 0
    with store.writing("test") as change:
        assert tables.custodian(change).staging == 1
        tables.set_staging(change, 0)


def test_a_reading_that_is_stopped_says_why_and_begins_again(office: Embedded, folder: Path) -> None:
    """Somebody presses Ctrl-C while a gallery is loaded: nothing of the database stands in the way of the next one."""
    office.enrol(DOOR, people(20_000, seed=3))
    office.close()

    def stop(stage: str, done: int, total: int) -> None:
        if done < total:
            raise KeyboardInterrupt

    with closing(opened(folder)) as again:
        custodian = again._three.custodians["a"]
        with pytest.raises(KeyboardInterrupt):
            custodian.load(DOOR, stop)
        custodian.load(DOOR, lambda stage, done, total: None)
        assert custodian.alive(DOOR, TODAY) == 20_000


def test_the_stamp_moves_with_every_commit_and_with_nothing_else(office: Embedded) -> None:
    store = office._three.custodians["a"]._store
    seen = [store.stamp()]
    for staging in (1, 2, 1):
        with store.writing("test") as connection:
            tables.set_staging(connection, staging)
        seen.append(store.stamp())
        assert store.stamp() == seen[-1]
        with store.reading() as connection:
            tables.custodian(connection)
        assert store.stamp() == seen[-1]
    assert len(set(seen)) == 4


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
@pytest.mark.parametrize("point", points("prepare", "scrub", "activate", "scrub states"))
def test_enrolment_is_all_or_nothing(inhabited: Path, point: str) -> None:
    assert live(inhabited, stories.enrol, order="abc", fatal=point) == (False, KILLED)
    with closing(opened(inhabited)) as office:
        committed = point == "c after activate" or point.endswith("scrub states")
        assert matched(office, NEWCOMERS + RESIDENTS) == [committed] * 2 + [True] * 3
        office.enrol(DOOR, [] if committed else NEWCOMERS)
        assert matched(office, NEWCOMERS) == [True] * 2
        assert office.findings() == []


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
@pytest.mark.parametrize("point", points("erase", "scrub"))
def test_erasure_is_all_or_nothing(inhabited: Path, point: str) -> None:
    assert live(inhabited, stories.erase, order="abc", fatal=point) == (False, KILLED)
    with closing(opened(inhabited)) as office:
        assert matched(office, RESIDENTS) == [False, True, True]
        assert office.findings() == []


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
@pytest.mark.parametrize("point", points("next key", "stage", "staged", "switch", "retire", "scrub"))
def test_refresh_loses_nobody_and_ends_in_one_epoch(inhabited: Path, point: str) -> None:
    assert live(inhabited, stories.refresh, order="abc", fatal=point) == (False, KILLED)
    with closing(opened(inhabited)) as office:
        switched = point.endswith(("switch", "retire", "scrub"))
        assert office.gallery(DOOR).epoch == 1 + switched
        assert matched(office, RESIDENTS) == [True] * 3
        assert {root.name for root in inhabited.glob("custodian-?/roots/*")} == {f"epoch-{1 + switched}.key"}
        assert office.refresh() == 2 + switched
        assert matched(office, RESIDENTS) == [True] * 3
        assert office.findings() == []


@pytest.mark.parametrize("wanted", ["seat", "office"])
def test_a_database_of_another_seat_or_office_is_refused(inhabited: Path, folder: Path, wanted: str) -> None:
    """Swapped between two custodians, or put in from another deployment."""
    here, there = (path / STORES for path in (inhabited, folder))
    if here.exists():
        stores, others = json.loads(here.read_text()), json.loads(there.read_text())
        here.write_text(
            json.dumps(stores | ({"a": stores["b"], "b": stores["a"]} if wanted == "seat" else {"a": others["a"]}))
        )
        if wanted == "office":
            shutil.copytree(folder / "custodian-a", inhabited / "custodian-a", dirs_exist_ok=True)
    elif wanted == "seat":
        shutil.copy(inhabited / "custodian-b" / "custodian.sqlite", inhabited / "custodian-a" / "custodian.sqlite")
    else:
        shutil.copytree(folder / "custodian-a", inhabited / "custodian-a", dirs_exist_ok=True)
    with pytest.raises(refusals.NotOneOffice):
        opened(inhabited)


@pytest.mark.parametrize(
    ("story", "lacked"),
    [(stories.enrol_unwritten, {Party.B: 1}), (stories.search_unwritten, {Party.B: 1, Party.C: 1})],
    ids=["enrolment", "search"],
)
def test_killed_before_it_wrote_a_custodian_acknowledges_what_it_lacks(
    inhabited: Path, story: Story, lacked: dict[Party, int]
) -> None:
    assert live(inhabited, story) == (False, KILLED)
    with closing(opened(inhabited)) as office:
        assert matched(office, RESIDENTS + NEWCOMERS) == [True] * 3 + [False] * 2  # it was not done
        first = office.audit().first
        assert first is not None
        assert first.what is What.MISSING
        assert office.acknowledge() == dict.fromkeys(Party, 0) | lacked | {Party.GATEWAY: 1}
        found = office.audit()
        assert (found.first, dict(found.acknowledged)) == (None, lacked)
        office.enrol(DOOR, NEWCOMERS)
    with closing(opened(inhabited)) as office:
        assert matched(office, NEWCOMERS) == [True] * 2
        assert office.audit().first is None
