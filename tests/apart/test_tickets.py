"""More records in a day than a desk keeps: two officers sign for so many once, and an import takes them by and by."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from moiety.cli.request import RequestContradicts, told
from moiety.custody.gateway import approving
from moiety.custody.gateway.apart import Apart
from moiety.custody.store.kinds import CLASSES, keys_of
from moiety.custody.trust import matter
from moiety.custody.trust.denials import ApprovalRefused, RequestExceeded, RequestExpired, RequestOther
from moiety.custody.trust.policy import RECORDS_ABOVE
from moiety.custody.trust.requests import ask, read_request
from moiety.custody.trust.roster import Role
from moiety.custody.trust.verifying import APPROVAL_S
from moiety.custody.verbs import Approved
from moiety.errors import MoietyError
from moiety.face.installed import Installed
from moiety.identity.importing import Imported, run
from moiety.identity.keyring import Version
from moiety.identity.office import Office
from moiety.sharing.seat import SEATS
from moiety.vault.mapping import Taken
from moiety.vault.record import Record
from moiety.vault.retention import State
from moiety.vault.shelf import Shelf
from tests.apart.asking import enlist
from tests.apart.scene import Site
from tests.apart.test_approvals import BEN, EVA, OLGA, OTTO, signed, without_officers
from tests.custody.scene import DOCUMENT, DOOR, TERMS, TODAY, Clock
from tests.custody.signers import Signatory
from tests.stories.guests import GUEST, guest, hotel

REVEAL = replace(TERMS, reveal=(("officer", ("document",)),))
"""Terms of a purpose that keeps records, and has nobody sign for anything."""

VERA = Signatory("vera", Role.OFFICER)
DRAWN = np.random.default_rng(5)


def versions(count: int) -> list[Version]:
    """Keys of so many people."""
    return [Version.fresh(DRAWN.bytes, TODAY + 30, 1) for _ in range(count)]


def refused(valid: int = 0, kind: type[MoietyError] = ApprovalRefused) -> AbstractContextManager[Any]:
    """Raises this for want of signatures."""
    return pytest.raises(kind, check=lambda error: error.numbers.get("valid", valid) == valid)


@pytest.fixture
def gateway(site: Site) -> Iterator[Apart]:
    """A gateway with its caller's key and no other, of a purpose that keeps records."""
    enlist(site, OLGA, OTTO, VERA, BEN, EVA)
    without_officers(site)
    some = site.gateway()
    some.add_gallery(DOOR, REVEAL, DOCUMENT, approved=signed(some.request_papers(DOOR, REVEAL, DOCUMENT), OLGA, OTTO))
    yield some
    some.close()


def kept(gateway: Apart) -> int:
    """How many people's keys there are."""
    return gateway.three.custodians["a"].alive(keys_of(DOOR), TODAY)


def test_a_day_at_a_desk_takes_nobody_and_more_takes_two_officers(gateway: Apart, clock: Clock) -> None:
    gateway.keep(DOOR, versions(RECORDS_ABOVE - 1))
    gateway.keep(DOOR, versions(1))
    with refused():
        gateway.keep(DOOR, versions(1))
    with refused():
        gateway.keep(DOOR, versions(RECORDS_ABOVE + 1))
    request = gateway.request_records(DOOR, 3)
    for who, valid in (((BEN, EVA), 0), ((BEN, OLGA), 1), ((OLGA,), 1), ((), 0)):
        with refused(valid):
            gateway.keep(DOOR, versions(3), approved=signed(request, *who))
    assert kept(gateway) == RECORDS_ABOVE
    gateway.keep(DOOR, versions(3), approved=signed(request, OTTO, OLGA))
    assert kept(gateway) == RECORDS_ABOVE + 3
    clock.pass_(days=1)
    gateway.keep(DOOR, versions(1))
    assert gateway.check() == []


def test_a_ticket_is_drawn_batch_by_batch_and_not_beyond_what_was_signed(site: Site, gateway: Apart) -> None:
    approved = signed(gateway.request_records(DOOR, 20), OLGA, OTTO)
    gateway.keep(DOOR, versions(9), approved=approved)
    with refused():
        gateway.keep(DOOR, versions(12), approved=approved)
    with pytest.raises(RequestExceeded):
        gateway.keep(DOOR, versions(21), approved=approved)
    gateway.keep(DOOR, versions(8), approved=approved)
    for seat in SEATS:
        site.stop(seat)
        site.start(seat)
    again = site.gateway()
    with refused():
        again.keep(DOOR, versions(4), approved=approved)
    again.keep(DOOR, versions(3), approved=approved)
    with refused():
        again.keep(DOOR, versions(1), approved=approved)
    assert kept(again) == 20
    # What officers signed for is beside what a desk keeps.
    again.keep(DOOR, versions(RECORDS_ABOVE))
    assert again.check() == []
    again.close()


def test_a_ticket_is_of_its_very_signatures(gateway: Apart) -> None:
    request = gateway.request_records(DOOR, 5)
    approved = signed(request, OLGA, OTTO)
    gateway.keep(DOOR, versions(1), approved=approved)
    for other in (signed(approved, VERA), signed(request, OLGA, VERA)):  # the same request, which was used up
        with refused():
            gateway.keep(DOOR, versions(1), approved=other)
    fields = json.loads(approved)
    twisted = json.dumps({**fields, "signatures": fields["signatures"][::-1]}).encode()
    gateway.keep(DOOR, versions(1), approved=twisted)
    gateway.keep(DOOR, versions(5), approved=signed(gateway.request_records(DOOR, 5), OLGA, OTTO))
    gateway.keep(DOOR, versions(3), approved=approved)
    with refused():
        gateway.keep(DOOR, versions(1), approved=approved)


