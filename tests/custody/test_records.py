"""Keys of records: who may have which opened, and that whoever is not answered about looks like nobody."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from moiety.custody import refusals
from moiety.custody.custodian import Custodian
from moiety.custody.gateway.embedded import Embedded
from moiety.custody.gateway.enrolment import _split
from moiety.custody.gateway.opening import Opened
from moiety.custody.store.handles import handles
from moiety.custody.store.kinds import ACCESS, CLASSES, SECRETS, keys_of
from moiety.custody.unopened import ClassRefused, NobodyThere
from moiety.custody.verbs import Ground, Unlocked
from moiety.ledger import seal
from moiety.ledger.entry import Refusal
from moiety.ledger.refusals import EntryWrong
from moiety.matching.header import Header
from moiety.matching.refusals import Disagreement, MalformedTemplate, UnequalParts
from moiety.matching.rounds import lockstep
from moiety.sharing.seat import SEATS, Seat
from tests.custody.records import (
    KEPT,
    NO_FACE,
    NO_WORDS,
    OPERATOR,
    REVEAL,
    Keys,
    assert_opens,
    create_keeping,
    unlocked,
    versions,
)
from tests.custody.scene import DIM, DOCUMENT, DOOR, TERMS, TODAY, Clock, opened, people

KNOWN = versions(4)
STRANGER = versions(1, seed=9)[0]
ALLOWED = {role: set(classes) | {ACCESS} for role, classes in REVEAL.reveal or ()}
ASKED = bytes(16)


@pytest.fixture(scope="module")
def keeping(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    """An office that keeps four versions, for tests that change nothing."""
    folder = tmp_path_factory.mktemp("keeping") / "office"
    create_keeping(folder)
    with closing(opened(folder)) as office:
        office.keep(DOOR, KNOWN)
        yield office


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    create_keeping(tmp_path / "office")
    return tmp_path / "office"


@pytest.fixture
def office(folder: Path, clock: Clock) -> Iterator[Embedded]:
    """The same for tests that change something."""
    with closing(opened(folder, clock)) as office:
        office.keep(DOOR, KNOWN)
        yield office


def custodians(office: Embedded) -> Mapping[Seat, Custodian]:
    found: Any = office.three.custodians
    return found


# Who may have what opened.


@given(
    role=st.sampled_from(["operator", "officer", "auditor", ""]),
    secrets=st.lists(st.sampled_from(SECRETS), min_size=1, max_size=5, unique=True),
    version=st.sampled_from(KNOWN),
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_role_has_opened_what_the_purpose_lets_it_and_nothing_else(
    keeping: Embedded, role: str, secrets: list[str], version: Keys
) -> None:
    if set(secrets) <= ALLOWED.get(role, {ACCESS}):
        found = unlocked(keeping, version, secrets, role=role)
        whole = version.classes | {ACCESS: version.access}
        assert found == Opened({name: whole[name] for name in secrets}, version.public)
    else:
        with pytest.raises(ClassRefused):
            unlocked(keeping, version, secrets, role=role)


@pytest.mark.parametrize("secrets", [[], ["public"], ["document", "photograph"]], ids=["none", "public", "unknown"])
@pytest.mark.parametrize("seat", SEATS)
def test_what_is_no_secret_of_a_record_is_opened_by_none(keeping: Embedded, seat: Seat, secrets: list[str]) -> None:
    handle = handles(KEPT, [KNOWN[0].name])[seat].tobytes()
    with pytest.raises(ClassRefused):
        custodians(keeping)[seat].records.unlock(KEPT, handle, secrets, OPERATOR, "a_test", ASKED)


@pytest.mark.parametrize("reason", NO_WORDS)
@pytest.mark.parametrize("seat", SEATS)
def test_for_a_reason_that_is_no_word_no_custodian_opens_anything(keeping: Embedded, seat: Seat, reason: str) -> None:
    handle, own = handles(KEPT, [KNOWN[0].name])[seat].tobytes(), custodians(keeping)[seat]
    log = own.audit.chronicle.log
    before = log.state().size
    with pytest.raises(EntryWrong):
        own.records.unlock(KEPT, handle, ["document"], OPERATOR, reason, ASKED)
    with pytest.raises(EntryWrong):
        keeping.unlock(DOOR, KNOWN[0].name, ["document"], role=OPERATOR, reason=reason)
    assert all(isinstance(seal.read(leaf), Refusal) for _, leaf in log.leaves(before, log.state().size))


def test_papers_that_name_what_no_record_has_open_nothing_else(folder: Path) -> None:
    """The public key stands in the same row: it is nobody's secret, and no class."""
    with closing(opened(folder)) as office:
        office.replace_document(DOOR, replace(REVEAL, reveal=((OPERATOR, ("document", "public")),)), DOCUMENT)
        office.keep(DOOR, KNOWN)
        with pytest.raises(ClassRefused):
            unlocked(office, KNOWN[0], ["public"])
        unlocked(office, KNOWN[0])


