"""Epoch keys: everything of an epoch dies with its root, wherever it was copied to, and not before."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from moiety.custody import refusals
from moiety.custody.gallery import silent
from moiety.custody.gateway.embedded import Embedded
from moiety.custody.store.slots import Staging
from moiety.drills.loot import Loot, steal
from moiety.errors import MoietyError
from moiety.sharing.seat import SEATS
from tests.custody.scene import DOOR, FOLDERS, Clock, matched, opened, people

CROWD = people(4)


def roots(folder: Path, seat: str) -> list[str]:
    return sorted(path.name for path in (folder / f"custodian-{seat}" / "roots").iterdir())


def test_an_office_has_a_root_for_each_custodian_and_epoch_and_no_other(office: Embedded, folder: Path) -> None:
    office.enrol(DOOR, CROWD)
    assert [roots(folder, seat) for seat in SEATS] == [["epoch-1.key"]] * 3
    office.refresh()
    office.refresh()
    assert [roots(folder, seat) for seat in SEATS] == [["epoch-3.key"]] * 3
    keys = {path.read_bytes() for path in folder.glob("custodian-?/roots/*.key")}
    assert len(keys) == 3


@pytest.mark.parametrize("seat", SEATS)
def test_a_copy_from_before_a_refresh_opens_nothing_afterwards(office: Embedded, folder: Path, seat: str) -> None:
    """Log and all: what opens before, with the folder's own key, does not open with the keys of after."""
    office.enrol(DOOR, CROWD)
    before = steal(folder / f"custodian-{seat}")
    assert len(before.rows(DOOR)) == len(CROWD)
    office.refresh()
    after = steal(folder / f"custodian-{seat}")
    assert len(after.rows(DOOR)) == len(CROWD)
    old = {name: content for name, content in before.files.items() if "roots" not in name}
    new = {name: content for name, content in after.files.items() if "roots" in name}
    assert len(new) == 1
    with pytest.raises(LookupError):
        Loot(old | new).rows(DOOR)


def test_rows_of_one_custodian_do_not_open_at_another(office: Embedded, folder: Path) -> None:
    office.enrol(DOOR, CROWD)
    office.close()
    for name in FOLDERS[1:]:
        shutil.copy(folder / FOLDERS[0] / "roots" / "epoch-1.key", folder / name / "roots" / "epoch-1.key")
        with pytest.raises(refusals.RootWrong):
            opened(folder)


def test_a_custodian_without_its_root_is_refused_and_opens_again_with_it(folder: Path, tmp_path: Path) -> None:
    with closing(opened(folder)) as office:
        office.enrol(DOOR, CROWD)
    (folder / "custodian-b" / "roots" / "epoch-1.key").rename(tmp_path / "kept")
    with pytest.raises(refusals.RootMissing):
        opened(folder)
    (tmp_path / "kept").rename(folder / "custodian-b" / "roots" / "epoch-1.key")
    with closing(opened(folder)) as office:
        assert matched(office, CROWD) == [True] * 4


def test_an_office_whose_roots_others_may_read_is_refused(folder: Path) -> None:
    (folder / "custodian-c" / "roots" / "epoch-1.key").chmod(0o644)
    with pytest.raises(refusals.RootExposed):
        opened(folder)


@pytest.mark.parametrize("point", ["b before switch", "b before retire"])
def test_no_old_root_dies_before_all_three_have_switched(folder: Path, point: str) -> None:
    """Whatever happens to one that has not, the others could still read what they had."""
    seen: dict[str, list[str]] = {}

    def look(heard: str) -> None:
        if heard == "a after switch":
            seen[heard] = roots(folder, "a")
        if heard == point:
            raise RuntimeError("stopped here")

    office = opened(folder, observer=look)
    office.enrol(DOOR, CROWD)
    with pytest.raises(RuntimeError):
        office.refresh()
    assert seen["a after switch"] == ["epoch-1.key", "epoch-2.key"]
    office.close()
    with closing(opened(folder)) as again:
        assert matched(again, CROWD) == [True] * 4
        assert [roots(folder, seat) for seat in SEATS] == [["epoch-2.key"]] * 3
        assert {c.standing().staging for c in again._three.custodians.values()} == {Staging.NONE}


@pytest.mark.parametrize("late", SEATS)
def test_nobody_enters_an_epoch_that_another_has_not_staged(office: Embedded, late: str) -> None:
    """Whatever a gateway asks for: who went ahead would have deleted what it can no longer be told from the others."""
    office.enrol(DOOR, CROWD)
    three = office._three
    renewing, switching = office._headers().office("renew"), office._headers().office("switch")
    three.play(lambda custodian: custodian.renew(renewing))
    for seat in SEATS:
        if seat != late:
            three.custodians[seat].stage(silent)
    with pytest.raises(refusals.NotStaged):
        three.play(lambda custodian: custodian.switch(switching))
    assert {standing.epoch for standing in three.standings().values()} == {1}
    assert matched(office, CROWD) == [True] * 4


