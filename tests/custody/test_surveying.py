"""A gallery is read again while searches go on, and what changes meanwhile is no damage."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import pytest

from moiety.custody import checking, refusals
from moiety.custody.custodian import Custodian
from moiety.custody.gateway import searching
from moiety.custody.gateway.embedded import Embedded
from moiety.custody.gateway.three import unheard
from moiety.custody.store.page import Pages
from moiety.custody.store.slots import SLOTS, State
from moiety.custody.store.sql import unobserved
from moiety.custody.turns import Turns
from moiety.custody.verbs import silent
from moiety.sharing.seat import SEATS, Seat
from tests.custody.damage import first_active, flip, forge
from tests.custody.scene import DOOR, FOLDERS, Clock, matched, opened, people

CROWD = people(4)
SOON_S = 20


@pytest.fixture
def custodians(office: Embedded) -> dict[Seat, Custodian]:
    """The three, with four people."""
    office.enrol(DOOR, CROWD)
    held = office._three.custodians
    return {seat: custodian for seat in SEATS if isinstance(custodian := held[seat], Custodian)}


@pytest.mark.parametrize("seat", SEATS)
def test_a_search_is_answered_while_a_survey_is_under_way(
    office: Embedded, custodians: dict[Seat, Custodian], seat: Seat
) -> None:
    words = np.stack([person.words for person in CROWD])
    found: list[list[list[bytes]]] = []

    def search() -> list[list[bytes]]:
        # Past the office's own lock, as where custodians run apart.
        return searching.identify(office._three, office._headers(), os.urandom, DOOR, words, unheard).found

    with ThreadPoolExecutor(1) as threads:

        def reading(stage: str, done: int, total: int) -> None:
            asked: Future[list[list[bytes]]] = threads.submit(search)
            found.append(asked.result(SOON_S))

        survey = custodians[seat].survey(DOOR, reading)
    assert found
    assert all(one == [[person.pseudonym] for person in CROWD] for one in found)
    assert (survey.damaged, survey.people) == ([], 4)


class Between(Turns):
    """Turns at a custodian where something happens just before somebody has one alone."""

    def __init__(self, happens: Callable[[], object]) -> None:
        super().__init__()
        self._happens = happens

    @contextmanager
    def alone(self) -> Iterator[None]:
        self._happens()
        with super().alone():
            yield


def test_what_changes_after_it_was_read_is_read_again(office: Embedded, custodians: dict[Seat, Custodian]) -> None:
    """Nobody changes anything under the lease of who checks; a gateway that asks without one gains nothing."""
    gallery = custodians["b"]._gallery(DOOR)
    before = gallery.look()
    between = Between(lambda: office.erase(DOOR, CROWD[0].pseudonym))
    survey = checking.survey(gallery, between, silent, lambda: None)
    assert (survey.damaged, survey.people) == ([], 3)
    assert gallery.public == gallery.look().public != before.public


def test_everything_is_read_once(folder: Path) -> None:
    """Whether or not it was read before, and once more where it is of another epoch; a search then reads nothing."""
    with closing(opened(folder)) as office:
        office.enrol(DOOR, CROWD)
    read: list[str] = []

    def reading(stage: str, done: int, total: int) -> None:
        read.extend([stage] * (done == total))

    with closing(
        Custodian.open(folder / "custodian-b", "b", clock=Clock(), entropy=os.urandom, observer=unobserved)
    ) as b:
        for _ in range(2):
            b.survey(DOOR, reading)
            assert len(read) == 1
            b.load(DOOR, reading)
            assert len(read) == 1
            read.clear()
        with closing(opened(folder)) as other:
            other.refresh()
        b.survey(DOOR, reading)
        b.load(DOOR, reading)
        assert len(read) == 1


def test_what_was_altered_is_read_anew_before_the_other_two_wait_for_it(
    custodians: dict[Seat, Custodian], folder: Path
) -> None:
    """Under a valid seal: the check that follows begins with what is in memory."""

    def alter(pages: Pages, states: Pages) -> None:
        at, slot = first_active(states)
        pages["parts"][at, 5, slot, 1] ^= 1

    forge(folder / "custodian-b", alter)
    read: list[str] = []
    assert custodians["b"].survey(DOOR, lambda stage, done, total: read.append(stage)).damaged == []
    assert len(read) > 1
    read.clear()
    custodians["b"].load(DOOR, lambda stage, done, total: read.append(stage))
    assert read == []


def test_what_was_not_intact_and_is_again_is_taken_from_the_store_anew(office: Embedded, folder: Path) -> None:
    office.enrol(DOOR, CROWD)
    states = office._three.custodians["a"].states(DOOR).reshape(-1, SLOTS)
    page = int(np.flatnonzero((states == State.ACTIVE).any(axis=1))[0])
    for name in FOLDERS:
        flip(folder / name, "page", "parts", page)
    with closing(opened(folder)) as again:
        with pytest.raises(refusals.GalleryDamaged):
            again.identify(DOOR, CROWD[0].words[None])
        assert {found.page for found in again.findings()} == {page}
        for name in FOLDERS:
            flip(folder / name, "page", "parts", page)
        assert again.findings() == []
        assert matched(again, CROWD) == [True] * 4
