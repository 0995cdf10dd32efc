"""Between staging an epoch and entering it: a gateway with an order of its own loses nobody and brings nobody back.

Whoever has a gateway's certificate and an operator's key chooses which custodian is asked for which step, and when.
What comes of a refresh is bounded by no budget, so nothing may come of it but other parts of the same people.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from moiety.custody import refusals
from moiety.custody.custodian import Custodian
from moiety.custody.gallery import silent
from moiety.custody.gateway import enrolment
from moiety.custody.gateway.embedded import Embedded
from moiety.custody.gateway.three import Headers
from moiety.custody.store import tables
from moiety.custody.store.slots import Staging
from moiety.matching.refusals import Disagreement
from moiety.matching.rounds import Rounds, lockstep
from moiety.sharing.seat import SEATS, Seat
from tests.custody.scene import DOCUMENT, DOOR, TERMS, matched, opened, people

CROWD = people(4)
MORE = people(2, seed=3)

Custodians = Mapping[Seat, Custodian]


@pytest.fixture
def custodians(office: Embedded) -> Custodians:
    """Three that hold the crowd."""
    office.enrol(DOOR, CROWD)
    found: Any = office._three.custodians
    return found


def renew(custodians: Custodians, headers: Headers) -> None:
    header = headers.office("renew")
    lockstep({seat: custodians[seat].renew(header) for seat in SEATS})


def switching(custodians: Custodians, headers: Headers) -> dict[Seat, Rounds[None]]:
    header = headers.office("switch")
    return {seat: custodians[seat].switch(header) for seat in SEATS}


def erasing(office: Embedded, headers: Headers) -> None:
    enrolment.erase(office.three, headers, DOOR, CROWD[0].pseudonym)


def enrolling(office: Embedded, headers: Headers) -> None:
    enrolment.enrol(office.three, headers, os.urandom, DOOR, MORE)


def replacing(office: Embedded, headers: Headers) -> None:
    header = headers.make("replace", DOOR, rows=0)
    papers = TERMS.to_json()
    office.three.work(lambda custodian: custodian.replace_document(DOOR, header, papers, DOCUMENT + b"\n"))


@pytest.mark.parametrize("change", [erasing, enrolling, replacing])
@pytest.mark.parametrize("staged", ["abc", "b"])
def test_nothing_changes_while_an_epoch_is_staged(
    office: Embedded, custodians: Custodians, change: Callable[[Embedded, Headers], None], staged: str
) -> None:
    """The epoch that was staged would not have it: an erased person would be there again, and a newcomer would not."""
    with office._alone() as headers:
        renew(custodians, headers)
        for seat in SEATS:
            if seat in staged:
                custodians[seat].stage(silent)
        stood = office.three.standings()
        with pytest.raises(refusals.HeaderRefused):
            change(office, headers)
        assert office.three.standings() == stood  # no two of them went ahead of the third
    change_is_possible(office, change)


def change_is_possible(office: Embedded, change: Callable[[Embedded, Headers], None]) -> None:
    """The twin: whoever comes next discards what is staged, and the same is done."""
    with office._alone() as headers:
        change(office, headers)
    assert office.refresh() == 2
    assert matched(office, [*CROWD, *MORE]) == [change is not erasing, *[True] * 3, *[change is enrolling] * 2]


def test_a_change_that_meets_a_staging_halfway_is_not_written(custodians: Custodians) -> None:
    """What was agreed on before it began is looked at again in the transaction that writes it."""
    own = custodians["b"]
    gallery = own._gallery(DOOR)
    with own._store.writing("next key") as connection:
        tables.set_staging(connection, Staging.BEGUN)
    with pytest.raises(refusals.HeaderRefused), gallery.changing("erase") as change:
        change.finish()


@pytest.mark.parametrize("other", SEATS)
def test_parts_of_two_refreshes_are_never_put_beside_each_other(
    office: Embedded, custodians: Custodians, other: Seat
) -> None:
    """Together they are noise, at all three, and the old ones are destroyed by then: everybody would be lost."""
    with office._alone() as headers:
        renew(custodians, headers)
        custodians[other].stage(silent)
        renew(custodians, headers)
        for seat in SEATS:
            if seat != other:
                custodians[seat].stage(silent)
        with pytest.raises(Disagreement):
            lockstep(switching(custodians, headers))
    assert matched(office, CROWD) == [True] * 4
    assert office.refresh() == 2  # the twin: the same steps, of one refresh
    assert office.check() == []
    assert matched(office, CROWD) == [True] * 4


def test_an_epoch_is_staged_once(office: Embedded, custodians: Custodians) -> None:
    with office._alone() as headers:
        renew(custodians, headers)
        custodians["a"].stage(silent)
        renew(custodians, headers)
        with pytest.raises(refusals.NotStaged):
            custodians["a"].stage(silent)


def test_what_an_earlier_process_staged_is_not_entered_by_a_gateways_word(folder: Path) -> None:
    """It does not know any more which refresh that was."""
    with closing(opened(folder)) as office:
        office.enrol(DOOR, CROWD)
        own: Any = office._three.custodians
        with office._alone() as headers:
            renew(own, headers)
            for seat in SEATS:
                own[seat].stage(silent)
    with closing(opened(folder)) as office:
        again: Any = office._three.custodians
        with office._lock.alone():
            for side in switching(again, office._headers()).values():
                with pytest.raises(refusals.NotStaged):
                    next(side)
        assert office.refresh() == 2
        assert matched(office, CROWD) == [True] * 4


def test_no_epoch_is_discarded_while_it_is_entered(
    office: Embedded, custodians: Custodians, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gateway asks for both at once. Nor is one staged meanwhile."""
    monkeypatch.setattr("moiety.custody.turns._WHOLE_S", 0.01)
    with office._alone() as headers:
        renew(custodians, headers)
        for seat in SEATS:
            custodians[seat].stage(silent)
        entering = switching(custodians, headers)
        for seat in SEATS:
            next(entering[seat])
        header = headers.office("reconcile")
        for seat in SEATS:
            with pytest.raises(refusals.TurnTaken):
                next(custodians[seat].reconcile(header))
            with pytest.raises(refusals.TurnTaken):
                custodians[seat].stage(silent)
        for side in entering.values():
            side.close()
        lockstep(switching(custodians, headers))  # whoever left it has let go of it
    assert matched(office, CROWD) == [True] * 4
