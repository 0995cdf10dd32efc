"""What a gateway that does not keep to the story gets from honest custodians of records: nothing that the story would
not give."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from moiety.custody.custodian import Custodian
from moiety.custody.gateway import enrolment
from moiety.custody.gateway.embedded import Embedded
from moiety.custody.gateway.enrolment import Instead
from moiety.custody.gateway.three import Three
from moiety.custody.refusals import NotAdmitted
from moiety.custody.store.handles import handles
from moiety.custody.unopened import ClassRefused, NobodyThere, NothingDestroyed
from moiety.errors import MoietyError
from moiety.ledger import receipt
from moiety.matching.refusals import Disagreement
from moiety.sharing.seat import SEATS, Seat
from tests.custody.ledgers import traced
from tests.custody.records import KEPT, NO_FACE, Keys, assert_opens, create_keeping, unlocked, versions
from tests.custody.scene import DOOR, TODAY, Clock, opened

CARRIED = ("birth", "document", "photo", "access")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    create_keeping(tmp_path / "office")
    return tmp_path / "office"


@pytest.fixture
def office(folder: Path, clock: Clock) -> Iterator[Embedded]:
    with closing(opened(folder, clock)) as office:
        yield office


@pytest.fixture
def anna(office: Embedded) -> Keys:
    version = fresh()
    office.keep(DOOR, [version])
    return version


def fresh(expires_day: int = TODAY + 30) -> Keys:
    """One more version of somebody's record."""
    return versions(1, int.from_bytes(os.urandom(6)), expires_day=expires_day)[0]


def custodian(office: Embedded, seat: Seat) -> Custodian:
    found = office.three.custodians[seat]
    assert isinstance(found, Custodian)
    return found


def due(office: Embedded, version: Keys) -> list[bool]:
    """At each custodian: whether it would destroy this version and ask for nobody's signature."""
    known = handles(KEPT, [version.name])
    return [custodian(office, seat).records.is_due(KEPT, known[seat].tobytes()) for seat in SEATS]


def offered(office: Embedded, versions: Sequence[Keys], before: Keys) -> None:
    """Each of these offered on its own, the first of them carrying what it may, and all of them prepared together."""
    with office._changing() as headers:
        office._load(headers, KEPT)
        attempts = []
        for version in versions:
            batches = enrolment._split(headers.dim(KEPT), KEPT, [version], os.urandom)
            header = headers.make("enrol", KEPT, rows=1)
            office.three.play(lambda some, h=header, b=batches: some.offer(KEPT, b[some.seat], h))  # type: ignore[misc]
            attempts.append(header.attempt)
        enrolment._carry(office.three, KEPT, attempts[0], Instead(before.name, CARRIED))
        preparing = headers.make("prepare", KEPT, rows=len(versions))
        office.three.work(lambda some: some.prepare(KEPT, preparing, attempts))


