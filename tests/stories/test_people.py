"""People's records from the first day on, with three custodians in this process and in three others."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from moiety.custody.gateway import trial
from moiety.custody.unopened import ClassRefused, NobodyThere
from moiety.errors import MoietyError, Refused
from moiety.face.installed import Installed
from moiety.identity import grounds
from moiety.identity.arriving import Added
from moiety.identity.basis import Basis
from moiety.identity.people import People
from moiety.identity.person import Person
from moiety.identity.refusals import (
    AlreadyKept,
    FieldsNotAList,
    GroundsUnknown,
    NobodyKept,
    NoNumber,
    NoRecords,
    NotInIndex,
    NumberFixed,
    NumberNotText,
    PseudonymOfAnotherPurpose,
    PseudonymUnreadable,
    ReasonUnsaid,
)
from moiety.ledger import seal
from moiety.ledger.entry import Refusal
from moiety.ledger.refusals import LedgerUnwritable
from moiety.vault.refusals import (
    BasisInvalid,
    FieldUnknown,
    IdentifierInvalid,
    MoveRefused,
    ValueInvalid,
    ValuesNotFields,
)
from moiety.vault.retention import State
from moiety.vault.schema import Group
from moiety.vault.sql import RecordStore
from moiety.vault.stored import Stored
from moiety.vault.values import Raw
from tests.custody import ledgers
from tests.stories.guests import GUEST, NUMBER, PHOTO, Inn, guest, hotel, inn, number
from tests.stories.scene import DOOR

OFFICER = "officer"


@pytest.fixture(scope="module", params=["embedded", "apart"])
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, models: Installed) -> Iterator[Inn]:
    """Custodians that serve all stories of this file; each has records and a purpose of its own."""
    with inn(tmp_path_factory.mktemp("inn"), models, apart=request.param == "apart") as made:
        yield made


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A purpose that no other story has."""
    return "hotel-" + request.node.originalname.removeprefix("test_").replace("_", "-")[:20].strip("-")


@pytest.fixture
def people(house: Inn, tmp_path: Path, name: str) -> Iterator[People]:
    """Nobody yet, for an operator."""
    with house.people(tmp_path / "records", name) as made:
        yield made


@pytest.fixture
def anna(people: People) -> Person:
    """Somebody of whom every field is known."""
    return people.person(people.add(GUEST, grounds="register").pseudonym)


def everything(house: Inn, records: Path, name: str, who: Person) -> dict[str, str | bytes]:
    """All fields, as an officer has them opened."""
    with house.people(records, name, OFFICER) as desk:
        return dict(desk.person(who.pseudonym).reveal(GUEST, reason="inspection").values)


def test_one_number_is_one_person_however_it_is_written(people: People, name: str) -> None:
    assert people.find(NUMBER) is None
    added = people.add(GUEST, grounds="register")
    assert added.pseudonym.purpose == name
    for written in (NUMBER, NUMBER.lower(), f" {NUMBER[:6]} {NUMBER[6:14]} {NUMBER[14:]} "):
        found = people.find(written)
        assert found is not None
        assert found.pseudonym == added.pseudonym
        with pytest.raises(AlreadyKept):
            people.add(GUEST | {"national_id": written}, grounds="register")
    assert people.find(number(1)) is None
    for wrong in ("", NUMBER[:-1], NUMBER[:-1] + "1"):
        with pytest.raises(IdentifierInvalid):
            people.find(wrong)


def test_a_person_is_looked_up_by_name_and_birth_date_however_they_are_written(people: People) -> None:
    anna = people.add(GUEST, grounds="register").pseudonym
    twin = people.add(GUEST | {"national_id": number(3)}, grounds="register").pseudonym
    people.add(guest(4) | {"birth_date": GUEST["birth_date"]}, grounds="register")
    people.add({"national_id": number(5), "birth_date": GUEST["birth_date"]}, grounds="register")
    for written in ("Wáng Canary Li", "wa\u0301ng  CANARY li", " \uff37áng Canary \uff2ci "):
        found = people.look_up({"name": written, "birth_date": "1949-12-31"})
        assert {person.pseudonym for person in found} == {anna, twin}
    assert people.look_up({"name": "Wang Canary Li", "birth_date": "1949-12-31"}) == []
    assert people.look_up({"name": "Wáng Canary Li", "birth_date": "1949-12-30"}) == []
    for wrong in ({}, {"name": "Wáng Canary Li"}, {"name": "", "birth_date": "1949-12-31"}, GUEST):
        with pytest.raises(NotInIndex):
            people.look_up(wrong)
    with pytest.raises(ValueInvalid):
        people.look_up({"name": "Wáng Canary Li", "birth_date": "31 December 1949"})


