"""On budgets that nobody set: what a ticket of two officers carries past them, and what a day of corrections takes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from time import sleep
from typing import Any

import pytest

from moiety.custody import record_asks, wire
from moiety.custody.gateway import enrolment
from moiety.custody.gateway.apart import Apart
from moiety.custody.gateway.enrolment import _split
from moiety.custody.gateway.opening import Row
from moiety.custody.messages import BatchMessage
from moiety.custody.store.handles import handles
from moiety.custody.store.kinds import CLASSES, keys_of
from moiety.custody.trust import matter
from moiety.custody.trust.policy import RECORDS_ABOVE
from moiety.custody.trust.requests import ask, read_request
from moiety.custody.trust.spending import EvaluationsSpent
from moiety.custody.trust.tickets import EVALUATIONS_EACH
from moiety.custody.trust.verifying import Verifier
from moiety.face.installed import Installed
from moiety.identity.importing import Imported, run
from moiety.identity.office import Office
from moiety.identity.people import People
from moiety.oprf.voprf import blind_all
from moiety.sharing.seat import SEATS, Seat
from moiety.vault.mapping import Taken
from moiety.vault.record import Record
from moiety.vault.retention import State
from moiety.vault.shelf import Shelf
from tests.apart.asking import DONE, NONE, Asking, enlist
from tests.apart.scene import Site
from tests.apart.test_approvals import BEN, EVA, OLGA, OTTO, signed, without_officers
from tests.apart.test_tickets import VERA, refused, versions
from tests.custody.scene import TERMS, Clock
from tests.stories.guests import guest, hotel

HOTEL = "hotel"
KEYS = keys_of(HOTEL)
MANY = 700
"""People of two evaluations each: nearly three times what goes at once."""

CARRIED = ["birth", "document", "photo", "access"]


@pytest.fixture
def site(tmp_path: Path, clock: Clock) -> Iterator[Site]:
    """Three custodians, whose configuration says nothing of budgets."""
    some = Site.make(tmp_path / "site", clock, limits="")
    yield some
    some.close()


class House:
    """A hotel, as an office of its gateway sees it; operators have everything opened, and so correct everything."""

    def __init__(self, site: Site, records: Path) -> None:
        enlist(site, OLGA, OTTO, VERA, BEN, EVA)
        without_officers(site)
        self._site = site
        self.shelf = Shelf(records)
        self.gateway: Apart = site.gateway()
        terms, document = replace(TERMS, reveal=(("operator", CLASSES),)), hotel(HOTEL, trusting=True)
        asked = self.gateway.request_papers(HOTEL, terms, document)
        self.gateway.add_gallery(HOTEL, terms, document, approved=signed(asked, OLGA, OTTO))

    def close(self) -> None:
        self.gateway.close()
        self.shelf.close()

    @property
    def people(self) -> People:
        models, clock = Installed(self._site.folder), self._site.clock
        office = Office(self.gateway, models, self.shelf, clock=clock, entropy=os.urandom)
        return office.purpose(HOTEL).people()

    def ticket(self, count: int) -> bytes:
        """What two officers have signed for so many."""
        return signed(self.gateway.request_records(HOTEL, count), OLGA, OTTO)

    def imported(self, places: range, approved: bytes | None = None) -> int:
        """How many of these are new."""
        people, so_far = self.people, Imported()
        rows = [Taken(at, Record(people.schema(), guest(at))) for at in places]
        run(people, rows, grounds="register", text="1", approved=approved, so_far=so_far, done=lambda *told: None)
        return so_far.added

    def count(self) -> int:
        """People of whom a record is kept."""
        return int(self.shelf.store().count(HOTEL).get(State.ACTIVE, 0))

    def again(self) -> None:
        """All three custodians from anew, and another gateway."""
        for seat in SEATS:
            self._site.stop(seat)
            self._site.start(seat)
        self.gateway.close()
        self.gateway = self._site.gateway()


@pytest.fixture
def house(site: Site, tmp_path: Path) -> Iterator[House]:
    """Nobody in it yet."""
    some = House(site, tmp_path / "records")
    yield some
    some.close()


@pytest.fixture
def asking(site: Site, house: House) -> Iterator[Asking]:
    """Whoever has the gateway's key and its caller's, and says what they like."""
    some = Asking(site)
    yield some
    some.close()


def evaluating(count: int, approved: int) -> dict[Seat, record_asks.Evaluate]:
    """So many evaluations, of the pair of a and b."""
    elements = blind_all([b"%d" % at for at in range(count)], os.urandom).elements
    return {seat: record_asks.Evaluate(HOTEL, ("a", "b"), elements, False, approved) for seat in SEATS[:2]}


def evaluated(asking: Asking, count: int, approved: int, approvals: Sequence[bytes] = ()) -> set[str]:
    return {asking.ask(seat, one, approvals=approvals).code for seat, one in evaluating(count, approved).items()}


def offered(asking: Asking, count: int, approved: int, approvals: Sequence[bytes] = ()) -> tuple[bytes, set[str]]:
    """So many people's keys: the attempt, and what became of it."""
    header = asking.header("enrol", count, KEYS)
    rows = [Row.of(version) for version in versions(count)]
    batches = _split(asking.headers().dim(KEYS), KEYS, rows, os.urandom)
    asks = {seat: wire.Offer(KEYS, BatchMessage.of(batches[seat]), header, approved, pledge=NONE) for seat in SEATS}
    return header.attempt, set(asking.all(asks, approvals=approvals).values())


