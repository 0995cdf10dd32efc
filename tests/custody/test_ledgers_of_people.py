"""What the four ledgers say of one person: to that person alone, and to nobody once the person's key is destroyed; and
what three custodians sign when they destroyed somebody."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from moiety.custody.chronicle import minute_of, tags_of
from moiety.custody.gateway.embedded import Embedded
from moiety.custody.store.handles import handles
from moiety.custody.store.kinds import keys_of
from moiety.custody.unopened import ClassRefused, NobodyThere, NothingDestroyed
from moiety.custody.verbs import Unlocked
from moiety.identity.keyring import Version
from moiety.ledger import proof, receipt
from moiety.ledger.entry import Correction, Enrolment, Entry, Erasure, Opening, Restriction, encode
from moiety.ledger.operation import EVERYBODY, Party
from moiety.ledger.refusals import ReceiptWrong
from tests.custody.ledgers import LOGS, chronicle, fresh, leaves, place, read, traced
from tests.custody.scene import DOCUMENT, DOOR, NOON, TODAY, Clock, bytes_of, opened, people
from tests.custody.test_chronicle import REVEAL

KEPT = keys_of(DOOR)
NOW = minute_of(NOON.timestamp())
A_DAY = 1_440
ALL_BUT_CONTACT = ["birth", "document", "photo", "access"]
WHO = [b"11010519491231002X", b"440524188001010014"]


class Lived:
    """An office in which much was done with two people over two days, and what only they and the gateway know."""

    def __init__(self, folder: Path) -> None:
        clock = Clock()
        self.folder = folder
        self.anna, self.bert = fresh(), fresh()
        self.corrected = replace(fresh(), public=self.anna.public)
        self.faces = people(2, seed=6)
        Embedded.create(folder, os.urandom)
        with closing(opened(folder, clock)) as office:
            office.add_gallery(DOOR, REVEAL, DOCUMENT)
            self.pseudonyms = office.pseudonyms(DOOR, WHO)
            for one, face in zip((self.anna, self.bert), self.faces, strict=True):
                office.keep(DOOR, [one])
                office.enrol(DOOR, [face])
                unlocked(office, one)
                office.verify(DOOR, face.words, face.pseudonym)
            office.rewrite(DOOR, self.corrected, self.anna.name, ALL_BUT_CONTACT)
            office.drop(DOOR, self.anna.name)
            clock.pass_(days=1)
            unlocked(office, self.corrected)
            unlocked(office, self.bert)
            for on in (True, False):
                office.hold(DOOR, self.corrected.name, self.faces[0].pseudonym, on)

    def secrets(self) -> list[bytes]:
        """What names somebody: numbers, pseudonyms, names of versions, handles, and every key, in three spellings."""
        versions = (self.anna, self.bert, self.corrected)
        found = [*WHO, *self.pseudonyms, *(face.pseudonym for face in self.faces), *(one.name for one in versions)]
        for one in versions:
            found += [*one.classes.values(), one.access, one.public]
        for gallery, names in ((KEPT, [one.name for one in versions]), (DOOR, [one.pseudonym for one in self.faces])):
            found += [row.tobytes() for each in handles(gallery, names).values() for row in each]
        return [spelt for one in found for spelt in (one, one.hex().encode(), one.hex().upper().encode())]


def unlocked(office: Embedded, version: Version) -> object:
    return office.unlock(DOOR, version.name, ["document"], role="operator", reason="parcel")


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    return Lived(tmp_path_factory.mktemp("lived") / "office")


@pytest.fixture
def folder(lived: Lived, tmp_path: Path) -> Path:
    return Path(shutil.copytree(lived.folder, tmp_path / "office"))


@pytest.fixture
def clock() -> Clock:
    clock = Clock()
    clock.pass_(days=1)
    return clock


@pytest.fixture
def office(folder: Path, clock: Clock) -> Iterator[Embedded]:
    office = opened(folder, clock)
    yield office
    office.close()


def told(office: Embedded, version: Version, private: bytes | None = None) -> list[tuple[Entry, Party]]:
    """Everything that the ledgers say of somebody."""
    found = office.noted(private or version.access, version.public, TODAY - 1, TODAY + 1)
    return [(noted.entry, noted.parties) for noted in found]


# Whom they tell.


def test_a_person_is_told_who_did_what_with_what_is_theirs_and_nothing_of_others(
    office: Embedded, lived: Lived
) -> None:
    begun = Enrolment(NOW, "office", DOOR, "g1", 0)
    parcel = Opening(NOW, "office", DOOR, ("document",), "parcel", "operator")
    later = replace_minute(parcel, NOW + A_DAY)
    by_a, by_b, custodians = Party.GATEWAY | Party.A, Party.GATEWAY | Party.B, EVERYBODY & ~Party.GATEWAY
    assert told(office, lived.bert) == [
        (begun, EVERYBODY), (parcel, by_a), (parcel, by_b), (later, by_a), (later, by_b),
    ]  # fmt: skip
    assert told(office, lived.anna) == [
        (begun, EVERYBODY), (parcel, by_a), (parcel, by_b),
        (Correction(NOW, "office", DOOR, ("contact",)), EVERYBODY),
        (Erasure(NOW, "office", DOOR, "written_anew", NOW), custodians),
        (later, by_a), (later, by_b),
        (Restriction(NOW + A_DAY, "office", DOOR, True), custodians),
        (Restriction(NOW + A_DAY, "office", DOOR, False), custodians),
    ]  # fmt: skip
    # And with what each ledger committed to, which shows it to others.
    everything = office.noted(lived.anna.access, lived.anna.public, TODAY, TODAY + 1)
    for log, party in zip(LOGS, Party, strict=True):
        committed = {leaf.line.operation: leaf.commitment for leaf in leaves(place(lived.folder, log))}
        theirs = [noted for noted in everything if noted.parties & party]
        assert len(theirs) == {Party.GATEWAY: 6, Party.A: 7, Party.B: 7, Party.C: 5}[party]
        for noted in theirs:
            assert hashlib.sha256(noted.shown[party]).digest() == committed[noted.operation]
            assert noted.shown[party][32:] == encode(noted.entry)
    assert all(set(noted.shown) == {party for party in Party if party & noted.parties} for noted in everything)
    # The days asked for, and no others.
    one_day = office.noted(lived.bert.access, lived.bert.public, TODAY + 1, TODAY + 1)
    assert [noted.entry for noted in one_day] == [later, later]
    assert office.noted(lived.bert.access, lived.bert.public, TODAY - 9, TODAY - 1) == []


def test_what_one_gave_is_in_the_gateways_ledger_too_where_the_other_refuses(
    office: Embedded, lived: Lived, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody had the keys; but a's part has left, and a wrote that down."""
    before = told(office, lived.bert)

    def refuses(*asked: object) -> Unlocked:
        raise ClassRefused

    with monkeypatch.context() as patch:
        patch.setattr(office._three.custodians["b"].records, "unlock", refuses)
        with pytest.raises(ClassRefused):
            unlocked(office, lived.bert)
    given = Opening(NOW + A_DAY, "office", DOOR, ("document",), "parcel", "operator")
    assert told(office, lived.bert) == [*before, (given, Party.GATEWAY | Party.A)]
    assert office.audit(0).first is None


