"""Searches with somebody who is enrolled, in one process: whom they find, and who may be searched with."""

from __future__ import annotations

import os
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from moiety.custody.gateway.embedded import Embedded
from moiety.custody.store.handles import handles
from moiety.custody.store.slots import SLOTS
from moiety.custody.unopened import NobodyThere
from moiety.matching import reference
from moiety.matching.policy import claim_points, identify_point
from moiety.matching.refusals import Disagreement
from moiety.matching.rounds import lockstep
from moiety.matching.words import quantise
from moiety.sharing.seat import SEATS
from moiety.sharing.split import split
from tests.custody.scene import DIM, DOOR, TERMS, TODAY, Clock, Person, people


def near(person: Person, spread: float, seed: int) -> Person:
    drawn = person.words + spread * 127 / DIM**0.5 * np.random.default_rng(seed).standard_normal(DIM)
    return Person(quantise(drawn), os.urandom(16))


ANNA, BERT = people(2)
CROWD = [ANNA, BERT, *(near(ANNA, 0.2 * step, step) for step in range(1, 9))]


def found(office: Embedded, person: Person) -> set[bytes]:
    [names] = office.identify_enrolled(DOOR, person.pseudonym).found
    assert len(set(names)) == len(names)
    return set(names)


def test_a_row_finds_whom_its_words_would_and_not_itself(office: Embedded) -> None:
    office.enrol(DOOR, CROWD)
    for after_refresh in (False, True):
        told = set()
        for person in CROWD:
            point = identify_point(TERMS, len(CROWD))
            words = np.stack([one.words for one in CROWD])
            matched = reference.decide(person.words, words, point.threshold, np.ones(len(CROWD), dtype=bool))
            expected = {one.pseudonym for one, yes in zip(CROWD, matched, strict=True) if yes} - {person.pseudonym}
            assert found(office, person) == expected
            told.add(len(expected))
        assert len(told) > 1
        if not after_refresh:
            office.refresh()


def test_two_rows_are_compared_by_the_point_that_is_asked_for(office: Embedded) -> None:
    office.enrol(DOOR, CROWD)
    told = set()
    for other in CROWD[1:]:
        product = int(ANNA.words.astype(np.int64) @ other.words.astype(np.int64))
        for stricter, point in enumerate(claim_points(TERMS)):
            answer = office.verify_enrolled(DOOR, ANNA.pseudonym, other.pseudonym, stricter=stricter)
            assert answer == (product >= point.threshold)
            told.add((stricter, answer))
    assert len(told) == 4
    assert not office.verify_enrolled(DOOR, ANNA.pseudonym, os.urandom(16))


def test_nobody_is_searched_with_who_may_not_be_answered_about(office: Embedded, clock: Clock) -> None:
    twin, gone, held, leaving = (near(ANNA, 0.05, seed) for seed in range(4))
    leaving = replace(leaving, expires_day=TODAY + 1)
    for name in (b"unknown", os.urandom(16)):
        with pytest.raises(NobodyThere):
            office.identify_enrolled(DOOR, name.ljust(16))
    office.enrol(DOOR, [ANNA, twin, gone, held, leaving])
    office.add_gallery("gate", TERMS, b"another")
    office.enrol("gate", [other := near(ANNA, 0.05, 9)])
    assert found(office, ANNA) == {one.pseudonym for one in (twin, gone, held, leaving)}
    office.erase(DOOR, gone.pseudonym)
    office.restrict(DOOR, held.pseudonym, True)
    clock.pass_(days=1)
    assert found(office, ANNA) == {twin.pseudonym}
    told = set()
    for nobody in (gone, held, leaving, other):
        for ask in (
            lambda nobody=nobody: office.identify_enrolled(DOOR, nobody.pseudonym),
            lambda nobody=nobody: office.verify_enrolled(DOOR, nobody.pseudonym, ANNA.pseudonym),
        ):
            with pytest.raises(NobodyThere) as raised:
                ask()  # type: ignore[no-untyped-call]
            told.add(str(raised.value))
        assert not office.verify_enrolled(DOOR, ANNA.pseudonym, nobody.pseudonym)
    assert len(told) == 1
    office.restrict(DOOR, held.pseudonym, False)
    assert found(office, held) == {ANNA.pseudonym, twin.pseudonym}
    assert office.audit().first is None


def test_a_gateway_that_mixes_rows_or_a_row_and_a_probe_is_refused(office: Embedded) -> None:
    """Either would be a probe that is no face, which reads rows bit by bit."""
    office.enrol(DOOR, CROWD)
    custodians = office._three.custodians
    anna, bert = (handles(DOOR, [one.pseudonym]) for one in (ANNA, BERT))
    probe = split(ANNA.words[None].astype(np.int32).view(np.uint32), os.urandom)
    with office._alone() as headers:
        point = identify_point(TERMS, len(CROWD))
        slots = headers.gallery(DOOR).pages * SLOTS

        def side(seat: str, kind: str) -> object:
            some = custodians[seat]  # type: ignore[index]
            if kind == "probe":
                return some.identify(DOOR, header, probe[seat])  # type: ignore[index]
            return some.rows.identify(DOOR, header, (anna if kind == "anna" else bert)[seat].tobytes())  # type: ignore[index]

        for kinds in (("anna", "anna", "bert"), ("bert", "anna", "anna"), ("probe", "anna", "anna")):
            header = headers.make("identify", DOOR, rows=slots, threshold=point.threshold, probes=1)
            with pytest.raises(Disagreement):
                lockstep({seat: side(seat, kind) for seat, kind in zip(SEATS, kinds, strict=True)})  # type: ignore[misc]


def test_a_gateway_that_claims_people_of_two_pages_is_refused(office: Embedded) -> None:
    """In the same place of their pages they have one mask; their parts together would tell how they differ."""
    crowd = people(3 * SLOTS)
    office.enrol(DOOR, crowd)
    custodians = office._three.custodians
    slots = {
        person.pseudonym: int(custodians["a"].locate(DOOR, handles(DOOR, [person.pseudonym])["a"].tobytes())[0])
        for person in crowd
    }
    anna, bert = next(
        (one, other)
        for one, other in combinations(crowd, 2)
        if slots[one.pseudonym] % SLOTS == slots[other.pseudonym] % SLOTS
    )
    assert slots[anna.pseudonym] != slots[bert.pseudonym]
    claims = {one.pseudonym: handles(DOOR, [one.pseudonym]) for one in (anna, bert)}
    probe = split(anna.words[None].astype(np.int32).view(np.uint32), os.urandom)
    with office._alone() as headers:
        for whose in ((anna, anna, anna), (anna, anna, bert), (bert, anna, anna)):
            header = headers.make("verify", DOOR, rows=SLOTS, threshold=claim_points(TERMS)[0].threshold, probes=1)
            sides = {
                seat: custodians[seat].verify(DOOR, header, probe[seat], claims[one.pseudonym][seat].tobytes())
                for seat, one in zip(SEATS, whose, strict=True)
            }
            if len(set(map(id, whose))) == 1:
                lockstep(sides)
                continue
            with pytest.raises(Disagreement):
                lockstep(sides)
