"""By what a person's entries are found, and that whoever has one ledger's bytes puts no two of them together."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from moiety.custody import chronicle
from moiety.custody.chronicle import Numbers, minute_of, tag_of, tags_of
from moiety.custody.gateway.embedded import Embedded
from moiety.custody.verbs import DAYS_AT_ONCE, NUMBERS_A_DAY
from moiety.ledger.entry import Enrolment, Opening
from moiety.ledger.seal import Leaf
from tests.custody.ledgers import FILE, LOGS, fresh, leaves, place, read
from tests.custody.scene import DOCUMENT, DOOR, NOON, TODAY, Clock, opened, people
from tests.custody.test_chronicle import REVEAL

NOW = minute_of(NOON.timestamp())
PLAN = [0, 1, 2, 0, 2, 1, 0, 0, 1, 2, 1, 0, 2, 2, 0, 1, 1, 2, 0, 0]
"""Who of three comes next: at a door, and then their record is looked up."""
GIVING = ("gateway", "a", "b")
"""Whose ledgers have openings: two custodians give their parts."""


class Day:
    """An office in which three people come and go, on one day; and when each did."""

    def __init__(self, folder: Path) -> None:
        clock = Clock()
        self.folder = folder
        self.people = [fresh() for _ in range(3)]
        self.truth = [[NOW] for _ in self.people]
        faces = people(3, seed=6)
        Embedded.create(folder, os.urandom)
        with closing(opened(folder, clock)) as office:
            office.add_gallery(DOOR, REVEAL, DOCUMENT)
            office.enrol(DOOR, faces)
            for one in self.people:
                office.keep(DOOR, [one])
            for at, who in enumerate(PLAN):
                clock.pass_(minutes=7 + at)
                office.verify(DOOR, faces[who].words, faces[who].pseudonym)
                office.unlock(DOOR, self.people[who].name, ["document"], role="operator", reason="parcel")
                self.truth[who].append(minute_of(clock().timestamp()))


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Day:
    return Day(tmp_path_factory.mktemp("day") / "office")


@pytest.fixture
def office(day: Day, tmp_path: Path) -> Iterator[Embedded]:
    office = opened(Path(shutil.copytree(day.folder, tmp_path / "office")))
    yield office
    office.close()


def stolen(day: Day, log: str, tmp_path: Path) -> list[Leaf]:
    """What is in a copy of one ledger's database, and nothing else."""
    shutil.copy(place(day.folder, log) / FILE, tmp_path / FILE)
    return leaves(tmp_path)


def traces(found: Sequence[Leaf]) -> list[list[int]]:
    """What its thief draws, who has no key: entries of one tag are one person's, each of the minute that the last one
    about nobody tells. Of everybody who has more than one."""
    minutes: dict[bytes, list[int]] = {}
    minute = 0
    for leaf in found:
        if leaf.tag is None:
            said = read(leaf)
            assert said is not None
            minute = said.minute
        else:
            some = minutes.setdefault(leaf.tag, [])
            if minute not in some:  # the gateway's ledger has an opening twice, for the two who gave their parts
                some.append(minute)
    return sorted(some for some in minutes.values() if len(some) > 1)


def plainly(day: Day, leaf: Leaf) -> Leaf:
    """The same under the tag of its person and day, as it was once."""
    if leaf.tag is None:
        return leaf
    [whose] = [one for one in day.people if read(leaf, one.access) is not None]
    tag = hashlib.sha256(b"moiety ledger tag 1" + whose.public + TODAY.to_bytes(4, "big")).digest()[:16]
    return Leaf(leaf.commitment, leaf.line, leaf.kept, tag)


@pytest.mark.parametrize("log", LOGS)
def test_no_two_entries_of_a_day_have_the_same_tag(day: Day, log: str, tmp_path: Path) -> None:
    found = stolen(day, log, tmp_path)
    tags = [leaf.tag for leaf in found if leaf.tag is not None]
    assert len(tags) == len(set(tags)) == {"gateway": 3 + 2 * len(PLAN), "c": 3}.get(log, 3 + len(PLAN))
    assert traces(found) == []


@pytest.mark.parametrize("log", GIVING)
def test_with_one_tag_a_day_they_would_be_traces_of_each_person(day: Day, log: str, tmp_path: Path) -> None:
    """The same bytes under the tags of once: everybody's day, to the minute."""
    plain = [plainly(day, leaf) for leaf in stolen(day, log, tmp_path)]
    assert traces(plain) == sorted(day.truth)


def test_each_person_is_still_told_everything(day: Day, office: Embedded) -> None:
    for one, minutes in zip(day.people, day.truth, strict=True):
        found = office.noted(one.access, one.public, TODAY, TODAY)
        assert isinstance(found[0].entry, Enrolment)
        told = [noted.entry.minute for noted in found if isinstance(noted.entry, Opening)]
        assert told == sorted(minutes[1:] * 2)  # by each of the two who gave their parts


def test_days_beyond_what_is_asked_at_once_are_asked_next(day: Day, office: Embedded) -> None:
    one = day.people[0]
    whole = office.noted(one.access, one.public, TODAY, TODAY)
    for first in (TODAY - DAYS_AT_ONCE + 1, TODAY - DAYS_AT_ONCE, TODAY - 2 * DAYS_AT_ONCE - 7):
        assert office.noted(one.access, one.public, first, TODAY + 1) == whole
    assert office.noted(one.access, one.public, TODAY - 500, TODAY - 1) == []


def test_a_tag_comes_again_after_all_of_a_day_were_used() -> None:
    numbers, public = Numbers(os.urandom), bytes(range(32))
    first = [numbers.next(public, TODAY) for _ in range(NUMBERS_A_DAY)]
    assert sorted(first) == list(range(NUMBERS_A_DAY))
    assert {tag_of(public, TODAY, number) for number in first} == {*tags_of(public, TODAY)}
    assert [numbers.next(public, TODAY) for _ in range(NUMBERS_A_DAY)] == first


def test_numbers_are_of_one_day_begin_anywhere_and_are_as_many_as_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []

    def entropy(count: int) -> bytes:
        drawn.append(count)
        return bytes([200 + len(drawn)] * count)

    numbers, anna, bert, carl = Numbers(entropy), bytes(32), bytes([1] * 32), bytes([2] * 32)
    assert [numbers.next(some, TODAY) for some in (anna, bert, anna, bert)] == [201 % 64, 202 % 64, 202 % 64, 203 % 64]
    assert numbers.next(anna, TODAY + 1) == 203 % 64  # another day begins elsewhere
    monkeypatch.setattr(chronicle, "_REMEMBERED", 2)
    for some in (bert, anna, carl):
        numbers.next(some, TODAY + 1)
    assert len(drawn) == 5
    numbers.next(anna, TODAY + 1)
    assert len(drawn) == 5
    numbers.next(bert, TODAY + 1)  # whose latest entry was the longest ago was forgotten
    assert len(drawn) == 6


def test_between_processes_numbers_begin_at_random() -> None:
    """Or two of the same person's after two restarts would always have one tag."""
    begun = {Numbers(os.urandom).next(bytes(32), TODAY) for _ in range(200)}
    assert len(begun) > 32
