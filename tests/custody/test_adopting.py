"""An office's folder becomes three custodians apart: nobody is lost, and what is left behind opens nothing."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from moiety.custody import refusals
from moiety.custody.gateway import adopting, trial
from moiety.custody.gateway.adopting import Adopted, adopt
from moiety.custody.gateway.deployment import DEPLOYMENT
from moiety.custody.gateway.embedded import MOVED, Embedded
from moiety.custody.store.lock import OfficeLock
from moiety.custody.store.page import Pages
from moiety.custody.store.sql import Observer, unobserved
from moiety.custody.verbs import silent
from moiety.sharing.seat import SEATS, Seat
from moiety.sharing.split import combine
from tests.custody.doomed import FORK
from tests.custody.scene import DIM, DOCUMENT, DOOR, TODAY, Clock, bytes_of, create, matched, opened, people
from tests.custody.thief import stolen
from tests.postgres import Server

KILLED = -signal.SIGKILL
CROWD = [*people(3), *people(1, seed=9, expires_day=TODAY + 2)]
GONE = people(1, seed=5)


@pytest.fixture(scope="session")
def lived_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An office in its second epoch, where somebody was erased."""
    folder = tmp_path_factory.mktemp("lived") / "office"
    create(folder)
    with closing(opened(folder)) as office:
        office.enrol(DOOR, [*CROWD[:2], *GONE])
        office.refresh()
        office.enrol(DOOR, CROWD[2:])
        office.erase(DOOR, GONE[0].pseudonym)
    return folder


@pytest.fixture
def folder(lived_in: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(lived_in, tmp_path / "office"))


@pytest.fixture
def to(tmp_path: Path) -> Path:
    return tmp_path / "deployment"


def moved(folder: Path, to: Path, databases: dict[Seat, str] | None = None, observer: Observer = unobserved) -> Adopted:
    return adopt(folder, to, databases or {}, clock=Clock(), entropy=os.urandom, progress=silent, observer=observer)


def apart(to: Path, clock: Clock | None = None, databases: dict[Seat, str] | None = None) -> Embedded:
    """The three new stores, in one process."""
    return Embedded.open(to, clock=clock or Clock(), entropy=os.urandom, stores=databases or {}, inside=trial.STORE)


def require_whole(to: Path, databases: dict[Seat, str] | None = None) -> None:
    """Everybody is there as before, with the same papers, and expires when they would have."""
    clock = Clock()
    with closing(apart(to, clock, databases)) as office:
        assert office.findings() == []
        assert matched(office, [*CROWD, *GONE]) == [True] * 4 + [False]
        held = office.gallery(DOOR)
        assert (held.rows, held.epoch, held.document) == (4, 3, DOCUMENT)
        clock.pass_(days=2)
        assert matched(office, CROWD) == [True] * 3 + [False]
    assert {path.name for path in to.glob("custodian-?/store/roots/*")} == {"epoch-3.key"}


def require_left(folder: Path) -> None:
    """Nothing is left but a word about it, and nothing opens it or moves in."""
    assert not [path for path in folder.rglob("*") if path.name not in (MOVED, "gate.lock", "office.lock")]
    with pytest.raises(refusals.OfficeMoved):
        opened(folder)
    with pytest.raises(refusals.OfficeExists):
        Embedded.create(folder, os.urandom)


def test_everybody_moves_and_nothing_is_left(folder: Path, to: Path) -> None:
    office = sqlite3.connect(folder / "custodian-a" / "custodian.sqlite").execute("SELECT office FROM custodian")
    number = bytes(office.fetchone()[0]).hex()
    office.connection.close()
    assert moved(folder, to) == Adopted(number, purposes=1, people=4, epoch=3)
    assert sorted(path.name for path in to.iterdir()) == [
        "authority",
        *(f"custodian-{seat}" for seat in SEATS),
        DEPLOYMENT,
        "gateway",
        "ledger",
        "people",
    ]
    require_whole(to)
    require_left(folder)
    assert f'office = "{number}"' in (to / DEPLOYMENT).read_text()
    assert not list(to.parent.glob(".*"))
    assert not [path for path in to.rglob("*") if path.stat().st_mode & 0o077 and path.name != "custodian.pid"]


