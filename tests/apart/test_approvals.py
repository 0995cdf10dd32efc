"""Signatures are brought from people to custodians as files; no officer's key is anywhere near the gateway."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from moiety.custody.gateway.apart import Apart
from moiety.custody.gateway.deployment import DEPLOYMENT
from moiety.custody.store.handles import handles
from moiety.custody.trust import matter
from moiety.custody.trust.denials import (
    ApprovalNeedless,
    ApprovalRefused,
    CallerRefused,
    RequestExceeded,
    RequestExpired,
    RequestOther,
    RequestUnreadable,
)
from moiety.custody.trust.requests import ask, read_request
from moiety.custody.trust.roster import Role
from moiety.custody.verbs import Approved
from moiety.errors import MoietyError
from moiety.sharing.seat import SEATS
from tests.apart.asking import enlist
from tests.apart.scene import GENEROUS, Site
from tests.custody.scene import DOCUMENT, DOOR, TERMS, Clock, matched, people
from tests.custody.signers import Signatory

OLGA, OTTO = Signatory("olga", Role.OFFICER), Signatory("otto", Role.OFFICER)
BEN, EVA = Signatory("ben"), Signatory("eva")
STRANGER = Signatory("stranger")

VAULT = "vault"
EYES = replace(TERMS, four_eyes=("bulk", "early_erasure"), bulk_above=2)
OTHER = DOCUMENT + b"and another\n"


def signed(request: bytes, *who: Signatory) -> bytes:
    """The file, once these have signed it."""
    asked = read_request(request)
    for someone in who:
        asked = asked.signed_by(someone)
    return asked.to_bytes()


def twice(request: bytes, who: Signatory) -> bytes:
    """A file in which one signature stands twice."""
    fields = json.loads(signed(request, who))
    return json.dumps({**fields, "signatures": fields["signatures"] * 2}).encode()


def refuses(kind: type[MoietyError], **numbers: int) -> AbstractContextManager[Any]:
    """Raises this, with these numbers."""
    return pytest.raises(kind, check=lambda error: error.numbers == numbers)


@pytest.fixture
def gateway(site: Site) -> Iterator[Apart]:
    """A gateway with its caller's key and no other."""
    enlist(site, OLGA, OTTO, BEN, EVA)
    without_officers(site)
    some = site.gateway()
    yield some
    some.close()


def without_officers(site: Site) -> None:
    file = site.folder / DEPLOYMENT
    file.write_text(file.read_text().split("\n[[officers]]")[0])


@pytest.fixture
def vault(gateway: Apart) -> Apart:
    """With a purpose that has people sign for bulk enrolments and early erasures, and two people in it."""
    adopted(gateway, VAULT)
    gateway.enrol(VAULT, people(2, seed=31))
    return gateway


def adopted(gateway: Apart, name: str) -> None:
    gateway.add_gallery(name, EYES, DOCUMENT, approved=signed(gateway.request_papers(name, EYES, DOCUMENT), OLGA, OTTO))


def test_officers_sign_elsewhere_and_each_custodian_verifies_it(gateway: Apart) -> None:
    with refuses(ApprovalRefused, needed=2, valid=0):
        gateway.add_gallery(DOOR, TERMS, DOCUMENT)
    request = gateway.request_papers(DOOR, TERMS, DOCUMENT)
    assert gateway.galleries() == []
    gateway.add_gallery(DOOR, TERMS, DOCUMENT, approved=signed(request, OLGA, OTTO))
    assert gateway.gallery(DOOR).document == DOCUMENT
    changed = signed(gateway.request_papers(DOOR, TERMS, OTHER), OTTO, OLGA)
    with refuses(ApprovalRefused, needed=2, valid=0):
        gateway.replace_document(DOOR, TERMS, OTHER)
    gateway.replace_document(DOOR, TERMS, OTHER, approved=changed)
    assert gateway.gallery(DOOR).document == OTHER
    # Signatures of what was done before are used up, and no others were left with anybody.
    with refuses(ApprovalRefused, needed=2, valid=0):
        gateway.replace_document(DOOR, TERMS, OTHER, approved=changed)
    assert {remote.approved for remote in gateway.remotes.values()} == {Approved()}