def test_every_old_root_is_there_until_the_last_has_switched(folder: Path) -> None:
    """Whoever has switched already waits with its own."""
    seen: dict[str, list[list[str]]] = {}

    def look(heard: str) -> None:
        if heard.endswith("before switch"):
            seen[heard] = [roots(folder, seat) for seat in SEATS]

    with closing(opened(folder, observer=look)) as office:
        office.enrol(DOOR, CROWD)
        office.refresh()
    both = [["epoch-1.key", "epoch-2.key"]] * 3
    assert seen == {f"{seat} before switch": both for seat in SEATS}
    assert [roots(folder, seat) for seat in SEATS] == [["epoch-2.key"]] * 3


def test_a_bystander_follows_into_another_epoch_and_its_keys(folder: Path) -> None:
    bystander, office = opened(folder), opened(folder)
    office.enrol(DOOR, CROWD)
    assert matched(bystander, CROWD) == [True] * 4
    office.refresh()
    assert matched(bystander, CROWD) == [True] * 4
    bystander.enrol(DOOR, people(1, seed=9))
    assert matched(office, people(1, seed=9)) == [True]
    bystander.close()
    office.close()


def test_a_refresh_that_fails_leaves_no_root_and_the_next_has_another_key(folder: Path) -> None:
    """Another process that has seen the key of the epoch that never came does not take it for the one that did."""
    fatal = True

    def fail(heard: str) -> None:
        if fatal and heard == "c before staged":
            raise RuntimeError("stopped here")

    office = opened(folder, observer=fail)
    office.enrol(DOOR, CROWD)
    with pytest.raises(RuntimeError):
        office.refresh()
    assert [roots(folder, seat) for seat in SEATS] == [["epoch-1.key"]] * 3
    assert matched(office, CROWD) == [True] * 4
    fatal = False
    assert office.refresh() == 2
    assert matched(office, CROWD) == [True] * 4
    office.close()


@pytest.mark.parametrize("seat", SEATS)
def test_what_is_discarded_goes_with_its_root(office: Embedded, folder: Path, seat: str) -> None:
    """At each alone: whoever has the next epoch's pages from a log opens nothing with what is left."""
    office.enrol(DOOR, CROWD)
    renewing = office._headers().office("renew")
    office._three.play(lambda custodian: custodian.renew(renewing))
    custodian = office._three.custodians[seat]  # type: ignore[index]
    custodian.stage(silent)
    assert roots(folder, seat) == ["epoch-1.key", "epoch-2.key"]
    custodian.discard()
    assert roots(folder, seat) == ["epoch-1.key"]
    assert matched(office, CROWD) == [True] * 4


def test_a_root_that_is_there_already_is_made_anew(office: Embedded, folder: Path) -> None:
    """Whoever put it there, or kept a copy of it, opens nothing of the epoch that follows."""
    office.enrol(DOOR, CROWD)
    planted = folder / "custodian-b" / "roots" / "epoch-2.key"
    planted.write_bytes(bytes(32))
    planted.chmod(0o600)
    assert office.refresh() == 2
    assert planted.read_bytes() != bytes(32)
    assert matched(office, CROWD) == [True] * 4


@pytest.mark.parametrize("name", ["epoch-2.key", "epoch-2.new"])
def test_a_root_that_a_kill_left_over_goes_at_the_next_opening(folder: Path, name: str) -> None:
    left = folder / "custodian-a" / "roots" / name
    left.touch(0o600)
    left.write_bytes(bytes(32))
    with closing(opened(folder, Clock())) as office:
        assert roots(folder, "a") == ["epoch-1.key"]
        office.refresh()
    assert roots(folder, "a") == ["epoch-2.key"]


def test_an_old_database_beside_newer_roots_is_refused_and_costs_nothing(folder: Path, tmp_path: Path) -> None:
    """The roots that it does not know are not taken for ones that are over."""
    home = folder / "custodian-a"
    shutil.copytree(home, tmp_path / "old")
    with closing(opened(folder)) as office:
        office.enrol(DOOR, CROWD)
        office.refresh()
    shutil.copy(home / "custodian.sqlite", tmp_path / "new")
    shutil.copy(tmp_path / "old" / "custodian.sqlite", home)
    with pytest.raises(MoietyError):
        opened(folder)
    assert roots(folder, "a") == ["epoch-2.key"]
    shutil.copy(tmp_path / "new", home / "custodian.sqlite")
    with closing(opened(folder)) as office:
        assert matched(office, CROWD) == [True] * 4


def test_the_data_key_lies_in_no_file_in_the_clear(office: Embedded, folder: Path) -> None:
    from moiety.custody.store.token import unwrapped_under

    office.enrol(DOOR, CROWD)
    for seat in SEATS:
        home = folder / f"custodian-{seat}"
        with closing(sqlite3.connect(home / "custodian.sqlite")) as database:
            (wrapped,) = database.execute("SELECT wrapped FROM data_key").fetchone()
            owner, named = database.execute("SELECT office, seat FROM custodian").fetchone()
        root = (home / "roots" / "epoch-1.key").read_bytes()
        said = b"moiety data key 1" + owner + named.encode() + (1).to_bytes(8, "little")
        key = unwrapped_under(root, wrapped, said)
        assert not any(key in path.read_bytes() for path in home.rglob("*") if path.is_file())