def replace_minute(said: Opening, minute: int) -> Opening:
    return Opening(minute, said.caller, said.purpose, said.classes, said.reason, said.role)


def test_it_takes_the_persons_own_key(office: Embedded, lived: Lived) -> None:
    for wrong in (lived.bert.access, bytes(range(32)), lived.anna.classes["document"]):
        assert told(office, lived.anna, wrong) == []
    assert told(office, replace(lived.anna, public=lived.bert.public)) == []


def test_entries_that_somebody_put_under_a_persons_tag_are_not_shown(
    office: Embedded, lived: Lived, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A custodian that shows one person's entries as another's, or altered ones, tells nothing by it."""
    before = told(office, lived.anna)
    liar: Any = office.three.custodians["a"].audit
    honest = type(liar).entries
    tags = [tag for day in range(2) for tag in tags_of(lived.bert.public, TODAY + day)]

    def entries(self: Any, asked: Any) -> Any:
        found = honest(self, asked)
        if self is not liar:
            return found
        bent = [replace(row, kept=bytes([*row.kept[:-1], row.kept[-1] ^ 1])) for row in found]
        swapped = [replace(row, line=replace(row.line, said=bytes(32))) for row in found]
        return [*honest(self, tags), *bent, *swapped]

    monkeypatch.setattr(type(liar), "entries", entries)
    # Of what custodian a shows nothing is believed; what the others have of it is all there.
    assert told(office, lived.anna) == [(entry, parties & ~Party.A) for entry, parties in before]
    assert sum(bool(parties & Party.A) for _, parties in before) == 7


def test_more_days_than_are_asked_for_at_once_are_all_looked_at(office: Embedded, lived: Lived) -> None:
    found = office.noted(lived.anna.access, lived.anna.public, TODAY - 300, TODAY + 200)
    assert [(noted.entry, noted.parties) for noted in found] == told(office, lived.anna)


# Whom they do not.


@pytest.mark.parametrize("log", LOGS)
def test_a_stolen_ledger_names_nobody(lived: Lived, log: str) -> None:
    """All of its bytes: no number, pseudonym, handle or key of anybody is in them."""
    stolen = b"\n".join(bytes_of(place(lived.folder, log)).values())
    assert b"parcel" not in stolen
    assert b"written_anew" not in stolen
    assert DOOR.encode() in stolen  # the search finds what is there
    found = [needle for needle in lived.secrets() if needle in stolen]
    assert found == []


@pytest.mark.parametrize("log", LOGS)
def test_two_days_of_one_person_cannot_be_put_together_without_the_key(lived: Lived, log: str) -> None:
    """Between days nothing is the same, in what is sealed neither."""
    found = [leaf for leaf in leaves(place(lived.folder, log)) if leaf.tag is not None]
    days = [[leaf for leaf in found if leaf.tag in tags_of(lived.anna.public, TODAY + day)] for day in range(2)]
    first, second = days
    # Of the second day a has one opening, b the other, c none; restrictions are at the three.
    assert (len(first), len(second)) == {"gateway": (4, 2), "a": (4, 3), "b": (4, 3), "c": (3, 2)}[log]
    assert not {leaf.tag for leaf in first} & {leaf.tag for leaf in second}
    for one in first:
        for other in second:
            assert not {one.commitment, one.line.operation, one.line.said} & {
                other.commitment, other.line.operation, other.line.said
            }  # fmt: skip
            assert (one.kept or b"")[:34] != (other.kept or b"")[:34]
    assert {len(leaf.kept or b"") for leaf in found} == {562}
    # What a tag is made of is in no ledger: a day alone gives none of them.
    assert not {*tags_of(bytes(32), TODAY)} & {leaf.tag for leaf in found}


def test_after_erasure_nobody_opens_what_was_said_and_every_proof_holds(
    office: Embedded, folder: Path, lived: Lived
) -> None:
    before = {log: leaves(place(folder, log)) for log in LOGS}
    of_bert = told(office, lived.bert)
    hers = office.noted(lived.anna.access, lived.anna.public, TODAY, TODAY + 1)
    keys: Any = office.ledger_keys() | {"gateway": office.gateway_key()}
    proven = {noted.operation: office.prove(noted.operation, noted.shown, None) for noted in hers}
    assert len(proven) == 9
    anna, face = lived.corrected.name, lived.faces[0].pseudonym
    assert office.destroy(DOOR, [anna], face) == [(KEPT, anna), (DOOR, face)]
    with pytest.raises(NobodyThere):
        office.unlock(DOOR, lived.corrected.name, ["access"], role="operator", reason="audited")
    after = {log: leaves(place(folder, log)) for log in LOGS}
    for log in LOGS:
        assert after[log][: len(before[log])] == before[log]  # nothing is taken away
        tags = {tag for day in range(2) for tag in tags_of(lived.anna.public, TODAY + day)}
        sealed = [leaf for leaf in after[log] if leaf.tag in tags]
        # What was there before, and at the three that they destroyed her.
        assert len(sealed) == {"gateway": 6, "a": 8, "b": 8, "c": 6}[log]
        assert {read(leaf, lived.bert.access, *lived.corrected.classes.values()) for leaf in sealed} == {None}
    assert office.audit().first is None
    for log in LOGS:
        assert chronicle(office, log).log.verify().size == len(after[log])
    # What was handed out says what it said; asked now, the same is proven of what nobody opens, in ledgers that grew.
    for noted in hers:
        said = proof.verify(proven[noted.operation], keys)
        blind = proof.verify(office.prove(noted.operation, {}, proven[noted.operation]), keys, proven[noted.operation])
        assert {one.entry for one in said} == {noted.entry}
        assert {one.entry for one in blind} == {None}
        assert [(one.ledger, one.position, one.commitment) for one in blind] == [
            (one.ledger, one.position, one.commitment) for one in said
        ]
    assert told(office, lived.bert) == of_bert


# Receipts.


def destroyed(office: Embedded, lived: Lived, pseudonym: str = "p-1", salt: bytes = bytes(32)) -> bytes:
    """A receipt for one of the two."""
    gone = office.destroy(DOOR, [lived.bert.name], lived.faces[1].pseudonym)
    return office.attest(traced(gone), receipt.subject(pseudonym, salt))


def checked(file: bytes, keys: dict[str, bytes], pseudonym: str = "p-1", salt: bytes = bytes(32)) -> receipt.Receipt:
    some: Any = keys
    return receipt.verify(file, some, pseudonym, salt)


def test_a_receipt_says_what_three_destroyed_and_when_and_needs_no_office(office: Embedded, lived: Lived) -> None:
    keys = office.ledger_keys()
    file = destroyed(office, lived)
    office.close()
    found = checked(file, keys)
    assert [one.statement.custodian for one in found.signed] == ["a", "b", "c"]
    for one in found.signed:
        said = one.statement
        assert {some.what: some.count for some in said.destroyed} == {"face": 1, "keys": 1}
        assert (said.minute.isoformat(), said.live.isoformat()) == ("2026-03-02T12:00:00+00:00", "2026-03-02")
        assert said.epoch_end.isoformat() == "2026-03-09"  # by which the weekly refresh is due
    assert [needle for needle in lived.secrets() if needle in file] == []


def test_what_is_not_that_receipt_is_refused(office: Embedded, lived: Lived, tmp_path: Path) -> None:
    keys = office.ledger_keys()
    file = destroyed(office, lived)
    Embedded.create(tmp_path / "other", os.urandom)
    with closing(opened(tmp_path / "other")) as elsewhere:
        elsewhere.add_gallery(DOOR, REVEAL, DOCUMENT)
        elsewhere.keep(DOOR, [lived.bert])
        others, another = elsewhere.ledger_keys(), destroyed(elsewhere, lived)
    assert keys != others
    swapped = json.loads(file)
    swapped["signed"][0], swapped["signed"][1] = swapped["signed"][1], swapped["signed"][0]
    mixed = json.loads(file)
    mixed["signed"][2] = json.loads(another)["signed"][2]
    altered = file.replace(b'"count": 1', b'"count": 2')
    later = file.replace(b"2026-03-09", b"2026-03-08")
    assert altered != file != later
    for wrong in (json.dumps(swapped).encode(), json.dumps(mixed).encode(), altered, later, file[:-9], another):
        with pytest.raises(ReceiptWrong):
            checked(wrong, keys)
    for arguments in (
        {"keys": others},
        {"keys": keys | {"a": keys["b"]}},
        {"keys": {seat: keys[seat] for seat in "ab"}},
        {"keys": keys, "pseudonym": "p-2"},
        {"keys": keys, "salt": bytes(31) + b"\1"},
    ):
        with pytest.raises(ReceiptWrong):
            checked(file, **arguments)  # type: ignore[arg-type]
    checked(file, keys)


def test_custodians_sign_for_what_they_destroyed_and_for_nothing_else(
    office: Embedded, lived: Lived, folder: Path, clock: Clock
) -> None:
    anna, face, about = lived.corrected.name, lived.faces[0].pseudonym, receipt.subject("p-1", bytes(32))
    for rows in ([(KEPT, anna)], [(DOOR, face)], [(KEPT, anna), (DOOR, face)]):
        with pytest.raises(NothingDestroyed):
            office.attest(traced(rows), about)
    office.destroy(DOOR, [anna], bytes(16))  # the record, and no face
    rows = traced([(KEPT, anna), (DOOR, face)])
    file = office.attest(rows, about)
    assert {some.what for one in checked(file, office.ledger_keys()).signed for some in one.statement.destroyed} == {
        "keys"
    }
    assert office.attest(rows, about) == office.attest(rows[:1], about) == file
    for again in (rows, rows[:1]):  # one destruction is one person's
        with pytest.raises(NothingDestroyed):
            office.attest(again, receipt.subject("p-2", bytes(32)))
    with pytest.raises(NothingDestroyed):
        office.attest(rows[1:], receipt.subject("p-2", bytes(32)))


def test_the_keys_stay_over_refreshes_and_restarts(office: Embedded, folder: Path, clock: Clock) -> None:
    keys = office.ledger_keys()
    assert len({*keys.values(), office.gateway_key()}) == len(LOGS)
    all_: Any = keys | {"gateway": office.gateway_key()}
    today = office.prove(b"", {}, None)
    office.refresh()
    assert office.ledger_keys() == keys
    office.close()
    with closing(opened(folder, clock)) as again:
        assert again.ledger_keys() == keys
        # It is those that heads are signed by, before and after.
        found = proof.verify(again.prove(b"", {}, today), all_, today)
    assert [one.ledger for one in found] == list(LOGS)
    assert all(one.since is not None and one.since.size < one.head.size for one in found)