def test_what_is_shown_is_masked(anna: Person, house: Inn, tmp_path: Path, name: str) -> None:
    shown = anna.show()
    assert shown == {
        "national_id": "110105********002X",
        "document_dates": "***",
        "name": "W***",
        "nationality": "***",
        "address": "***",
        "employer": "***",
        "room": "***",
    }
    with house.people(tmp_path / "records", name, OFFICER) as officers:
        assert dict(officers.person(anna.pseudonym).show()) == shown | dict.fromkeys(
            ("sex", "birth_date", "photo"), "***"
        )


def test_each_role_has_opened_what_the_purpose_lets_it(anna: Person, house: Inn, tmp_path: Path, name: str) -> None:
    assert dict(anna.reveal(["address", "national_id"], reason="parcel").values) == {
        "address": GUEST["address"],
        "national_id": NUMBER,
    }
    for field in ("sex", "birth_date", "photo"):
        with pytest.raises(ClassRefused):
            anna.reveal(["address", field], reason="parcel")
    assert everything(house, tmp_path / "records", name, anna) == GUEST
    if house.apart:  # whoever signs is who asks, whatever a gateway says of them
        with house.open(tmp_path / "records") as office, pytest.raises(ClassRefused):
            office.purpose(name).person(anna.pseudonym, role=OFFICER).show()


def test_nothing_is_opened_without_a_reason_and_a_field(anna: Person, people: People) -> None:
    for reason in ("", "Parcel", "a parcel", "x" * 33, "1st", "parcel\n"):
        with pytest.raises(ReasonUnsaid):
            anna.reveal(["address"], reason=reason)
    for fields in ([], ["address", "shoe_size"]):
        with pytest.raises(FieldUnknown):
            anna.reveal(fields, reason="parcel")
        with pytest.raises(FieldUnknown):
            anna.correct(dict.fromkeys(fields, "1"))
    assert "Marmalade" not in repr(anna.reveal(["address"], reason="parcel"))
    with pytest.raises(PseudonymUnreadable):
        people.person("somebody")
    with pytest.raises(PseudonymOfAnotherPurpose):
        people.person(str(type(anna.pseudonym)("door", bytes(16))))
    nobody = people.person(type(anna.pseudonym)(people._desk.name, bytes(16)))
    for ask in (nobody.show, nobody.state, nobody.erase, nobody.restrict, nobody.lift, nobody.basis, nobody.withdraw):
        with pytest.raises(NobodyKept):
            ask()


def test_what_is_given_as_something_else_is_refused_with_what_to_give(anna: Person, people: People) -> None:
    birth: Any = {"name": GUEST["name"], "birth_date": GUEST["birth_date"]}
    for given in (birth, None, 11010519491231002, NUMBER.encode(), [NUMBER]):
        with pytest.raises(NumberNotText, match=r"find\('11010519491231002X'\)"):
            people.find(given)
    for values in (NUMBER, None, list(birth), [birth], 5):
        for ask in (people.look_up, anna.correct, lambda given: people.add(given, grounds="register")):
            with pytest.raises(ValuesNotFields, match="dict\\(name="):
                ask(values)
    anything: Any = people.add_many
    for some in (NUMBER, None, birth, iter([birth])):
        with pytest.raises(ValuesNotFields):
            anything(some, grounds="register")
    [outcome] = anything([NUMBER], grounds="register")
    assert type(outcome) is ValuesNotFields
    for fields in ("address", b"address", None, 5, [["address"]], {"address": 1}.items()):
        with pytest.raises(FieldsNotAList, match=r"reveal\(\['address'\]"):
            anna.reveal(fields, reason="parcel")
    reason: Any
    for reason in (None, 5, ["parcel"], b"parcel"):
        with pytest.raises(ReasonUnsaid):
            anna.reveal(["address"], reason=reason)
    assert anna.reveal(["address"], reason="parcel").values == {"address": GUEST["address"]}


CORRECTED: dict[str, dict[str, Raw]] = {
    "contact": {"address": "2 New Street, Canary Wharf", "room": None},
    "document": {"nationality": "SG", "national_id": NUMBER.lower()},
    "birth": {"sex": "X", "birth_date": "1949-12-30"},
    "photo": {"photo": PHOTO[:2_000]},
}


