"""A gateway is known by its pinned key, and beside that each custodian believes it nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from time import monotonic, sleep
from typing import Any

import numpy as np
import pytest

from moiety.custody import turns, wire
from moiety.custody.gateway import trial
from moiety.custody.gateway.apart import Apart
from moiety.custody.gateway.enrolment import _split
from moiety.custody.messages import Array, BatchMessage, HeaderMessage
from moiety.custody.net import attempts, reckoning, serving
from moiety.custody.store.handles import handles
from moiety.custody.trust.asked import OFFICE, bulk_digest, erasure_digest, hashed, papers_digest
from moiety.custody.trust.roster import Role
from moiety.custody.trust.signing import Kind
from moiety.custody.verbs import Batch
from moiety.sharing.seat import SEATS, Seat
from tests.apart.asking import DONE, METHOD, NONE, Asking, Said, changed, enlist, pledged
from tests.apart.scene import Site
from tests.custody.scene import DOCUMENT, DOOR, TERMS, Clock, Person, matched, people
from tests.custody.signers import Signatory

CROWD = people(3)

STRANGER = Signatory("stranger")
GATE_ONLY = Signatory("gate-only", purposes=frozenset({"gate"}))
DOOR_ONLY = Signatory("door-only", purposes=frozenset({DOOR}))
VERIFIER = Signatory("verifier", operations=frozenset({"verify"}))
BEN, EVA = Signatory("ben"), Signatory("eva")
OLGA = Signatory("olga", Role.OFFICER)

REFUSED = dict.fromkeys(SEATS, "caller_refused")
UNAPPROVED = dict.fromkeys(SEATS, "approval_refused")
AT_ONCE_S = 5.0
"""Less than a neighbour waits for one that says nothing."""


@pytest.fixture
def asking(office: Apart, site: Site) -> Iterator[Asking]:
    """Some people enrolled, more who may sign, and a gateway that says what it likes."""
    enlist(site, GATE_ONLY, DOOR_ONLY, VERIFIER, BEN, EVA, OLGA)
    office.enrol(DOOR, CROWD)
    some = Asking(site)
    yield some
    some.close()


def answered(asking: Asking, asks: dict[Seat, Any], call: bytes) -> dict[Seat, str]:
    """What became of it at each custodian, none of which waited for another."""
    began = monotonic()
    found = asking.all(asks, call=call)
    assert monotonic() - began < AT_ONCE_S
    return found


# Callers.


def test_a_call_of_the_deployments_own_operator_is_answered(asking: Asking) -> None:
    """The twin of everything below: signed by the right person, the same requests are done."""
    asks = asking.identify(CROWD[0])
    assert answered(asking, asks, asking.hand.call(asks["a"])) == dict.fromkeys(SEATS, DONE)
    asks = asking.verify(CROWD[0])
    assert answered(asking, asks, asking.signed(VERIFIER, asks["a"])) == dict.fromkeys(SEATS, DONE)


@pytest.mark.parametrize("kind", ["identify", "verify"])
def test_an_invented_caller_is_refused_at_each_custodian(asking: Asking, clock: Clock, kind: str) -> None:
    make: Any = getattr(asking, kind)
    operator = asking.hand.caller
    now = int(clock().timestamp())
    asks = make(CROWD[0])
    other = make(CROWD[0])["a"]
    good = asking.hand.call(asks["a"])
    calls = {
        "nothing": b"",
        "noise": os.urandom(len(good)),
        "cut": good[:-1],
        "longer": good + b"\0",
        "forged": good[:-1] + bytes([good[-1] ^ 1]),
        "in no roster": asking.signed(STRANGER, asks["a"]),
        "another operation": asking.signed(operator, asks["a"], operation="erase"),
        "another purpose": asking.signed(operator, asks["a"], purpose="gate"),
        "the whole office": asking.signed(operator, asks["a"], purpose="*"),
        "another request": asking.signed(operator, other),
        "another office": asking.signed(operator, asks["a"], office=bytes(16)),
        "an approval": asking.signed(operator, asks["a"], Kind.APPROVAL),
        "old": asking.signed(operator, asks["a"], at=now - 31),
        "to come": asking.signed(operator, asks["a"], at=now + 31),
        "for another purpose": asking.signed(GATE_ONLY, asks["a"]),
        "an officer's": asking.signed(OLGA, asks["a"]),
    }
    if kind == "identify":
        calls["for another operation"] = asking.signed(VERIFIER, asks["a"])
    for why, call in calls.items():
        assert answered(asking, asks, call) == REFUSED, why
    found = asking.each(lambda seat: asking.ask(seat, asks[seat], call=b""))
    assert {some.numbers == {} for some in found.values()} == {True}  # all denials are one


def test_a_call_is_taken_once(asking: Asking, office: Apart) -> None:
    asks = asking.verify(CROWD[0])
    call = asking.hand.call(asks["a"])
    assert answered(asking, asks, call) == dict.fromkeys(SEATS, DONE)
    assert answered(asking, asks, call) == REFUSED
    assert matched(office, CROWD) == [True] * 3


@pytest.mark.parametrize(("ahead", "said"), [(0, "custodian_down"), (20, "caller_refused")])
def test_a_call_is_not_taken_again_after_a_restart(asking: Asking, site: Site, ahead: int, said: str) -> None:
    """Whether its instant was over when the custodian stopped, or was still to come when it had started again."""
    ask = wire.Survey(DOOR)
    at = int(site.clock().timestamp()) + ahead
    call = asking.signed(asking.hand.caller, ask, at=at)
    assert asking.ask("b", ask, call=call).code == DONE
    site.stop("b")
    site.start("b")
    site.gateway().close()
    assert asking.ask("b", ask, call=call).code == said
    assert asking.ask("b", ask).code == DONE


def test_whoever_is_refused_at_one_custodian_keeps_the_others_waiting_for_nothing(asking: Asking) -> None:
    for refusing in SEATS:
        asks = asking.identify(CROWD[0])
        call = asking.hand.call(asks["a"])
        began = monotonic()
        found = asking.each(
            lambda seat, asks=asks, call=call, refusing=refusing: asking.ask(
                seat, asks[seat], call=b"" if seat == refusing else call
            )
        )
        assert monotonic() - began < AT_ONCE_S
        expected = dict.fromkeys(SEATS, "attempt_stopped") | {refusing: "caller_refused"}
        assert {seat: some.code for seat, some in found.items()} == expected


def test_a_signature_covers_the_whole_header(asking: Asking) -> None:
    asks = asking.identify(CROWD[0])
    call = asking.hand.call(asks["a"])
    header = asks["a"].header
    for other in (
        {"rows": header.rows + 64},
        {"probes": 2},
        {"threshold": header.threshold - 1},
        {"at": header.at + 1},
        {"version": header.version + 1},
        {"epoch": 2},
        {"dim": header.dim + 2},
        {"circuit": "prefix"},
        {"pass_words": 1},
        {"operation": "verify"},
    ):
        bent = {seat: changed(some, header=changed(header, **other)) for seat, some in asks.items()}
        assert asking.all(bent, call=call) == REFUSED, other


def test_a_search_of_one_purpose_is_not_charged_to_another(asking: Asking, office: Apart) -> None:
    """A gallery that is asked under another's name: the header is not of it."""
    office.add_gallery("gate", replace(TERMS, fmr=1e-5), DOCUMENT)
    asks = asking.identify(CROWD[0])
    bent = {seat: changed(some, name="gate") for seat, some in asks.items()}
    assert asking.all(bent) == dict.fromkeys(SEATS, "header_refused")


