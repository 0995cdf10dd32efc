"""The stories with everything real: photographs, models, three custodians on a disk."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import numpy as np
import pytest

import moiety
from moiety.custody.store.handles import handles
from moiety.errors import Refused
from moiety.identity.office import Office
from moiety.identity.pseudonym import Pseudonym
from moiety.identity.refusals import (
    ClockWithoutZone,
    GroundsUnknown,
    OfficeClosed,
    PicturesNotAList,
    PseudonymOfAnotherPurpose,
    PseudonymUnreadable,
    PurposeGroundsFixed,
    PurposeModelFixed,
    PurposeUnknown,
    RateUnmeasured,
    SeatUnknown,
)
from moiety.identity.results import Enrolled
from moiety.sharing.seat import SEATS
from tests.custody.thief import roots_of, unsealed
from tests.stories.scene import DOOR, Clock, Photographs, spoilt

Opened = Callable[[], Office]
UNENROLLED = Pseudonym("door", bytes(16))


def test_nobody_enrolled_nobody_found(office: Office, photographs: Photographs) -> None:
    door = office.purpose("door")
    found = door.identify(photographs.anna[0])
    assert not found
    assert (found.gallery, found.expected_false, found.carried) == (0, 0.0, True)
    assert not door.verify(photographs.anna[0], claimed=UNENROLLED)


def test_one_is_recognised_and_others_are_not(office: Office, photographs: Photographs) -> None:
    door = office.purpose("door")
    anna = door.enrol([photographs.anna[0]], grounds="consent").pseudonym
    for other in photographs.anna[1:]:
        assert door.verify(other, claimed=anna)
        assert door.verify(other, claimed=f" {str(anna).lower()} ")
        assert set(door.identify(other)) == {anna}
    for stranger in (photographs.bert, photographs.stranger):
        assert not door.verify(stranger, claimed=anna)
        assert not door.identify(stranger)
    found = door.identify(photographs.anna[1])
    assert (found.gallery, found.carried) == (1, True)
    assert found.expected_false == found.fmr
    assert door.verify(photographs.anna[1], claimed=anna).fmr == pytest.approx(1e-4)


def test_each_person_adds_to_the_false_matches_that_are_expected(office: Office, photographs: Photographs) -> None:
    door = office.purpose("door")
    for picture in (photographs.anna[0], photographs.bert):
        door.enrol([picture], grounds="consent")
    found = door.identify(photographs.anna[1])
    assert found.gallery == 2
    assert found.expected_false == pytest.approx(2 * found.fmr)


def test_a_verdict_tells_the_rate_that_was_measured_and_not_the_one_that_was_asked_for(
    office: Office, photographs: Photographs
) -> None:
    office.add_purpose(DOOR.replace("fmr = 0.0001", "fmr = 0.0004").encode())
    door = office.purpose("door")
    assert door.document.targets.fmr == 0.0004
    assert door.verify(photographs.anna[0], claimed=UNENROLLED).fmr == 0.0001


def test_a_row_keeps_the_grounds_that_its_person_was_enrolled_on(
    office: Office, photographs: Photographs, tmp_path: Path
) -> None:
    """What each custodian stores, looked up by its own handle of the person."""
    more = DOOR[DOOR.index("[grounds.consent]") : DOOR.index("# What only you")].replace("consent]", "contract]")
    office.add_purpose(f"{DOOR}\n{more}".encode())
    door = office.purpose("door")
    for key, place in (("consent", 0), ("contract", 1)):
        anna = door.enrol([photographs.anna[0]], grounds=key).pseudonym
        known = handles("door", [anna.value])
        for seat in SEATS:
            home = next((tmp_path / "office" / f"custodian-{seat}").rglob("custodian.sqlite")).parent
            with closing(sqlite3.connect(home / "custodian.sqlite")) as database:
                pages, _, _ = unsealed(database, roots_of(home), "door", 192)
            [[at, slot]] = np.argwhere((pages["handles"] == known[seat][0]).all(axis=2)).tolist()
            assert pages["grounds"][at, slot] == place


def test_several_pictures_make_one_person(office: Office, photographs: Photographs) -> None:
    door = office.purpose("door")
    anna = door.enrol(photographs.anna[:2], grounds="consent").pseudonym
    assert door.verify(photographs.anna[2], claimed=anna)
    assert door.identify(photographs.anna[2]).gallery == 1


def test_pictures_of_two_people_are_not_one_person(office: Office, photographs: Photographs) -> None:
    with pytest.raises(Refused):
        office.purpose("door").enrol([photographs.anna[0], photographs.bert], grounds="consent")
    assert office.status().purposes[0].people == 0


def test_one_picture_is_given_as_a_list_of_one(office: Office, photographs: Photographs) -> None:
    door = office.purpose("door")
    picture = photographs.anna[0]
    for single in (str(picture), picture.read_bytes(), picture, np.zeros((2, 2, 3), dtype=np.uint8)):
        with pytest.raises(PicturesNotAList):
            door.enrol(single, grounds="consent")  # type: ignore[arg-type]
    assert [type(became) for became in door.enrol_many([str(picture)], grounds="consent")] == [PicturesNotAList]


def test_a_claim_that_is_no_pseudonym_is_refused(office: Office, photographs: Photographs) -> None:
    door = office.purpose("door")
    for claimed in (None, b"door", 7):
        with pytest.raises(PseudonymUnreadable):
            door.verify(photographs.anna[0], claimed=claimed)  # type: ignore[arg-type]
        with pytest.raises(PseudonymUnreadable):
            door.erase(claimed)  # type: ignore[arg-type]


def test_a_picture_may_be_a_path_bytes_or_pixels(office: Office, photographs: Photographs) -> None:
    from PIL import Image

    door = office.purpose("door")
    anna = door.enrol([str(photographs.anna[0])], grounds="consent").pseudonym
    assert door.verify(photographs.anna[1].read_bytes(), claimed=anna)
    with Image.open(photographs.anna[1]) as picture:
        assert door.verify(np.asarray(picture.convert("RGB")), claimed=anna)


def test_many_are_yielded_in_order_and_refusals_are_values(office: Office, photographs: Photographs) -> None:
    door = office.purpose("door")
    people = [[photographs.anna[0]], *([bad] for bad in spoilt(photographs).values()), [], [photographs.bert]]
    outcomes = list(door.enrol_many(people, grounds="consent"))
    assert isinstance(outcomes[0], moiety.Enrolled)
    assert isinstance(outcomes[-1], moiety.Enrolled)
    refusals = outcomes[1:-1]
    assert all(isinstance(outcome, Refused) and outcome.code and outcome.advice for outcome in refusals)
    assert len({outcome.code for outcome in refusals if isinstance(outcome, Refused)}) == len(refusals)
    assert set(door.identify(photographs.anna[1])) == {outcomes[0].pseudonym}
    assert set(door.identify(photographs.bert)) == {outcomes[-1].pseudonym}
    assert office.status().purposes[0].people == 2


def test_who_stops_reading_knows_everybody_who_was_enrolled(office: Office, photographs: Photographs) -> None:
    door = office.purpose("door")
    outcomes = door.enrol_many(([picture] for picture in photographs.anna), grounds="consent")
    assert isinstance(next(outcomes), moiety.Enrolled)
    assert office.status().purposes[0].people == 1


def test_where_bulk_is_signed_for_all_are_enrolled_or_nobody(office: Office, photographs: Photographs) -> None:
    office.add_purpose((DOOR.replace('"door"', '"vault"') + '\n[four_eyes]\noperations = ["bulk"]\n').encode())
    vault = office.purpose("vault")
    people = [[photographs.anna[0]], [b"no picture"], [photographs.bert]]
    heard: list[Enrolled | Refused] = []

    def in_numbers() -> int:
        return next(purpose.people for purpose in office.status().purposes if purpose.name == "vault")

    def hear(outcomes: Sequence[Enrolled | Refused]) -> None:
        assert in_numbers() == 0
        heard.extend(outcomes)

    def stop(outcomes: Sequence[Enrolled | Refused]) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(vault.enrol_many(people, grounds="consent", before=stop))
    assert in_numbers() == 0
    outcomes = vault.enrol_many(people, grounds="consent", before=hear)
    first = next(outcomes)
    assert in_numbers() == 2  # whoever stops reading here was told of everybody before
    assert [first, *outcomes] == heard
    assert [isinstance(outcome, Enrolled) for outcome in heard] == [True, False, True]
    assert isinstance(first, Enrolled)
    assert vault.verify(photographs.anna[1], claimed=first.pseudonym)


def test_unknown_grounds_are_refused_before_anybody_is_looked_at(office: Office, photographs: Photographs) -> None:
    door = office.purpose("door")
    with pytest.raises(GroundsUnknown):
        door.enrol([photographs.anna[0]], grounds="because")
    with pytest.raises(GroundsUnknown):
        door.enrol_many(iter([[photographs.anna[0]]]), grounds="because")
    assert office.status().purposes[0].people == 0


@pytest.mark.parametrize("kind", ["not_a_picture", "truncated", "no_face", "several_faces", "too_small", "blurred"])
def test_each_bad_picture_is_refused_in_every_story(office: Office, photographs: Photographs, kind: str) -> None:
    door, bad = office.purpose("door"), spoilt(photographs)[kind]
    with pytest.raises(Refused) as enrolling:
        door.enrol([bad], grounds="consent")
    with pytest.raises(Refused) as verifying:
        door.verify(bad, claimed=UNENROLLED)
    with pytest.raises(Refused) as identifying:
        door.identify(bad)
    assert enrolling.type is verifying.type is identifying.type
    assert office.status().purposes[0].people == 0


def test_purposes_are_apart(office: Office, photographs: Photographs) -> None:
    office.add_purpose(DOOR.replace('name = "door"', 'name = "gate"').encode())
    door, gate = office.purpose("door"), office.purpose("gate")
    at_gate = gate.enrol([photographs.anna[0]], grounds="consent").pseudonym
    assert office.purposes() == ["door", "gate"]
    assert not door.identify(photographs.anna[1])
    for refused in (
        lambda: door.verify(photographs.anna[1], claimed=at_gate),
        lambda: door.verify(photographs.anna[1], claimed=str(at_gate)),
        lambda: door.erase(at_gate),
    ):
        with pytest.raises(PseudonymOfAnotherPurpose):
            refused()
    assert not door.verify(photographs.anna[1], claimed=Pseudonym("door", at_gate.value))
    assert gate.verify(photographs.anna[1], claimed=at_gate)


def test_a_misread_pseudonym_is_refused_and_not_unmatched(office: Office, photographs: Photographs) -> None:
    with pytest.raises(PseudonymUnreadable):
        office.purpose("door").verify(photographs.anna[0], claimed=str(UNENROLLED)[:-1] + "0")


def test_an_expired_person_matches_no_more_from_that_instant(
    office: Office, photographs: Photographs, clock: Clock
) -> None:
    door = office.purpose("door")
    enrolled = door.enrol([photographs.anna[0]], grounds="consent")
    assert enrolled.expires == (clock().date() + timedelta(days=door.document.retention_days))
    expiry = datetime.combine(enrolled.expires, time(), UTC)
    clock.now = expiry - timedelta(seconds=1)
    assert door.verify(photographs.anna[1], claimed=enrolled.pseudonym)
    assert door.identify(photographs.anna[1]).gallery == 1
    clock.now = expiry
    assert not door.verify(photographs.anna[1], claimed=enrolled.pseudonym)
    found = door.identify(photographs.anna[1])
    assert not found
    assert found.gallery == 0
    assert office.status().purposes[0].people == 0


def test_expiry_is_counted_in_utc_wherever_the_clock_is(office: Office, photographs: Photographs, clock: Clock) -> None:
    from zoneinfo import ZoneInfo

    clock.now = datetime(2031, 5, 1, 23, 30, tzinfo=ZoneInfo("America/New_York"))
    enrolled = office.purpose("door").enrol([photographs.anna[0]], grounds="consent")
    assert enrolled.expires == datetime(2031, 5, 2, tzinfo=UTC).date() + timedelta(days=365)


def test_a_clock_without_a_zone_is_refused(office: Office, photographs: Photographs, clock: Clock) -> None:
    clock.now = datetime(2031, 5, 1)  # noqa: DTZ001 - what is tested
    with pytest.raises(ClockWithoutZone):
        office.purpose("door").enrol([photographs.anna[0]], grounds="consent")


def test_an_erased_person_matches_no_more(office: Office, photographs: Photographs, opened: Opened) -> None:
    door = office.purpose("door")
    anna, bert = (door.enrol([p], grounds="consent").pseudonym for p in (photographs.anna[0], photographs.bert))
    assert door.erase(str(anna)).found
    assert not door.verify(photographs.anna[1], claimed=anna)
    assert not door.identify(photographs.anna[1])
    assert not door.erase(anna).found
    assert door.verify(photographs.bert, claimed=bert)
    office.close()
    with opened() as again:
        assert not again.purpose("door").identify(photographs.anna[1])
        assert again.status().purposes[0].people == 1


def test_an_office_that_is_opened_again_knows_everybody(
    office: Office, photographs: Photographs, opened: Opened
) -> None:
    anna = office.purpose("door").enrol([photographs.anna[0]], grounds="consent").pseudonym
    office.close()
    with opened() as again:
        assert again.purpose("door").verify(photographs.anna[1], claimed=anna)
        assert again.document("door") == DOOR.encode()


def test_a_refreshed_person_is_the_same_person(office: Office, photographs: Photographs) -> None:
    door = office.purpose("door")
    anna = door.enrol([photographs.anna[0]], grounds="consent").pseudonym
    before = office.status().purposes[0].epoch
    stages: list[tuple[str, int, int]] = []
    assert office.refresh(lambda *stage: stages.append(stage)) == before + 1
    assert office.status().purposes[0].epoch == before + 1
    assert door.verify(photographs.anna[1], claimed=anna)
    assert set(door.identify(photographs.anna[2])) == {anna}
    assert office.check() == []
    assert stages
    assert all(0 <= done <= total for _, done, total in stages)


def test_a_purpose_that_nobody_added_is_refused(office: Office) -> None:
    for name in ("window", "", "../door"):
        with pytest.raises(PurposeUnknown):
            office.purpose(name)
        with pytest.raises(PurposeUnknown):
            office.document(name)


def test_a_purpose_may_change_but_not_what_its_rows_mean(office: Office, photographs: Photographs) -> None:
    anna = office.purpose("door").enrol([photographs.anna[0]], grounds="consent").pseudonym
    shorter = DOOR.replace("retention_days = 365", "retention_days = 7").replace("fmr = 0.0001", "fmr = 0.001")
    office.add_purpose(shorter.encode())
    door = office.purpose("door")
    assert door.document.retention_days == 7
    assert door.verify(photographs.anna[1], claimed=anna).fmr == pytest.approx(1e-3)
    with pytest.raises(PurposeGroundsFixed):
        office.add_purpose(shorter.replace("[grounds.consent]", "[grounds.other]").encode())
    with pytest.raises(PurposeModelFixed):
        office.add_purpose(shorter.replace("mobilefacenet-192", "faceplugin-512").encode())
    assert office.document("door") == shorter.encode()


def test_a_rate_that_the_model_never_reached_is_refused(office: Office) -> None:
    with pytest.raises(RateUnmeasured):
        office.add_purpose(DOOR.replace("fmr = 0.0001", "fmr = 0.0000000001").encode())


def test_what_the_rates_do_not_carry_is_for_a_human(office: Office, photographs: Photographs) -> None:
    office.add_purpose(DOOR.replace('"door"', '"strict"').replace("fpir = 0.01", "fpir = 0.0000000001").encode())
    strict = office.purpose("strict")
    anna = strict.enrol([photographs.anna[0]], grounds="consent").pseudonym
    found = strict.identify(photographs.anna[1])
    assert found.carried is False
    assert found.text == "candidates for a human, not an identification"
    assert set(found) <= {anna}
    assert found.expected_false == found.fmr > 1e-10


def test_a_closed_office_answers_nothing(office: Office, photographs: Photographs) -> None:
    door, picture = office.purpose("door"), photographs.anna[0]
    arriving = door.enrol_many(iter([[picture], [picture]]), grounds="consent")
    assert isinstance(next(arriving), moiety.Enrolled)
    office.close()
    office.close()
    for ask in (
        lambda: next(arriving),
        lambda: door.enrol([picture], grounds="consent"),
        lambda: door.verify(picture, claimed=UNENROLLED),
        lambda: door.identify(picture),
        lambda: door.erase(UNENROLLED),
        lambda: office.purpose("door"),
        lambda: office.add_purpose(DOOR.encode()),
        office.purposes,
        office.refresh,
        office.check,
        office.mend,
        office.status,
    ):
        with pytest.raises(OfficeClosed):
            ask()


def test_a_seat_that_nobody_has_is_refused(office: Office) -> None:
    for seat in ("z", "", "A", 1):
        with pytest.raises(SeatUnknown):
            office.mend(seat)  # type: ignore[arg-type]
    assert office.mend("c") == 0


def test_a_document_that_is_text_and_not_bytes_is_said_to_be(office: Office) -> None:
    with pytest.raises(TypeError, match="bytes"):
        office.add_purpose(DOOR)  # type: ignore[arg-type]


def test_the_status_says_that_one_machine_protects_nobody(office: Office) -> None:
    status = office.status()
    assert [(row.name, row.model, row.people) for row in status.purposes] == [("door", "mobilefacenet-192", 0)]
    assert any(said in status.warning for said in ("one disk: this protects nobody", "protects no one yet"))