def test_what_never_came_replaces_nobody(office: Embedded, anna: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(Custodian, "scrub", _stop)  # what follows `prepare`
        with pytest.raises(RuntimeError):
            office.rewrite(DOOR, replace(fresh(), public=anna.public), anna.name, CARRIED)
    assert due(office, anna) == [False] * 3
    assert office.check() == []  # and puts right what was interrupted
    assert due(office, anna) == [False] * 3
    assert_opens(office, anna)


def test_what_was_written_anew_leaves_once_its_successor_answers(office: Embedded, anna: Keys) -> None:
    after = replace(fresh(), public=anna.public)
    office.rewrite(DOOR, after, anna.name, CARRIED)
    assert due(office, anna) == [True] * 3
    assert due(office, after) == [False] * 3


@pytest.mark.parametrize("carried", [(), ("birth", "document", "photo")])
def test_nobody_is_written_anew_without_their_own_key(office: Embedded, anna: Keys, carried: tuple[str, ...]) -> None:
    with pytest.raises(ClassRefused):
        office.rewrite(DOOR, replace(fresh(), public=anna.public), anna.name, carried)
    assert_opens(office, anna)


def test_nobody_leaves_who_is_not_there_yet(office: Embedded) -> None:
    later = fresh()
    known = handles(KEPT, [later.name])
    headers = office._headers()
    header = headers.make("restrict", KEPT, rows=0)
    for seat in SEATS:
        with pytest.raises(NobodyThere):
            next(custodian(office, seat).records.restrict(KEPT, header, known[seat].tobytes(), True))
    office.keep(DOOR, [later])
    assert due(office, later) == [False] * 3


def test_keys_of_two_people_do_not_become_one_persons(
    office: Embedded, anna: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    bert = fresh()
    office.keep(DOOR, [bert])
    hers, his = handles(KEPT, [anna.name]), handles(KEPT, [bert.name])

    def mixed(three: Three, name: str, attempt: bytes, instead: Instead) -> None:
        for seat in SEATS:
            whose = hers if seat == "a" else his
            three.custodians[seat].records.carry(name, attempt, whose[seat].tobytes(), instead.secrets)

    with monkeypatch.context() as broken:
        broken.setattr(enrolment, "_carry", mixed)
        with pytest.raises(Disagreement):
            office.rewrite(DOOR, fresh(), anna.name, CARRIED)
    assert office.check() == []
    for version in (anna, bert):
        assert_opens(office, version)


def test_a_correction_does_not_hide_among_others(office: Embedded, anna: Keys) -> None:
    with pytest.raises(NotAdmitted):
        offered(office, [replace(fresh(), public=anna.public), fresh()], anna)
    assert_opens(office, anna)


def test_nobodys_time_is_longer_for_being_written_anew(office: Embedded, anna: Keys) -> None:
    with pytest.raises(NotAdmitted):
        office.rewrite(DOOR, fresh(anna.expires_day + 1), anna.name, CARRIED)
    office.rewrite(DOOR, fresh(anna.expires_day), anna.name, CARRIED)


def test_no_receipt_is_for_what_was_only_written_anew(office: Embedded, anna: Keys) -> None:
    office.rewrite(DOOR, replace(fresh(), public=anna.public), anna.name, CARRIED)
    office.drop(DOOR, anna.name)
    with pytest.raises(NothingDestroyed):
        office.attest(traced([(KEPT, anna.name)]), receipt.subject("p-1", bytes(32)))


def test_a_receipt_counts_nobody_twice(office: Embedded, anna: Keys) -> None:
    before = anna
    after = replace(fresh(), public=anna.public)
    office.rewrite(DOOR, after, before.name, CARRIED)
    gone = office.destroy(DOOR, [before.name, after.name], NO_FACE)
    assert gone == [(KEPT, before.name), (KEPT, after.name)]
    subject = receipt.subject("p-1", bytes(32))
    with pytest.raises(NothingDestroyed):
        office.attest(traced([gone[1], gone[1]]), subject)
    found = receipt.verify(office.attest(traced(gone), subject), office.ledger_keys(), "p-1", bytes(32))
    told = [(some.what, some.count) for one in found.signed for some in one.statement.destroyed]
    assert told == [("keys", 1)] * 3


def test_who_is_restricted_outlives_their_last_day_over_a_refresh(office: Embedded, clock: Clock) -> None:
    """GDPR Art. 18: kept because somebody needs what is kept."""
    anna, bert = fresh(TODAY + 2), fresh(TODAY + 2)
    office.keep(DOOR, [anna, bert])
    office.hold(DOOR, anna.name, NO_FACE, True)
    clock.pass_(days=3)
    office.refresh()
    there = {seat: custodian(office, seat) for seat in SEATS}
    for version, slots in ((anna, 1), (bert, 0)):
        known = handles(KEPT, [version.name])
        assert [len(there[seat].locate(KEPT, known[seat].tobytes())) for seat in SEATS] == [slots] * 3
    with pytest.raises(NobodyThere):
        unlocked(office, anna)


def test_who_an_old_copy_forgot_to_restrict_leaves_all_the_same(
    folder: Path, office: Embedded, anna: Keys, clock: Clock
) -> None:
    """Put back at one custodian: recovery restricts at all three, and three days are counted from then at the one that
    did not know."""
    office.close()
    store = folder / "custodian-a"
    before = {file: file.read_bytes() for file in store.glob("custodian.sqlite*")}
    with closing(opened(folder, clock)) as office:
        office.hold(DOOR, anna.name, NO_FACE, True)
    for file in store.glob("custodian.sqlite*"):
        file.unlink()
    for file, data in before.items():
        file.write_bytes(data)
        file.chmod(0o600)
    with closing(opened(folder, clock)) as office:
        with suppress(MoietyError):
            unlocked(office, anna)
        assert due(office, anna) == [False] * 3
        clock.pass_(days=3)
        assert due(office, anna) == [True] * 3


def _stop(custodian: Custodian, step: str = "scrub") -> None:
    raise RuntimeError("the gateway stops here")