def test_a_name_that_somebody_makes_up_opens_no_account(asking: Asking, site: Site) -> None:
    """Accounts of purposes are as many as there is room for, and kept for a day."""
    bent = {
        seat: changed(ask, name="nowhere", header=changed(ask.header, gallery="nowhere"))
        for seat, ask in asking.identify(CROWD[0]).items()
    }
    asks = [
        bent,
        dict.fromkeys(SEATS, wire.Locate("nobody", bytes(16))),
        *[dict.fromkeys(SEATS, ask) for ask in (wire.Survey("nothing"), wire.PseudonymParts("never", [0]))],
    ]
    for some in asks:
        leased = isinstance(some["a"], serving.CHANGING)
        assert asking.all(some, leased=leased) == dict.fromkeys(SEATS, "gallery_unknown")
    site.close()  # everything is on the disk
    for seat in SEATS:
        found = reckoning.spent(trial.home(site.folder, seat) / trial.CONFIG, site.clock(), os.urandom)
        assert {one.owner for one in found if one.scope == "purpose"} == {DOOR, OFFICE}


def test_no_purpose_is_called_what_the_office_is_called(asking: Asking) -> None:
    """Two officers could have it: its budgets would be the office's."""
    ask = wire.AddGallery(OFFICE, TERMS.to_json(), DOCUMENT)
    approvals = [asking.signed(officer, ask, Kind.APPROVAL) for officer in asking.hand.officers]
    asks = dict.fromkeys(SEATS, ask)
    assert asking.all(asks, leased=True, approvals=approvals) == dict.fromkeys(SEATS, "message_refused")