def test_whoever_is_refused_for_want_of_a_ticket_stays_nowhere(gateway: Apart, clock: Clock, tmp_path: Path) -> None:
    """The hundred and first of a day at the desk, and an import that brought no ticket."""
    terms, document = replace(TERMS, reveal=(("officer", CLASSES),)), hotel("hotel")
    asked = gateway.request_papers("hotel", terms, document)
    gateway.add_gallery("hotel", terms, document, approved=signed(asked, OLGA, OTTO))
    shelf = Shelf(tmp_path / "records")
    people = Office(gateway, Installed(tmp_path), shelf, clock=clock, entropy=os.urandom).purpose("hotel").people()
    gateway.keep("hotel", versions(RECORDS_ABOVE))
    with refused():
        people.add(GUEST, grounds="register")
    checked = [Taken(at, Record(people.schema(), guest(at))) for at in range(1, RECORDS_ABOVE + 10)]
    with refused():
        run(people, checked, grounds="register", text="1", approved=None, so_far=Imported(), done=lambda *told: None)
    assert sum(shelf.store().count("hotel").values()) == 0
    assert shelf.store().leaving("hotel") == {}
    clock.pass_(days=1)
    people.add(GUEST, grounds="register")
    assert shelf.store().count("hotel")[State.ACTIVE] == 1
    shelf.close()


def test_custodians_themselves_count_what_was_signed(gateway: Apart, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the gateway brings them; and whoever asked for too much has not used up the signatures."""
    approved = signed(gateway.request_records(DOOR, 3), OLGA, OTTO)
    brought = Approved(read_request(approved).approvals(), 3)
    with monkeypatch.context() as lying:
        lying.setattr(approving, "approved", lambda *given: brought)
        with refused():
            gateway.keep(DOOR, versions(RECORDS_ABOVE + 1), approved=approved)
        lying.setattr(approving, "approved", lambda *given: replace(brought, people=RECORDS_ABOVE + 1))
        with refused():
            gateway.keep(DOOR, versions(RECORDS_ABOVE + 1), approved=approved)
    gateway.keep(DOOR, versions(3), approved=approved)
    assert kept(gateway) == 3


def test_a_ticket_is_over_after_a_day(gateway: Apart, clock: Clock) -> None:
    approved = signed(gateway.request_records(DOOR, 5), OLGA, OTTO)
    gateway.keep(DOOR, versions(1), approved=approved)
    clock.pass_(seconds=APPROVAL_S - 1)
    gateway.keep(DOOR, versions(1), approved=approved)
    clock.pass_(seconds=2)
    with refused(kind=RequestExpired):
        gateway.keep(DOOR, versions(1), approved=approved)


def test_custodians_themselves_end_a_ticket(gateway: Apart, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the gateway believes of the request's age."""
    approved = signed(gateway.request_records(DOOR, 5), OLGA, OTTO)
    gateway.keep(DOOR, versions(1), approved=approved)
    clock.pass_(seconds=APPROVAL_S)
    monkeypatch.setattr("moiety.custody.trust.requests.Request.require_current", lambda self, now: None)
    with refused():
        gateway.keep(DOOR, versions(1), approved=approved)


def test_a_ticket_that_was_opened_late_lasts_no_longer(
    gateway: Apart, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two officers sign for a day, not for a day from when the gateway first shows it."""
    approved = signed(gateway.request_records(DOOR, RECORDS_ABOVE + 5), OLGA, OTTO)
    clock.pass_(hours=23, minutes=58)
    gateway.keep(DOOR, versions(1), approved=approved)
    clock.pass_(minutes=1)
    gateway.keep(DOOR, versions(1), approved=approved)
    monkeypatch.setattr("moiety.custody.trust.requests.Request.require_current", lambda self, now: None)
    for later in ({"minutes": 2}, {"hours": 22}):
        clock.pass_(**later)
        with refused():
            gateway.keep(DOOR, versions(1), approved=approved)
    assert kept(gateway) == 2


def test_whoever_signs_is_shown_that_it_is_about_records(gateway: Apart) -> None:
    asked = read_request(gateway.request_records(DOOR, 12_345))
    lines = told(asked)
    assert "  operation  bulk: enrol many people at once" in lines
    assert "  people     at most 12345" in lines
    assert "  of these   records: identity numbers and all else that the purpose keeps" in lines
    faces = ask(matter.bulk(DOOR, 12_345), office=gateway.office, at=asked.at, nonce=bytes(16))
    assert not [line for line in told(faces) if "records" in line]
    with pytest.raises(RequestOther):
        gateway.keep(DOOR, versions(1), approved=signed(faces.to_bytes(), OLGA, OTTO))
    for parts in ((keys_of("gate").encode(),), (b"",), (keys_of(DOOR).encode(), b"and more")):
        what = matter.Matter("bulk", DOOR, parts, 5)
        with pytest.raises(RequestContradicts):
            told(ask(what, office=gateway.office, at=asked.at, nonce=bytes(16)))