def test_each_class_is_corrected_alone(house: Inn, tmp_path: Path) -> None:
    """And a copy of the record store from before opens nothing: the custodians have no key of what is in it."""
    expected = dict(GUEST)
    with house.people(tmp_path / "records", "trusting-classes") as people:
        anna = people.person(people.add(GUEST, grounds="register").pseudonym)
        for turn, (group, changes) in enumerate(CORRECTED.items()):
            before = kept(tmp_path / "records", anna)
            copy = shutil.copytree(tmp_path / "records", tmp_path / f"old-{turn}")
            anna.correct(changes)
            after = kept(tmp_path / "records", anna)
            assert {each.value for each in Group if before.blobs[each] != after.blobs[each]} == {group}
            assert (before.handle == after.handle, after.number) == (False, turn + 1)
            expected |= changes | {"national_id": NUMBER} | ({"room": ""} if group == "contact" else {})
            assert dict(anna.reveal(GUEST, reason="inspection").values) == expected
            with house.people(copy, "trusting-classes") as old:
                for each in GUEST:
                    with pytest.raises(NobodyThere):
                        old.person(anna.pseudonym).reveal([each], reason="inspection")
        with closing(RecordStore.open(tmp_path / "records")) as store:
            assert store.leaving("trusting-classes") == {}
        assert people.find(NUMBER) is not None


def kept(records: Path, who: Person) -> Stored:
    """Somebody as the record store has them."""
    with closing(RecordStore.open(records)) as store:
        found = store.get(who.pseudonym.purpose, who.pseudonym.value, Group)
    assert found is not None
    return found


def test_a_custodian_that_was_put_back_opens_nothing_old(tmp_path: Path, models: Installed) -> None:
    """Its old keys and an old copy of the record store, with two others who went on."""
    with inn(tmp_path, models, apart=False) as house:
        with house.people(tmp_path / "records") as people:
            anna = people.person(people.add(GUEST, grounds="register").pseudonym)
            copies = [tmp_path / "records", house.folder / "custodian-a"]
            for copy in copies:
                shutil.copytree(copy, tmp_path / "old" / copy.name)
            anna.correct({"address": "2 New Street"})
        shutil.rmtree(copies[1])
        shutil.copytree(tmp_path / "old" / "custodian-a", copies[1])
        with pytest.raises(MoietyError), house.people(tmp_path / "old" / "records") as old:
            old.person(anna.pseudonym).reveal(["address"], reason="parcel")


def test_the_index_follows_a_name_that_is_corrected(house: Inn, tmp_path: Path) -> None:
    with house.people(tmp_path / "records", "trusting-index") as people:
        anna = people.person(people.add(GUEST, grounds="register").pseudonym)

        def found(name: str, born: str = "1949-12-31") -> bool:
            return [who.pseudonym for who in people.look_up({"name": name, "birth_date": born})] == [anna.pseudonym]

        anna.correct({"name": "Lǐ Canary"})
        assert (found("lǐ canary"), found("Wáng Canary Li")) == (True, False)
        anna.correct({"birth_date": "1949-12-30"})
        assert (found("Lǐ Canary", "1949-12-30"), found("Lǐ Canary")) == (True, False)
        anna.correct({"address": "2 New Street"})
        assert found("Lǐ Canary", "1949-12-30")
        anna.correct({"birth_date": None})
        assert not found("Lǐ Canary", "1949-12-30")
        anna.correct({"birth_date": "1949-12-29"})
        assert found("Lǐ Canary", "1949-12-29")