def test_whoever_is_entrusted_with_one_purpose_refreshes_no_other(asking: Asking) -> None:
    """A refresh is of the whole office, whichever purpose its header names."""

    def asks() -> dict[Seat, Any]:
        header = HeaderMessage.of(asking.headers().office("renew"))
        return dict.fromkeys(SEATS, wire.Renew(changed(header, gallery=DOOR)))

    for purpose in (DOOR, OFFICE):
        some = asks()
        assert asking.all(some, leased=True, call=asking.signed(DOOR_ONLY, some["a"], purpose=purpose)) == REFUSED
    assert asking.all(asks(), leased=True) == dict.fromkeys(SEATS, DONE)


def test_whoever_leaves_the_roster_is_refused_at_once(asking: Asking, site: Site) -> None:
    ask = wire.Survey(DOOR)
    for seat in SEATS:
        assert asking.ask(seat, ask, call=asking.signed(BEN, ask)).code == DONE
        (trial.home(site.folder, seat) / trial.OPERATORS / "ben.toml").unlink()
        assert asking.ask(seat, ask, call=asking.signed(BEN, ask)).code == "caller_refused"
        assert asking.ask(seat, ask).code == DONE


def test_without_a_roster_nobody_is_let_in(asking: Asking, site: Site) -> None:
    ask = wire.Survey(DOOR)
    folder = trial.home(site.folder, "c") / trial.OPERATORS
    folder.rename(folder.with_name("elsewhere"))
    assert asking.ask("c", ask).code == "roster_unreadable"
    folder.with_name("elsewhere").rename(folder)
    (folder / "half.toml").write_text("name =")
    (folder / "half.toml").chmod(0o600)
    assert asking.ask("c", ask).code == "roster_malformed"
    (folder / "half.toml").unlink()
    assert asking.ask("c", ask).code == DONE


def test_what_changes_a_store_takes_the_lease_that_is_held(asking: Asking) -> None:
    erase = wire.Erase(DOOR, asking.header("erase", 1), handles(DOOR, [CROWD[0].pseudonym])["a"].tobytes())
    activate = wire.Activate(DOOR, asking.header("activate", 0), Array.of(np.zeros(0, dtype=np.int64)))
    for ask in (erase, wire.Scrub("scrub"), activate, wire.Stage()):
        assert asking.ask("a", ask).code == "lease_lost"
        with asking.leased("a") as lease:
            assert asking.ask("a", ask, lease=bytes(16)).code == "lease_lost"
            assert asking.ask("a", ask, lease=lease[:-1]).code == "lease_lost"
        _until_given_back(asking, lease)
        assert asking.ask("a", ask, lease=lease).code == "lease_lost"
    assert asking.standing().galleries[DOOR].version == 2


