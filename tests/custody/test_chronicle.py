"""What each operation leaves in the four ledgers of an office in one process, and that they agree after all of it."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from moiety.custody import refusals
from moiety.custody.chronicle import minute_of
from moiety.custody.gateway import trial
from moiety.custody.gateway.adopting import adopt
from moiety.custody.gateway.book import BOOK
from moiety.custody.gateway.embedded import Embedded
from moiety.custody.store.kinds import keys_of
from moiety.custody.unopened import ClassRefused, NobodyThere
from moiety.custody.verbs import silent
from moiety.ledger import proof
from moiety.ledger.audit import Difference, What
from moiety.ledger.entry import (
    Configuration,
    Consent,
    Correction,
    Enrolment,
    Enrolments,
    Erasure,
    Erasures,
    Key,
    Opening,
    Recognition,
    Refusal,
    Restriction,
    Withdrawal,
    encode,
)
from moiety.ledger.many import commitments
from moiety.ledger.operation import EVERYBODY, Party
from moiety.ledger.proof import Name
from moiety.ledger.refusals import EntryWrong, LedgerUnwritable
from tests.custody import stories
from tests.custody.damage import delete
from tests.custody.doomed import live
from tests.custody.ledgers import FILE, LOGS, Reader, at_custodians, chronicle, everywhere, fresh, place, unwritable
from tests.custody.scene import DOCUMENT, DOOR, NOON, TERMS, TODAY, Clock, create, matched, opened, people

REVEAL = replace(TERMS, reveal=(("operator", ("contact", "document")),))
CROWD = people(4)
NOW = minute_of(NOON.timestamp())
WHO = [b"11010519491231002X"]


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An office with one empty purpose that keeps records, closed."""
    folder = tmp_path_factory.mktemp("untouched") / "office"
    Embedded.create(folder, os.urandom)
    with closing(opened(folder)) as office:
        office.add_gallery(DOOR, REVEAL, DOCUMENT)
    return folder


@pytest.fixture
def folder(untouched: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(untouched, tmp_path / "office"))


@pytest.fixture
def reader(folder: Path) -> Reader:
    return Reader(folder)


@pytest.fixture
def office(folder: Path, clock: Clock) -> Iterator[Embedded]:
    office = opened(folder, clock)
    yield office
    office.close()


def unlocked(office: Embedded, name: bytes, *secrets: str) -> object:
    return office.unlock(DOOR, name, secrets or ("document",), role="operator", reason="parcel")


def agree(office: Embedded) -> bool:
    """Whether the four have the same, and nothing is on its way."""
    found = office.audit()
    return found.first is None and not any(found.behind.values())


# What is written.


def test_enrolments_of_faces_are_counted_and_name_nobody(office: Embedded, reader: Reader) -> None:
    for some in (CROWD[:1], CROWD[1:]):
        office.enrol(DOOR, some)
        assert reader.news() == everywhere(Enrolments(NOW, "office", DOOR, len(some)))
    office.enrol(DOOR, [])
    assert reader.news() == {}
    assert agree(office)


def test_one_persons_enrolment_is_sealed_to_that_person_and_many_are_counted(office: Embedded, reader: Reader) -> None:
    anna, bert, carl = fresh(), fresh(), fresh()
    office.keep(DOOR, [anna])
    assert reader.news(bert.access, anna.access) == everywhere(Enrolment(NOW, "office", DOOR, "g1", 0))
    office.keep(DOOR, [bert, carl])
    [(operation, kept)] = office.book.log.many(TODAY, TODAY)
    each = [
        hashlib.sha256(
            hashlib.sha256(b"moiety many 1" + operation + one.public).digest()
            + encode(Enrolment(NOW, "office", DOOR, "g1", 0))
        ).digest()
        for one in (bert, carl)
    ]
    assert kept.commitments == b"".join(each)
    root = hashlib.sha256(b"\x01" + b"".join(hashlib.sha256(b"\0" + one).digest() for one in each)).digest()
    assert reader.news() == everywhere(Enrolments(NOW, "office", DOOR, 2, root))
    assert agree(office)