def test_a_purpose_that_keeps_other_fields_now_shows_and_corrects_those(
    house: Inn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As an office may have it whose purpose was replaced before that was refused."""
    monkeypatch.setattr(grounds, "require_successor", lambda old, new, *, kept: None)
    name = "trusting-fields"
    with house.people(tmp_path / "records", name) as people:
        who = people.add(GUEST, grounds="register").pseudonym
    with house.open(tmp_path / "records") as office:
        office.add_purpose(hotel(name, trusting=True).replace(b'name = "room"', b'name = "table"'))
        anna = office.purpose(name).person(who)
        assert set(anna.show()) == set(GUEST) - {"room"}
        with pytest.raises(FieldUnknown):
            anna.reveal(["room"], reason="parcel")
        assert anna.reveal(["table"], reason="parcel").values == {"table": ""}
        anna.correct({"table": "seven"})
        assert set(anna.show()) == set(GUEST) - {"room"} | {"table"}
        assert anna.reveal(["table", "address"], reason="parcel").values == {
            "table": "seven",
            "address": GUEST["address"],
        }


def test_a_photograph_is_taken_out_and_put_in(house: Inn, tmp_path: Path) -> None:
    with house.people(tmp_path / "records", "trusting-photo") as people:
        anna = people.person(people.add(GUEST, grounds="register").pseudonym)
        for photo in (b"", PHOTO[:20], b""):
            anna.correct({"photo": photo or None})
            assert anna.reveal(["photo", "sex"], reason="inspection").values == {"photo": photo, "sex": "F"}
            assert (Group.PHOTO in kept(tmp_path / "records", anna).blobs) == bool(photo)


def test_another_number_is_another_person(anna: Person, people: People) -> None:
    with pytest.raises(NumberFixed):
        anna.correct({"national_id": number(1), "nationality": "SG"})
    with pytest.raises(NumberFixed):
        anna.correct({"national_id": None})
    with pytest.raises(ValueInvalid) as refused:
        anna.correct({"document_dates": "yesterday"})
    assert refused.value.where == "document_dates"
    assert anna.reveal(["nationality"], reason="parcel").values == {"nationality": "CN"}


def test_who_is_restricted_is_kept_and_not_opened(anna: Person, people: People) -> None:
    for _ in range(2):  # whoever was interrupted says it again
        anna.restrict()
        assert anna.state() is State.RESTRICTED
        for ask in (
            anna.show,
            lambda: anna.reveal(["address"], reason="parcel"),
            lambda: anna.correct({"address": "2 New Street"}),
        ):
            with pytest.raises(NobodyThere):
                ask()
    assert people.find(NUMBER) is not None
    assert "restriction" in {type(noted.entry).__name__.lower() for noted in anna.history()}
    for _ in range(2):
        anna.lift()
        assert anna.state() is State.ACTIVE
        assert anna.reveal(["address"], reason="parcel").values == {"address": GUEST["address"]}
    anna.erase()
    for ask in (anna.restrict, anna.lift):
        with pytest.raises(MoveRefused):
            ask()


def test_people_who_share_a_number_or_have_none_are_set_aside(people: People) -> None:
    some: list[dict[str, Raw]] = [
        guest(1),
        guest(1) | {"name": "Somebody else"},
        {"name": "Without a number"},
        guest(2) | {"sex": "woman"},
        guest(3) | {"shoe_size": "38"},
        guest(4) | {"national_id": NUMBER[:-1] + "1"},
        guest(5),
    ]
    outcomes = people.add_many(some, grounds="register")
    assert [type(outcome) for outcome in outcomes] == [
        Added, AlreadyKept, NoNumber, ValueInvalid, FieldUnknown, ValueInvalid, Added,
    ]  # fmt: skip
    assert [getattr(outcome, "where", None) for outcome in outcomes][3] == "sex"
    assert people.add_many([], grounds="register") == []
    again = people.add_many(some[:2], grounds="register")
    assert [type(outcome) for outcome in again] == [AlreadyKept, AlreadyKept]
    found = people.find(number(1))
    assert found is not None
    assert found.reveal(["name"], reason="parcel").values == {"name": "Guest of number 1"}
    with pytest.raises(GroundsUnknown):
        people.add(guest(6), grounds="curiosity")


def test_a_thousand_people_of_whom_some_will_not_do(people: People, house: Inn) -> None:
    crowd = [guest(place) | ({"sex": "?"} if place % 100 == 7 else {}) for place in range(1_000)]
    ticket = house.ticket(people, 990)
    outcomes = people.add_many(crowd, grounds="consent", how="paper", text="2031-05", approved=ticket)
    bad = {place for place, outcome in enumerate(outcomes) if isinstance(outcome, Refused)}
    assert bad == set(range(7, 1_000, 100))
    for place in (0, 6, 8, 999):
        found = people.find(number(place))
        assert found is not None
        assert found.reveal(["address"], reason="parcel").values == {"address": f"{place} Long Street"}
    assert people.find(number(7)) is None
    pseudonyms = {str(outcome.pseudonym) for outcome in outcomes if isinstance(outcome, Added)}
    assert len(pseudonyms) == 990


def test_people_of_two_purposes_are_not_joined(house: Inn, tmp_path: Path) -> None:
    """Of one person in two purposes, the record store has nothing that is alike but lengths."""
    stored = []
    for name in ("hotel-one", "hotel-two"):
        with house.people(tmp_path / "records", name) as people:
            stored.append(kept(tmp_path / "records", people.person(people.add(GUEST, grounds="register").pseudonym)))
            assert people.find(NUMBER) is not None
    one, other = stored
    assert one.person != other.person
    assert one.handle != other.handle
    assert one.entry != other.entry
    assert not set(one.blobs.values()) & set(other.blobs.values())


def refused_at(house: Inn, log: str, name: str) -> list[Refusal]:
    """What a ledger has of refusals about this purpose's people, from its file."""
    inside = trial.STORE if house.apart else ""
    found = [
        seal.read(leaf)
        for leaf in ledgers.leaves(ledgers.place(house.folder, log, inside))
        if leaf.tag is None and leaf.kept
    ]
    return [one for one in found if isinstance(one, Refusal) and one.purpose == name]


def test_what_is_refused_is_in_the_gateways_ledger_and_says_of_nobody(
    anna: Person, people: People, house: Inn, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert refused_at(house, "gateway", name) == []
    nobody = people.person(type(anna.pseudonym)(name, bytes(16)))
    asks: dict[str, Callable[[], object]] = {
        "already_kept": lambda: people.add(GUEST, grounds="register"),
        "class_refused": lambda: anna.reveal(["sex"], reason="parcel"),
        "field_unknown": lambda: anna.reveal(["shoe_size"], reason="parcel"),
        "grounds_unknown": lambda: people.add(guest(1), grounds="whim"),
        "identifier_invalid": lambda: people.find("1101"),
        "move_refused": lambda: Person.lift(erased),
        "no_number": lambda: people.add({"name": "Somebody"}, grounds="register"),
        "nobody_kept": nobody.show,
        "not_in_index": lambda: people.look_up({"name": "Somebody"}),
        "nothing_to_withdraw": anna.withdraw,
        "pictures_not_a_list": lambda: face.enrol("one.jpg", grounds="consent"),  # type: ignore[arg-type]
        "reason_unsaid": lambda: anna.reveal(["address"], reason="A parcel"),
    }
    erased = people.person(people.add(guest(2), grounds="register").pseudonym)
    erased.erase()
    with house.open(tmp_path / "records") as office:
        face = office.purpose(name)
        for code, ask in asks.items():
            for _ in range(3):
                with pytest.raises(Refused) as raised:
                    ask()
                assert raised.value.code == code
        among = [GUEST, {"name": "Somebody"}, guest(1)]
        assert [type(one).__name__ for one in people.add_many(among, grounds="register")] == [
            "AlreadyKept", "NoNumber", "Added",
        ]  # fmt: skip
    found = refused_at(house, "gateway", name)
    # However often: once in a minute, and while this ran a minute may have ended.
    assert {one.code for one in found} == set(asks)
    assert len(found) == len({(one.minute, one.code) for one in found})
    assert len(found) < 2 * len(asks)
    [caller] = {one.caller for one in found}
    assert (caller == "office") is not house.apart
    # Custodians say what they refused, of which purpose.
    assert [one.code for one in refused_at(house, "a", name)] == ["class_refused"]
    # What cannot be written is refused all the same.
    monkeypatch.setattr(type(people._desk.custody()), "refused", _unwritable)
    with pytest.raises(ReasonUnsaid):
        anna.reveal(["address"], reason="A parcel")


def _unwritable(self: object, purpose: str, code: str) -> None:
    raise LedgerUnwritable


def test_why_somebody_is_kept_is_kept(people: People) -> None:
    who = people.add(GUEST, grounds="consent", how="paper", text="2031-05").pseudonym
    [given] = people.person(who).basis()
    today = people._desk.clock().date()
    assert given == Basis("consent", "6(1)(a)", "9(2)(a)", "2031-05", today, "paper", None, None, True)
    with pytest.raises(BasisInvalid):
        people.add(guest(1), grounds="consent", text="what people are told")


def test_a_purpose_without_records_keeps_none(house: Inn, tmp_path: Path) -> None:
    with house.open(tmp_path / "records") as office:
        office.add_purpose(DOOR.encode())
        door = office.purpose("door")
        with pytest.raises(NoRecords):
            door.people()
        with pytest.raises(NoRecords):
            door.person("door-7Q2M-K3PX-9V4T-8HAB-CD0E-FGJK-MMHS")
    assert not (tmp_path / "records").exists()
