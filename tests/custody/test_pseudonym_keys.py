"""The key that pseudonyms are made with: made once, the same in every epoch, and of no use to one custodian alone."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from moiety import sodium
from moiety.custody import refusals
from moiety.custody.custodian import Custodian
from moiety.custody.gateway import naming
from moiety.custody.gateway.embedded import Embedded
from moiety.custody.pseudonyms import number_of
from moiety.custody.store.kept import keep, kept
from moiety.custody.unopened import KeyLost, KeyNotMade
from moiety.custody.verbs import Evaluated
from moiety.matching.refusals import Disagreement, UnequalParts
from moiety.matching.rounds import lockstep
from moiety.oprf import voprf
from moiety.oprf.keys import Part, PublicKey, weight
from moiety.oprf.refusals import AnswersDiffer, BatchMalformed, NotOfThePair, ProofWrong
from moiety.sharing.seat import SEATS, Seat
from tests.custody.records import KEPT, copies, create_keeping
from tests.custody.scene import DOCUMENT, DOOR, FOLDERS, TERMS, opened

WHO = [b"110105199001011234", b"110105199001011235"]
MANY = [b"%d" % at for at in range(naming.PROVEN_TO + 1)]


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An office with an empty purpose and no key."""
    folder = tmp_path_factory.mktemp("untouched") / "office"
    create_keeping(folder)
    return folder


@pytest.fixture
def folder(untouched: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(untouched, tmp_path / "office"))


@pytest.fixture
def office(folder: Path) -> Iterator[Embedded]:
    with closing(opened(folder)) as office:
        yield office


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    """An office whose key is made, for tests that change nothing."""
    folder = tmp_path_factory.mktemp("made") / "office"
    create_keeping(folder)
    with closing(opened(folder)) as office:
        office.pseudonyms(DOOR, WHO)
        yield office


def custodians(office: Embedded) -> Mapping[Seat, Custodian]:
    found: Any = office.three.custodians
    return found


def keys(office: Embedded, name: str = DOOR) -> dict[Seat, Any]:
    """What each custodian keeps of a key, or None."""
    return {seat: some.records._pseudonyms._held(name) for seat, some in custodians(office).items()}


def whole(office: Embedded, name: str = DOOR) -> int:
    """The whole key, which nobody ever has, out of two custodians' parts: all three pairs give the same."""
    held = keys(office, name)
    found = set()
    for pair in naming.PAIRS:
        numbers: Any = tuple(number_of(seat) for seat in pair)
        parts = [Part.decode(held[seat].part) for seat in pair]
        found.add(sum(weight(part.number, numbers) * part.scalar for part in parts) % sodium.ORDER)
    (key,) = found
    assert {PublicKey.decode(some.public).key for some in held.values()} == {sodium.multiply_base(key)}
    return key


def pseudonyms(office: Embedded, name: str = DOOR) -> list[bytes]:
    """Those of the two; as the whole key in the clear makes them."""
    found = office.pseudonyms(name, WHO)
    assert found == [output[:16] for output in voprf.evaluate_clear(whole(office, name), WHO)]
    return found


def test_a_pseudonym_is_what_the_clear_twin_makes_however_many_are_asked_for(made: Embedded) -> None:
    some = pseudonyms(made)
    assert made.pseudonyms(DOOR, WHO[::-1]) == some[::-1]
    many = made.pseudonyms(DOOR, [*MANY, *WHO])
    assert many[-2:] == some
    assert many == [output[:16] for output in voprf.evaluate_clear(whole(made), [*MANY, *WHO])]
    assert made.pseudonyms(DOOR, []) == []
    with pytest.raises(BatchMalformed):
        made.pseudonyms(DOOR, [b""] * 65_536)


def test_it_stays_over_refreshes_while_every_part_is_another(office: Embedded) -> None:
    before, held = pseudonyms(office), keys(office)
    for epoch in (2, 3):
        assert office.refresh() == epoch
        after = keys(office)
        for seat in SEATS:
            assert after[seat].part != held[seat].part
            assert after[seat].public != held[seat].public
        assert pseudonyms(office) == before
        held = after


def test_parts_of_two_epochs_are_nothing_together(office: Embedded) -> None:
    before, key = keys(office) if office.pseudonyms(DOOR, WHO) else {}, whole(office)
    office.refresh()
    after = keys(office)
    for pair in naming.PAIRS:
        numbers: Any = tuple(number_of(seat) for seat in pair)
        mixed = [Part.decode(before[pair[0]].part), Part.decode(after[pair[1]].part)]
        assert sum(weight(part.number, numbers) * part.scalar for part in mixed) % sodium.ORDER != key