def test_whoever_came_with_many_is_told_so_by_all_four_and_can_prove_it(office: Embedded, folder: Path) -> None:
    crowd = [fresh() for _ in range(5)]
    anna = crowd[3]
    office.keep(DOOR, crowd[:1])
    office.keep(DOOR, crowd[1:])
    [noted] = office.noted(anna.access, anna.public, TODAY, TODAY)
    assert (noted.entry, noted.parties) == (Enrolment(NOW, "office", DOOR, "g1", 0), EVERYBODY)
    keys: dict[Name, bytes] = {**office.ledger_keys(), "gateway": office.gateway_key()}  # type: ignore[dict-item]
    proven = proof.verify(office.prove(noted.operation, noted.shown, None, noted.within), keys)
    assert [(one.ledger, one.person) for one in proven] == [(name, noted.entry) for name in proof.NAMES]
    assert [type(one.entry) for one in proven] == [Enrolments] * 4
    # Without a place in it, the file says how many came.
    assert {one.person for one in proof.verify(office.prove(noted.operation, {}, None), keys)} == {None}
    assert len({one.operation for who in crowd for one in office.noted(who.access, who.public, TODAY, TODAY)}) == 2
    assert office.noted(anna.access, anna.public, TODAY + 1, TODAY + 9) == []
    # The commitments follow from keys that no ledger holds: not from anything that is in the folder.
    kept = b"".join(file.read_bytes() for file in (folder / BOOK).rglob("*") if file.is_file())
    assert not [one for one in crowd if one.public in kept]
    # Whoever takes them away has nobody told; whoever changes them has nobody believe it.
    with closing(sqlite3.connect(place(folder, "gateway") / FILE)) as database, database:
        database.execute("UPDATE ledger_many SET entry = ?", (encode(Enrolment(NOW, "office", DOOR, "g2", 0)),))
    assert office.noted(anna.access, anna.public, TODAY, TODAY) == []
    own = commitments(noted.operation, anna.public, encode(Enrolment(NOW, "office", DOOR, "g2", 0)))
    with closing(sqlite3.connect(place(folder, "gateway") / FILE)) as database, database:
        database.execute("UPDATE ledger_many SET commitments = ?", (own * 4,))
    assert office.noted(anna.access, anna.public, TODAY, TODAY) == []
    assert agree(office)


def test_recognitions_say_caller_purpose_minute_and_count_and_nothing_else(
    office: Embedded, reader: Reader, clock: Clock
) -> None:
    office.enrol(DOOR, CROWD)
    reader.news()
    clock.pass_(seconds=61)
    assert office.verify(DOOR, CROWD[0].words, CROWD[0].pseudonym)
    assert not office.verify(DOOR, CROWD[0].words, CROWD[1].pseudonym)
    here, nobody = (office.identify(DOOR, np.stack([one.words for one in some])) for some in (CROWD[:3], people(3, 9)))
    assert [len(some) for some in (*here.found, *nobody.found)] == [1, 1, 1, 0, 0, 0]
    one, three = Recognition(NOW + 1, "office", DOOR, 1), Recognition(NOW + 1, "office", DOOR, 3)
    assert reader.news() == everywhere(one, one, three, three)
    assert agree(office)


def test_an_opening_is_written_by_the_two_who_give_their_parts_and_the_gateway_writes_both(
    office: Embedded, reader: Reader
) -> None:
    anna = fresh()
    office.keep(DOOR, [anna])
    reader.news()
    unlocked(office, anna.name, "contact", "document")
    said = Opening(NOW, "office", DOOR, ("contact", "document"), "parcel", "operator")
    assert reader.news(anna.access) == {"gateway": [said, said], "a": [said], "b": [said]}
    assert agree(office)


