"""Between staging an epoch and entering it: a gateway with an order of its own loses nobody and brings nobody back.

Whoever has a gateway's certificate and an operator's key chooses which custodian is asked for which step, and when.
What comes of a refresh is bounded by no budget, so nothing may come of it but other parts of the same people.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from moiety.custody import epochs, refusals
from moiety.custody.custodian import Custodian
from moiety.custody.epochs import Renewal
from moiety.custody.gallery import silent
from moiety.custody.gateway import enrolment
from moiety.custody.gateway.embedded import Embedded
from moiety.custody.gateway.three import Headers
from moiety.custody.store import page, tables
from moiety.custody.store.page import Place
from moiety.custody.store.slots import Staging, State
from moiety.custody.store.sql import unobserved
from moiety.matching.refusals import Disagreement
from moiety.matching.rounds import Rounds, lockstep
from moiety.sharing.seat import SEATS, Seat
from tests.custody.scene import DIM, DOCUMENT, DOOR, TERMS, Clock, matched, opened, people

CROWD = people(4)
MORE = people(2, seed=3)

Custodians = Mapping[Seat, Custodian]


class Overtaken(Exception):
    """A change that was begun met a refresh that came between."""


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
    enrolment.erase(office.three, headers, [(DOOR, CROWD[0].pseudonym)])


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


def test_a_refresh_differs_from_every_other_in_each_thing_that_it_says() -> None:
    """Of the same seeds on another day, one custodian would carry along whom the other two have let go."""
    one = Renewal(2, (b"a" * 32, b"b" * 32, b"c" * 32), 5)
    others = [replace(one, day=6), replace(one, seeds=(b"a" * 32, b"b" * 32, b"d" * 32))]
    assert len({some.digest() for some in (one, *others)}) == 3


def test_no_two_sets_of_rows_are_renewed_by_the_same(custodians: Custodians) -> None:
    """What is added to rows would tell which row of an old epoch is which of the new one, if it were added twice."""
    renewal = epochs.Renewal(2, (b"a" * 32, b"b" * 32, b"c" * 32), 0)
    kind = page.layout(DIM)
    here = Place(bytes(16), "a", DOOR, 2)
    states = page.blank_states(1)
    states["states"] = State.ACTIVE
    old = np.zeros(1, kind)
    old["expires"] = 1
    added = []
    for place, first in ((here, 0), (here, 1), (replace(here, gallery="gate"), 0), (replace(here, epoch=3), 0)):
        new = old.copy()
        epochs._renew(new, states, place, first, renewal, os.urandom)
        added += [new[column].tobytes()[:1024] for column in ("parts", "pseudonyms")]
    assert len(set(added)) == len(added)


def test_a_change_that_a_refresh_overtakes_is_not_made(office: Embedded, custodians: Custodians) -> None:
    """Agreed on in one epoch and done in the next, at one custodian: whoever has the leases chooses when to go on."""

    def overtaken(side: Rounds[None], headers: Headers) -> Rounds[None]:
        received = yield next(side)
        renew(custodians, headers)
        for seat in SEATS:
            custodians[seat].stage(silent)
        lockstep(switching(custodians, headers))
        with pytest.raises(refusals.HeaderRefused):
            side.send(received)
        raise Overtaken

    with office._alone() as headers:
        header = headers.make("replace", DOOR, rows=0)
        sides = {seat: custodians[seat].replace_document(DOOR, header, TERMS.to_json(), b"else") for seat in SEATS}
        sides["a"] = overtaken(sides["a"], headers)
        with pytest.raises(Overtaken):
            lockstep(sides)
    assert office.three.standings()["a"].epoch == 2
    assert matched(office, CROWD) == [True] * 4


def test_what_a_check_has_closed_is_not_carried_into_another_epoch(office: Embedded, custodians: Custodians) -> None:
    own = custodians["b"]
    with own._store.writing("close") as connection:
        [row] = tables.galleries(connection)
        tables.change_gallery(connection, row.id, damaged=1)
    with office._alone() as headers:
        renew(custodians, headers)
        with pytest.raises(refusals.GalleryDamaged):
            own.stage(silent)
    assert own.standing().epoch == 1


@pytest.mark.parametrize("elsewhere", SEATS)
def test_a_refresh_is_of_one_epoch_at_all_three(office: Embedded, custodians: Custodians, elsewhere: Seat) -> None:
    header = office._headers().office("renew")
    epoch = {seat: 1 + (seat == elsewhere) for seat in SEATS}
    sides = {
        seat: epochs.agreed(custodians[seat].acquaintance.keys(), header, bytes(32), epoch[seat]) for seat in SEATS
    }
    with pytest.raises(Disagreement):
        lockstep(sides)


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_seed_is_as_long_as_seeds_are(office: Embedded, custodians: Custodians, length: int) -> None:
    header = office._headers().office("renew")
    seeds: dict[Seat, bytes] = {"a": bytes(32), "b": bytes(length), "c": bytes(32)}
    sides = {seat: epochs.agreed(custodians[seat].acquaintance.keys(), header, seeds[seat], 1) for seat in SEATS}
    with pytest.raises(Disagreement):
        lockstep(sides)


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
        header = headers.office("switch")
    home = folder / "custodian-b"
    again = Custodian.open(home, "b", clock=Clock(), entropy=os.urandom, observer=unobserved)
    with closing(again):
        assert again.standing().staging == Staging.COMPLETE
        with pytest.raises(refusals.NotStaged):
            next(again.switch(header))
    with closing(opened(folder)) as office:
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