def test_two_purposes_give_unrelated_pseudonyms(office: Embedded) -> None:
    office.add_gallery("gate", TERMS, DOCUMENT)
    here, there = pseudonyms(office), pseudonyms(office, "gate")
    assert not set(here) & set(there)
    assert whole(office) != whole(office, "gate")
    office.refresh()
    assert (pseudonyms(office), pseudonyms(office, "gate")) == (here, there)


def test_without_a_key_nobody_answers(office: Embedded) -> None:
    blinded = voprf.blind_all(WHO, os.urandom).elements
    for seat in SEATS:
        with pytest.raises(KeyNotMade):
            custodians(office)[seat].records.evaluate(DOOR, ("a", "b"), blinded, True)
    with pytest.raises(refusals.GalleryUnknown):
        office.pseudonyms("cellar", WHO)
    with pytest.raises(refusals.GalleryUnknown):  # of a purpose there is one key, and none of its keys' gallery
        office.pseudonyms(KEPT, WHO)
    assert keys(office) == dict.fromkeys(SEATS)
    assert keys(office, KEPT) == dict.fromkeys(SEATS)


@pytest.mark.parametrize("pair", [("a", "a"), ("b", "a"), ("b", "c")], ids="-".join)
def test_who_is_not_of_the_pair_does_not_answer(made: Embedded, pair: Any) -> None:
    with pytest.raises(NotOfThePair):
        custodians(made)["a"].records.evaluate(DOOR, pair, voprf.blind_all(WHO, os.urandom).elements, False)


# Made once.


@pytest.mark.parametrize("order", ["abc", "cab"])
def test_a_key_whose_making_was_interrupted_is_finished_and_never_a_second_one(
    folder: Path, tmp_path: Path, order: str
) -> None:
    """Whoever had said that all three hold it keeps it for good."""
    found = copies(folder, tmp_path / "copies", lambda office: office.pseudonyms(DOOR, WHO), order)
    steps = Counter(point.split(" ", 2)[2] for point, _ in found)
    assert steps == {"key held": 6, "key made": 6}
    used = 0
    for point, copy in found:
        with closing(opened(copy)) as office:
            before = {seat: key for seat, key in keys(office).items() if key is not None and key.state == 2}
            some = pseudonyms(office)
            office.pseudonyms(DOOR, MANY)  # for which all three are asked
            after = keys(office)
            assert {key.state for key in after.values()} == {2}, point
            assert len({key.transcript for key in after.values()}) == 1, point
            for seat, key in before.items():
                assert after[seat] == key, point
            used += bool(before)
            assert pseudonyms(office) == some
    assert used == 5  # from after the first custodian's commit on


def test_a_key_that_only_some_hold_is_made_anew_after_a_refresh_too(folder: Path, tmp_path: Path) -> None:
    """Nobody has used it."""
    found = dict(copies(folder, tmp_path / "copies", lambda office: office.pseudonyms(DOOR, WHO)))
    for point in ("b after key held", "c after key held"):
        with closing(opened(found[point])) as office:
            office.refresh()
            before = keys(office)
            some = pseudonyms(office)
            assert (keys(office)["a"].transcript == before["a"].transcript) == (point[0] == "c")
            office.refresh()
            assert pseudonyms(office) == some


def test_an_interrupted_refresh_leaves_the_same_pseudonyms(folder: Path, tmp_path: Path) -> None:
    with closing(opened(folder)) as office:
        before = pseudonyms(office)
    found = copies(folder, tmp_path / "copies", lambda office: office.refresh())
    points = {
        point: copy for point, copy in found if point.split(" ", 2)[2] in {"next key", "staged", "switch", "retire"}
    }
    assert len(points) == 24
    epochs = set()
    for point, copy in points.items():
        with closing(opened(copy)) as office:
            assert pseudonyms(office) == before, point
            epochs.add(office.status().epoch)
            stages = [
                kept_of(custodian, "pseudonym key of the next epoch") for custodian in custodians(office).values()
            ]
            assert stages == [{}] * 3, point
    assert epochs == {1, 2}


def kept_of(custodian: Custodian, kind: str) -> dict[bytes, bytes]:
    with custodian._store.reading() as connection:
        return kept(connection, kind)