def test_a_correction_says_which_classes_and_what_was_there_is_written_anew(office: Embedded, reader: Reader) -> None:
    anna = fresh()
    office.keep(DOOR, [anna])
    reader.news()
    after = replace(fresh(), public=anna.public)
    office.rewrite(DOOR, after, anna.name, ["birth", "document", "photo", "access"])
    assert reader.news(anna.access) == everywhere(Correction(NOW, "office", DOOR, ("contact",)))
    assert office.drop(DOOR, anna.name)
    assert reader.news(anna.access) == {
        "gateway": [Erasures(NOW, "office", DOOR, 1)],
        **at_custodians(Erasure(NOW, "office", DOOR, "written_anew", NOW)),
    }
    unlocked(office, after.name)
    assert reader.news(anna.access)["a"] == [Opening(NOW, "office", DOOR, ("document",), "parcel", "operator")]
    assert agree(office)


def test_restrictions_and_erasures_are_sealed_to_whoever_they_are_about(office: Embedded, reader: Reader) -> None:
    anna, face = fresh(), CROWD[0]
    office.keep(DOOR, [anna])
    office.enrol(DOOR, [face])
    reader.news()
    for on in (True, False):
        assert office.hold(DOOR, anna.name, face.pseudonym, on)
        assert reader.news(anna.access) == at_custodians(Restriction(NOW, "office", DOOR, on))
    assert office.destroy(DOOR, [anna.name], face.pseudonym) == [(keys_of(DOOR), anna.name), (DOOR, face.pseudonym)]
    erased = Erasure(NOW, "office", DOOR, "destroyed", NOW)
    assert reader.news(anna.access) == {
        "gateway": [Erasures(NOW, "office", DOOR, 2)],
        **at_custodians(erased, Erasures(NOW, "office", DOOR, 1)),
    }
    assert office.destroy(DOOR, [anna.name], face.pseudonym) == []
    assert not office.erase(DOOR, face.pseudonym)
    assert not office.hold(DOOR, anna.name, face.pseudonym, True)
    assert reader.news() == {}
    assert agree(office)


def test_grounds_given_and_taken_back_are_sealed_to_whoever_they_are_of(office: Embedded, reader: Reader) -> None:
    anna = fresh()
    office.keep(DOOR, [anna])
    reader.news()
    given = Consent(NOW, "office", DOOR, "g1", "notice-3", "paper")
    for restricted in (False, True):  # hers to take back while she is kept
        office.note_ground(DOOR, anna.name, 1, "notice-3", "paper")
        assert reader.news(anna.access) == everywhere(given)
        office.note_ground(DOOR, anna.name, 1)
        assert reader.news(anna.access) == everywhere(Withdrawal(NOW, "office", DOOR, "g1"))
        if not restricted:
            office.hold(DOOR, anna.name, None, True)
            reader.news()
    assert agree(office)


def test_of_nobody_and_in_no_words_no_ground_is_written(office: Embedded, reader: Reader) -> None:
    anna, face = fresh(), CROWD[0]
    office.keep(DOOR, [anna])
    office.enrol(DOOR, [face])
    reader.news()
    with pytest.raises(NobodyThere):
        office.note_ground(DOOR, face.pseudonym, 1, "notice-3", "paper")
    for text, how in (("n" * 65, "paper"), ("notice-3", ""), ("notice-3", "by Mr. Canary")):
        with pytest.raises(EntryWrong):
            office.note_ground(DOOR, anna.name, 1, text, how)
    found = reader.news(anna.access)
    assert {type(entry) for entries in found.values() for entry in entries} == {Refusal}
    assert agree(office)