def test_the_old_roots_are_overwritten_before_they_are_removed(folder: Path, to: Path, tmp_path: Path) -> None:
    """Seen through other names of the same files, as whoever finds their blocks again would."""
    kept = tmp_path / "kept"
    kept.mkdir()
    roots = [*folder.glob("custodian-?/roots/*")]
    for number, root in enumerate(roots):
        os.link(root, kept / str(number))
    before = [path.read_bytes() for path in sorted(kept.iterdir())]
    assert len(before) == 3
    assert all(len(set(root)) > 8 for root in before)

    heard: list[tuple[str, list[bytes], int]] = []

    def observer(point: str) -> None:
        left = len([*folder.glob("custodian-?/roots/*.key")])
        heard.append((point, [path.read_bytes() for path in sorted(kept.iterdir())], left))

    moved(folder, to, observer=observer)
    after = {point: (roots_now, left) for point, roots_now, left in heard}
    assert after["adopt left"] == (before, 3)  # until the one moment, the old office opens
    assert after["adopt roots destroyed"] == ([bytes(32)] * 3, 0)


def test_it_moves_into_databases(folder: Path, to: Path, postgres: Server) -> None:
    databases: dict[Seat, str] = {
        "a": postgres.tcp_url(postgres.database()),
        "c": postgres.socket_url(postgres.database()),
    }
    moved(folder, to, databases)
    assert [(to / f"custodian-{seat}" / "store" / "custodian.sqlite").exists() for seat in SEATS] == [
        False,
        True,
        False,
    ]
    assert f'database = "{databases["a"]}"' in (to / "custodian-a" / trial.CONFIG).read_text()
    require_whole(to, databases)
    require_left(folder)


def test_an_office_of_nobody_and_one_without_purposes_move_too(tmp_path: Path) -> None:
    create(tmp_path / "nobody")
    assert moved(tmp_path / "nobody", tmp_path / "1").people == 0
    Embedded.create(tmp_path / "new", os.urandom)
    assert moved(tmp_path / "new", tmp_path / "2").purposes == 0
    with closing(apart(tmp_path / "2")) as office:
        assert office.galleries() == []


def test_an_old_copy_and_a_new_store_are_noise_together(folder: Path, to: Path) -> None:
    """Whoever copied one custodian before has nothing once it is over: not with any of the new ones."""
    before = bytes_of(folder)
    moved(folder, to)
    after = {
        name.replace(f"/{trial.STORE}/", "/"): content for name, content in bytes_of(to).items() if "/store/" in name
    }
    old = {seat: stolen(before, seat, DOOR, DIM)[0] for seat in SEATS}
    new = {seat: stolen(after, seat, DOOR, DIM)[0] for seat in SEATS}
    faces = {person.words.tobytes() for person in CROWD}

    def found(one: Seat, other: Seat, two: dict[Seat, Pages]) -> int:
        words = combine({one: rows(old[one]), other: rows(two[other])})
        return len(faces & {row.astype(np.int16).tobytes() for row in words})

    for one in SEATS:
        for other in SEATS:
            if one != other:
                assert found(one, other, old) == len(CROWD)
                assert found(one, other, new) == 0


def rows(pages: Pages) -> NDArray[np.uint16]:
    """The parts of every slot, (slots, DIM)."""
    return np.ascontiguousarray(pages["parts"].transpose(0, 2, 1, 3)).reshape(-1, DIM).astype(np.uint16)


def test_what_exists_is_not_written_over(folder: Path, to: Path) -> None:
    to.mkdir()
    with pytest.raises(refusals.DeploymentExists):
        moved(folder, to)
    with closing(opened(folder)) as office:
        assert matched(office, CROWD) == [True] * 4


def test_an_office_that_somebody_has_open_stays(folder: Path, to: Path) -> None:
    with closing(opened(folder)) as office:
        with pytest.raises(refusals.OfficeInUse):
            moved(folder, to)
        assert matched(office, CROWD) == [True] * 4
    with OfficeLock(folder).shared(), pytest.raises(refusals.OfficeInUse):
        adopting._alone(folder).__enter__()
    moved(folder, to)