def test_a_lease_takes_somebodys_signature_and_is_not_kept_unused(
    asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the certificate alone a thief would hold off every change for ever."""
    monkeypatch.setattr(turns, "UNUSED_S", 0.5)
    ask = wire.Hold()
    for call in (b"", asking.signed(STRANGER, ask), asking.signed(VERIFIER, ask, operation="verify")):
        data = wire.request(ask, call=call)
        refused = wire.read_said(next(asking._channels["a"].unary_stream(METHOD + "hold")(data, timeout=20)))
        assert isinstance(refused, wire.Refusal)
        assert refused.code == "caller_refused"
    other = wire.request(wire.Scrub("scrub"), call=asking.signed(VERIFIER, ask))
    refused = wire.read_said(next(asking._channels["a"].unary_stream(METHOD + "hold")(other, timeout=20)))
    assert isinstance(refused, wire.Refusal)
    assert refused.code == "message_refused"
    with asking.leased("a") as lease:
        until = monotonic() + 3
        while monotonic() < until:  # as long as it is used, it stays
            assert asking.ask("a", wire.Scrub("scrub"), lease=lease).code == DONE
            sleep(0.1)
        sleep(1.5)
        assert asking.ask("a", wire.Scrub("scrub"), lease=lease).code == "lease_lost"
        with asking.leased("a") as again:
            assert asking.ask("a", wire.Scrub("scrub"), lease=again).code == DONE


def _until_given_back(asking: Asking, lease: bytes) -> None:
    """A lease ends when the custodian hears that the call which holds it has: a moment later."""
    until = monotonic() + 10
    while asking.ask("a", wire.Scrub("scrub"), lease=lease).code != "lease_lost":
        assert monotonic() < until
        sleep(0.02)


# What goes on with a request that was signed.


def test_pseudonyms_go_to_the_gateway_that_searched(asking: Asking) -> None:
    slots = Array.of(np.zeros(1, dtype=np.int64))
    assert asking.all({seat: wire.Release(DOOR, os.urandom(16), slots) for seat in SEATS}) == dict.fromkeys(
        SEATS, "answer_unknown"
    )


def test_an_enrolment_goes_on_with_offers_that_were_signed(asking: Asking) -> None:
    ask = wire.Prepare(DOOR, asking.header("prepare", 1), [os.urandom(16)])
    assert asking.all(dict.fromkeys(SEATS, ask), leased=True) == REFUSED


def test_nothing_is_activated_that_was_not_prepared(asking: Asking) -> None:
    """A gateway without anybody's signature moves no version."""
    everybody = np.arange(4096)
    for slots in (np.zeros(0, dtype=np.int64), everybody, everybody[:1], np.array([-1]), np.array([1 << 40])):
        ask = wire.Activate(DOOR, asking.header("activate", len(slots)), Array.of(slots.astype(np.int64)))
        found = set(asking.all(dict.fromkeys(SEATS, ask), leased=True).values())
        assert "states_differ" in found
        assert found <= {"states_differ", "attempt_stopped"}  # whoever is told of it before coming so far
    assert asking.standing().galleries[DOOR].version == 2


def test_no_custodian_goes_ahead_of_the_other_two(asking: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    """With everything signed, a thief has one custodian erase, and erase again: two versions ahead, its store would be
    taken for another's."""
    monkeypatch.setattr(attempts, "ROUND_S", 0.5)
    known = handles(DOOR, [person.pseudonym for person in CROWD])["a"]
    for handle in known:
        with asking.leased("a") as lease:
            ask = wire.Erase(DOOR, asking.header("erase", 1), handle.tobytes())
            assert asking.ask("a", ask, lease=lease).code == "neighbour_silent"
    assert {asking.standing(seat).galleries[DOOR].version for seat in SEATS} == {2}


def test_nobody_is_erased_at_one_custodian_for_another_at_the_next(asking: Asking, office: Apart) -> None:
    known, header = handles(DOOR, [person.pseudonym for person in CROWD]), asking.header("erase", 1)
    whom: dict[Seat, int] = {"a": 0, "b": 1, "c": 2}
    asks = {seat: wire.Erase(DOOR, header, known[seat][whom[seat]].tobytes()) for seat in SEATS}
    assert set(asking.all(asks, leased=True).values()) <= {"custodians_disagree", "attempt_stopped"}
    assert {asking.standing(seat).galleries[DOOR].version for seat in SEATS} == {2}
    assert matched(office, CROWD) == [True] * 3


@pytest.mark.parametrize("kind", ["identify", "verify"])
def test_nothing_else_is_asked_under_a_signature(asking: Asking, kind: str) -> None:
    """A gateway that was stolen meanwhile puts another probe, or another person, under what its caller signed."""
    make: Any = getattr(asking, kind)
    asks, others = make(CROWD[0]), make(CROWD[1])
    bent = {
        "another's probe": {seat: changed(asks[seat], probe=others[seat].probe) for seat in SEATS},
        "another's probe and pledge": {
            seat: changed(asks[seat], probe=others[seat].probe, pledge=others[seat].pledge) for seat in SEATS
        },
        "the next one's share": {
            seat: changed(asks[seat], probe=asks[other].probe) for seat, other in zip(SEATS, "bca", strict=True)
        },
    }
    if kind == "verify":
        bent["another's handle"] = {seat: changed(asks[seat], handle=others[seat].handle) for seat in SEATS}
    for why, wrong in bent.items():
        assert answered(asking, wrong, asking.hand.call(asks["a"])) == REFUSED, why
    asks = make(CROWD[0])  # the twin: nothing is bent, and the attempt is another since those ids are used up
    assert answered(asking, asks, asking.hand.call(asks["a"])) == dict.fromkeys(SEATS, DONE)


def test_nobody_else_is_offered_under_a_signature(asking: Asking) -> None:
    def offers(person: Person) -> dict[Seat, Any]:
        header = asking.header("enrol", 1)
        batches = _split(TERMS.dim, DOOR, [person], os.urandom)
        return pledged({seat: wire.Offer(DOOR, BatchMessage.of(batches[seat]), header, pledge=NONE) for seat in SEATS})

    [one], [other] = people(1, seed=41), people(1, seed=42)
    asks, others = offers(one), offers(replace(other, expires_day=one.expires_day + 1, grounds=one.grounds + 1))
    for column in BatchMessage.__struct_fields__:
        bent = {
            seat: changed(ask, batch=changed(ask.batch, **{column: getattr(others[seat].batch, column)}))
            for seat, ask in asks.items()
        }
        assert all(getattr(asks[seat].batch, column) != getattr(others[seat].batch, column) for seat in SEATS)
        assert answered(asking, bent, asking.hand.call(asks["a"])) == REFUSED, column
    asks = offers(one)
    assert answered(asking, asks, asking.hand.call(asks["a"])) == dict.fromkeys(SEATS, DONE)


# Purposes.


def purpose(asking: Asking, *approvals: bytes, name: str = "gate", call: bytes | None = None) -> dict[Seat, str]:
    """An attempt to add a purpose with these approvals, at each custodian."""
    ask = wire.AddGallery(name, TERMS.to_json(), DOCUMENT)

    def added(seat: Seat) -> Said:
        with asking.leased(seat) as lease:
            return asking.ask(seat, ask, lease=lease, call=call, approvals=approvals)

    return {seat: added(seat).code for seat in SEATS}


def test_a_purpose_takes_two_officers(asking: Asking) -> None:
    ask = wire.AddGallery("gate", TERMS.to_json(), DOCUMENT)
    one, other = asking.hand.officers
    agreed = [asking.signed(officer, ask, Kind.APPROVAL) for officer in (one, other)]
    papers = papers_digest("gate", TERMS.to_json(), DOCUMENT + b"else\n")
    wrong = {
        "nobody": [],
        "one": agreed[:1],
        "the same twice": [agreed[0], asking.signed(one, ask, Kind.APPROVAL)],
        "of other papers": [agreed[0], asking.signed(other, ask, Kind.APPROVAL, digest=papers)],
        "of another purpose": [agreed[0], asking.signed(other, ask, Kind.APPROVAL, purpose="door")],
        "of another operation": [agreed[0], asking.signed(other, ask, Kind.APPROVAL, operation="bulk")],
        "of another office": [agreed[0], asking.signed(other, ask, Kind.APPROVAL, office=bytes(16))],
        "an operator": [agreed[0], asking.signed(BEN, ask, Kind.APPROVAL)],
        "in no roster": [agreed[0], asking.signed(STRANGER, ask, Kind.APPROVAL)],
        "a call": [agreed[0], asking.signed(other, ask)],
        "a day old": [
            agreed[0],
            asking.signed(other, ask, Kind.APPROVAL, at=int(asking._clock().timestamp()) - 86_401),
        ],
        "noise": [agreed[0], os.urandom(200), b""],
    }
    for why, approvals in wrong.items():
        assert purpose(asking, *approvals) == UNAPPROVED, why
    assert "gate" not in asking.standing().galleries
    assert purpose(asking, *agreed) == dict.fromkeys(SEATS, DONE)
    # They were for this once.
    assert purpose(asking, *agreed) == UNAPPROVED


def test_approvals_are_not_used_again_after_a_restart(asking: Asking, site: Site) -> None:
    ask = wire.AddGallery("gate", TERMS.to_json(), DOCUMENT)
    agreed = [asking.signed(officer, ask, Kind.APPROVAL) for officer in asking.hand.officers]
    assert purpose(asking, *agreed) == dict.fromkeys(SEATS, DONE)
    for seat in SEATS:
        site.stop(seat)
    for seat in SEATS:
        site.start(seat)
    site.gateway().close()
    assert purpose(asking, *agreed) == UNAPPROVED


def test_a_purpose_needs_a_caller_beside_its_officers(asking: Asking) -> None:
    ask = wire.AddGallery("gate", TERMS.to_json(), DOCUMENT)
    agreed = [asking.signed(officer, ask, Kind.APPROVAL) for officer in asking.hand.officers]
    assert purpose(asking, *agreed, call=asking.signed(STRANGER, ask)) == REFUSED
    assert purpose(asking, *agreed, call=b"") == REFUSED


@pytest.mark.parametrize(
    "terms",
    [b"", b"{}", b"[]", b"7", b'"terms"', b"[" * 100_000, b'{"rates": 1}', TERMS.to_json().replace(b"64", b"65")],
)
def test_terms_that_are_none_are_refused_whoever_signed_them(asking: Asking, terms: bytes) -> None:
    """Kept, they would close the office: every custodian reads them before anything else."""
    header = asking.header("replace", 0)
    for ask in (wire.AddGallery("gate", terms, DOCUMENT), wire.ReplaceDocument(DOOR, terms, DOCUMENT, header)):
        with asking.leased("b") as lease:
            assert asking.ask("b", ask, lease=lease).code == "message_refused"
    assert {name: held.terms for name, held in asking.standing("b").galleries.items()} == {DOOR: TERMS.to_json()}


def test_a_custodian_itself_keeps_a_gallery_to_its_model(asking: Asking) -> None:
    for terms in (replace(TERMS, dim=128), replace(TERMS, model="another")):
        with asking.leased("b") as lease:
            ask = wire.ReplaceDocument(DOOR, terms.to_json(), DOCUMENT, asking.header("replace", 0))
            assert asking.ask("b", ask, lease=lease).code == "gallery_fixed"


def test_thresholds_come_from_a_custodians_own_copy(asking: Asking) -> None:
    header = asking.identify(CROWD[0])["a"].header
    for threshold in (header.threshold - 1, header.threshold + 1, 0, -16_000):
        asks = asking.identify(CROWD[0], threshold=threshold)
        assert asking.all(asks) == dict.fromkeys(SEATS, "header_refused")
        asks = asking.verify(CROWD[0], threshold=threshold)
        assert asking.all(asks) == dict.fromkeys(SEATS, "header_refused")


def test_no_header_brings_a_day_that_has_not_come(asking: Asking, office: Apart) -> None:
    """Days do not come back: one that a gateway made up would have everybody expire at that custodian."""
    later = int(asking._clock().timestamp()) + 400 * 86_400
    assert asking.all(asking.identify(CROWD[0], at=later)) == dict.fromkeys(SEATS, "header_refused")
    for day in (later // 86_400, later // 86_400 - 399, 1 << 32):
        assert asking.ask("b", wire.Alive(DOOR, day)).code == "header_refused"
    assert matched(office, CROWD) == [True] * 3


# Four eyes.


EYES = replace(TERMS, four_eyes=("bulk", "early_erasure"), bulk_above=4)


@pytest.fixture
def vault(asking: Asking, office: Apart) -> Asking:
    """A purpose that has two people sign for bulk enrolments and early erasures, with two people in it."""
    office.add_gallery("vault", EYES, DOCUMENT)
    office.enrol("vault", people(2, seed=31))
    return asking


def erased(asking: Asking, hashes: list[bytes], *approvals: bytes, seed: int = 31) -> dict[Seat, str]:
    """An attempt to erase the first person of the vault, at each custodian."""
    known = handles("vault", [people(1, seed=seed)[0].pseudonym])

    header = asking.header("erase", 1, "vault")
    asks = {seat: wire.Erase("vault", header, known[seat].tobytes(), hashes) for seat in SEATS}
    return asking.all(asks, leased=True, approvals=approvals)


def test_an_early_erasure_takes_two_people(vault: Asking) -> None:
    someone = people(1, seed=31)[0]
    hashes = [hashed(handle.tobytes()) for handle in handles("vault", [someone.pseudonym]).values()]
    others = [hashed(handle.tobytes()) for handle in handles("vault", [bytes(16)]).values()]
    ask = wire.Erase("vault", vault.header("erase", 1, "vault"), bytes(16), hashes)

    def agreed(who: Signatory, over: list[bytes], **said: Any) -> bytes:
        digest = erasure_digest("vault", over)
        fields = {"operation": "early_erasure", "purpose": "vault", "digest": digest} | said
        return vault.signed(who, ask, Kind.APPROVAL, **fields)

    wrong: dict[str, tuple[list[bytes], list[bytes]]] = {
        "nobody": (hashes, []),
        "one": (hashes, [agreed(BEN, hashes)]),
        "one twice": (hashes, [agreed(BEN, hashes), agreed(BEN, hashes)]),
        "of somebody else": (hashes, [agreed(BEN, hashes), agreed(EVA, others)]),
        "somebody else's": (others, [agreed(BEN, others), agreed(EVA, others)]),
        "of no hashes": ([], [agreed(BEN, []), agreed(EVA, [])]),
        "of another purpose": (hashes, [agreed(BEN, hashes), agreed(EVA, hashes, purpose="door")]),
        "of bulk": (hashes, [agreed(BEN, hashes), agreed(EVA, hashes, operation="bulk")]),
        "without the purpose": (hashes, [agreed(BEN, hashes), agreed(GATE_ONLY, hashes)]),
        "without the operation": (hashes, [agreed(BEN, hashes), agreed(VERIFIER, hashes)]),
    }
    for why, (named, approvals) in wrong.items():
        assert erased(vault, named, *approvals) == UNAPPROVED, why
    assert vault.standing().galleries["vault"].version == 2
    good = [agreed(BEN, hashes), agreed(EVA, hashes)]
    assert erased(vault, hashes, *good) == dict.fromkeys(SEATS, DONE)
    assert erased(vault, hashes, *good) == UNAPPROVED


def offered(asking: Asking, count: int, seed: int) -> bytes:
    """The attempt in which so many newcomers were offered to the vault, and admitted."""
    header = asking.header("enrol", count, "vault")
    batches: dict[Seat, Batch] = _split(TERMS.dim, "vault", people(count, seed=seed), os.urandom)
    asks = {seat: wire.Offer("vault", BatchMessage.of(batches[seat]), header, pledge=NONE) for seat in SEATS}
    assert asking.all(asks) == dict.fromkeys(SEATS, DONE)
    return header.attempt


def prepared(asking: Asking, attempts: list[bytes], approved: int, *approvals: bytes, rows: int = 3) -> dict[Seat, str]:
    """An attempt to go on with these offers, of so many people together, at each custodian."""
    ask = wire.Prepare("vault", asking.header("prepare", rows, "vault"), attempts, approved)
    return asking.all(dict.fromkeys(SEATS, ask), leased=True, approvals=approvals)


def test_a_bulk_enrolment_takes_two_people_however_it_is_cut(vault: Asking) -> None:
    ask = wire.AddGallery("vault", b"", b"")  # its name is what is signed of it

    def agreed(who: Signatory, count: int, **said: Any) -> bytes:
        fields = {"operation": "bulk", "purpose": "vault", "digest": bulk_digest("vault", count)} | said
        return vault.signed(who, ask, Kind.APPROVAL, **fields)

    attempts = [offered(vault, 2, seed=41), offered(vault, 1, seed=42)]
    assert prepared(vault, attempts, 0) == UNAPPROVED
    assert prepared(vault, attempts, 3, agreed(BEN, 3)) == UNAPPROVED
    assert prepared(vault, attempts, 3, agreed(BEN, 3), agreed(EVA, 4)) == UNAPPROVED
    assert prepared(vault, attempts, 3, agreed(BEN, 3), agreed(EVA, 3, purpose="door")) == UNAPPROVED
    assert prepared(vault, attempts, 2, agreed(BEN, 2), agreed(EVA, 2)) == UNAPPROVED  # for fewer than these
    assert vault.standing().galleries["vault"].version == 2
    good = [agreed(BEN, 3), agreed(EVA, 3)]
    assert prepared(vault, attempts, 3, *good) == dict.fromkeys(SEATS, DONE)
    assert prepared(vault, attempts, 3, *good) == UNAPPROVED


def test_few_people_are_enrolled_without_anybodys_approval(vault: Asking) -> None:
    assert prepared(vault, [offered(vault, 2, seed=43)], 0, rows=2) == dict.fromkeys(SEATS, DONE)


def test_many_are_bulk_however_few_at_a_time(vault: Asking, clock: Clock) -> None:
    """Four a day without approval, two of whom are there already."""
    for seed in (44, 45):
        attempt = offered(vault, 1, seed=seed)
        assert prepared(vault, [attempt], 0, rows=1) == dict.fromkeys(SEATS, DONE)
    assert prepared(vault, [offered(vault, 1, seed=46)], 0, rows=1) == UNAPPROVED
    clock.pass_(days=1)
    assert prepared(vault, [offered(vault, 1, seed=47)], 0, rows=1) == dict.fromkeys(SEATS, DONE)


def test_one_approval_serves_one_of_two_who_come_at_once(asking: Asking) -> None:
    ask = wire.AddGallery("gate", TERMS.to_json(), DOCUMENT)
    agreed = [asking.signed(officer, ask, Kind.APPROVAL) for officer in asking.hand.officers]
    with asking.leased("a") as lease, ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: asking.ask("a", ask, lease=lease, approvals=agreed).code, range(4)))
    assert sorted(found) == [*["approval_refused"] * 3, DONE]
