"""A stolen gateway, with an operator's key, mends what is not damaged: nobody is lost by it, and nobody put in a place.

Over the wire, at custodians with the budgets of a new deployment.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from moiety.custody import doubts
from moiety.custody.gateway import trial
from moiety.custody.gateway.apart import Apart
from moiety.custody.store.handles import handles
from moiety.custody.store.kept import drop_keys
from moiety.custody.store.page import HANDLE_BYTES
from moiety.custody.store.slots import SLOTS
from moiety.custody.trust.spending import ErasuresSpent
from moiety.custody.unopened import KeyLost
from moiety.sharing.seat import SEATS, Seat
from tests.apart.scene import GENEROUS, Site
from tests.custody.damage import delete
from tests.custody.scene import DOCUMENT, DOOR, TERMS, Clock, matched, people

CROWD = people(40)
THIEF = people(1, seed=77)[0]
FEW_ERASURES = re.sub(r"erasures = \{.*\}", "erasures = { burst = 12, daily = 12 }", GENEROUS)


@pytest.fixture
def site(tmp_path: Path, clock: Clock) -> Iterator[Site]:
    """With the budgets that `moiety up` gives."""
    site = Site.make(tmp_path / "site", clock, limits="")
    yield site
    site.close()


@pytest.fixture
def inhabited(office: Apart) -> Apart:
    office.enrol(DOOR, [*CROWD, THIEF])
    return office


def mended(office: Apart, lost: Seat, number: int, made: NDArray[np.uint8]) -> str:
    """What becomes of a mending of one page of one custodian with these handles: the code of the refusal, or none."""
    custodians = office.three.custodians
    with office._alone():
        nonces = {seat: custodians[seat].helping() for seat in SEATS if seat != lost}
        one, other = (custodians[seat].assist(DOOR, lost, [number], nonces) for seat in nonces)
        try:
            custodians[lost].mend(DOOR, [number], one, other, made)
        except doubts.HandlesRefused as refused:
            return refused.code
    return ""


def slot_of(office: Apart, pseudonym: bytes) -> int:
    with office._alone():
        (slot,) = office.three.custodians["a"].locate(DOOR, handles(DOOR, [pseudonym])["a"].tobytes())
    return int(slot)


def test_nobody_is_lost_by_a_mending_of_what_is_whole(inhabited: Apart) -> None:
    numbers = sorted({slot_of(inhabited, person.pseudonym) // SLOTS for person in CROWD})[:4]
    for number in numbers:
        random = np.frombuffer(os.urandom(SLOTS * HANDLE_BYTES), dtype=np.uint8).reshape(1, SLOTS, HANDLE_BYTES)
        assert mended(inhabited, "b", number, random) == "handles_refused"
    assert inhabited.check() == []
    assert matched(inhabited, CROWD) == [True] * len(CROWD)
    assert [inhabited.erase(DOOR, person.pseudonym) for person in CROWD[:8]] == [True] * 8


def test_nobody_is_put_in_anothers_place(inhabited: Apart) -> None:
    """With the victim's handle on the thief's row at all three, the thief's face would be the victim's."""
    victim = CROWD[0].pseudonym
    places = slot_of(inhabited, victim), slot_of(inhabited, THIEF.pseudonym)
    known = handles(DOOR, [victim, THIEF.pseudonym])
    assert not inhabited.verify(DOOR, THIEF.words, victim)
    for seat in SEATS:
        for place, handle in zip(places, known[seat][::-1], strict=True):
            made = np.zeros((1, SLOTS, HANDLE_BYTES), dtype=np.uint8)
            made[0, place % SLOTS] = handle
            assert mended(inhabited, seat, place // SLOTS, made) == "handles_refused"
    assert not inhabited.verify(DOOR, THIEF.words, victim)
    assert matched(inhabited, CROWD[:3]) == [True] * 3


def test_a_gateway_is_believed_of_as_many_people_as_it_may_erase(tmp_path: Path, clock: Clock) -> None:
    """Of people whose handles a custodian has lost; with wrong ones they would be lost to it for good."""
    site = Site.make(tmp_path / "few", clock, limits=FEW_ERASURES)
    try:
        office = site.gateway()
        office.add_gallery(DOOR, TERMS, DOCUMENT)
        office.enrol(DOOR, CROWD)
        damaged(site, [slot_of(office, CROWD[0].pseudonym) // SLOTS])
        office.close()
        office = site.gateway()
        assert office.mend() == 1
        assert matched(office, CROWD[:2]) == [True] * 2
        damaged(site, range(64))
        office.close()
        office = site.gateway()
        with pytest.raises(ErasuresSpent):
            office.mend()
        assert len(office.check()) == 64
        office.close()
    finally:
        site.close()


def test_a_lost_part_of_a_key_comes_back_with_help_for_no_page(site: Site, office: Apart) -> None:
    office.replace_document(DOOR, replace(TERMS, reveal=(("officer", ("birth",)),)), DOCUMENT)
    before = office.pseudonyms(DOOR, [b"110105199001011234"])
    own: Any = site.servers["b"]._serving
    with own._custodian._store.writing("test") as connection:
        drop_keys(connection, "pseudonym key", [DOOR.encode()])
    with pytest.raises(KeyLost):
        office.pseudonyms(DOOR, [b"110105199001011234"])
    [found] = office.check()
    assert found.startswith(f"{DOOR}: custodian b has lost its part of the key")
    assert office.mend() == 1
    assert office.check() == []
    assert office.pseudonyms(DOOR, [b"110105199001011234"]) == before


def damaged(site: Site, numbers: Iterable[int]) -> None:
    """These pages of b are gone."""
    site.stop("b")
    for number in numbers:
        delete(trial.home(site.folder, "b") / trial.STORE, "page", number)
    site.start("b")
