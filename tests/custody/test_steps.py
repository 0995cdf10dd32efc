"""A step is taken from the state before it and from no other, in the same slots at all three."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from moiety.custody import life, refusals
from moiety.custody.custodian import Custodian
from moiety.custody.gateway.embedded import Embedded
from moiety.custody.gateway.enrolment import _split
from moiety.custody.store.page import Pages
from moiety.custody.store.slots import BLOCK, COIN_BYTES, State
from moiety.matching.refusals import Disagreement
from moiety.sharing.seat import SEATS
from tests.custody.damage import forge
from tests.custody.scene import DIM, DOCUMENT, DOOR, NOON, TERMS, opened, people

CROWD = people(4)


@pytest.fixture
def inhabited(folder: Path) -> Path:
    """An office folder with some people, found good today."""
    with closing(opened(folder)) as office:
        office.enrol(DOOR, CROWD)
    return folder


def states(office: Embedded) -> dict[str, list[int]]:
    return {seat: office._three.custodians[seat].states(DOOR).tolist() for seat in SEATS}


@pytest.mark.parametrize("seat", SEATS)
def test_newcomers_whom_the_three_put_into_different_slots_are_not_enrolled(inhabited: Path, seat: str) -> None:
    """Parts of one template in three different rows would be noise, and match nobody for good."""

    def alter(pages: Pages, held: Pages) -> None:
        odd = np.arange(held["states"].size).reshape(held["states"].shape) % 2 == 1
        held["states"][odd & (held["states"] == State.FREE)] = State.ERASED

    forge(inhabited / f"custodian-{seat}", alter)
    with closing(opened(inhabited)) as office:
        with pytest.raises(Disagreement):
            office.enrol(DOOR, people(20, seed=9))
        for found in states(office).values():
            assert found.count(State.ACTIVE) == len(CROWD)


@pytest.mark.parametrize("seat", SEATS)
def test_whom_the_three_find_in_different_slots_is_not_erased(inhabited: Path, seat: str) -> None:
    """Or two people would be lost, each to some of the custodians, and neither of them erased."""

    def alter(pages: Pages, held: Pages) -> None:
        (page, slot), (other_page, other) = np.argwhere(held["states"] == State.ACTIVE)[:2]
        one = pages["handles"][page, slot].copy()
        pages["handles"][page, slot] = pages["handles"][other_page, other]
        pages["handles"][other_page, other] = one

    forge(inhabited / f"custodian-{seat}", alter)
    with closing(opened(inhabited)) as office:
        refused = 0
        for person in CROWD:
            known = states(office)
            try:
                office.erase(DOOR, person.pseudonym)
            except Disagreement:
                refused += 1
                assert states(office) == known
        assert refused == 2
        assert sum(found.count(State.ACTIVE) for found in states(office).values()) == 2 * len(SEATS)


def test_a_gallery_does_not_grow_beyond_the_largest_that_is_read_again(
    office: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(life, "MOST_SLOTS", BLOCK - 1)
    with pytest.raises(refusals.TooMany) as raised:
        office.enrol(DOOR, CROWD)
    assert raised.value.numbers == {"limit": BLOCK - 1}
    monkeypatch.setattr(life, "MOST_SLOTS", BLOCK)
    office.enrol(DOOR, CROWD)
    assert office.gallery(DOOR).slots == BLOCK


@pytest.fixture
def custodian(office: Embedded) -> Custodian:
    """One custodian, with people who are ACTIVE, ERASED and PENDING."""
    office.enrol(DOOR, CROWD)
    office.erase(DOOR, CROWD[0].pseudonym)
    alone = office._three.custodians["b"]
    gallery = alone._gallery(DOOR)
    batch = _split(DIM, DOOR, people(2, seed=9), os.urandom)["b"]
    life.prepare(gallery, batch, bytes(COIN_BYTES), os.urandom)
    return alone


@pytest.mark.parametrize("held", [State.FREE, State.ACTIVE, State.ERASED])
def test_only_who_is_pending_becomes_active(custodian: Custodian, held: State) -> None:
    found = custodian.states(DOOR)
    wrong = np.flatnonzero(found == held)[:1]
    pending = np.flatnonzero(found == State.PENDING)
    with pytest.raises(refusals.StatesDiffer):
        life.activate(custodian._gallery(DOOR), np.concatenate([pending, wrong]))
    assert np.array_equal(custodian.states(DOOR), found)
    life.activate(custodian._gallery(DOOR), pending)
    assert (custodian.states(DOOR)[pending] == State.ACTIVE).all()


@pytest.mark.parametrize("held", [State.FREE, State.PENDING, State.ERASED])
def test_only_who_is_active_is_erased(custodian: Custodian, held: State) -> None:
    found = custodian.states(DOOR)
    wrong = np.flatnonzero(found == held)[:1]
    active = np.flatnonzero(found == State.ACTIVE)[:1]
    with pytest.raises(refusals.StatesDiffer):
        life.erase(custodian._gallery(DOOR), np.concatenate([active, wrong]), bytes(16), NOON, os.urandom)
    assert np.array_equal(custodian.states(DOOR), found)
    life.erase(custodian._gallery(DOOR), active, bytes(16), NOON, os.urandom)
    assert (custodian.states(DOOR)[active] == State.ERASED).all()


@pytest.mark.parametrize("wanted", [State.FREE, State.PENDING, State.ACTIVE])
def test_settling_brings_nobody_to_life(custodian: Custodian, wanted: State) -> None:
    found = custodian.states(DOOR)
    final = found.copy()
    final[np.flatnonzero(found == State.ERASED)] = wanted
    with pytest.raises(refusals.StatesDiffer):
        custodian.settle(DOOR, final, TERMS.to_json(), DOCUMENT)
    assert np.array_equal(custodian.states(DOOR), found)