@pytest.mark.parametrize("seat", SEATS)
def test_each_custodian_goes_by_its_own_copy_of_the_purpose(office: Embedded, seat: Seat) -> None:
    """One whose copy lets more be opened opens more itself; the other two, nothing."""
    lax = replace(REVEAL, reveal=(("operator", CLASSES),)).to_json()
    own = custodians(office)[seat]
    with own._gallery(KEPT).changing("replace document") as change:
        change.finish(terms=lax)
    found = {}
    for each in SEATS:
        try:
            handle = handles(KEPT, [KNOWN[0].name])[each].tobytes()
            custodians(office)[each].records.unlock(KEPT, handle, ["photo"], OPERATOR, "a_test", ASKED)
            found[each] = "opened"
        except ClassRefused:
            found[each] = "refused"
    assert found == dict.fromkeys(SEATS, "refused") | {seat: "opened"}


@pytest.mark.parametrize("seat", SEATS)
def test_what_one_custodian_opens_is_noise(keeping: Embedded, seat: Seat) -> None:
    handle = handles(KEPT, [KNOWN[0].name])[seat].tobytes()
    part = custodians(keeping)[seat].records.unlock(KEPT, handle, ["document"], OPERATOR, "a_test", ASKED)
    assert part.words[1].astype("<u2").tobytes() == KNOWN[0].public
    assert part.words[0].astype("<u2").tobytes() != KNOWN[0].classes["document"]


def test_faces_are_not_opened_and_keys_are_not_compared(keeping: Embedded) -> None:
    for seat, custodian in custodians(keeping).items():
        handle = handles(KEPT, [KNOWN[0].name])[seat].tobytes()
        with pytest.raises(refusals.GalleryUnknown):
            custodian.records.unlock(DOOR, handle, ["document"], OPERATOR, "a_test", ASKED)
    words = np.zeros((1, 96), dtype=np.int16)
    with pytest.raises(refusals.GalleryUnknown):
        keeping.identify(KEPT, words)
    with pytest.raises(refusals.GalleryUnknown):
        keeping.verify(KEPT, words[0], KNOWN[0].name)
    with pytest.raises(refusals.GalleryUnknown):
        unlocked(keeping, KNOWN[0], purpose="cellar")


# Who is not answered about.


def test_nobody_the_erased_the_expired_and_the_restricted_look_alike(folder: Path, clock: Clock) -> None:
    brief = versions(1, seed=4, expires_day=TODAY + 1)
    with closing(opened(folder, clock)) as office:
        office.keep(DOOR, KNOWN + brief)
        assert_opens(office, brief[0])
        assert office.destroy(DOOR, [KNOWN[0].name], NO_FACE)
        assert office.restrict(KEPT, KNOWN[1].name, True)
        clock.pass_(days=1)
        errors = []
        for version in (STRANGER, KNOWN[0], *brief, KNOWN[1]):
            with pytest.raises(NobodyThere) as raised:
                unlocked(office, version)
            errors.append((raised.value.code, raised.value.text, raised.value.numbers))
            for seat in SEATS:  # each custodian says so by itself
                handle = handles(KEPT, [version.name])[seat].tobytes()
                with pytest.raises(NobodyThere):
                    custodians(office)[seat].records.unlock(KEPT, handle, ["document"], OPERATOR, "a_test", ASKED)
        assert len({repr(error) for error in errors}) == 1
        assert_opens(office, KNOWN[2])
        clock.pass_(days=-1)  # a clock that is set back brings nobody back
        with pytest.raises(NobodyThere):
            unlocked(office, brief[0])


