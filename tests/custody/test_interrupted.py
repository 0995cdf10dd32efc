"""`kill -9` at every commit point, before and after, at each of the three databases."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

import pytest

from moiety.custody.gateway.embedded import Embedded
from tests.custody import stories
from tests.custody.doomed import Observer, live
from tests.custody.rows import stored
from tests.custody.scene import DOCUMENT, DOOR, Clock, bytes_of, create, matched, opened
from tests.custody.stories import NEWCOMERS, REPLACED, RESIDENTS

KILLED = -signal.SIGKILL

STEPS = {
    "enrol": ("prepare", "scrub", "activate", "scrub states"),
    "erase": ("erase", "scrub"),
    "refresh": ("next key", "stage", "staged", "switch", "retire", "scrub"),
    "add": ("add gallery",),
    "replace": ("replace document",),
}


def points(story: str, order: str) -> list[str]:
    """Every commit point of a story, in the order in which they come if custodians commit in this one."""
    return [f"{seat} {side} {step}" for step in STEPS[story] for seat in order for side in ("before", "after")]


def cases(story: str, *orders: str) -> list[tuple[str, str]]:
    """Every order with every point."""
    return [(order, point) for order in orders for point in points(story, order)]


@pytest.fixture(scope="session")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An office folder with three residents, closed and never opened again."""
    folder = tmp_path_factory.mktemp("untouched") / "office"
    create(folder)
    office = opened(folder)
    office.enrol(DOOR, RESIDENTS)
    office.findings()
    office.close()
    return folder


@pytest.fixture
def inhabited(untouched: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(untouched, tmp_path / "office"))


def after(folder: Path) -> Embedded:
    """The office as the next process finds it."""
    return opened(folder, Clock())


@pytest.mark.parametrize("story", STEPS)
def test_these_are_all_the_commit_points(inhabited: Path, story: str) -> None:
    """A step that is added to a story must be added here, or it would never be interrupted."""
    observer = Observer()
    office = opened(inhabited, observer=observer)
    observer.heard.clear()
    getattr(stories, story)(office)
    office.close()
    checks = {f"{seat} {side} record check" for seat in "abc" for side in ("before", "after")}
    assert set(observer.heard) - checks == set(points(story, "abc"))


@pytest.mark.parametrize(("order", "point"), cases("enrol", "abc", "cba"))
def test_enrolment_is_all_or_nothing(inhabited: Path, order: str, point: str) -> None:
    acknowledged, status = live(inhabited, stories.enrol, order=order, fatal=point)
    assert (acknowledged, status) == (False, KILLED)
    office = after(inhabited)
    try:
        # The last activation's commit is the acknowledgement, whether or not anybody heard it.
        committed = point == f"{order[-1]} after activate" or point.endswith("scrub states")
        assert matched(office, NEWCOMERS) == [committed] * 2
        assert matched(office, RESIDENTS) == [True] * 3
        office.enrol(DOOR, [] if committed else NEWCOMERS)
        assert matched(office, NEWCOMERS) == [True] * 2
        assert office.findings() == []
    finally:
        office.close()


@pytest.mark.parametrize(("order", "point"), cases("erase", "abc"))
def test_erasure_is_all_or_nothing(inhabited: Path, order: str, point: str) -> None:
    before = bytes_of(inhabited)
    acknowledged, status = live(inhabited, stories.erase, order=order, fatal=point)
    assert (acknowledged, status) == (False, KILLED)
    office = after(inhabited)
    try:
        begun = point != f"{order[0]} before erase"
        assert matched(office, RESIDENTS) == [not begun, True, True]
        if begun:
            assert not any(some in whole for some in rows_of_first(before) for whole in bytes_of(inhabited).values())
        office.erase(DOOR, RESIDENTS[0].pseudonym)
        assert matched(office, RESIDENTS) == [False, True, True]
        assert office.findings() == []
    finally:
        office.close()