def test_what_is_not_signed_as_it_should_be_is_refused_and_uses_up_nothing(gateway: Apart, clock: Clock) -> None:
    request = gateway.request_papers(DOOR, TERMS, DOCUMENT)
    asked = read_request(request)

    def other(what: matter.Matter, office: bytes = gateway.office) -> bytes:
        made = ask(what, office=office, at=asked.at, nonce=bytes.fromhex(asked.nonce))
        return signed(made.to_bytes(), OLGA, OTTO)

    papers = asked.matter()
    wrong: dict[str, tuple[bytes, type[MoietyError], dict[str, int]]] = {
        "nobody": (request, ApprovalRefused, {"needed": 2, "valid": 0}),
        "one": (signed(request, OLGA), ApprovalRefused, {"needed": 2, "valid": 1}),
        "one twice": (twice(request, OLGA), ApprovalRefused, {"needed": 2, "valid": 1}),
        "an operator": (signed(request, OLGA, BEN), ApprovalRefused, {"needed": 2, "valid": 1}),
        "in no roster": (signed(request, OLGA, STRANGER), ApprovalRefused, {"needed": 2, "valid": 1}),
        "another purpose": (other(matter.papers("gate", TERMS.to_json(), DOCUMENT)), RequestOther, {}),
        "another operation": (other(replace(papers, operation="replace")), RequestOther, {}),
        "another document": (other(matter.papers(DOOR, TERMS.to_json(), OTHER)), RequestOther, {}),
        "other terms": (other(matter.papers(DOOR, EYES.to_json(), DOCUMENT)), RequestOther, {}),
        "another office": (other(papers, office=bytes(16)), RequestOther, {}),
        "nothing readable": (request[:-9], RequestUnreadable, {}),
    }
    for why, (file, kind, numbers) in wrong.items():
        with refuses(kind, **numbers):
            gateway.add_gallery(DOOR, TERMS, DOCUMENT, approved=file)
            pytest.fail(why)
    assert gateway.galleries() == []
    good = signed(request, OLGA, OTTO)
    clock.pass_(seconds=86_401)
    with refuses(RequestExpired):
        gateway.add_gallery(DOOR, TERMS, DOCUMENT, approved=good)
    clock.pass_(seconds=-1)
    gateway.add_gallery(DOOR, TERMS, DOCUMENT, approved=good)


def test_a_gateways_clock_that_is_behind_makes_no_signature_younger(gateway: Apart, clock: Clock) -> None:
    """What a gateway says of a request's age is for its own people: custodians go by their own clocks."""
    good = signed(gateway.request_papers(DOOR, TERMS, DOCUMENT), OLGA, OTTO)
    then = gateway._clock()
    clock.pass_(seconds=86_401)
    gateway._clock = lambda: then
    with refuses(ApprovalRefused, needed=2, valid=0):
        gateway.add_gallery(DOOR, TERMS, DOCUMENT, approved=good)


def test_who_brings_signatures_means_no_others(site: Site) -> None:
    """A trial's own officers do not make good what is missing."""
    enlist(site, BEN, EVA)
    gateway = site.gateway()
    request = gateway.request_papers(DOOR, TERMS, DOCUMENT)
    with refuses(ApprovalRefused, needed=2, valid=0):
        gateway.add_gallery(DOOR, TERMS, DOCUMENT, approved=signed(request, BEN, EVA))
    gateway.add_gallery(DOOR, TERMS, DOCUMENT)
    gateway.close()


def test_a_caller_may_ask_for_purposes_if_the_roster_lets_it(site: Site, gateway: Apart) -> None:
    """The caller's own key asks, the officers' signatures approve; each custodian's roster says who may do which."""
    for seat in SEATS:
        file = site.folder / f"custodian-{seat}" / "operators" / "operator.toml"
        file.write_text(file.read_text() + 'operations = ["enrol", "identify"]\n')
    request = signed(gateway.request_papers(DOOR, TERMS, DOCUMENT), OLGA, OTTO)
    with refuses(CallerRefused):
        gateway.add_gallery(DOOR, TERMS, DOCUMENT, approved=request)
    for seat in SEATS:
        file = site.folder / f"custodian-{seat}" / "operators" / "operator.toml"
        file.write_text(file.read_text().replace('"enrol"', '"policy"'))
    gateway.add_gallery(DOOR, TERMS, DOCUMENT, approved=request)


FEW = re.sub(r"enrolments = \{.*\}", "enrolments = { burst = 9, daily = 9 }", GENEROUS)


def test_a_bulk_enrolment_is_of_as_many_as_two_people_signed(vault: Apart) -> None:
    crowd = people(5, seed=41)
    request = vault.request_bulk(VAULT, 4)
    four = signed(request, BEN, OLGA)
    for some, file, error in (
        (crowd, four, refuses(RequestExceeded, people=5, signed=4)),
        (crowd[:3], signed(request, BEN), refuses(ApprovalRefused, needed=2, valid=1)),
        (crowd[:3], signed(request, BEN, STRANGER), refuses(ApprovalRefused, needed=2, valid=1)),
        (crowd[:3], None, refuses(ApprovalRefused, needed=2, valid=0)),
    ):
        with error:
            vault.enrol(VAULT, some, approved=file)
    assert matched(vault, crowd, VAULT) == [False] * 5  # type: ignore[arg-type]
    vault.enrol(VAULT, crowd[:3], approved=four)
    assert matched(vault, crowd, VAULT) == [True] * 3 + [False] * 2  # type: ignore[arg-type]
    with refuses(ApprovalRefused, needed=2, valid=0):
        vault.enrol(VAULT, people(3, seed=42), approved=four)
    with refuses(ApprovalRefused, needed=2, valid=0):
        vault.enrol(VAULT, crowd[3:])  # few, but as many were enrolled today without signatures
    vault.enrol(VAULT, crowd[3:], approved=signed(vault.request_bulk(VAULT, 2), BEN, EVA))


