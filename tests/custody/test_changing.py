"""A custodian takes a step only together with the other two: whoever asks cannot have one of them go ahead."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from moiety.custody import refusals
from moiety.custody.custodian import Custodian
from moiety.custody.gateway.embedded import Embedded
from moiety.custody.gateway.enrolment import _split
from moiety.custody.store.handles import handles
from moiety.custody.verbs import silent
from moiety.matching.header import Header
from moiety.matching.refusals import Disagreement
from moiety.matching.rounds import Exchange, Rounds, lockstep
from moiety.sharing.seat import SEATS, Seat, next_seat, previous_seat
from tests.custody.scene import DIM, DOCUMENT, DOOR, TERMS, Person, matched, opened, people

CROWD = people(4)
MORE = people(2, seed=3)

Sides = dict[Seat, Rounds[Any]]


@pytest.fixture
def custodians(office: Embedded) -> Mapping[Seat, Custodian]:
    """Three that hold the crowd."""
    office.enrol(DOOR, CROWD)
    found: Any = office._three.custodians
    return found


def header(office: Embedded, operation: Any, rows: int) -> Header:
    with office._alone() as headers:
        return headers.make(operation, DOOR, rows=rows)


def versions(office: Embedded) -> set[int]:
    return {standing.galleries[DOOR].version for standing in office._three.standings().values()}


def admitted(office: Embedded, some_people: list[Person]) -> list[bytes]:
    batches, good = _split(DIM, DOOR, some_people, os.urandom), header(office, "enrol", len(some_people))
    some = office._three.custodians
    lockstep({seat: some[seat].offer(DOOR, batches[seat], good) for seat in SEATS})
    return [good.attempt]


def preparing(office: Embedded, other: bool) -> Sides:
    attempts = [*admitted(office, MORE[:1]), *admitted(office, MORE[1:])]
    good = header(office, "prepare", 2)
    asked = dict.fromkeys(SEATS, attempts) | ({"b": attempts[::-1]} if other else {})
    return {seat: office._three.custodians[seat].prepare(DOOR, good, asked[seat]) for seat in SEATS}


def activating(office: Embedded, other: bool) -> Sides:
    attempts = admitted(office, MORE)
    first, some = header(office, "prepare", len(MORE)), office._three.custodians
    slots = lockstep({seat: some[seat].prepare(DOOR, first, attempts) for seat in SEATS})
    good = replace(header_at(office, first), operation="activate")
    wrong = {"c": slots["c"][::-1]} if other else {}
    return {seat: some[seat].activate(DOOR, good, (slots | wrong)[seat]) for seat in SEATS}


def header_at(office: Embedded, first: Header) -> Header:
    """The next step's header, without putting right what the first one left halfway."""
    return replace(first, attempt=os.urandom(16), version=first.version + 1)


def erasing(office: Embedded, other: bool) -> Sides:
    known = handles(DOOR, [person.pseudonym for person in CROWD[:2]])
    good = header(office, "erase", 1)
    whom = {"a": int(other), "b": 0, "c": 0}
    some = office._three.custodians
    return {seat: some[seat].erase(DOOR, good, known[seat][whom[seat]].tobytes()) for seat in SEATS}


def replacing(office: Embedded, other: bool) -> Sides:
    stricter = replace(TERMS, fpir=TERMS.fpir / 10).to_json()
    papers = dict.fromkeys(SEATS, stricter) | ({"b": TERMS.to_json()} if other else {})
    good, some = header(office, "replace", 0), office._three.custodians
    return {seat: some[seat].replace_document(DOOR, good, papers[seat], DOCUMENT) for seat in SEATS}


STEPS = pytest.mark.parametrize("begin", [preparing, activating, erasing, replacing], ids=lambda some: some.__name__)


@STEPS
def test_what_is_asked_of_one_alone_is_done_by_none(
    office: Embedded, custodians: Mapping[Seat, Custodian], begin: Callable[[Embedded, bool], Sides]
) -> None:
    sides = begin(office, True)
    before = versions(office)
    with pytest.raises(Disagreement):
        lockstep(sides)
    assert versions(office) == before
    lockstep(begin(office, False))  # the twin: the same steps, asked of all three alike
    assert len(versions(office)) == 1
    assert not versions(office) & before