def prepared(asking: Asking, attempt: bytes) -> set[str]:
    going_on = wire.Prepare(KEYS, asking.header("prepare", 1, KEYS), [attempt])
    return set(asking.all(dict.fromkeys(SEATS, going_on), leased=True).values())


# What a ticket carries.


def test_a_ticket_brings_in_as_many_as_were_signed_for_over_a_restart_and_nobody_more(
    house: House, asking: Asking
) -> None:
    with pytest.raises(EvaluationsSpent):
        house.imported(range(300))
    ticket = house.ticket(MANY)
    assert house.imported(range(400), ticket) == 400
    house.again()
    for some in (100, 10, 1):  # what is asked again of another pair is carried too
        while evaluated(asking, some, 0) == {DONE}:
            pass
    assert house.imported(range(400, MANY), ticket) == MANY - 400
    for more in (range(MANY, MANY + 1), range(MANY, MANY + 500)):
        with refused():
            house.imported(more, ticket)
    with pytest.raises(EvaluationsSpent):  # nor is there more without it than there was
        house.imported(range(MANY, MANY + 300))
    assert house.count() == MANY
    assert house.gateway.check() == []


def test_many_more_than_a_day_may_enrol_come_with_a_ticket(
    house: House, asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In offers of which two are made at once, before a custodian has seen the signatures; budgets are whole after."""
    assert offered(asking, 1_200, 0)[1] == {"budget_enrolments_spent"}
    verified = Verifier.approved

    def slowly(*given: Any, **named: Any) -> Any:
        sleep(0.2)
        return verified(*given, **named)

    monkeypatch.setattr(Verifier, "approved", slowly)
    monkeypatch.setattr(enrolment, "OFFERED_TOGETHER", 500)
    house.gateway.keep(HOTEL, versions(2_500), approved=house.ticket(2_500))
    assert offered(asking, 1_000, 0)[1] == {DONE}


# What a thief of the gateway gains by saying that there is one.


def test_without_officers_signatures_nothing_is_carried(house: House, asking: Asking) -> None:
    house.imported(range(1))  # which makes the key
    request = house.gateway.request_records(HOTEL, 3_000)
    at = read_request(request).at
    faces = ask(matter.bulk(HOTEL, 3_000), office=house.gateway.office, at=at, nonce=os.urandom(16))
    wrong = {
        "nobody's": [],
        "operators'": read_request(signed(request, BEN, EVA)).approvals(),
        "one officer's": read_request(signed(request, OLGA)).approvals(),
        "for fewer people": read_request(house.ticket(10)).approvals(),
        "for faces": read_request(signed(faces.to_bytes(), OLGA, OTTO)).approvals(),
    }
    for why, approvals in wrong.items():
        assert evaluated(asking, 100, 3_000, approvals) == {"approval_refused"}, why
        assert offered(asking, 100, 3_000, approvals)[1] == {"approval_refused"}, why
    # Nor does what is said without them draw less.
    assert evaluated(asking, 400, 0) == {DONE}
    assert evaluated(asking, 400, 0) == {"budget_evaluations_spent"}
    assert evaluated(asking, 400, 3_000) == {"approval_refused"}


def test_a_ticket_carries_three_evaluations_for_each_and_then_none(house: House, asking: Asking) -> None:
    house.imported(range(1))
    approvals = read_request(house.ticket(10)).approvals()
    most = 10 * EVALUATIONS_EACH
    assert evaluated(asking, most + 1, 10, approvals) == {"approval_refused"}  # and they are not used up by that
    assert evaluated(asking, most - 1, 10, approvals) == {DONE}
    house.again()
    assert evaluated(asking, 2, 10, approvals) == {"approval_refused"}
    assert evaluated(asking, 1, 10, approvals) == {DONE}
    assert evaluated(asking, 1, 10, approvals) == {"approval_refused"}
    assert offered(asking, 10, 10, approvals)[1] == {DONE}
    assert offered(asking, 1, 10, approvals)[1] == {"approval_refused"}


# Corrections.


def test_a_days_corrections_leave_room_for_erasures_and_newcomers(house: House) -> None:
    people, known = house.people, range(10)
    assert house.imported(known) == len(known)
    somebody = [person for at in known if (person := people.find(str(guest(at)["national_id"]))) is not None]
    for turn in range(3):
        for person in somebody:
            person.correct({"room": f"{turn}"})
    for person in somebody:
        person.erase()
    assert house.imported(range(10, RECORDS_ABOVE)) == RECORDS_ABOVE - 10
    with refused():
        house.imported(range(RECORDS_ABOVE, RECORDS_ABOVE + 1))


def test_whoever_only_says_that_somebody_is_written_anew_brings_a_newcomer(house: House, asking: Asking) -> None:
    house.gateway.keep(HOTEL, versions(RECORDS_ABOVE))
    nobody = handles(KEYS, [bytes(16)])
    attempt, codes = offered(asking, 1, 0)
    assert codes == {DONE}
    asks = {seat: record_asks.Carry(KEYS, attempt, nobody[seat].tobytes(), CARRIED) for seat in SEATS}
    assert set(asking.all(asks, leased=True).values()) == {"nobody_there"}
    assert prepared(asking, attempt) == {"approval_refused"}