def test_what_is_refused_at_the_gateway_is_charged_to_nobody(tmp_path: Path, clock: Clock) -> None:
    site = Site.make(tmp_path / "site", clock, FEW)
    assert FEW.count("burst = 9,") == 3
    enlist(site, OLGA, OTTO, BEN, EVA)
    without_officers(site)
    gateway = site.gateway()
    try:
        adopted(gateway, VAULT)
        crowd = people(6, seed=43)
        one = signed(gateway.request_bulk(VAULT, 3), BEN)
        for file in (None, one, signed(one, EVA)) * 2:
            with pytest.raises((ApprovalRefused, RequestExceeded)):
                gateway.enrol(VAULT, crowd, approved=file)
        gateway.enrol(VAULT, crowd, approved=signed(gateway.request_bulk(VAULT, 6), BEN, EVA))
    finally:
        gateway.close()
        site.close()


def test_what_would_be_refused_is_said_before_anybody_is_looked_at(vault: Apart) -> None:
    request = vault.request_bulk(VAULT, 3)
    with refuses(ApprovalRefused, needed=2, valid=0):
        vault.require_bulk(VAULT, 3)
    with refuses(ApprovalRefused, needed=2, valid=1):
        vault.require_bulk(VAULT, 3, approved=signed(request, BEN))
    with refuses(ApprovalRefused, needed=2, valid=1):
        vault.require_bulk(VAULT, 3, approved=twice(request, BEN))
    with refuses(RequestExceeded, people=4, signed=3):
        vault.require_bulk(VAULT, 4, approved=signed(request, BEN, EVA))
    vault.require_bulk(VAULT, 2)
    vault.require_bulk(VAULT, 3, approved=signed(request, BEN, EVA))
    vault.enrol(VAULT, people(3, seed=44), approved=signed(request, BEN, EVA))  # nothing was used up


def test_an_early_erasure_is_of_one_person_whom_no_request_names(vault: Apart) -> None:
    one, other = people(2, seed=31)
    request = vault.request_erasure(VAULT, one.pseudonym)
    known = handles(VAULT, [one.pseudonym])
    for secret in (one.pseudonym, *(known[seat].tobytes() for seat in SEATS)):
        assert secret.hex() not in request.decode()
        assert all(secret not in part for part in read_request(request).matter().parts)
    assert request != vault.request_erasure(VAULT, other.pseudonym)
    good = signed(request, BEN, EVA)
    for pseudonym, file, error in (
        (one.pseudonym, None, refuses(ApprovalRefused, needed=2, valid=0)),
        (one.pseudonym, twice(request, BEN), refuses(ApprovalRefused, needed=2, valid=1)),
        (one.pseudonym, signed(request, BEN, STRANGER), refuses(ApprovalRefused, needed=2, valid=1)),
        (other.pseudonym, good, refuses(RequestOther)),
    ):
        with error:
            vault.erase(VAULT, pseudonym, approved=file)
    assert matched(vault, [one, other], VAULT) == [True, True]  # type: ignore[arg-type]
    assert vault.erase(VAULT, one.pseudonym, approved=good)
    assert matched(vault, [one, other], VAULT) == [False, True]  # type: ignore[arg-type]
    adopted(vault, DOOR)
    with refuses(RequestOther):
        vault.erase(DOOR, one.pseudonym, approved=good)


def test_nobody_signs_what_the_purpose_does_not_name(gateway: Apart) -> None:
    request = gateway.request_papers(DOOR, TERMS, DOCUMENT)
    gateway.add_gallery(DOOR, TERMS, DOCUMENT, approved=signed(request, OLGA, OTTO))
    asks: list[Callable[[], object]] = [
        lambda: gateway.request_bulk(DOOR, 1_000),
        lambda: gateway.request_erasure(DOOR, bytes(16)),
        # Custodians would not look at these.
        lambda: gateway.enrol(DOOR, people(3), approved=request),
        lambda: gateway.require_bulk(DOOR, 3, approved=request),
        lambda: gateway.erase(DOOR, bytes(16), approved=request),
    ]
    for one in asks:
        with refuses(ApprovalNeedless):
            one()