def test_papers_keys_and_refreshes_are_written(office: Embedded, reader: Reader) -> None:
    other = b"other reasons\n"
    office.replace_document(DOOR, REVEAL, other)
    terms = REVEAL.to_json()
    digest = hashlib.sha256(len(terms).to_bytes(8, "big") + terms + other).digest()
    assert reader.news() == everywhere(Configuration(NOW, "office", DOOR, "purpose", digest))
    office.pseudonyms(DOOR, WHO)
    [key] = reader.news()["b"]
    assert isinstance(key, Key)
    assert (key.purpose, key.part) == (DOOR, "pseudonyms")
    office.pseudonyms(DOOR, WHO)
    assert reader.news() == {}
    office.refresh()
    news = reader.news()
    assert [(type(some), some.part) for some in news["c"] if isinstance(some, Configuration)] == [
        (Configuration, "refresh")
    ]
    assert news == everywhere(*(some for some in news["a"] if some is not None))
    assert agree(office)


def test_papers_that_are_there_already_are_nothing_new_and_old_ones_may_come_again(
    office: Embedded, reader: Reader, clock: Clock
) -> None:
    """A minute later the same would be another entry of the same operation."""
    clock.pass_(minutes=1)
    office.add_gallery(DOOR, REVEAL, DOCUMENT)
    assert set(reader.news()) == {"gateway"}
    with pytest.raises(refusals.GalleryExists):
        office.add_gallery(DOOR, REVEAL, b"other")
    assert reader.news() == at_custodians(Refusal(NOW + 1, "office", None, "gallery_exists"))
    for document in (b"other", DOCUMENT, b"other"):
        clock.pass_(minutes=1)
        office.replace_document(DOOR, REVEAL, document)
    assert [len(some) for some in reader.news().values()] == [3] * 4
    assert agree(office)


def test_a_refusal_is_written_once_a_minute_however_often_it_is_asked(
    office: Embedded, reader: Reader, clock: Clock
) -> None:
    anna = fresh()
    office.keep(DOOR, [anna])
    reader.news()
    for minute in range(2):
        for _ in range(3):
            with pytest.raises(ClassRefused):
                unlocked(office, anna.name, "birth")
            with pytest.raises(NobodyThere):
                unlocked(office, bytes(16))
        told = [Refusal(NOW + minute, "office", DOOR, code) for code in ("class_refused", "nobody_there")]
        assert reader.news() == {"a": told}  # who is asked first says no
        clock.pass_(minutes=1)
    assert agree(office)


def test_what_is_refused_before_it_is_agreed_on_is_in_no_ledger_as_done(office: Embedded, reader: Reader) -> None:
    office.enrol(DOOR, CROWD[:1])
    reader.news()
    with pytest.raises(refusals.AlreadyEnrolled):
        office.enrol(DOOR, CROWD[:2])
    refused = Refusal(NOW, "office", DOOR, "already_enrolled")
    news = reader.news()
    assert set(news) <= set(LOGS[1:])
    assert all(some == [refused] for some in news.values())
    assert agree(office)


