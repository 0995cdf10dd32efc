"""Keys of records and pseudonyms over three custodians apart: whose role counts, what is charged, who may be down."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from moiety.custody import messages, wire
from moiety.custody.gateway import naming, trial
from moiety.custody.gateway.apart import Apart
from moiety.custody.messages import HeaderMessage
from moiety.custody.net import reckoning
from moiety.custody.net.serving import Serving
from moiety.custody.refusals import CustodianDown
from moiety.custody.store.handles import handles
from moiety.custody.store.kinds import CLASSES
from moiety.custody.trust.asked import OFFICE
from moiety.custody.trust.denials import ApprovalRefused, RequestOther
from moiety.custody.trust.spending import CorrectionsSpent, ErasuresSpent, EvaluationsSpent, OpeningsSpent
from moiety.custody.unopened import ClassRefused, KeyNotMade, NobodyThere
from moiety.ledger.entry import Refusal
from moiety.matching.header import Header
from moiety.oprf.voprf import blind_all
from moiety.sharing.seat import SEATS, Seat
from tests.apart.asking import DONE, Asking, changed, enlist
from tests.apart.scene import Site
from tests.apart.test_approvals import BEN, EVA, OLGA, OTTO, signed, without_officers
from tests.apart.test_spending import limits
from tests.custody.ledgers import Reader
from tests.custody.records import KEPT, NO_FACE, NO_WORDS, REVEAL, assert_opens, secret_of, unlocked, versions
from tests.custody.scene import DOCUMENT, DOOR, Clock, people

KNOWN = versions(4)
WHO = [b"11010519491231002X", b"440524188001010014"]
MANY = [b"%d" % at for at in range(naming.PROVEN_TO + 1)]


@pytest.fixture
def keeping(site: Site) -> Iterator[Apart]:
    """A gateway of a deployment that keeps four versions."""
    gateway = site.gateway()
    gateway.add_gallery(DOOR, REVEAL, DOCUMENT)
    gateway.keep(DOOR, KNOWN)
    yield gateway
    gateway.close()


@pytest.fixture
def asking(site: Site, keeping: Apart) -> Iterator[Asking]:
    """Whoever says what they like."""
    some = Asking(site)
    yield some
    some.close()


def unlocking(version: Any = KNOWN[0], *secrets: str, gallery: str = KEPT) -> dict[Seat, Any]:
    known = handles(KEPT, [version.name])
    some: Any = list(secrets or ("document",))
    return {seat: wire.Unlock(gallery, known[seat].tobytes(), some, "a_test", bytes(16)) for seat in SEATS}


def evaluating(count: int = 1) -> wire.Evaluate:
    return wire.Evaluate(DOOR, ("a", "b"), blind_all([b"%d" % at for at in range(count)], os.urandom).elements, False)


def test_what_was_kept_is_opened_restricted_renewed_and_destroyed(keeping: Apart, site: Site) -> None:
    for version in KNOWN:
        assert_opens(keeping, version)
    assert keeping.restrict(KEPT, KNOWN[0].name, True)
    assert keeping.refresh() == 2
    with pytest.raises(NobodyThere):
        unlocked(keeping, KNOWN[0])
    assert keeping.check() == []
    assert keeping.restrict(KEPT, KNOWN[0].name, False)
    with pytest.raises(ApprovalRefused):
        keeping.destroy(DOOR, [KNOWN[1].name], NO_FACE)
    assert_opens(keeping, KNOWN[1])
    assert keeping.hold(DOOR, KNOWN[1].name, NO_FACE, True)
    site.clock.pass_(hours=72, seconds=1)
    assert keeping.destroy(DOOR, [KNOWN[1].name], NO_FACE) == [(KEPT, KNOWN[1].name)]
    with pytest.raises(NobodyThere):
        unlocked(keeping, KNOWN[1])
    for version in (KNOWN[0], *KNOWN[2:]):
        assert_opens(keeping, version)


def test_pseudonyms_stay_over_refreshes_and_restarts(site: Site, keeping: Apart) -> None:
    one, many = keeping.pseudonyms(DOOR, WHO), keeping.pseudonyms(DOOR, [*WHO, *MANY])
    assert many[:2] == one
    keeping.refresh()
    assert keeping.pseudonyms(DOOR, WHO) == one
    site.stop("a")
    site.start("a")
    again = site.gateway()
    assert again.pseudonyms(DOOR, [*WHO, *MANY]) == many
    assert_opens(again, KNOWN[0])
    again.close()


def test_gateways_that_come_at_once_make_one_key(site: Site, keeping: Apart) -> None:
    others = [site.gateway() for _ in range(2)]
    with ThreadPoolExecutor(6) as threads:
        found = list(threads.map(lambda gateway: gateway.pseudonyms(DOOR, WHO), [keeping, *others] * 2))
    assert len({tuple(some) for some in found}) == 1
    for other in others:
        other.close()


# Whose role.


def test_the_role_is_that_of_whoever_signs_whatever_the_gateway_says(keeping: Apart) -> None:
    for said in ("operator", "officer", ""):
        assert unlocked(keeping, KNOWN[0], ["contact"], role=said).secrets == {"contact": KNOWN[0].classes["contact"]}
        with pytest.raises(ClassRefused):
            unlocked(keeping, KNOWN[0], ["birth"], role=said)


@pytest.mark.parametrize("reason", NO_WORDS)
def test_for_a_reason_that_is_no_word_no_custodian_opens_anything(asking: Asking, site: Site, reason: str) -> None:
    """Whatever a gateway that somebody else has written says."""
    reader = Reader(site.folder, trial.STORE)
    asks = {seat: changed(ask, reason=reason) for seat, ask in unlocking().items()}
    found = asking.each(lambda seat: asking.ask(seat, asks[seat]))
    assert {some.code for some in found.values()} == {"message_refused" if len(reason) > 32 else "entry_wrong"}
    assert all(some.value == b"" for some in found.values())
    assert {type(one) for some in reader.news(KNOWN[0].access).values() for one in some} <= {Refusal}


def test_a_gallery_of_keys_comes_with_its_purpose_and_is_asked_about_as_keys_alone(asking: Asking, site: Site) -> None:
    def header(operation: Any, **other: Any) -> HeaderMessage:
        made: Header = asking.headers().make(operation, KEPT, rows=0)
        return HeaderMessage.of(replace(made, **other))

    papers = REVEAL.to_json()
    for ask, code in (
        (wire.AddGallery("gate/keys", papers, DOCUMENT), "message_refused"),
        (wire.ReplaceDocument(KEPT, papers, DOCUMENT, header("replace")), "message_refused"),
        (wire.AgreeKey(KEPT, header("key")), "gallery_unknown"),
        (wire.AgreeKey("cellar", header("key")), "gallery_unknown"),
    ):
        assert asking.all(dict.fromkeys(SEATS, ask), leased=True) == dict.fromkeys(SEATS, code), ask
    for asks in (
        asking.verify(people(1)[0], KEPT, dim=96),
        asking.identify(people(1)[0], gallery=KEPT, dim=96),
        unlocking(gallery=DOOR),
    ):
        assert asking.all(asks) == dict.fromkeys(SEATS, "gallery_unknown")
    assert asking.all(unlocking()) == dict.fromkeys(SEATS, DONE)
    site.close()  # everything is on the disk: the accounts are the purpose's and the office's, and no gallery's
    for seat in SEATS:
        found = reckoning.spent(trial.home(site.folder, seat) / trial.CONFIG, site.clock(), os.urandom)
        assert {one.owner for one in found if one.scope == "purpose"} == {DOOR, OFFICE}


@pytest.mark.parametrize("verb", ["restrict", "agree", "ground"])
def test_what_changes_something_is_done_under_a_lease(asking: Asking, verb: str) -> None:
    known = {seat: of[0].tobytes() for seat, of in handles(KEPT, [KNOWN[0].name]).items()}
    asks: dict[str, Callable[[Seat], Any]] = {
        "restrict": lambda seat: wire.Restrict(KEPT, asking.header("restrict", 1, KEPT), known[seat], True),
        "agree": lambda seat: wire.AgreeKey(DOOR, asking.header("key", 0)),
        "ground": lambda seat: wire.NoteGround(KEPT, asking.header("ground", 1, KEPT), known[seat], 1, "1", "paper"),
    }
    assert asking.all({seat: asks[verb](seat) for seat in SEATS}) == dict.fromkeys(SEATS, "lease_lost")


def test_nobody_and_the_erased_and_the_restricted_are_answered_alike(
    keeping: Apart, asking: Asking, site: Site
) -> None:
    keeping.restrict(KEPT, KNOWN[0].name, True)
    keeping.restrict(KEPT, KNOWN[1].name, True)
    site.clock.pass_(hours=72, seconds=1)
    keeping.destroy(DOOR, [KNOWN[1].name], NO_FACE)
    found = [
        asking.ask(seat, unlocking(version)[seat]) for version in (*KNOWN[:2], versions(1, seed=9)[0]) for seat in SEATS
    ]
    assert {(some.code, tuple(some.numbers), some.value) for some in found} == {("nobody_there", (), b"")}


def test_of_the_restricted_a_gateway_gets_what_ledgers_say_and_nothing_else(keeping: Apart, asking: Asking) -> None:
    keeping.restrict(KEPT, KNOWN[0].name, True)
    assert asking.all(unlocking(KNOWN[0], "access")) == dict.fromkeys(SEATS, DONE)
    for secrets in (("contact",), ("access", "contact"), ("document", "access")):
        assert asking.all(unlocking(KNOWN[0], *secrets)) == dict.fromkeys(SEATS, "nobody_there")
    assert unlocked(keeping, KNOWN[0], ["access"]).secrets == {"access": KNOWN[0].access}


# Two are enough.


@pytest.mark.parametrize("seat", SEATS)
def test_while_one_is_down_the_other_two_open_and_name(site: Site, keeping: Apart, seat: Seat) -> None:
    one, many = keeping.pseudonyms(DOOR, WHO), keeping.pseudonyms(DOOR, MANY)
    site.stop(seat)
    assert_opens(keeping, KNOWN[0])
    assert keeping.pseudonyms(DOOR, WHO) == one
    assert keeping.pseudonyms(DOOR, MANY) == many
    with pytest.raises(NobodyThere):
        unlocked(keeping, versions(1, seed=9)[0])
    with pytest.raises(ClassRefused):
        unlocked(keeping, KNOWN[0], ["photo"])
    site.stop("b" if seat == "a" else "a")
    for ask in (lambda: unlocked(keeping, KNOWN[0]), lambda: keeping.pseudonyms(DOOR, MANY)):
        with pytest.raises(CustodianDown):
            ask()


def test_no_key_is_made_by_two(site: Site, keeping: Apart) -> None:
    site.stop("c")
    with pytest.raises(CustodianDown):
        keeping.pseudonyms(DOOR, WHO)
    site.start("c")
    again = site.gateway()
    some = again.pseudonyms(DOOR, WHO)
    assert again.pseudonyms(DOOR, [*WHO, *MANY])[:2] == some
    again.close()


# What is charged.


@pytest.fixture
def tight(tmp_path: Path, clock: Clock) -> Iterator[Callable[..., tuple[Apart, Asking]]]:
    """A deployment of these budgets, where four versions are kept and a key is made."""
    begun: list[Any] = []

    def make(row: int = 1_000, **amounts: int) -> tuple[Apart, Asking]:
        site = Site.make(tmp_path / "site", clock, limits(row, **amounts))
        gateway = site.gateway()
        begun.extend([site, gateway])
        gateway.add_gallery(DOOR, REVEAL, DOCUMENT)
        gateway.keep(DOOR, KNOWN)
        begun.append(Asking(site))
        return gateway, begun[-1]

    yield make
    for one in reversed(begun):
        one.close()


@pytest.mark.parametrize("scope", ["gateway", "purpose", "caller"])
def test_openings_are_charged_class_by_class_at_each_that_answers(tight: Any, scope: str) -> None:
    gateway, asking = tight(**{f"{scope}_openings": 5})
    unlocked(gateway, KNOWN[0], ["document", "contact", "access"])
    assert asking.all(unlocking(KNOWN[1], "document", "contact", "access")) == {
        "a": "budget_openings_spent",
        "b": "budget_openings_spent",
        "c": DONE,
    }
    unlocked(gateway, KNOWN[0], ["document", "contact"])
    with pytest.raises(OpeningsSpent):
        unlocked(gateway, KNOWN[0])


def test_one_person_is_opened_so_often_and_no_more(tight: Any) -> None:
    gateway, _ = tight(row=3)
    for _ in range(3):
        unlocked(gateway, KNOWN[0])
    with pytest.raises(OpeningsSpent):
        unlocked(gateway, KNOWN[0])
    assert_opens(gateway, KNOWN[1])


def test_wrong_handles_cost_what_right_ones_do(tight: Any) -> None:
    """Whoever guesses names of versions has the budget of an afternoon for it."""
    gateway, _ = tight(purpose_openings=60)
    for version in versions(60, seed=77):
        with pytest.raises(NobodyThere):
            unlocked(gateway, version)
    with pytest.raises(OpeningsSpent):
        unlocked(gateway, KNOWN[0])


def test_every_evaluation_is_charged_before_anything_is_multiplied(tight: Any) -> None:
    gateway, asking = tight(caller_evaluations=12)
    gateway.pseudonyms(DOOR, WHO)  # which makes the key; asked twice, since the first time there was none
    assert asking.all(dict.fromkeys(SEATS, evaluating(9))) == {
        "a": "budget_evaluations_spent",
        "b": "budget_evaluations_spent",
        "c": "not_of_the_pair",
    }
    assert asking.all(dict.fromkeys(SEATS, evaluating(8)))["a"] == DONE
    with pytest.raises(EvaluationsSpent):
        gateway.pseudonyms(DOOR, WHO)


def test_a_restriction_is_charged_like_an_erasure_and_its_lifting_is_not(tight: Any) -> None:
    gateway, _ = tight(gateway_erasures=2)
    for _ in range(2):
        assert gateway.restrict(KEPT, KNOWN[0].name, True)
        assert gateway.restrict(KEPT, KNOWN[0].name, False)
    with pytest.raises(ErasuresSpent):
        gateway.restrict(KEPT, KNOWN[0].name, True)
    assert_opens(gateway, KNOWN[0])


def test_whose_time_is_over_is_charged_no_more_and_whoever_leaves_early_is(tight: Any, clock: Clock) -> None:
    """More people expire in a day than a thief may destroy, and retention does not fall behind for that."""
    gateway, _ = tight(gateway_erasures=1)
    assert gateway.hold(DOOR, KNOWN[0].name, NO_FACE, True)
    with pytest.raises(ErasuresSpent):
        gateway.hold(DOOR, KNOWN[1].name, NO_FACE, True)
    clock.pass_(hours=72, seconds=1)
    assert gateway.destroy(DOOR, [KNOWN[0].name], NO_FACE) == [(KEPT, KNOWN[0].name)]
    assert gateway.hold(DOOR, KNOWN[1].name, NO_FACE, True)
    clock.pass_(hours=24 * 28)
    for version in KNOWN[1:]:
        assert gateway.destroy(DOOR, [version.name], NO_FACE) == [(KEPT, version.name)]


def test_a_record_that_is_written_anew_is_charged_as_it_is_written(tight: Any) -> None:
    """As no erasure, and not again as what was there before goes. Refused before that, it is still there."""
    gateway, _ = tight(gateway_corrections=1, gateway_erasures=0)
    first, second = versions(2, seed=5)
    carried = ["birth", "document", "photo", "access"]
    gateway.rewrite(DOOR, first, KNOWN[0].name, carried)
    assert gateway.drop(DOOR, KNOWN[0].name)
    with pytest.raises(CorrectionsSpent):
        gateway.rewrite(DOOR, second, KNOWN[1].name, carried)
    assert_opens(gateway, KNOWN[1])


def test_what_is_written_down_of_a_ground_is_charged_as_a_correction(tight: Any) -> None:
    gateway, _ = tight(gateway_corrections=2)
    gateway.note_ground(DOOR, KNOWN[0].name, 1, "notice-3", "paper")
    gateway.note_ground(DOOR, KNOWN[0].name, 1)
    with pytest.raises(CorrectionsSpent):
        gateway.note_ground(DOOR, KNOWN[0].name, 1, "notice-3", "paper")


# What two people sign.


EYES = replace(REVEAL, four_eyes=("bulk", "early_erasure"), bulk_above=2)


def test_two_people_of_the_purpose_sign_for_many_keys_and_for_their_destruction(site: Site) -> None:
    here = [replace(someone, purposes=frozenset({DOOR})) for someone in (BEN, EVA)]  # entrusted with this one alone
    enlist(site, OLGA, OTTO, *here)
    without_officers(site)
    gateway = site.gateway()
    try:
        gateway.add_gallery(
            DOOR, EYES, DOCUMENT, approved=signed(gateway.request_papers(DOOR, EYES, DOCUMENT), OLGA, OTTO)
        )
        gateway.keep(DOOR, KNOWN[:1])
        with pytest.raises(ApprovalRefused):
            gateway.keep(DOOR, KNOWN[1:])
        with pytest.raises(RequestOther):  # of so many faces, and of keys nothing
            gateway.keep(DOOR, KNOWN[1:], approved=signed(gateway.request_bulk(DOOR, 3), OLGA, OTTO))
        gateway.keep(DOOR, KNOWN[1:], approved=signed(gateway.request_bulk(KEPT, 3), OLGA, OTTO))
        assert_opens(gateway, KNOWN[3])
        with pytest.raises(ApprovalRefused):
            gateway.destroy(DOOR, [KNOWN[0].name], NO_FACE)
        assert_opens(gateway, KNOWN[0])
        asked = gateway.request_destruction(DOOR, [KNOWN[0].name], NO_FACE)
        with pytest.raises(ApprovalRefused):  # of officers
            gateway.destroy(DOOR, [KNOWN[0].name], NO_FACE, approved=signed(asked, BEN, EVA))
        agreed = signed(asked, OLGA, OTTO)
        assert gateway.destroy(DOOR, [KNOWN[0].name], NO_FACE, approved=agreed) == [(KEPT, KNOWN[0].name)]
        with pytest.raises(NobodyThere):
            unlocked(gateway, KNOWN[0])
    finally:
        gateway.close()


# What travels.


def test_no_custodian_is_told_a_key_a_pseudonym_or_what_somebody_is_known_by(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Everything that each of them was asked and answered, from the first enrolment on."""
    told: dict[Seat, list[bytes]] = {seat: [] for seat in SEATS}
    serve = Serving.serve

    def heard(self: Serving, gateway: bytes, request: wire.Request, progress: Any) -> Any:
        seat = self._custodian.seat
        told[seat].append(messages.encode(request))
        answer = serve(self, gateway, request, progress)
        told[seat].append(wire.answer(answer))
        return answer

    monkeypatch.setattr(Serving, "serve", heard)
    gateway = site.gateway()
    gateway.add_gallery(DOOR, REVEAL, DOCUMENT)
    gateway.keep(DOOR, KNOWN)
    for version in KNOWN:
        assert_opens(gateway, version)
    named = gateway.pseudonyms(DOOR, WHO) + gateway.pseudonyms(DOOR, [*MANY, *WHO])[-2:]
    gateway.restrict(KEPT, KNOWN[0].name, True)
    gateway.refresh()
    assert gateway.mend("b") > 0
    site.clock.pass_(hours=72, seconds=1)
    gateway.destroy(DOOR, [KNOWN[0].name], NO_FACE)
    gateway.close()
    secrets = [secret_of(version, name) for version in KNOWN for name in (*CLASSES, "access")]
    needles = [*secrets, *(version.name for version in KNOWN), *named, *WHO]
    # Shares of rows travel in wide words when they are offered.
    needles += [np.frombuffer(needle, dtype="<u2").astype("<u8").tobytes() for needle in secrets]
    logged = caplog.text.encode()
    for seat, some in told.items():
        whole = b"\n".join(some)
        assert len(some) > 20
        assert not [needle for needle in needles if needle in whole or needle.hex().encode() in whole]
        for version in KNOWN:  # whose public key all three hold alike
            assert np.frombuffer(version.public, dtype="<u2").astype("<u8").tobytes() in whole
            assert (version.public in whole) == (seat != "c")  # two were asked
        assert handles(KEPT, [KNOWN[0].name])[seat].tobytes() in whole
    assert not [needle for needle in needles if needle in logged or needle.hex().encode() in logged]


def test_a_purpose_without_a_key_says_so(asking: Asking) -> None:
    assert asking.all(dict.fromkeys(SEATS, evaluating())) == dict.fromkeys(SEATS, KeyNotMade.code)