@pytest.mark.parametrize("name", FOLDERS)
def test_an_old_copy_from_before_it_was_made_is_refused(folder: Path, tmp_path: Path, name: str) -> None:
    """A second key would give everybody another pseudonym."""
    shutil.copytree(folder / name, tmp_path / "old")
    with closing(opened(folder)) as office:
        before = pseudonyms(office)
    shutil.move(folder / name, tmp_path / "newest")
    shutil.copytree(tmp_path / "old", folder / name)
    with closing(opened(folder)) as office:
        for asked in (WHO, MANY):
            if name == FOLDERS[2] and asked is WHO:  # the other two answer
                assert office.pseudonyms(DOOR, asked) == before
                continue
            for _ in range(2):
                with pytest.raises(KeyLost):
                    office.pseudonyms(DOOR, asked)
        with pytest.raises(KeyLost), office._changing() as headers:
            naming.agree_key(office.three, headers, DOOR)
    shutil.rmtree(folder / name)
    shutil.move(tmp_path / "newest", folder / name)
    with closing(opened(folder)) as office:
        assert pseudonyms(office) == before


@pytest.mark.parametrize("seat", SEATS)
def test_a_custodian_that_says_it_holds_another_key_changes_none(office: Embedded, seat: Seat) -> None:
    office.pseudonyms(DOOR, WHO)
    before = keys(office)
    own = custodians(office)[seat].records._pseudonyms
    own._keep(DOOR, msgspec.structs.replace(before[seat], transcript=bytes(32)))
    with pytest.raises(KeyLost), office._changing() as headers:
        naming.agree_key(office.three, headers, DOOR)
    assert {each: key for each, key in keys(office).items() if each != seat} == {
        each: key for each, key in before.items() if each != seat
    }


@pytest.mark.parametrize("other", ["operation", "version", "epoch", "at", "rows"])
def test_a_key_is_agreed_on_under_one_header_of_now(office: Embedded, other: str) -> None:
    with office._alone() as headers:
        good = headers.make("key", DOOR, rows=0)
    wrong = {"operation": "erase", "version": 7, "epoch": 2, "at": good.at + 60, "rows": 1}[other]
    bent = replace(good, **{other: wrong})
    for custodian in custodians(office).values():
        with pytest.raises(refusals.HeaderRefused):
            next(custodian.records.agree_key(DOOR, bent))
    again = replace(good, attempt=os.urandom(16))
    with pytest.raises(Disagreement):
        lockstep(
            {seat: custodians(office)[seat].records.agree_key(DOOR, again if seat == "b" else good) for seat in SEATS}
        )
    assert keys(office) == dict.fromkeys(SEATS)


@pytest.mark.parametrize("seat", SEATS)
def test_while_the_next_epoch_is_staged_no_key_is_made(office: Embedded, seat: Seat) -> None:
    """It would be missing there, at one custodian and not at another."""
    with office._alone() as headers:
        good, renewing = headers.make("key", DOOR, rows=0), headers.office("renew")
    begun = {each: custodians(office)[each].records.agree_key(DOOR, good) for each in SEATS}
    lockstep({each: custodians(office)[each].renew(renewing) for each in SEATS})

    def stage_in_between(step: Any) -> None:
        for each in SEATS:
            step(each)
        if next(steps) == 2:
            custodians(office)[seat].stage(lambda *said: None)

    steps = iter(range(100))
    with pytest.raises(refusals.HeaderRefused):
        lockstep(begun, stage_in_between)
    assert all(key is None or key.state == 1 for key in keys(office).values())
    assert keys(office)[seat] is None
    with pytest.raises(refusals.HeaderRefused):
        next(custodians(office)[seat].records.agree_key(DOOR, good))
    before = pseudonyms(office)
    office.refresh()
    assert pseudonyms(office) == before


# What is said while it is made.


Alter = Callable[[bytes], bytes]