@pytest.mark.parametrize(("order", "point"), cases("refresh", "abc"))
def test_refresh_loses_nobody_and_ends_in_one_epoch(inhabited: Path, order: str, point: str) -> None:
    acknowledged, status = live(inhabited, stories.refresh, order=order, fatal=point)
    assert (acknowledged, status) == (False, KILLED)
    office = after(inhabited)
    try:
        switched = points("refresh", order).index(point) > points("refresh", order).index(f"{order[0]} before switch")
        assert office.gallery(DOOR).epoch == 1 + switched
        assert matched(office, RESIDENTS) == [True] * 3
        assert office.findings() == []
        # No root of another epoch is left, of the one that is over or of one that never came.
        assert {root.name for root in inhabited.glob("custodian-?/roots/*")} == {f"epoch-{1 + switched}.key"}
        assert office.refresh() == 2 + switched
        assert matched(office, RESIDENTS) == [True] * 3
    finally:
        office.close()


def at_two(order: str, point: str, step: str) -> bool:
    """Whether two custodians had made a step durable: no one of them tells the others what to take."""
    return point in {f"{order[1]} after {step}", f"{order[2]} before {step}", f"{order[2]} after {step}"}


@pytest.mark.parametrize(("order", "point"), cases("add", "bca"))
def test_a_gallery_is_everywhere_or_nowhere(inhabited: Path, order: str, point: str) -> None:
    assert live(inhabited, stories.add, order=order, fatal=point) == (False, KILLED)
    office = after(inhabited)
    try:
        assert office.galleries() == [DOOR, "gate"][: 1 + at_two(order, point, "add gallery")]
        stories.add(office)
        office.enrol("gate", NEWCOMERS)
        assert matched(office, NEWCOMERS, "gate") == [True] * 2
    finally:
        office.close()


@pytest.mark.parametrize(("order", "point"), cases("replace", "abc"))
def test_papers_are_the_same_everywhere(inhabited: Path, order: str, point: str) -> None:
    assert live(inhabited, stories.replace, order=order, fatal=point) == (False, KILLED)
    office = after(inhabited)
    try:
        done = at_two(order, point, "replace document")
        assert office.gallery(DOOR).document == (REPLACED if done else DOCUMENT)
        assert matched(office, RESIDENTS) == [True] * 3
    finally:
        office.close()


@pytest.mark.parametrize(
    "point", [f"{s} {side} {step}" for step in ("level", "settle") for s in "abc" for side in ("before", "after")]
)
@pytest.mark.parametrize(("story", "halfway"), [("enrol", "b after activate"), ("erase", "b after erase")])
def test_recovery_may_be_interrupted_too(inhabited: Path, story: str, halfway: str, point: str) -> None:
    assert live(inhabited, getattr(stories, story), order="abc", fatal=halfway) == (False, KILLED)
    assert live(inhabited, stories.open_only, order="abc", fatal=point) == (False, KILLED)
    office = after(inhabited)
    try:
        assert matched(office, NEWCOMERS) == [False] * 2
        assert matched(office, RESIDENTS) == [story != "erase", True, True]
        assert office.findings() == []
    finally:
        office.close()


@pytest.mark.parametrize("story", ["enrol", "erase", "refresh"])
def test_what_was_acknowledged_survives_without_a_goodbye(inhabited: Path, story: str) -> None:
    """The process ends without closing anything; custodians race as they do in the field."""
    assert live(inhabited, getattr(stories, story)) == (True, 0)
    office = after(inhabited)
    try:
        assert matched(office, NEWCOMERS) == [story == "enrol"] * 2
        assert matched(office, RESIDENTS) == [story != "erase", True, True]
        assert office.gallery(DOOR).epoch == (2 if story == "refresh" else 1)
    finally:
        office.close()


def test_another_process_puts_right_what_one_left_halfway(inhabited: Path) -> None:
    """An office that is open all the while needs no reopening."""
    bystander = opened(inhabited)
    try:
        assert matched(bystander, RESIDENTS) == [True] * 3
        assert live(inhabited, stories.enrol, order="abc", fatal="b after activate") == (False, KILLED)
        assert matched(bystander, RESIDENTS + NEWCOMERS) == [True] * 3 + [False] * 2
        assert live(inhabited, stories.refresh, order="abc", fatal="a after switch") == (False, KILLED)
        assert matched(bystander, RESIDENTS + NEWCOMERS) == [True] * 3 + [False] * 2
        assert bystander.gallery(DOOR).epoch == 2
    finally:
        bystander.close()


def rows_of_first(files: dict[str, bytes]) -> list[bytes]:
    """The stored bytes of the first resident at the three custodians."""
    return stored(files, RESIDENTS[0])