def test_a_search_that_one_does_not_agree_to_is_in_no_ledger(
    office: Embedded, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another gateway changed something between: custodians are not alike, and the search is asked again."""
    office.enrol(DOOR, CROWD)
    reader.news()
    late = office.three.custodians["b"]

    def refuse(*asked: object) -> Iterator[object]:
        raise refusals.HeaderRefused
        yield

    for verb, ask in (
        ("verify", lambda: office.verify(DOOR, CROWD[0].words, CROWD[0].pseudonym)),
        ("search", lambda: office.identify(DOOR, CROWD[0].words[None])),
        ("renew", office.refresh),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(late, verb, refuse)
            with pytest.raises(refusals.HeaderRefused):
                ask()
    assert set(reader.news()) <= {"b"}
    assert agree(office)


def test_what_custodians_wrote_and_did_not_end_the_gateway_writes_too(
    office: Embedded, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or a disk that was full once would be a difference for ever."""
    from moiety.custody import life

    def full(*asked: object) -> None:
        raise refusals.StoreFull(seat=0)

    with monkeypatch.context() as patch:
        patch.setattr(life, "prepare", full)
        with pytest.raises(refusals.StoreFull):
            office.enrol(DOOR, CROWD)
    assert reader.news() == everywhere(Enrolments(NOW, "office", DOOR, 4))
    assert matched(office, CROWD) == [False] * 4
    assert agree(office)
    office.enrol(DOOR, CROWD)
    assert matched(office, CROWD) == [True] * 4
    assert agree(office)


def test_one_that_gave_its_part_is_written_down_though_the_other_refuses(
    office: Embedded, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = fresh()
    office.keep(DOOR, [anna])
    reader.news()
    records = office.three.custodians["b"].records

    def refuse(*asked: object) -> object:
        raise NobodyThere

    with monkeypatch.context() as patch:
        patch.setattr(records, "unlock", refuse)
        with pytest.raises(NobodyThere):
            unlocked(office, anna.name)
    said = Opening(NOW, "office", DOOR, ("document",), "parcel", "operator")
    refusal = Refusal(NOW, "office", None, "nobody_there")
    assert reader.news(anna.access) == {"gateway": [said], "a": [said], "b": [refusal]}
    assert agree(office)


# Whatever happens to an office, they agree.


def test_they_agree_over_restarts_refreshes_mending_moves_and_two_processes(
    folder: Path, tmp_path: Path, clock: Clock
) -> None:
    anna = fresh()
    with closing(opened(folder)) as office, closing(opened(folder)) as beside:
        office.enrol(DOOR, CROWD[:2])
        beside.keep(DOOR, [anna])
        beside.enrol(DOOR, CROWD[2:])
        assert matched(office, CROWD) == matched(beside, CROWD) == [True] * 4
        office.refresh()
        unlocked(beside, anna.name)
        assert agree(office)
        assert agree(beside)
    delete(folder / "custodian-b", "page", 3)
    clock.pass_(days=1)
    with closing(opened(folder, clock)) as office:
        assert office.mend() == 2  # of faces and of keys
        assert matched(office, CROWD) == [True] * 4
        assert agree(office)
        before = office.ledger_keys()
    adopt(folder, tmp_path / "to", {}, clock=clock, entropy=os.urandom, progress=silent)
    with closing(Embedded.open(tmp_path / "to", clock=clock, entropy=os.urandom, inside=trial.STORE)) as office:
        assert agree(office)
        unlocked(office, anna.name)
        assert agree(office)
        assert office.ledger_keys() == before


@pytest.mark.parametrize(
    ("story", "point", "lacks"),
    [
        (stories.enrol, "b before prepare", True),  # killed before the gateway was answered
        (stories.enrol, "b before activate", False),
        (stories.erase, "b before erase", False),  # each has its own entry of that, and the gateway's is its own
        (stories.refresh, "b before next key", False),
        (stories.refresh, "b before switch", False),
        (stories.replace, "b before replace document", False),
    ],
    ids=["prepare", "activate", "erase", "renew", "switch", "replace"],
)
def test_killed_between_its_ledger_and_its_store(
    tmp_path: Path, story: Callable[[Embedded], None], point: str, lacks: bool
) -> None:
    """The ledgers say that it was begun, and recovery decides whether it was done; the gateway, which writes what it
    was answered, may lack it, and an audit says so."""
    folder = tmp_path / "office"
    create(folder)
    with closing(opened(folder)) as office:
        office.enrol(DOOR, stories.RESIDENTS)
        assert agree(office)
    _, status = live(folder, story, order="abc", fatal=point)
    assert status is not None
    assert status < 0
    with closing(opened(folder)) as office:
        first = office.audit().first
        if lacks:
            assert isinstance(first, Difference)
            assert (first.what, first.log, first.beside) == (What.MISSING, Party.GATEWAY, Party.A)
            assert office.audit(in_flight=1).first is None
        else:
            assert first is None
        assert matched(office, stories.RESIDENTS)[1:] == [True, True]
        office.enrol(DOOR, people(1, seed=77))
        office.refresh()


# Where it cannot be written nothing is done.


@pytest.mark.parametrize("how", ["full", "read-only", "locked"])
@pytest.mark.parametrize("log", LOGS)
def test_where_a_ledger_cannot_be_written_nothing_is_done(
    office: Embedded, reader: Reader, clock: Clock, log: str, how: str
) -> None:
    anna, bert, held, newcomer = fresh(), fresh(), fresh(), people(1, seed=5)
    anew, face = replace(fresh(), public=anna.public), CROWD[0].pseudonym
    office.keep(DOOR, [anna, held])
    office.enrol(DOOR, CROWD)
    assert office.hold(DOOR, held.name, CROWD[3].pseudonym, True)
    assert agree(office)
    written = chronicle(office, log)
    with unwritable(written, how):
        reader.news()
        for ask in (
            lambda: office.enrol(DOOR, newcomer),
            lambda: office.keep(DOOR, [bert]),
            lambda: office.rewrite(DOOR, anew, anna.name, ["birth", "document", "photo", "access"]),
            lambda: office.note_ground(DOOR, anna.name, 1, "notice-3", "paper"),
            lambda: office.note_ground(DOOR, anna.name, 1),
            lambda: office.erase(DOOR, face),
            lambda: office.drop(DOOR, anna.name),
            lambda: office.drop_face(DOOR, face),
            lambda: office.destroy(DOOR, [anna.name], face),
            lambda: office.destroy(DOOR, [], face),
            lambda: office.restrict(keys_of(DOOR), anna.name, True),
            lambda: office.restrict(DOOR, face, True),
            lambda: office.hold(DOOR, anna.name, face, True),
            lambda: office.hold(DOOR, None, face, True),
            lambda: office.hold(DOOR, held.name, None, False),
            lambda: office.hold(DOOR, None, CROWD[3].pseudonym, False),
            lambda: office.replace_document(DOOR, REVEAL, b"other"),
            lambda: office.add_gallery("gate", TERMS, DOCUMENT),
            lambda: office.pseudonyms(DOOR, WHO),
            lambda: office.refresh(),
        ):
            with pytest.raises(LedgerUnwritable) as raised:
                ask()
            assert raised.value.exit_status == 3
        assert reader.news().get(log, []) == []
    if log == "gateway":  # it was asked first, so nobody else has anything of all this either
        assert agree(office)
    with unwritable(written, how):
        reader.news()
        for ask in (
            lambda: office.verify(DOOR, CROWD[0].words, face),
            lambda: office.identify(DOOR, CROWD[0].words[None]),
        ):
            with pytest.raises(LedgerUnwritable):
                ask()
        if log != "c":  # two are enough, and nobody asks it
            with pytest.raises(LedgerUnwritable):
                unlocked(office, anna.name)
        assert reader.news().get(log, []) == []
    assert office.findings() == []
    # Of a purpose that two custodians added, nobody is in it yet: the third adds it as soon as it can write that.
    assert office.galleries() == ([DOOR] if log == "gateway" else [DOOR, "gate"])
    assert office.gallery(DOOR).epoch == 1
    assert office.gallery(DOOR).document == DOCUMENT
    assert matched(office, [*CROWD, *newcomer]) == [True] * 3 + [False] * 2
    unlocked(office, anna.name)
    for nobody in (anew, bert, held):
        with pytest.raises(NobodyThere):
            unlocked(office, nobody.name)
    assert office.hold(DOOR, held.name, CROWD[3].pseudonym, False)
    unlocked(office, held.name)
    office.enrol(DOOR, newcomer)
    assert office.erase(DOOR, face)
    assert matched(office, [*CROWD, *newcomer]) == [False] + [True] * 4
    first = office.audit().first
    if log != "gateway":
        # The two others wrote what it could not: that is what an audit is for.
        assert first is not None
        assert (first.what, first.log) == (What.MISSING, Party[log.upper()])
    assert office.refresh() == 2