@pytest.mark.parametrize("step", ["reconcile", "renew", "switch"])
@pytest.mark.parametrize("seat", SEATS)
def test_what_the_office_does_begins_with_one_header_at_all_three(
    office: Embedded, custodians: Mapping[Seat, Custodian], step: str, seat: Seat
) -> None:
    """Else a gateway would have one of them answer to a step of another time, or of another gateway."""
    with office._alone() as headers:
        good = headers.office(step)  # type: ignore[arg-type]
        renewing = headers.office("renew")
    if step == "switch":
        lockstep({each: custodians[each].renew(renewing) for each in SEATS})
        for each in SEATS:
            custodians[each].stage(silent)
    stood = office._three.standings()
    for other in (replace(good, attempt=os.urandom(16)), replace(good, at=good.at + 1)):
        asked = dict.fromkeys(SEATS, good) | {seat: other}
        with pytest.raises(Disagreement):
            lockstep({each: getattr(custodians[each], step)(asked[each]) for each in SEATS})
    assert office._three.standings() == stood
    lockstep({each: getattr(custodians[each], step)(good) for each in SEATS})  # the twin


@STEPS
def test_nobody_goes_on_before_the_other_two_have_come(
    office: Embedded, custodians: Mapping[Seat, Custodian], begin: Callable[[Embedded, bool], Sides]
) -> None:
    side = begin(office, False)["a"]
    before = versions(office)
    next(side)
    assert versions(office) == before
    side.close()
    assert versions(office) == before


@pytest.mark.parametrize(
    "wrong",
    [{"version": 7}, {"epoch": 2}, {"rows": 2}, {"operation": "prepare"}, {"at": 1}],
    ids=lambda some: next(iter(some)),
)
@pytest.mark.parametrize("seat", SEATS)
def test_a_step_from_elsewhere_is_refused_by_each_alone(
    office: Embedded, custodians: Mapping[Seat, Custodian], wrong: dict[str, Any], seat: Seat
) -> None:
    handle = handles(DOOR, [CROWD[0].pseudonym])[seat].tobytes()
    with pytest.raises(refusals.HeaderRefused):
        next(custodians[seat].erase(DOOR, replace(header(office, "erase", 1), **wrong), handle))


def test_two_steps_that_began_at_one_version_are_not_both_done(
    office: Embedded, custodians: Mapping[Seat, Custodian]
) -> None:
    """A gateway begins two attempts at once, and lets a custodian hear only of one of them at the end."""
    known = handles(DOOR, [person.pseudonym for person in CROWD[:2]])
    both = [
        {seat: custodians[seat].erase(DOOR, header_for, known[seat][at].tobytes()) for seat in SEATS}
        for at in (0, 1)
        for header_for in [header(office, "erase", 1)]
    ]
    before = versions(office)
    first = {seat: next(both[0][seat]) for seat in SEATS}
    lockstep(both[1])
    for seat in SEATS:
        come = Exchange(next=first[next_seat(seat)].previous, previous=first[previous_seat(seat)].next)
        with pytest.raises(refusals.HeaderRefused):
            both[0][seat].send(come)
    assert versions(office) == {version + 1 for version in before}
    assert matched(office, CROWD[:2]) == [True, False]


def test_one_custodian_tells_the_others_no_threshold(folder: Path) -> None:
    """Its papers are a version ahead, as after an interruption: the other two keep what two officers signed."""
    office = opened(folder)
    office.enrol(DOOR, CROWD)
    lax = replace(TERMS, fmr=TERMS.fmr * 10).to_json()
    own: Any = office._three.custodians["a"]
    with own._gallery(DOOR).changing("replace document") as change:
        change.finish(terms=lax, document=DOCUMENT)
    office.close()
    again = opened(folder)
    assert {standing.galleries[DOOR].terms for standing in again._three.standings().values()} == {TERMS.to_json()}
    assert matched(again, CROWD) == [True] * len(CROWD)
    again.close()


def test_nor_adds_a_gallery_that_they_have_not_agreed_to(folder: Path) -> None:
    office = opened(folder)
    office._three.custodians["b"].add_gallery("gate", TERMS.to_json(), DOCUMENT)
    office.close()
    again = opened(folder)
    assert [list(standing.galleries) for standing in again._three.standings().values()] == [[DOOR]] * 3
    again.close()


def test_papers_of_which_no_two_have_the_same_are_refused(folder: Path) -> None:
    office = opened(folder)
    office.enrol(DOOR, CROWD)
    for seat in SEATS[:2]:
        own: Any = office._three.custodians[seat]
        with own._gallery(DOOR).changing("replace document") as change:
            change.finish(terms=TERMS.to_json(), document=seat.encode())
    office.close()
    with pytest.raises(refusals.StatesDiffer):
        opened(folder)
