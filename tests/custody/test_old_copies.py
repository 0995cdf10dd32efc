"""Old copies put back: refused, with a reason, and nothing is lost by the refusal."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moiety.custody import refusals
from moiety.custody.gateway.embedded import Embedded
from moiety.custody.recovery import agreed, unexplained, unsettled
from moiety.custody.store.page import Pages
from moiety.custody.store.slots import Phase, State
from moiety.errors import Refused
from tests.custody.damage import forge, set_states
from tests.custody.scene import DOOR, FOLDERS, create, matched, opened, people

CROWD = people(4)
Step = Callable[[Embedded], object]


def then(folder: Path, *steps: Step) -> None:
    """Open, do these, close."""
    office = opened(folder)
    for step in steps:
        step(office)
    office.close()


def enrol(at: int) -> Step:
    return lambda office: office.enrol(DOOR, [CROWD[at]])


def refused(folder: Path, reason: type[Refused]) -> Refused:
    with pytest.raises(reason) as raised:
        opened(folder)
    return raised.value


@pytest.mark.parametrize("name", FOLDERS)
def test_a_custodian_of_an_earlier_epoch_is_refused(folder: Path, tmp_path: Path, name: str) -> None:
    then(folder, enrol(0))
    shutil.copytree(folder / name, tmp_path / "old")
    then(folder, lambda office: office.refresh())
    shutil.copytree(folder / name, tmp_path / "new")
    shutil.rmtree(folder / name)
    shutil.copytree(tmp_path / "old", folder / name)
    assert refused(folder, refusals.EpochsMixed).numbers == {"oldest": 1, "newest": 2}
    shutil.rmtree(folder / name)
    shutil.copytree(tmp_path / "new", folder / name)
    office = opened(folder)
    assert matched(office, CROWD) == [True, False, False, False]
    office.close()


@pytest.mark.parametrize("name", FOLDERS)
def test_who_had_staged_an_epoch_that_is_over_is_refused(folder: Path, tmp_path: Path, name: str) -> None:
    """One epoch behind and staged, it would switch; two behind, it would switch into parts that fit no others."""

    def copy(point: str) -> None:
        if point == f"{name[-1]} after staged" and not (tmp_path / "old").exists():
            shutil.copytree(folder / name, tmp_path / "old")

    office = opened(folder, observer=copy)
    office.enrol(DOOR, CROWD[:1])
    office.refresh()
    office.close()
    shutil.copytree(folder, tmp_path / "whole")
    shutil.rmtree(tmp_path / "whole" / name)
    shutil.copytree(tmp_path / "old", tmp_path / "whole" / name)
    then(tmp_path / "whole", lambda office: office.identify(DOOR, CROWD[0].words[None]))
    then(folder, lambda office: office.refresh())
    shutil.rmtree(folder / name)
    shutil.copytree(tmp_path / "old", folder / name)
    for _ in range(2):
        assert refused(folder, refusals.EpochsMixed).numbers == {"oldest": 1, "newest": 3}


def test_two_custodians_of_an_earlier_epoch_are_refused(folder: Path, tmp_path: Path) -> None:
    then(folder, enrol(0))
    for name in FOLDERS[:2]:
        shutil.copytree(folder / name, tmp_path / name)
    then(folder, lambda office: office.refresh(), lambda office: office.refresh())
    for name in FOLDERS[:2]:
        shutil.rmtree(folder / name)
        shutil.copytree(tmp_path / name, folder / name)
    refused(folder, refusals.EpochsMixed)


@pytest.mark.parametrize("name", FOLDERS)
def test_a_custodian_from_before_an_enrolment_is_refused_and_nobody_is_lost(
    folder: Path, tmp_path: Path, name: str
) -> None:
    then(folder, enrol(0))
    shutil.copytree(folder / name, tmp_path / "old")
    then(folder, enrol(1))
    shutil.copytree(folder, tmp_path / "whole")
    shutil.rmtree(folder / name)
    shutil.copytree(tmp_path / "old", folder / name)
    assert refused(folder, refusals.CopyOld).numbers == {"behind": 2}
    office = opened(tmp_path / "whole")
    assert matched(office, CROWD[:2]) == [True, True]
    office.close()


def test_a_custodian_from_before_an_erasure_does_not_bring_anybody_back(folder: Path, tmp_path: Path) -> None:
    """One change apart is what an interruption leaves too: then the erasure is completed, never undone."""
    then(folder, enrol(0), enrol(1))
    shutil.copytree(folder / FOLDERS[1], tmp_path / "old")
    then(folder, lambda office: office.erase(DOOR, CROWD[0].pseudonym))
    shutil.rmtree(folder / FOLDERS[1])
    shutil.copytree(tmp_path / "old", folder / FOLDERS[1])
    office = opened(folder)
    assert matched(office, CROWD[:2]) == [False, True]
    office.close()


def test_a_custodian_from_before_a_gallery_was_used_is_refused(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder / FOLDERS[2], tmp_path / "old")
    office = opened(folder)
    terms = office.gallery(DOOR).terms
    office.add_gallery("gate", terms, b"")
    office.enrol("gate", CROWD[:1])
    office.close()
    shutil.rmtree(folder / FOLDERS[2])
    shutil.copytree(tmp_path / "old", folder / FOLDERS[2])
    refused(folder, refusals.CopyOld)


def test_a_custodian_of_another_office_or_seat_is_refused(folder: Path, tmp_path: Path) -> None:
    create(tmp_path / "other")
    shutil.move(folder / FOLDERS[1], tmp_path / "mine")
    shutil.copytree(tmp_path / "other" / FOLDERS[1], folder / FOLDERS[1])
    refused(folder, refusals.NotOneOffice)
    shutil.rmtree(folder / FOLDERS[1])
    shutil.copytree(folder / FOLDERS[0], folder / FOLDERS[1])
    refused(folder, refusals.NotOneOffice)
    shutil.rmtree(folder / FOLDERS[1])
    shutil.move(tmp_path / "mine", folder / FOLDERS[1])
    opened(folder).close()


@pytest.mark.parametrize("change", ["refresh", "erase", "enrol"])
@pytest.mark.parametrize("name", FOLDERS)
def test_an_old_copy_put_back_under_an_open_office_is_refused_too(
    folder: Path, tmp_path: Path, name: str, change: str
) -> None:
    """The office stays open: what it would write to the file that it still holds would be nowhere."""
    office = opened(folder)
    office.enrol(DOOR, CROWD[:1])
    office.enrol(DOOR, CROWD[1:2])
    shutil.copytree(folder / name, tmp_path / "old")
    if change == "refresh":
        office.refresh()
    elif change == "erase":
        office.erase(DOOR, CROWD[0].pseudonym)
    else:
        office.enrol(DOOR, CROWD[2:3])
    shutil.rmtree(folder / name)
    shutil.copytree(tmp_path / "old", folder / name)
    for ask in (
        lambda: office.identify(DOOR, CROWD[0].words[None]),
        lambda: office.verify(DOOR, CROWD[0].words, CROWD[0].pseudonym),
        lambda: office.enrol(DOOR, CROWD[3:4]),
        lambda: office.erase(DOOR, CROWD[1].pseudonym),
        lambda: office.refresh(),
        lambda: office.status(),
    ):
        with pytest.raises(refusals.StoreReplaced):
            ask()
    office.close()
    if change == "refresh":
        refused(folder, refusals.EpochsMixed)
    elif change == "enrol":
        refused(folder, refusals.CopyOld)
    else:
        again = opened(folder)
        assert matched(again, CROWD[:2]) == [False, True]
        again.close()


def states(*names: str) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    letters = {"f": State.FREE, "p": State.PENDING, "a": State.ACTIVE, "e": State.ERASED, "r": State.RESTRICTED}
    return np.array([letters[letter] for letter in "".join(names)], dtype=np.uint8)


def test_only_what_is_active_everywhere_stays() -> None:
    final = agreed({"a": states("afeapp"), "b": states("afeaap"), "c": states("afepap")})
    assert final.tolist() == states("afeeee").tolist()


def test_whoever_is_restricted_at_one_is_at_all_if_anybody_is_there() -> None:
    final = agreed({"a": states("rraaree"), "b": states("rararaf"), "c": states("rrraepf")})
    assert final.tolist() == states("rrraeee").tolist()


def test_blocks_that_one_lacks_are_dropped_unless_somebody_lives_there() -> None:
    assert agreed({"a": states("affp"), "b": states("af"), "c": states("affp")}).tolist() == states("af").tolist()
    for letter in "ar":
        with pytest.raises(refusals.StatesDiffer):
            agreed({"a": states("aff" + letter), "b": states("af"), "c": states("aff" + letter)})


@pytest.mark.parametrize(
    ("a", "b", "versions", "strange"),
    [
        ("ffa", "ffa", (1, 1), 0),
        ("ffa", "fpa", (1, 1), 1),  # the same version, another state: altered
        ("ffa", "fpa", (1, 2), 0),  # prepared
        ("ff", "ffpf", (1, 2), 0),  # prepared, in a new block
        ("fpa", "faa", (1, 2), 0),  # activated
        ("faa", "fae", (1, 2), 0),  # erased
        ("fra", "fea", (1, 2), 0),  # the same of somebody restricted
        ("faa", "fra", (1, 2), 0),  # restricted
        ("fra", "faa", (1, 2), 0),  # and lifted
        ("faa", "fra", (1, 1), 1),
        ("fpa", "fra", (1, 2), 1),  # nobody is restricted who was not there
        ("fea", "fra", (1, 2), 1),
        ("fra", "ffa", (1, 2), 1),
        ("faa", "ffa", (1, 2), 1),  # no step frees a slot
        ("ffa", "faa", (1, 2), 1),  # nobody is activated who was not prepared
        ("fea", "fpa", (1, 2), 1),  # no slot is used twice in an epoch
    ],
)
def test_an_interruption_explains_one_step_and_nothing_else(
    a: str, b: str, versions: tuple[int, int], strange: int
) -> None:
    held = {"a": states(a), "b": states(b), "c": states(b)}
    assert unexplained(held, {"a": versions[0], "b": versions[1], "c": versions[1]}) == strange


def test_states_that_no_interruption_explains_are_refused(folder: Path) -> None:
    then(folder, enrol(0), enrol(1))
    set_states(folder / FOLDERS[1], State.ACTIVE, State.ERASED, phase=Phase.PREPARED)
    assert refused(folder, refusals.StatesDiffer).numbers == {"slots": 2}
    set_states(folder / FOLDERS[1], State.ERASED, State.ACTIVE, phase=Phase.SETTLED)
    office = opened(folder)
    assert matched(office, CROWD[:2]) == [True, True]
    office.close()


@pytest.mark.parametrize(
    ("a", "b", "c", "strange"),
    [
        ("fpae", "fpae", "fpae", 0),
        ("fpa", "eee", "ppp", 0),
        ("aap", "eaa", "epe", 0),
        ("aaf", "faf", "afp", 2),
        ("rrr", "rae", "aee", 0),
        ("rf", "ff", "fr", 2),
    ],
)
def test_an_interrupted_settling_explains_no_free_slot_that_is_somebodys(a: str, b: str, c: str, strange: int) -> None:
    assert unsettled({"a": states(a), "b": states(b), "c": states(c)}) == strange


@pytest.mark.parametrize("name", FOLDERS)
def test_old_pages_and_a_settling_that_never_was_erase_nobody(folder: Path, tmp_path: Path, name: str) -> None:
    """Whoever may write one database, and has none of its keys, puts pages of a backup back, from before somebody came,
    and says that a recovery was interrupted: the other two would erase everybody who has come since."""
    then(folder, enrol(0))
    old, new = tmp_path / "old.sqlite", folder / name / "custodian.sqlite"
    shutil.copy(new, old)
    then(folder, enrol(1), enrol(2))
    with closing(sqlite3.connect(new)) as database, database:
        database.execute("ATTACH ? AS old", (str(old),))
        for table in ("page", "states"):
            database.execute(f"DELETE FROM main.{table}")  # noqa: S608
            database.execute(f"INSERT INTO main.{table} SELECT * FROM old.{table}")  # noqa: S608
        database.execute("UPDATE main.gallery SET phase = ?", (Phase.SETTLING,))
    assert refused(folder, refusals.StatesDiffer).numbers == {"slots": 2}
    for other in set(FOLDERS) - {name}:
        assert int((states_of(folder / other) == State.ACTIVE).sum()) == 3


def states_of(folder: Path) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    found: list[np.ndarray[tuple[int], np.dtype[np.uint8]]] = []

    def look(pages: Pages, states: Pages) -> None:
        found.append(states["states"].copy())

    forge(folder, look)
    return np.concatenate(found)


@given(st.lists(st.tuples(*[st.sampled_from("fpaer")] * 3), min_size=1, max_size=30))
def test_nobody_is_active_afterwards_who_was_not_active_everywhere(slots: list[tuple[str, str, str]]) -> None:
    columns = ["".join(column) for column in zip(*slots, strict=True)]
    final = agreed({"a": states(columns[0]), "b": states(columns[1]), "c": states(columns[2])})
    for slot, outcome in zip(slots, final, strict=True):
        assert (outcome == State.ACTIVE) == (set(slot) == {"a"})
        assert (outcome == State.FREE) == (set(slot) == {"f"})
        assert (outcome == State.RESTRICTED) == (set(slot) in ({"r"}, {"a", "r"}))
        assert outcome != State.PENDING


def test_the_folder_is_left_as_it_was_by_a_refusal(folder: Path, tmp_path: Path) -> None:
    then(folder, enrol(0))
    shutil.copytree(folder / FOLDERS[0], tmp_path / "old")
    then(folder, lambda office: office.refresh())
    shutil.rmtree(folder / FOLDERS[0])
    shutil.copytree(tmp_path / "old", folder / FOLDERS[0])
    refused(folder, refusals.EpochsMixed)
    assert sorted(os.listdir(folder)) == [*FOLDERS, "gate.lock", "ledger", "office.lock"]