@pytest.mark.parametrize("seat", SEATS)
def test_a_transcript_that_one_has_not_signed_makes_no_key(
    office: Embedded, seat: Seat, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = custodians(office)[seat].records._pseudonyms
    signing = own._own.signing

    class Forged:
        def public_key(self) -> Any:
            return signing.public_key()

        def sign(self, said: bytes) -> bytes:
            return signing.sign(said + b"else")

    monkeypatch.setattr(own, "_own", replace(own._own, signing=Forged()))
    with pytest.raises(Disagreement):
        office.pseudonyms(DOOR, WHO)
    assert keys(office) == dict.fromkeys(SEATS)
    for short in (63, 0):
        monkeypatch.setattr(Forged, "sign", lambda self, said, short=short: signing.sign(said)[:short])
        with pytest.raises(Disagreement):
            office.pseudonyms(DOOR, WHO)
    monkeypatch.setattr(Forged, "public_key", lambda self: self)
    monkeypatch.setattr(Forged, "public_bytes_raw", lambda self: b"", raising=False)
    with pytest.raises(Disagreement):
        office.pseudonyms(DOOR, WHO)
    assert keys(office) == dict.fromkeys(SEATS)


# A custodian that lies.


@pytest.fixture
def lying(made: Embedded, monkeypatch: pytest.MonkeyPatch) -> Callable[[Seat, Callable[[Evaluated], Evaluated]], None]:
    def lie(seat: Seat, how: Callable[[Evaluated], Evaluated]) -> None:
        own = custodians(made)[seat].records
        right = own.evaluate
        monkeypatch.setattr(own, "evaluate", lambda *said: how(right(*said)))

    return lie


def scaled(found: Evaluated) -> Evaluated:
    """As of another part."""
    return Evaluated(found.epoch, found.public, sodium.multiply_all(2, found.elements), found.proof)


@pytest.mark.parametrize("seat", ["a", "b"])
def test_an_answer_of_another_part_is_found_by_its_proof(made: Embedded, lying: Any, seat: Seat) -> None:
    lying(seat, scaled)
    with pytest.raises(ProofWrong) as raised:
        made.pseudonyms(DOOR, WHO)
    assert raised.value.numbers == {"seat": SEATS.index(seat)}


@pytest.mark.parametrize("seat", SEATS)
def test_an_answer_of_another_part_is_found_among_many(made: Embedded, lying: Any, seat: Seat) -> None:
    lying(seat, scaled)
    with pytest.raises(AnswersDiffer):
        made.pseudonyms(DOOR, MANY)


def test_one_bent_answer_in_ten_does_not_pass_in_many_runs(made: Embedded, lying: Any) -> None:
    """Of 200 answers two are asked again, of whom one in ten is bent: once in five runs it is found."""

    def some_bent(found: Evaluated) -> Evaluated:
        elements = bytearray(found.elements)
        for at in range(0, len(elements) if len(elements) > 3_200 else 0, 320):
            elements[at : at + 32] = sodium.multiply(2, bytes(elements[at : at + 32]))
        return Evaluated(found.epoch, found.public, bytes(elements), found.proof)

    lying("a", some_bent)
    with pytest.raises(AnswersDiffer):
        any(not made.pseudonyms(DOOR, [b"%d" % at for at in range(200)]) for _ in range(60))


def test_answers_of_two_epochs_or_keys_are_not_put_together(made: Embedded, lying: Any) -> None:
    lying("a", lambda found: Evaluated(found.epoch + 1, found.public, found.elements, found.proof))
    for asked in (WHO, MANY):
        with pytest.raises(Disagreement):
            made.pseudonyms(DOOR, asked)
    other = PublicKey(sodium.multiply_base(5), sodium.multiply_base(7)).encode()
    lying("a", lambda found: Evaluated(found.epoch - 1, other, found.elements, found.proof))
    for asked in (WHO, MANY):
        with pytest.raises(UnequalParts):
            made.pseudonyms(DOOR, asked)


# One is down.


@pytest.fixture
def down(made: Embedded, monkeypatch: pytest.MonkeyPatch) -> Callable[[Seat], list[bool]]:
    def down(seat: Seat) -> list[bool]:
        asked: list[bool] = []

        def answer(*said: Any) -> Evaluated:
            raise refusals.CustodianDown(seat=SEATS.index(seat))

        for each, custodian in custodians(made).items():
            right = custodian.records.evaluate
            heard = lambda *said, right=right: asked.append(said[3]) or right(*said)  # noqa: E731
            monkeypatch.setattr(custodian.records, "evaluate", answer if each == seat else heard)
        return asked

    return down


@pytest.mark.parametrize("seat", SEATS)
@pytest.mark.parametrize("many", [False, True], ids=["one", "many"])
def test_two_custodians_are_enough(made: Embedded, down: Any, seat: Seat, many: bool) -> None:
    whom = MANY if many else WHO
    before = made.pseudonyms(DOOR, whom)
    proven = down(seat)
    assert made.pseudonyms(DOOR, whom) == before
    assert proven[-2:] == [True, True]  # of whom nobody else can be asked, each answer is proven


def test_one_custodian_is_not(made: Embedded, down: Any) -> None:
    down("a")
    down("c")
    with pytest.raises(refusals.CustodianDown):
        made.pseudonyms(DOOR, WHO)


# What is kept.


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"", refusals.FormatUnknown),
        (b"\x02\x90", refusals.FormatUnknown),
        (b"\x01\x90", refusals.KeptDamaged),
        (b"\x01", refusals.KeptDamaged),
    ],
    ids=["nothing", "later", "short", "empty"],
)
def test_a_kept_key_that_cannot_be_read_is_no_key(office: Embedded, value: bytes, reason: Any) -> None:
    office.pseudonyms(DOOR, WHO)
    own = custodians(office)["a"]
    with own._store.writing("test") as connection:
        keep(connection, "pseudonym key", {DOOR.encode(): value})
    with pytest.raises(reason):
        office.pseudonyms(DOOR, WHO)