def test_whoever_is_not_there_is_looked_for_in_a_page_too(keeping: Embedded, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the time that it takes would tell a restricted person from nobody."""
    from moiety.custody import records

    looked: list[list[int]] = []
    fetch = records.fetch

    def counted(connection: Any, current: Any, numbers: list[int]) -> Any:
        looked.append(numbers)
        return fetch(connection, current, numbers)

    monkeypatch.setattr(records, "fetch", counted)
    unlocked(keeping, KNOWN[0])
    assert len(looked) == 2
    with pytest.raises(NobodyThere):
        unlocked(keeping, STRANGER)
    assert len(looked) == 3  # one custodian's answer is enough


@pytest.mark.parametrize("seat", SEATS)
def test_the_whole_handle_decides_and_not_where_it_leads(
    keeping: Embedded, seat: Seat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory keeps the first half of a handle; and whoever is not there is looked for where somebody may be."""
    from moiety.custody import answering

    own = custodians(keeping)[seat]
    handle = handles(KEPT, [KNOWN[0].name])[seat].tobytes()
    place = answering.suspects(own._gallery(KEPT), handle)
    for wrong in (handle[:-1] + bytes([handle[-1] ^ 1]), bytes(16)):
        monkeypatch.setattr(answering, "suspects", lambda *said: place)
        with pytest.raises(NobodyThere):
            own.records.unlock(KEPT, wrong, ["document"], OPERATOR, "a_test", ASKED)
    own.records.unlock(KEPT, handle, ["document"], OPERATOR, "a_test", ASKED)


def test_in_an_office_that_keeps_nothing_yet_nobody_is_there(folder: Path) -> None:
    with closing(opened(folder)) as office, pytest.raises(NobodyThere):
        unlocked(office, KNOWN[0])


@pytest.mark.parametrize("seat", ["a", "b"])
def test_answers_that_do_not_belong_together_open_nothing(
    keeping: Embedded, seat: Seat, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = custodians(keeping)[seat].records
    right = own.unlock

    def bent(words: Any = None, epoch: int = 0) -> None:
        def unlock(*said: Any) -> Unlocked:
            found = right(*said)
            return replace(found, epoch=found.epoch + epoch, words=found.words if words is None else words(found.words))

        monkeypatch.setattr(own, "unlock", unlock)

    def other_public(words: Any) -> Any:
        changed = words.copy()
        changed[-1, 0] ^= 1
        return changed

    bent(epoch=1)
    with pytest.raises(Disagreement):
        unlocked(keeping, KNOWN[0])
    for wrong in (other_public, lambda words: words[:-1], lambda words: words[:, :8], lambda words: words[None]):
        bent(wrong)
        with pytest.raises(UnequalParts):
            unlocked(keeping, KNOWN[0])
    for each in custodians(keeping).values():  # alike, and of one row more than was asked for
        more = each.records.unlock

        def both(*said: Any, more: Any = more) -> Unlocked:
            found = more(*said)
            return replace(found, words=np.insert(found.words, 0, 0, axis=0))

        monkeypatch.setattr(each.records, "unlock", both)
    monkeypatch.setattr(own, "unlock", lambda *said: both(*said, more=right))
    with pytest.raises(UnequalParts):
        unlocked(keeping, KNOWN[0])
    monkeypatch.undo()
    assert_opens(keeping, KNOWN[0])


# Restricted.


def test_a_restricted_person_stays_so_until_that_is_lifted(office: Embedded) -> None:
    name = KNOWN[0].name
    assert office.restrict(KEPT, name, True)
    assert office.restrict(KEPT, name, True)  # that is how it stands already
    assert office.check() == []
    assert office.refresh() == 2
    assert office.check() == []
    assert office.mend("b") > 0
    with pytest.raises(NobodyThere):
        unlocked(office, KNOWN[0])
    assert office.restrict(KEPT, name, False)
    assert office.restrict(KEPT, name, False)
    for version in KNOWN:
        assert_opens(office, version)
    assert not office.restrict(KEPT, STRANGER.name, True)


@pytest.mark.parametrize("seat", SEATS)
def test_of_a_restricted_person_each_custodian_opens_what_ledgers_say_and_no_class(
    office: Embedded, clock: Clock, seat: Seat
) -> None:
    """Also beside it, also past their last day, and by a custodian that nobody but the thief asks."""
    records = custodians(office)[seat].records
    handle = handles(KEPT, [KNOWN[0].name])[seat].tobytes()
    office.restrict(KEPT, KNOWN[0].name, True)
    for days in (0, 31):  # whoever is restricted is kept whatever the day
        clock.pass_(days=days)
        found = records.unlock(KEPT, handle, [ACCESS], OPERATOR, "a_test", bytes([days]) * 16)
        assert found.words.shape == (2, 16)
        assert found.words[1].astype("<u2").tobytes() == KNOWN[0].public
        for secrets in (["contact"], ["contact", ACCESS], [ACCESS, "document"], [ACCESS, "contact", "document"]):
            with pytest.raises(NobodyThere):
                records.unlock(KEPT, handle, secrets, OPERATOR, "a_test", ASKED)
        with pytest.raises(NobodyThere):
            records.carry(KEPT, bytes(16), handle, [ACCESS])
    assert unlocked(office, KNOWN[0], [ACCESS]) == Opened({ACCESS: KNOWN[0].access}, KNOWN[0].public)
    office.restrict(KEPT, KNOWN[0].name, False)
    with pytest.raises(NobodyThere):  # whose time is over is nobody, as before
        records.unlock(KEPT, handle, [ACCESS], OPERATOR, "a_test", ASKED)


def test_a_restricted_face_matches_nobody_and_counts_as_nobody(office: Embedded) -> None:
    crowd = people(2, seed=3)
    office.enrol(DOOR, crowd)
    assert office.restrict(DOOR, crowd[0].pseudonym, True)
    assert office.gallery(DOOR).rows == 1
    assert not office.verify(DOOR, crowd[0].words, crowd[0].pseudonym)
    assert list(office.identify(DOOR, crowd[0].words[None]).found[0]) == []
    assert office.verify(DOOR, crowd[1].words, crowd[1].pseudonym)
    with pytest.raises(refusals.AlreadyEnrolled):
        office.enrol(DOOR, crowd[:1])
    assert office.restrict(DOOR, crowd[0].pseudonym, False)
    assert office.verify(DOOR, crowd[0].words, crowd[0].pseudonym)


def test_a_restricted_person_is_erased_like_anybody(office: Embedded) -> None:
    assert office.restrict(KEPT, KNOWN[0].name, True)
    assert office.destroy(DOOR, [KNOWN[0].name], NO_FACE)
    assert not office.destroy(DOOR, [KNOWN[0].name], NO_FACE)
    assert office.check() == []
    assert not office.restrict(KEPT, KNOWN[0].name, False)


def test_no_custodian_notes_a_ground_alone(office: Embedded) -> None:
    """Nor another one, nor of somebody else, nor in other words: then it is in nobody's ledger."""
    known = handles(KEPT, [version.name for version in KNOWN[:2]])
    good = Ground(1, "notice-3", "paper")
    with office._alone() as headers:
        header = headers.make("ground", KEPT, rows=1)

    def sides(seat: Seat, other: Ground = good, whom: int = 0) -> Any:
        return {
            each: custodians(office)[each].records.ground(
                KEPT, header, known[each][whom if each == seat else 0].tobytes(), other if each == seat else good
            )
            for each in SEATS
        }

    before = [custodians(office)[seat].audit.head().head for seat in SEATS]
    for seat in SEATS:
        for other in (replace(good, place=2), Ground(1), replace(good, how="spoken"), replace(good, text="n")):
            with pytest.raises(Disagreement):
                lockstep(sides(seat, other))
        with pytest.raises(Disagreement):
            lockstep(sides(seat, whom=1))
    assert [custodians(office)[seat].audit.head().head for seat in SEATS] == before
    assert set(lockstep(sides("a")).values()) == {KNOWN[0].public}


def test_no_custodian_restricts_alone(office: Embedded) -> None:
    known = handles(KEPT, [version.name for version in KNOWN[:2]])
    with office._alone() as headers:
        header = headers.make("restrict", KEPT, rows=1)

    def sides(whom: Mapping[Seat, int], on: Mapping[Seat, bool], good: Header) -> Any:
        return {
            seat: custodians(office)[seat].records.restrict(KEPT, good, known[seat][whom[seat]].tobytes(), on[seat])
            for seat in SEATS
        }

    first, yes = dict.fromkeys(SEATS, 0), dict.fromkeys(SEATS, True)
    for whom, on in ((first | {"b": 1}, yes), (first, yes | {"c": False})):
        with pytest.raises(Disagreement):
            lockstep(sides(whom, on, header))
    for wrong in (replace(header, operation="erase"), replace(header, rows=2), replace(header, version=7)):
        for side in sides(first, yes, wrong).values():
            with pytest.raises(refusals.HeaderRefused):
                next(side)
    assert_opens(office, KNOWN[0])
    lockstep(sides(first, yes, header))
    with pytest.raises(NobodyThere):
        unlocked(office, KNOWN[0])


# Rows of keys among the three.


def test_shares_are_new_in_every_epoch_and_the_public_key_is_not(office: Embedded) -> None:
    def parts() -> dict[Seat, Any]:
        return {
            seat: custodians(office)[seat].records.unlock(
                KEPT, handles(KEPT, [KNOWN[0].name])[seat].tobytes(), ["document", ACCESS], OPERATOR, "a_test", ASKED
            )
            for seat in SEATS
        }

    before = parts()
    office.refresh()
    after = parts()
    for seat in SEATS:
        assert after[seat].epoch == before[seat].epoch + 1
        assert not (after[seat].words[:-1] == before[seat].words[:-1]).all(axis=1).any()
        assert (after[seat].words[-1] == before[seat].words[-1]).all()
    for version in KNOWN:
        assert_opens(office, version)


def test_a_version_that_is_over_is_not_taken_along(folder: Path, clock: Clock) -> None:
    brief = versions(1, seed=4, expires_day=TODAY + 1)
    with closing(opened(folder, clock)) as office:
        office.keep(DOOR, [*KNOWN, *brief])
        clock.pass_(days=2)
        office.refresh()
        assert not office.destroy(DOOR, [brief[0].name], NO_FACE)
        assert office.check() == []
        assert_opens(office, KNOWN[0])


def batches(some: list[Keys] = KNOWN) -> Any:
    return _split(96, KEPT, some, os.urandom)


@pytest.mark.parametrize("seat", SEATS)
@pytest.mark.parametrize("column", [0, 40, 79], ids=["first", "middle", "last"])
def test_a_bent_share_is_not_admitted(folder: Path, seat: Seat, column: int) -> None:
    with closing(opened(folder)) as office:
        offered = batches()
        offered[seat].parts[1, column] += np.uint64(1)
        with pytest.raises(MalformedTemplate):
            _offer(office, offered)


@pytest.mark.parametrize("seat", SEATS)
def test_public_keys_that_are_not_the_same_are_not_admitted(folder: Path, seat: Seat) -> None:
    with closing(opened(folder)) as office:
        offered = batches()
        offered[seat].parts[1, 80] ^= np.uint64(1)
        with pytest.raises(Disagreement):
            _offer(office, offered)


def _offer(office: Embedded, offered: Any) -> None:
    with office._alone() as headers:
        header = headers.make("enrol", KEPT, rows=len(KNOWN))
    lockstep({seat: custodians(office)[seat].offer(KEPT, offered[seat], header) for seat in SEATS})


@pytest.mark.parametrize("seat", SEATS)
def test_keys_are_carried_once_and_to_one_newcomer(office: Embedded, seat: Seat) -> None:
    """Else what a second request carries would not be what the three agreed on."""
    own = custodians(office)[seat].records
    handle = handles(KEPT, [KNOWN[0].name])[seat].tobytes()
    for count in (1, 2):
        with office._alone() as headers:
            header = headers.make("enrol", KEPT, rows=count)
        offered = batches(versions(count, seed=20 + count))
        lockstep({each: custodians(office)[each].offer(KEPT, offered[each], header) for each in SEATS})
        if count == 1:
            own.carry(KEPT, header.attempt, handle, ["birth", "access"])
        for secrets in (["birth", "access"], ["photo", "access"]):
            with pytest.raises(refusals.NotAdmitted):
                own.carry(KEPT, header.attempt, handle, secrets)
    with pytest.raises(refusals.NotAdmitted):
        own.carry(KEPT, bytes(16), handle, ["birth", "access"])


def test_rows_of_a_face_are_no_keys_and_keys_no_face(office: Embedded) -> None:
    with pytest.raises(refusals.WordsWrong):
        office.enrol(KEPT, people(1, seed=5))
    with pytest.raises(refusals.WordsWrong):
        office.enrol(DOOR, versions(1, seed=5))
    with office._alone() as headers:
        header = headers.make("enrol", DOOR, rows=len(KNOWN))
    offered = batches()
    for seat in SEATS:
        with pytest.raises(refusals.WordsWrong):
            next(custodians(office)[seat].offer(DOOR, offered[seat], header))


@pytest.mark.parametrize("length", [31, 33])
def test_a_secret_has_32_bytes(length: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        _ = replace(KNOWN[0], access=bytes(length)).words


def test_what_was_kept_is_kept_once(office: Embedded) -> None:
    with pytest.raises(refusals.AlreadyEnrolled):
        office.keep(DOOR, KNOWN[:1])
    assert_opens(office, KNOWN[0])


# Papers.


def test_other_papers_change_who_may_have_what_opened(office: Embedded) -> None:
    office.replace_document(DOOR, replace(REVEAL, reveal=(("operator", ("photo",)),)), DOCUMENT)
    assert unlocked(office, KNOWN[0], ["photo"]).secrets == {"photo": KNOWN[0].classes["photo"]}
    with pytest.raises(ClassRefused):
        unlocked(office, KNOWN[0], ["document"])
    office.replace_document(DOOR, TERMS, DOCUMENT)  # no records any more: what was sealed can still be destroyed
    with pytest.raises(ClassRefused):
        unlocked(office, KNOWN[0], ["photo"])
    assert office.destroy(DOOR, [KNOWN[0].name], NO_FACE)
    assert office.check() == []


def test_a_purpose_that_had_no_records_is_given_a_place_for_them(tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    Embedded.create(folder, os.urandom)
    with closing(opened(folder)) as office:
        office.add_gallery(DOOR, TERMS, DOCUMENT)
        crowd = people(2)
        office.enrol(DOOR, crowd)
        with pytest.raises(refusals.GalleryUnknown):
            office.keep(DOOR, KNOWN)
        office.replace_document(DOOR, REVEAL, DOCUMENT)
        assert office.galleries() == [DOOR]
        office.keep(DOOR, KNOWN)
        assert_opens(office, KNOWN[0])
        assert office.verify(DOOR, crowd[0].words, crowd[0].pseudonym)
        assert office.status().galleries[0].rows == 2


@pytest.mark.parametrize("seat", SEATS)
def test_the_papers_of_keys_are_their_purposes_alone(keeping: Embedded, seat: Seat) -> None:
    with keeping._alone() as headers:
        header = headers.make("replace", KEPT, rows=0)
    with pytest.raises(refusals.GalleryUnknown):
        next(custodians(keeping)[seat].replace_document(KEPT, header, REVEAL.to_json(), DOCUMENT))
    other = replace(REVEAL, dim=DIM * 2).to_json()
    with pytest.raises(refusals.GalleryFixed):
        next(custodians(keeping)[seat].replace_document(DOOR, header, other, DOCUMENT))


def test_a_purpose_whose_keys_would_have_too_long_a_name_is_refused(keeping: Embedded) -> None:
    longest = "x" * 64
    with pytest.raises(refusals.GalleryNameWrong):
        keeping.add_gallery(longest, REVEAL, DOCUMENT)
    with pytest.raises(refusals.GalleryNameWrong):
        keeping.add_gallery(keys_of(longest)[1:], replace(TERMS), DOCUMENT)
    assert keeping.galleries() == [DOOR]