def test_a_damaged_office_stays(folder: Path, to: Path) -> None:
    with closing(sqlite3.connect(folder / "custodian-b" / "custodian.sqlite")) as database:
        (row,) = database.execute("SELECT rows FROM page WHERE number = 0").fetchone()
        database.execute("UPDATE page SET rows = ? WHERE number = 0", (row[:-1] + bytes([row[-1] ^ 1]),))
        database.commit()
    with pytest.raises(refusals.GalleryDamaged):
        moved(folder, to)
    assert not to.exists()
    assert not list(to.parent.glob(".*"))


def test_a_database_that_anybody_may_enter_is_refused_first(folder: Path, to: Path, postgres: Server) -> None:
    with pytest.raises(refusals.CredentialsMissing):
        moved(folder, to, {"a": postgres.tcp_url("postgres", None)})
    assert (folder / "custodian-a").exists()


def test_what_fails_on_its_way_leaves_the_old_office(folder: Path, to: Path, postgres: Server) -> None:
    url = postgres.socket_url(postgres.database())
    with pytest.raises(refusals.DatabaseTaken):
        moved(folder, to, {"a": url, "b": url})
    assert not list(to.parent.glob(".*"))
    with closing(opened(folder)) as office:
        assert matched(office, CROWD) == [True] * 4
    databases: dict[Seat, str] = {"a": url}
    moved(folder, to, databases)
    require_whole(to, databases)


def test_what_another_office_left_on_its_way_is_not_removed(folder: Path, to: Path, tmp_path: Path) -> None:
    """Killed after its moment, it is nowhere else."""
    other = tmp_path / "other"
    create(other)
    assert killed(other, to, "adopt left") == KILLED
    with pytest.raises(refusals.AdoptionUnfinished):
        moved(folder, to)
    moved(other, to)
    with pytest.raises(refusals.OfficeMoved):
        moved(other, to)
    with pytest.raises(refusals.OfficeMoved):
        moved(other, tmp_path / "elsewhere")


def points(folder: Path, to: Path) -> list[str]:
    heard: list[str] = []
    moved(folder, to, observer=heard.append)
    return list(dict.fromkeys(heard))


def test_killed_at_any_moment_one_of_the_two_is_whole(lived_in: Path, tmp_path: Path) -> None:
    """Before its moment the old office opens and the command begins anew; after it, the same command goes on."""
    heard = points(Path(shutil.copytree(lived_in, tmp_path / "heard")), tmp_path / "heard-to")
    left = heard.index("adopt left")
    assert heard[0] == "adopt begun"
    assert heard[left:] == ["adopt left", "adopt roots destroyed", "adopt stores destroyed", "adopt placed"]
    assert "c after retire" in heard[:left]
    # At one custodian for each step of three.
    steps = {point.split(" ", 1)[1]: point for point in heard[:left] if point[0] in "abc" and point[1] == " "}
    for number, point in enumerate([*steps.values(), *(point for point in heard if point.startswith("adopt"))]):
        folder, to = tmp_path / f"office-{number}", tmp_path / f"to-{number}"
        shutil.copytree(lived_in, folder)
        assert killed(folder, to, point) == KILLED, point
        if heard.index(point) < left:
            with closing(opened(folder)) as office:
                assert matched(office, CROWD) == [True] * 4, point
            assert not to.exists()
        else:
            with pytest.raises(refusals.OfficeMoved):
                opened(folder)
        assert moved(folder, to).people == 4, point
        require_whole(to)
        require_left(folder)


def test_killed_over_a_database_it_begins_anew_there(folder: Path, to: Path, postgres: Server) -> None:
    databases: dict[Seat, str] = {"b": postgres.socket_url(postgres.database())}
    assert killed(folder, to, "c after switch", databases) == KILLED
    moved(folder, to, databases)
    require_whole(to, databases)


def killed(folder: Path, to: Path, point: str, databases: dict[Seat, str] | None = None) -> int | None:
    """Move in another process, which is killed at this point: its exit status."""
    ours, theirs = FORK.Pipe()
    process = FORK.Process(target=_child, args=(theirs, folder, to, point, databases))
    process.start()
    process.join(60)
    status = process.exitcode
    process.close()
    ours.close()
    theirs.close()
    return status


def _child(pipe: Connection, folder: Path, to: Path, fatal: str, databases: dict[Seat, str] | None) -> None:
    def heard(point: str) -> None:
        if point == fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    moved(folder, to, databases, heard)
