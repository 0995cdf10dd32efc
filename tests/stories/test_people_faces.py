"""A face beside a record: one pseudonym, one life."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from moiety.custody.refusals import AlreadyEnrolled
from moiety.face.installed import Installed
from moiety.identity.basis import Basis
from moiety.identity.pseudonym import Pseudonym
from moiety.identity.refusals import GroundsUnknown, NobodyKept, NoRecords, PseudonymOfAnotherPurpose
from moiety.ledger.entry import Consent, Withdrawal
from moiety.vault.refusals import BasisInvalid, FaceGroundsMissing, MoveRefused, NothingToWithdraw, PersonMissing
from moiety.vault.retention import State
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


def test_a_face_goes_with_the_ground_that_allowed_it_and_the_record_stays(
    house: Inn, tmp_path: Path, photographs: Photographs
) -> None:
    with house.open(tmp_path / "records") as office:
        office.add_purpose(hotel("hotel"))
        desk = office.purpose("hotel")
        anna = desk.person(desk.people().add(GUEST, grounds="register", how="paper", text="2031-04").pseudonym)
        pictures, claimed = [photographs.anna[0]], anna.pseudonym
        anna.consent("consent", how="paper", text="2031-05")
        assert desk.enrol(pictures, grounds="consent", person=claimed).pseudonym == claimed
        assert desk.verify(photographs.anna[1], claimed=claimed)
        assert anna.withdraw("consent", how="spoken") is None
        today = house.clock.now.date()
        assert anna.basis() == [
            Basis("register", "6(1)(c)", "", "2031-04", today, "paper", None, None, True),
            Basis("consent", "6(1)(a)", "9(2)(a)", "2031-05", today, "paper", today, "spoken", False),
        ]
        assert not desk.verify(photographs.anna[1], claimed=claimed)
        assert not desk.identify(photographs.anna[1])
        assert anna.reveal(["address"], reason="parcel").values == {"address": GUEST["address"]}
        assert not desk._custody().erase("hotel", claimed.value)  # it is not there any more, and not only kept from use
        for wrong in ("consent", "register"):
            with pytest.raises(FaceGroundsMissing):
                desk.enrol(pictures, grounds=wrong, person=claimed)
        for ask in (anna.withdraw, lambda: anna.withdraw("consent"), lambda: anna.withdraw("register")):
            with pytest.raises(NothingToWithdraw):
                ask()
        for said in ("restrict", "lift", "erase", "restore"):
            getattr(anna, said)()
        # Given again it allows a face again, of new pictures: also where nobody noted that the old one was gone.
        desk._records().add_basis("hotel", claimed.value, faceless=True)
        anna.consent("consent", text="2031-06", how="electronic")
        assert desk.enrol(pictures, grounds="consent", person=claimed).pseudonym == claimed
        assert desk.verify(photographs.anna[1], claimed=claimed)
        assert desk.people().sweep() == 0
        assert desk.verify(photographs.anna[1], claimed=claimed)
        kinds = [noted.entry for noted in anna.history()]
        told = [(one.ground, one.text, one.how) for one in kinds if isinstance(one, Consent)]
        assert sorted(told) == [("g1", "2031-05", "paper"), ("g1", "2031-06", "electronic")]
        assert [one.ground for one in kinds if isinstance(one, Withdrawal)] == ["g1"]
        assert office.audit().first is None
        assert office.check() == []


def test_a_face_that_two_sign_for_never_matches_again_and_is_gone_after_three_days(
    tmp_path: Path, models: Installed, photographs: Photographs
) -> None:
    """A withdrawal takes nobody's signature: custodians that want one to destroy a face keep it from use meanwhile,
    whatever is lifted, restored or given after that."""
    eyes = hotel("hotel") + b'\n[four_eyes]\noperations = ["early_erasure"]\n'
    with inn(tmp_path, models, apart=True) as house, house.open(tmp_path / "records") as office:
        office.add_purpose(eyes)
        desk = office.purpose("hotel")
        anna = desk.person(desk.people().add(GUEST, grounds="register").pseudonym)
        anna.consent("consent")
        desk.enrol([photographs.anna[0]], grounds="consent", person=anna.pseudonym)
        assert anna.withdraw() is None

        def known() -> bool:
            return bool(desk.verify(photographs.anna[1], claimed=anna.pseudonym))

        assert not known()
        for said in ("restrict", "lift", "erase", "restore"):
            getattr(anna, said)()
            assert not known()
        anna.consent("consent")
        with pytest.raises(AlreadyEnrolled):  # the old one is there, and used for nothing
            desk.enrol([photographs.anna[0]], grounds="consent", person=anna.pseudonym)
        assert desk.people().sweep() == 0
        anna.restrict()
        anna.lift()
        assert not known()
        house.clock.pass_(hours=72, seconds=1)
        assert desk.people().sweep() == 0
        assert desk._records().faces_leaving("hotel") == []
        assert not desk._custody().erase("hotel", anna.pseudonym.value)
        desk.enrol([photographs.anna[0]], grounds="consent", person=anna.pseudonym)
        assert known()


def test_where_no_ground_is_left_the_person_goes_and_gets_none(house: Inn, tmp_path: Path) -> None:
    with house.people(tmp_path / "records") as people:
        anna = people.person(people.add(GUEST, grounds="consent").pseudonym)
        anna.consent("register")
        with pytest.raises(BasisInvalid):
            anna.withdraw("consent", how="whispered")  # type: ignore[arg-type]
        assert [one.entry for one in anna.history() if isinstance(one.entry, Withdrawal)] == []
        assert anna.withdraw("consent") is None
        assert anna.state() is State.ACTIVE
        bert = people.person(people.add(guest(1), grounds="consent").pseudonym)
        bert.restrict()
        bert.consent("consent", text="2")  # she is kept, and it is no use of her
        leaving = bert.withdraw()
        assert leaving is not None
        assert bert.state() is State.ERASING
        with pytest.raises(MoveRefused):
            bert.consent("register")
        assert [one.stands for one in bert.basis()] == [False, False]
        for wrong, refusal in (("nothing", GroundsUnknown), ("consent", BasisInvalid)):
            with pytest.raises(refusal):
                anna.consent(wrong, text="what she was told")
        with pytest.raises(GroundsUnknown):
            anna.withdraw("nothing")
        how: Any
        for how in ("imported", "whispered", None, ["paper"]):  # what a source recorded is what an import alone says
            for ask in (anna.consent, anna.withdraw, lambda key, how: people.add(guest(2), grounds=key, how=how)):
                with pytest.raises(BasisInvalid):
                    ask("register", how=how)
        with pytest.raises(BasisInvalid):
            anna.consent("consent", text=object())  # type: ignore[arg-type]
        assert anna.state() is State.ACTIVE
        # What is refused is in no ledger, or that would say more than there is.
        assert [noted.entry.ground for noted in anna.history() if isinstance(noted.entry, Consent)] == ["g0"]


def test_what_was_given_before_grounds_had_places_is_shown_and_withdrawn(tmp_path: Path, models: Installed) -> None:
    """Entries of version 1, as they lie in a record store of before."""
    before = {
        "register": b"\x01\x96\xa5given\xa76(1)(c)\xa0\xa11\xcd\x57\x6b\xa6office",
        "consent": b"\x01\x96\xa5given\xa76(1)(a)\xa79(2)(a)\xa11\xcd\x57\x6b\xa6office",
    }
    with inn(tmp_path, models, apart=False) as house, house.people(tmp_path / "records") as people:
        anna = people.person(people.add(GUEST, grounds="register").pseudonym)
        people._desk.records().add_basis("hotel", anna.pseudonym.value, before["register"], before["consent"])
        assert [(one.grounds, one.stands) for one in anna.basis()] == [
            ("register", False), ("register", True), ("consent", True),
        ]  # fmt: skip
        assert anna.withdraw("consent") is None
        assert [one.grounds for one in anna.basis() if one.stands] == ["register"]
