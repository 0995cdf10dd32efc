"""A face beside a record: one pseudonym, one life."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from moiety.custody.refusals import AlreadyEnrolled
from moiety.face.installed import Installed
from moiety.identity.pseudonym import Pseudonym
from moiety.identity.refusals import NobodyKept, NoRecords, PseudonymOfAnotherPurpose
from moiety.vault.consent import Given
from moiety.vault.refusals import FaceGroundsMissing, PersonMissing
from tests.stories.guests import GUEST, Inn, guest, hotel, inn
from tests.stories.scene import DOOR, Photographs


@pytest.fixture(params=["embedded", "apart"])
def house(request: pytest.FixtureRequest, tmp_path: Path, models: Installed) -> Iterator[Inn]:
    """Custodians of a story's own."""
    with inn(tmp_path, models, apart=request.param == "apart") as made:
        yield made


def test_a_face_lives_and_ends_with_the_record(house: Inn, tmp_path: Path, photographs: Photographs) -> None:
    with house.open(tmp_path / "records") as office:
        office.add_purpose(hotel("hotel"))
        desk = office.purpose("hotel")
        added = desk.people().add(GUEST, grounds="consent")
        house.clock.pass_(days=3)
        enrolled = desk.enrol([photographs.anna[0]], grounds="consent", person=str(added.pseudonym))
        # The record is kept to the end of its last day, and the face matches until the day after begins.
        assert (enrolled.pseudonym, enrolled.expires) == (added.pseudonym, added.expires + timedelta(days=1))
        anna = desk.person(added.pseudonym)

        def known() -> bool:
            found = bool(desk.verify(photographs.anna[1], claimed=added.pseudonym))
            assert set(desk.identify(photographs.anna[1])) == ({added.pseudonym} if found else set())
            return found

        assert known()
        with pytest.raises(AlreadyEnrolled):
            desk.enrol([photographs.anna[2]], grounds="consent", person=added.pseudonym)
        anna.restrict()
        assert not known()
        anna.lift()
        assert known()
        anna.correct({"address": "2 New Street"})
        assert known()
        leaving = anna.erase()
        assert not known()
        house.clock.now = leaving.at + timedelta(minutes=1)
    with house.open(tmp_path / "records") as office:
        desk = office.purpose("hotel")
        assert desk.people().sweep() == 1
        assert not desk.verify(photographs.anna[1], claimed=added.pseudonym)
        again = desk.people().add(GUEST, grounds="consent")  # whose pseudonym has no face
        assert again.pseudonym == added.pseudonym
        assert desk.enrol([photographs.anna[0]], grounds="consent", person=again.pseudonym)
        assert office.check() == []


def test_a_face_takes_a_record_and_grounds_for_it(tmp_path: Path, models: Installed, photographs: Photographs) -> None:
    with inn(tmp_path, models, apart=False) as house, house.open(tmp_path / "records") as office:
        for document in (hotel("hotel"), DOOR.encode()):
            office.add_purpose(document)
        desk = office.purpose("hotel")
        anna, bert = (desk.people().add(some, grounds="consent").pseudonym for some in (GUEST, guest(1)))
        desk.person(anna).restrict()
        desk.person(bert).withdraw()
        refused = {
            anna: PersonMissing,
            bert: PersonMissing,
            Pseudonym("hotel", bytes(16)): NobodyKept,
            Pseudonym("door", bytes(16)): PseudonymOfAnotherPurpose,
        }
        for person, refusal in refused.items():
            with pytest.raises(refusal):
                desk.enrol([photographs.anna[0]], grounds="consent", person=person)
        with pytest.raises(NoRecords):
            office.purpose("door").enrol([photographs.anna[0]], grounds="consent", person=anna)
        assert not desk.identify(photographs.anna[0])


def test_nobody_s_face_is_enrolled_on_grounds_without_article_9(
    house: Inn, tmp_path: Path, photographs: Photographs
) -> None:
    """A register that the law asks for is no permission to recognise those who are in it."""
    with house.open(tmp_path / "records") as office:
        office.add_purpose(hotel("hotel"))
        desk = office.purpose("hotel")
        listed, asked = (
            desk.people().add(some, grounds=grounds).pseudonym
            for some, grounds in ((GUEST, "register"), (guest(1), "consent"))
        )
        [given] = desk.person(listed).basis()
        assert isinstance(given, Given)
        assert (given.article_6, given.article_9) == ("6(1)(c)", "")
        pictures = [photographs.anna[0]]
        # Whose record is kept on them alone, whatever the face is said to be enrolled on.
        for grounds in ("register", "consent"):
            with pytest.raises(FaceGroundsMissing):
                desk.enrol(pictures, grounds=grounds, person=listed)
        # The face's own grounds, whoever it is of.
        with pytest.raises(FaceGroundsMissing):
            desk.enrol(pictures, grounds="register", person=asked)
        with pytest.raises(FaceGroundsMissing):
            desk.enrol(pictures, grounds="register")
        with pytest.raises(FaceGroundsMissing):
            desk.enrol_many([pictures], grounds="register")
        assert not desk.identify(photographs.anna[1])
        assert desk.enrol(pictures, grounds="consent", person=asked).pseudonym == asked
