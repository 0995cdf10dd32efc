"""Who is not there matches nobody, wherever the claim is looked for."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest

from moiety.custody import refusals
from moiety.custody.answering import Answers, _holder
from moiety.custody.gateway.embedded import Embedded
from moiety.custody.store.handles import handles
from moiety.custody.store.slots import SLOTS
from moiety.matching.header import Header
from moiety.matching.opening import opened
from moiety.matching.policy import STRICTER, claim_points, verify_point
from moiety.matching.rounds import lockstep
from moiety.sharing.seat import SEATS, Seat
from moiety.sharing.split import split
from tests.custody.scene import DOOR, TERMS, Person, people

CROWD = people(3)


def header(office: Embedded) -> Header:
    with office._alone() as headers:
        return headers.make("verify", DOOR, rows=SLOTS, threshold=verify_point(TERMS).threshold, probes=1)


def drawn(office: Embedded, person: Person, handle: bytes) -> Header:
    """A header whose draw looks for this handle just where this person lies."""
    gallery = office._three.custodians["a"]._gallery(DOOR)
    current = gallery.usable()
    [slot] = slots_of(office, person)["a"]
    good = header(office)
    while _holder(gallery, current, good, handle) != slot:
        good = replace(good, attempt=os.urandom(16))
    return good


def slots_of(office: Embedded, person: Person) -> dict[Seat, list[int]]:
    known = handles(DOOR, [person.pseudonym])
    custodians = office._three.custodians
    return {seat: custodians[seat].locate(DOOR, known[seat].tobytes()).tolist() for seat in SEATS}


def matches(office: Embedded, good: Header, person: Person, claimed: dict[Seat, bytes]) -> bool:
    """Whether this person's probe matches under these handles."""
    probe = split(person.words[None].astype(np.int32).view(np.uint32), os.urandom)
    custodians = office._three.custodians
    sides = {seat: custodians[seat].verify(DOOR, good, probe[seat], claimed[seat]) for seat in SEATS}
    return len(opened(lockstep(sides), 1)) > 0


def claim(pseudonym: bytes) -> dict[Seat, bytes]:
    return {seat: known[0].tobytes() for seat, known in handles(DOOR, [pseudonym]).items()}


@pytest.mark.parametrize("kind", ["unknown", "erased"])
def test_a_claim_that_is_looked_for_in_somebodys_own_slot_does_not_match_them(office: Embedded, kind: str) -> None:
    """Where nobody is, the page is drawn: now and then it is that of the very face before the camera."""
    office.enrol(DOOR, CROWD)
    office.erase(DOOR, CROWD[1].pseudonym)
    claimed = claim(bytes(16) if kind == "unknown" else CROWD[1].pseudonym)
    good = drawn(office, CROWD[0], claimed["a"])
    assert not matches(office, good, CROWD[0], claimed)
    assert matches(office, header(office), CROWD[0], claim(CROWD[0].pseudonym))


@pytest.mark.parametrize("at", [8, 15])
def test_a_handle_that_only_begins_alike_is_another(office: Embedded, at: int) -> None:
    """The cache keeps eight bytes of a handle; which slot is whose, the whole handle in SQL says."""
    office.enrol(DOOR, CROWD)
    alike = {
        seat: known[:at] + bytes([known[at] ^ 1]) + known[at + 1 :] for seat, known in claim(CROWD[0].pseudonym).items()
    }
    for seat in SEATS:
        gallery = office._three.custodians[seat]._gallery(DOOR)
        prefix = int.from_bytes(alike[seat][:8], "little")
        assert gallery.matrix.holders(prefix) == slots_of(office, CROWD[0])[seat]
        assert not len(office._three.custodians[seat].locate(DOOR, alike[seat]))
    assert not matches(office, header(office), CROWD[0], alike)
    assert matches(office, header(office), CROWD[0], claim(CROWD[0].pseudonym))


def test_an_answer_is_spent_on_its_own_gallery() -> None:
    answers = Answers()
    first = np.array([0])
    answers.remember(bytes(16), DOOR, np.array([1], dtype=np.uint64), 1)
    with pytest.raises(refusals.AnswerUnknown):
        answers.spend(bytes(16), "gate", first)
    with pytest.raises(refusals.AnswerUnknown):
        answers.spend(bytes(16), DOOR, first)
    answers.remember(bytes(16), DOOR, np.array([1], dtype=np.uint64), 1)
    answers.spend(bytes(16), DOOR, first)


def test_a_comparison_is_by_the_purposes_own_threshold_or_by_a_stricter_one_that_was_measured(office: Embedded) -> None:
    """And by no other, whatever a gateway would like to know."""
    office.enrol(DOOR, CROWD)
    own, *stricter = claim_points(TERMS)
    assert 1 <= len(stricter) <= STRICTER
    allowed, anna = {point.threshold for point in (own, *stricter)}, CROWD[0]
    for threshold in sorted({*allowed, own.threshold - 1, own.threshold + 1, stricter[-1].threshold + 1, 0}):
        asked = replace(header(office), threshold=threshold)
        if threshold in allowed:
            assert matches(office, asked, anna, claim(anna.pseudonym))
        else:
            with pytest.raises(refusals.HeaderRefused):
                matches(office, asked, anna, claim(anna.pseudonym))


def test_a_stricter_comparison_decides_as_it_says(office: Embedded) -> None:
    office.enrol(DOOR, CROWD)
    points, anna = claim_points(TERMS), CROWD[0]
    theirs = anna.words.astype(np.int64)
    words, told = theirs.copy(), set()
    for at in np.argsort(abs(theirs)):  # ever further away: between two thresholds the looser one matches alone
        words[at] *= -1
        product = int(words @ theirs)
        found = [
            office.verify(DOOR, words.astype(np.int16), anna.pseudonym, stricter=beyond)
            for beyond in range(len(points))
        ]
        assert found == [product >= point.threshold for point in points]
        told.add(tuple(found))
        if not any(found):
            break
    assert told == {(True, True), (True, False), (False, False)}
