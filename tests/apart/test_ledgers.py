"""The four ledgers of an office of custodians apart: the caller is whoever signs, and they agree whatever runs."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from moiety.custody import audit_asks, record_asks, wire
from moiety.custody.chronicle import caller_of, minute_of
from moiety.custody.gateway import trial
from moiety.custody.gateway.apart import Apart
from moiety.custody.gateway.book import BEGUN, BOOK
from moiety.custody.messages import HeaderMessage
from moiety.custody.older import LedgerOlder
from moiety.custody.refusals import MessageRefused
from moiety.custody.store.handles import handles
from moiety.custody.store.kinds import keys_of
from moiety.custody.trust.denials import ApprovalRefused
from moiety.custody.unopened import ClassRefused, LedgerChanged, LedgerLost, LedgerTampered
from moiety.custody.verbs import TAGS_AT_ONCE, Proof
from moiety.errors import MoietyError
from moiety.ledger import proof, receipt
from moiety.ledger.audit import Difference, What
from moiety.ledger.entry import (
    Configuration,
    Consent,
    Correction,
    Enrolment,
    Enrolments,
    Erasure,
    Erasures,
    LookUp,
    Opening,
    Recognition,
    Refusal,
    Restriction,
    Withdrawal,
    encode,
)
from moiety.ledger.many import commitments, root_of
from moiety.ledger.operation import EVERYBODY, Party
from moiety.ledger.refusals import OperationUnwritten
from moiety.oprf import voprf
from moiety.sharing.seat import Seat
from tests.apart.asking import DONE, Asking, enlist
from tests.apart.scene import Site
from tests.apart.test_approvals import BEN, OLGA, OTTO, signed
from tests.custody.ledgers import Reader, at_custodians, everywhere, fresh, leaves, place, tamper, traced
from tests.custody.scene import DOCUMENT, DOOR, NOON, TODAY, matched, people
from tests.custody.test_chronicle import REVEAL

KEPT = keys_of(DOOR)
CROWD = people(4)
WHO = [b"11010519491231002X"]


@pytest.fixture
def keeping(site: Site) -> Iterator[Apart]:
    """A gateway of a deployment that keeps records."""
    gateway = site.gateway()
    gateway.add_gallery(DOOR, REVEAL, DOCUMENT)
    yield gateway
    gateway.close()


@pytest.fixture
def reader(site: Site, keeping: Apart) -> Reader:
    return Reader(site.folder, trial.STORE)


def unlocked(office: Apart, name: bytes, *secrets: str) -> object:
    return office.unlock(DOOR, name, secrets or ("document",), role="operator", reason="parcel")


def agree(office: Apart) -> bool:
    found = office.audit()
    return found.first is None and not any(found.behind.values())


def test_every_entry_names_whoever_signs_as_caller(site: Site, keeping: Apart, reader: Reader) -> None:
    asks = caller_of(keeping._hand.signer("enrol").public)
    signs = caller_of(keeping._hand.signer("policy").public)
    assert asks == hashlib.sha256(b"moiety caller 1" + keeping._hand.caller.public).hexdigest()[:16] != signs
    now = minute_of(site.clock().timestamp())
    anna, bert, carl = fresh(), fresh(), fresh()

    def custodians_alone(*entries: Any) -> dict[str, Any]:
        return {"gateway": [Erasures(now, asks, DOOR, 1)], **at_custodians(*entries)}

    keeping.keep(DOOR, [anna])
    assert reader.news(anna.access) == everywhere(Enrolment(now, asks, DOOR, "g1", 0))
    keeping.keep(DOOR, [bert, carl])
    keeping.enrol(DOOR, CROWD)
    [(operation, many)] = keeping.book.log.many(TODAY, TODAY)
    assert many.commitments == commitments(
        operation, bert.public + carl.public, encode(Enrolment(now, asks, DOOR, "g1", 0))
    )
    both = Enrolments(now, asks, DOOR, 2, root_of(many.commitments))
    assert reader.news() == everywhere(both, Enrolments(now, asks, DOOR, 4))
    [told] = keeping.noted(carl.access, carl.public, TODAY, TODAY)
    assert (told.operation, told.entry, told.parties) == (operation, Enrolment(now, asks, DOOR, "g1", 0), EVERYBODY)
    assert keeping.verify(DOOR, CROWD[0].words, CROWD[0].pseudonym)
    keeping.identify(DOOR, CROWD[0].words[None])
    one = Recognition(now, asks, DOOR, 1)
    assert reader.news() == everywhere(one, one)
    unlocked(keeping, anna.name)
    said = Opening(now, asks, DOOR, ("document",), "parcel", "operator")
    assert reader.news(anna.access) == {"gateway": [said, said], "a": [said], "b": [said]}
    after = replace(fresh(), public=anna.public)
    keeping.rewrite(DOOR, after, anna.name, ["birth", "document", "photo", "access"])
    assert reader.news(anna.access) == everywhere(Correction(now, asks, DOOR, ("contact",)))
    assert keeping.drop(DOOR, anna.name)
    assert reader.news(anna.access) == custodians_alone(Erasure(now, asks, DOOR, "written_anew", now))
    keeping.note_ground(DOOR, after.name, 2, "notice-3", "paper")
    assert reader.news(anna.access) == everywhere(Consent(now, asks, DOOR, "g2", "notice-3", "paper"))
    keeping.note_ground(DOOR, after.name, 2)
    assert reader.news(anna.access) == everywhere(Withdrawal(now, asks, DOOR, "g2"))
    for on in (True, False):
        keeping.hold(DOOR, after.name, bytes(16), on)
        assert reader.news(anna.access) == at_custodians(Restriction(now, asks, DOOR, on))
    assert keeping.erase(DOOR, CROWD[0].pseudonym)
    assert reader.news() == custodians_alone(Erasures(now, asks, DOOR, 1))
    with pytest.raises(ClassRefused):
        unlocked(keeping, bert.name, "birth")
    refused = Refusal(now, asks, DOOR, "class_refused")
    assert reader.news() == {"a": [refused], "b": [refused]}  # both are asked at once
    keeping.replace_document(DOOR, REVEAL, b"other")
    terms = REVEAL.to_json()
    digest = hashlib.sha256(len(terms).to_bytes(8, "big") + terms + b"other").digest()
    assert reader.news() == everywhere(Configuration(now, signs, DOOR, "purpose", digest))
    keeping.pseudonyms(DOOR, WHO)
    keeping.refresh()
    assert {some.caller for entries in reader.news().values() for some in entries if some is not None} == {asks}
    assert agree(keeping)


def test_who_draws_names_without_the_gateway_is_in_the_ledger_of_whoever_answers(
    site: Site, keeping: Apart, reader: Reader
) -> None:
    keeping.pseudonyms(DOOR, WHO)
    keeping.enrol(DOOR, CROWD[:1])
    site.clock.pass_(minutes=1)
    now, elements = minute_of(site.clock().timestamp()), voprf.blind_all(WHO, os.urandom).elements
    reader.news()
    asking = Asking(site)
    asks: dict[str, Any] = {
        "evaluated": record_asks.Evaluate(DOOR, ("b", "c"), elements, False),
        "pseudonyms": wire.PseudonymParts(DOOR, [0]),
        "located": wire.Locate(DOOR, bytes(16)),
    }
    with asking.leased("c") as lease:
        for what, ask in asks.items():
            assert asking.ask("c", ask, lease=lease, call=b"").code == "caller_refused"
            assert reader.look_ups() == {}
            for _ in range(2):
                assert asking.ask("c", ask, lease=lease).code == DONE
            asker = caller_of(asking.hand.caller.public)
            assert reader.look_ups() == {"c": [LookUp(now, asker, DOOR, what)]}  # type: ignore[arg-type]
    asking.close()
    assert agree(keeping)


def test_whoever_is_nobody_is_written_down_as_such_once_a_minute(site: Site, keeping: Apart, reader: Reader) -> None:
    asking = Asking(site)
    known = handles(KEPT, [bytes(16)])
    some: Any = ["document"]
    for _ in range(3):
        ask = record_asks.Unlock(KEPT, known["c"].tobytes(), some, "parcel", os.urandom(16))
        assert asking.ask("c", ask, call=b"").code == "caller_refused"
    # Of a purpose that somebody made up nothing is written but that: names would fill a disk.
    for made_up in ("cellar", "attic"):
        ask = record_asks.Unlock(keys_of(made_up), known["c"].tobytes(), some, "parcel", os.urandom(16))
        assert asking.ask("c", ask, call=b"").code == "caller_refused"
    asking.close()
    now = minute_of(site.clock().timestamp())
    assert reader.news() == {"c": [Refusal(now, "office", purpose, "caller_refused") for purpose in (DOOR, None)]}
    assert agree(keeping)


def test_two_gateways_at_once_and_whatever_happens_meanwhile_leave_no_difference(site: Site, keeping: Apart) -> None:
    """They search while the other changes something: what one custodian does not agree to is in no ledger."""
    known = [fresh() for _ in range(4)]
    for one in known:
        keeping.keep(DOOR, [one])
    keeping.enrol(DOOR, CROWD)
    with ExitStack() as open_:
        gateways = [keeping, site.gateway()]
        open_.callback(gateways[1].close)
        newcomers = people(6, seed=8)

        def search(at: int) -> None:
            for _ in range(4):
                assert matched_once(gateways[at % 2], at % 4)
                with suppress(MoietyError):  # which is between two changes is asked again only for so long
                    unlocked(gateways[at % 2], known[at % 4].name)

        def change(at: int) -> None:
            gateways[at % 2].enrol(DOOR, [newcomers[at]])
            if at == 2:
                gateways[0].refresh()

        with ThreadPoolExecutor(6) as threads:
            for done in [threads.submit(search, at) for at in range(4)] + [
                threads.submit(change, at) for at in range(4)
            ]:
                done.result()
        assert agree(keeping)
        assert agree(gateways[1])


def matched_once(office: Apart, at: int) -> bool:
    return office.verify(DOOR, CROWD[at].words, CROWD[at].pseudonym)


def test_they_agree_after_restarts_and_while_one_was_down(site: Site, keeping: Apart) -> None:
    anna = fresh()
    keeping.keep(DOOR, [anna])
    keeping.enrol(DOOR, CROWD)
    before = keeping.ledger_keys()
    assert agree(keeping)
    site.stop("b")
    unlocked(keeping, anna.name)  # a and c
    with pytest.raises(MoietyError):
        keeping.enrol(DOOR, people(1, seed=9))
    with pytest.raises(MoietyError):
        keeping.audit()
    site.start("b")
    again = site.gateway()
    assert matched(again, CROWD) == [True] * 4
    assert agree(again)
    assert again.ledger_keys() == before
    again.close()


def test_a_gateway_that_opens_at_two_and_writes_nothing_is_found_over_the_wire(site: Site, keeping: Apart) -> None:
    anna = fresh()
    keeping.keep(DOOR, [anna])
    assert agree(keeping)
    asking = Asking(site)
    known = handles(KEPT, [anna.name])
    some: Any = ["document"]
    for seat in ("b", "c"):
        ask = record_asks.Unlock(KEPT, known[seat].tobytes(), some, "theft", bytes(16))  # type: ignore[index]
        assert asking.ask(seat, ask).code == DONE  # type: ignore[arg-type]
    asking.close()
    first = keeping.audit().first
    assert first is not None
    assert (first.what, first.log, first.beside) == (What.MISSING, Party.GATEWAY, Party.B)
    # And the person is told by whom, though the gateway says nothing.
    told = [one for one in keeping.noted(anna.access, anna.public, TODAY, TODAY) if isinstance(one.entry, Opening)]
    assert [(one.entry.reason, one.parties) for one in told if isinstance(one.entry, Opening)] == [
        ("theft", Party.B), ("theft", Party.C),
    ]  # fmt: skip


@pytest.mark.parametrize("seat", ["b"])
def test_what_was_altered_or_lost_while_a_custodian_was_down_is_found(
    site: Site, keeping: Apart, seat: Seat, tmp_path: Path
) -> None:
    keeping.enrol(DOOR, CROWD)
    assert agree(keeping)
    at = place(site.folder, seat, trial.STORE)
    site.stop(seat)
    kept = tmp_path / "kept"
    at.rename(kept)
    with pytest.raises(LedgerLost):
        site.start(seat)
    kept.rename(at)
    site.start(seat)
    again = site.gateway()
    assert agree(again)
    tamper(at, "UPDATE ledger_leaf SET said = zeroblob(32) WHERE position = 1")
    assert again.audit().first == Difference(What.ALTERED, Party.B, 1)  # in the clear: it shows itself
    again.close()


def test_from_where_on_a_custodians_ledger_was_altered_is_told_over_the_wire(site: Site, keeping: Apart) -> None:
    """Of what is sealed, the rows say nothing: whoever keeps the ledger is asked, and says so when it starts, too."""
    anna = fresh()
    keeping.keep(DOOR, [anna])
    assert agree(keeping)
    at = place(site.folder, "a", trial.STORE)
    size = len(leaves(at))
    unlocked(keeping, anna.name)
    assert leaves(at)[-1].tag is not None
    tamper(
        at, "UPDATE ledger_leaf SET commitment = zeroblob(32) WHERE position = (SELECT max(position) FROM ledger_leaf)"
    )
    assert keeping.audit().first == Difference(What.ALTERED, Party.A, size)
    keeping.close()
    site.stop("a")
    with pytest.raises(LedgerTampered) as raised:
        site.start("a")
    assert raised.value.numbers == {"ledger": 1, "position": size}


def test_what_is_in_the_ledgers_is_proven_over_the_wire(site: Site, keeping: Apart) -> None:
    keys: Any = keeping.ledger_keys() | {"gateway": keeping.gateway_key()}
    today = keeping.prove(b"", {}, None)
    anna = fresh()
    keeping.keep(DOOR, [anna])
    unlocked(keeping, anna.name)
    asks = caller_of(keeping._hand.caller.public)
    now = minute_of(site.clock().timestamp())
    enrolled, *both = keeping.noted(anna.access, anna.public, TODAY, TODAY)
    [opened] = [one for one in both if one.parties & Party.A]
    for noted, whose, entry in (
        (enrolled, ["gateway", "a", "b", "c"], Enrolment(now, asks, DOOR, "g1", 0)),
        (opened, ["gateway", "a"], Opening(now, asks, DOOR, ("document",), "parcel", "operator")),
    ):
        for shown, said in ((noted.shown, entry), ({}, None)):
            found = proof.verify(keeping.prove(noted.operation, shown, today), keys, today)
            assert [(one.ledger, one.entry) for one in found] == [(name, said) for name in whose]
    for one in keeping.listed(100):
        found = proof.verify(keeping.prove(one.operation, {}, None), keys)
        assert {part.entry for part in found} == {one.entry}
    assert {one.entry.part for one in keeping.listed(100) if isinstance(one.entry, Configuration)} == {"purpose"}
    with pytest.raises(OperationUnwritten):
        keeping.prove(os.urandom(16), {}, today)
    # What is sealed to somebody leaves for a tag alone, which takes the person's key.
    side = keeping.three.custodians["a"].audit
    kept = {row.line.operation: row.kept for row in side.rows(0, 100, clear=True)}
    assert kept[enrolled.operation] is kept[opened.operation] is None
    assert [leaf.kept for leaf in leaves(place(site.folder, "a", trial.STORE)) if leaf.tag is None] == [
        some for some in kept.values() if some is not None
    ]
    given = side.prove(len(kept), opened.operation, 0).row
    assert given is not None
    assert given.kept is None
    assert {row.kept for row in side.rows(0, 100)} == {None}


@pytest.mark.parametrize("how", ["inclusion", "row", "position", "consistency", "nothing"])
def test_a_custodian_that_proves_something_else_is_named_before_anybody_is_given_it(
    site: Site, keeping: Apart, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    today = keeping.prove(b"", {}, None)
    keeping.enrol(DOOR, CROWD)
    [noted] = [one for one in keeping.listed(100) if isinstance(one.entry, Enrolments)]
    liar: Any = keeping.three.custodians["b"].audit
    honest = liar.prove

    def prove(size: int, operation: bytes, since: int) -> Proof:
        found: Proof = honest(size, operation, since)
        assert found.row is not None
        assert found.position is not None
        bent = {
            "inclusion": replace(found, inclusion=[bytes(32), *found.inclusion[1:]]),
            "row": replace(found, row=replace(found.row, commitment=bytes(32))),
            "position": replace(found, position=found.position - 1),
            "consistency": replace(found, consistency=[bytes(32)]),
            "nothing": Proof(None, None, (), found.consistency),
        }
        return bent[how]

    monkeypatch.setattr(liar, "prove", prove)
    if how == "nothing":  # it has not what the others have: the file says of whom it is
        assert list(proof.heads(keeping.prove(noted.operation, {}, today))) == ["gateway", "a", "c"]
        return
    with pytest.raises(LedgerChanged if how == "consistency" else LedgerTampered) as raised:
        keeping.prove(noted.operation, {}, today)
    assert raised.value.numbers["ledger"] == 2


def test_questions_about_ledgers_are_signed_and_bounded(site: Site, keeping: Apart) -> None:
    asking = Asking(site)
    asks: list[Any] = [
        audit_asks.AuditHead(),
        audit_asks.AuditRows(0, 10),
        audit_asks.AuditRows(0, 10, clear=True),
        audit_asks.AuditProve(1, bytes(16), 1),
        audit_asks.AuditAltered(),
        audit_asks.AuditEntries([bytes(16)]),
        audit_asks.Attest(bytes(32), [KEPT], [bytes(16)]),
    ]
    for ask in asks:
        assert asking.ask("a", ask, call=b"").code == "caller_refused", ask
        assert asking.ask("a", ask, call=asking.hand.call(asks[0] if ask is not asks[0] else asks[1])).code != DONE, ask
    assert [asking.ask("a", ask).code for ask in asks] == [DONE] * 6 + ["nothing_destroyed"]
    assert asking.ask("a", audit_asks.AuditEntries([bytes(16)] * TAGS_AT_ONCE)).code == DONE
    assert asking.ask("a", audit_asks.AuditProve(1 << 40, b"", 0)).code == "position_unknown"
    assert asking.ask("a", audit_asks.AuditProve(0, b"", 1)).code == "position_unknown"
    for ask in (
        audit_asks.AuditProve(1, bytes(17), 1),
        audit_asks.AuditEntries([bytes(16)] * (TAGS_AT_ONCE + 1)),
        audit_asks.AuditEntries([bytes(15)]),
        audit_asks.Attest(bytes(31), [KEPT], [bytes(16)]),
        audit_asks.Attest(bytes(32), [KEPT] * 17, [bytes(16)] * 17),
        audit_asks.Attest(bytes(32), [KEPT] * 2, [bytes(16)]),
        audit_asks.Attest(bytes(32), [], []),
    ):
        assert asking.ask("a", ask).code == "message_refused", ask
    asking.close()


def test_a_receipt_takes_two_officers_who_sign_for_the_destruction(site: Site, keeping: Apart) -> None:
    enlist(site, OLGA, OTTO)
    anna, face = fresh(), CROWD[0]
    keeping.keep(DOOR, [anna])
    keeping.enrol(DOOR, [face])
    keys, salt = keeping.ledger_keys(), os.urandom(32)
    with pytest.raises(ApprovalRefused):
        keeping.destroy(DOOR, [anna.name], face.pseudonym)
    request = keeping.request_destruction(DOOR, [anna.name], face.pseudonym)
    gone = keeping.destroy(DOOR, [anna.name], face.pseudonym, approved=signed(request, OLGA, OTTO))
    file = keeping.attest(traced(gone), receipt.subject("p-1", salt))
    found = receipt.verify(file, keys, "p-1", salt)  # type: ignore[arg-type]
    assert [one.statement.minute.date() for one in found.signed] == [NOON.date()] * 3
    assert agree(keeping)


def test_a_gateway_whose_ledger_is_put_back_is_found(site: Site, keeping: Apart) -> None:
    keeping.enrol(DOOR, CROWD)
    assert agree(keeping)
    keeping.close()
    for file in place(site.folder, "gateway").iterdir():
        file.unlink()
    with pytest.raises(LedgerLost):
        site.gateway()
    (site.folder / BOOK / BEGUN).unlink()
    again = site.gateway()
    with pytest.raises(LedgerChanged) as raised:
        again.audit()
    assert raised.value.numbers == {"ledger": 0}
    again.close()


def test_only_an_officer_has_custodians_acknowledge_anything(site: Site, keeping: Apart) -> None:
    """A gateway's own key does the daily work, and is refused that, whatever it is entrusted with; what an officer
    signed for one thing has nothing else acknowledged, and nothing a second time."""
    enlist(site, OLGA, BEN)
    lacked = os.urandom(16)
    for seat in ("a", "c"):
        written = site.servers[seat]._serving._custodian._own.chronicle  # type: ignore[attr-defined, index]
        written.nobody(lacked, Recognition(minute_of(NOON.timestamp()), "x", DOOR, 1))
    sizes = {log: len(leaves(place(site.folder, log, trial.STORE))) for log in ("a", "b", "c")}
    asking = Asking(site)
    ask = audit_asks.AuditAcknowledge(HeaderMessage.of(asking.headers().office("acknowledge")), [lacked])
    other = audit_asks.AuditAcknowledge(ask.header, [bytes(16)])

    daily = replace(asking.hand, officers=())
    for call in (b"", daily.call(ask), asking.signed(BEN, ask), asking.signed(OLGA, other)):
        with asking.leased("b") as lease:
            assert asking.ask("b", ask, lease=lease, call=call).code == "caller_refused"
    assert asking.ask("b", ask, call=asking.signed(OLGA, ask)).code == "lease_lost"
    assert {log: len(leaves(place(site.folder, log, trial.STORE))) for log in sizes if log != "b"} == {
        log: size for log, size in sizes.items() if log != "b"
    }
    assert keeping.acknowledge()[Party.B] == 1
    asking.close()
    found = keeping.audit()
    assert (found.first, dict(found.acknowledged)) == (None, {Party.B: 1})


def test_a_custodian_of_an_older_version_is_named_and_what_the_gateway_lacks_is_written(
    site: Site, keeping: Apart
) -> None:
    lacked = os.urandom(16)
    for seat in ("a", "c"):
        written = site.servers[seat]._serving._custodian._own.chronicle  # type: ignore[attr-defined, index]
        written.nobody(lacked, Recognition(minute_of(NOON.timestamp()), "x", DOOR, 1))
    side = keeping.remotes["b"].audit
    honest = side._ask

    def older(ask: Any, kind: Any) -> Any:
        if isinstance(ask, audit_asks.AuditAcknowledge):
            raise MessageRefused
        return honest(ask, kind)

    side._ask = older
    with pytest.raises(LedgerOlder) as raised:
        keeping.acknowledge()
    assert raised.value.numbers["seat"] == 1
    first = keeping.audit().first
    assert first is not None
    assert (first.what, first.log) == (What.MISSING, Party.B)
    side._ask = honest
    assert keeping.acknowledge() == dict.fromkeys(Party, 0) | {Party.B: 1}
    assert agree(keeping)
