"""People who are known by other numbers than China's identity numbers: whichever the purpose's document names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from moiety.errors import Refused
from moiety.face.installed import Installed
from moiety.identity.examples import HOTEL
from moiety.identity.people import People
from moiety.identity.purpose import Records, read
from moiety.identity.refusals import AlreadyKept, NoNumber, NumberFixed, PurposeInvalid, PurposeRecordsFixed
from moiety.vault import countries
from moiety.vault.refusals import FieldUnknown, IdentifierInvalid, ValueInvalid
from tests.stories.guests import NUMBER, Inn, inn

ZONE = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10"
"""The example of ICAO Doc 9303-4."""


def known_by(scheme: str, country: str | None, *, name: str = "hotel", more: str = "") -> bytes:
    """The example's document with people known by these numbers; None leaves the country out."""
    lines = f'scheme = "{scheme}"' + ("" if country is None else f'\ncountry = "{country}"')
    text, count = re.subn(r"(?m)^scheme = .*\n(?:#.*\n)*country = .*$", lambda _: lines, HOTEL)
    assert count == 1
    return (text.replace('name = "hotel"', f'name = "{name}"') + more).encode()


@dataclass(frozen=True)
class Case:
    """A kind of number, two writings of one, how it is shown, and one that is none."""

    scheme: str
    country: str
    writings: tuple[str, str]
    number: str
    wrong: str

    @property
    def purpose(self) -> str:
        return f"{self.scheme}-{self.country}".lower().replace("_", "-").strip("-")


CASES = [
    Case("national_id", "PL", ("44051401359", "440514 01359"), "44051401359", "44051401358"),
    Case("social_security", "US", ("536-90-4399", "536904399"), "536904399", "078-05-1120"),
    Case("tax", "DE", ("36 574 261 809", "36574261809"), "36574261809", "36574261808"),
    Case("payment_card", "", ("4000 0000 0000 0002", "4000000000000002"), "4000000000000002", "4000000000000003"),
    Case("passport", "UTO", (ZONE, ZONE.lower()), "L898902C3", ZONE.replace("UTO", "UTA", 1)),
]


@pytest.fixture(scope="module", params=["embedded", "apart"])
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, models: Installed) -> Iterator[Inn]:
    """Custodians that serve all stories of this file."""
    with inn(tmp_path_factory.mktemp("inn"), models, apart=request.param == "apart") as made:
        yield made


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.purpose)
def test_people_are_kept_and_found_by_the_number_that_the_purpose_names(house: Inn, tmp_path: Path, case: Case) -> None:
    with house.open(tmp_path / "records") as office:
        office.add_purpose(known_by(case.scheme, case.country, name=case.purpose))
        people = office.purpose(case.purpose).people()
        assert next(iter(people.schema().fields)) == people.schema().number == case.scheme
        anna = {case.scheme: case.writings[0], "name": "Anna"}
        who = people.add(anna, grounds="register").pseudonym
        for written in case.writings:
            found = people.find(written)
            assert found is not None
            assert found.pseudonym == who
            with pytest.raises(AlreadyKept):
                people.add({case.scheme: written}, grounds="register")
        refused(people, case)
        assert found.reveal([case.scheme, "name"], reason="parcel").values == {
            case.scheme: case.number,
            "name": "Anna",
        }
        found.correct({case.scheme: case.writings[1], "nationality": "SG"})
        for another in (None, ""):
            with pytest.raises(NumberFixed):
                found.correct({case.scheme: another})
        again = people.find(case.writings[0])
        assert again is not None
        assert again.reveal(["nationality"], reason="parcel").values == {"nationality": "SG"}


def refused(people: People, case: Case) -> None:
    """What is no such number finds nobody and keeps nobody."""
    with pytest.raises(IdentifierInvalid):
        people.find(case.wrong)
    with pytest.raises(ValueInvalid) as refusal:
        people.add({case.scheme: case.wrong}, grounds="register")
    assert refusal.value.where == case.scheme
    with pytest.raises(NoNumber):
        people.add({"name": "Anna"}, grounds="register")
    if case.scheme != "national_id":
        with pytest.raises(FieldUnknown):
            people.add({"national_id": NUMBER, case.scheme: case.writings[0]}, grounds="register")


def records(document: bytes) -> Records:
    found = read(document).records
    assert found is not None
    return found


def test_every_country_whose_numbers_are_known_may_be_named() -> None:
    for scheme, country in [*countries.MODULES, ("national_id", "CN"), ("payment_card", ""), ("identity_card", "D")]:
        schema = records(known_by(scheme, country)).kept()
        number = schema.fields[schema.number]
        assert (schema.number, number.scheme, number.country) == (scheme, scheme, country)


def test_without_a_word_it_is_china_s_national_number_and_a_card_is_of_no_country() -> None:
    for document in (HOTEL.replace('scheme = "national_id"\n', ""), HOTEL.replace('country = "CN"\n', "")):
        assert document != HOTEL
        assert records(document.encode()) == records(HOTEL.encode())
    assert (records(HOTEL.encode()).scheme, records(HOTEL.encode()).country) == ("national_id", "CN")
    assert records(known_by("payment_card", None)).country == ""


@pytest.mark.parametrize(
    ("scheme", "country", "key"),
    [
        ("national_id", "US", "country"),
        ("national_id", "", "country"),
        ("national_id", "cn", "country"),
        ("social_security", "CN", "country"),
        ("social_security", None, "country"),
        ("tax", "CN", "country"),
        ("payment_card", "CN", "country"),
        ("passport", None, "country"),
        ("passport", "utopia", "country"),
        ("shoe", "CN", "scheme"),
    ],
)
def test_numbers_that_are_not_known_are_refused_by_their_key(scheme: str, country: str | None, key: str) -> None:
    with pytest.raises(PurposeInvalid) as refusal:
        read(known_by(scheme, country))
    [fault] = refusal.value.faults
    assert fault.startswith(f"records.{key}: ")


def test_the_number_stays_while_anybody_is_known_by_it(models: Installed, tmp_path: Path) -> None:
    own = (
        '\n[[records.fields]]\nname = "{0}"\ntype = "identifier"\nclass = "document"\nscheme = "{0}"\ncountry = "{1}"\n'
    )
    first = known_by("social_security", "US", more=own.format("tax", "DE"))
    second = known_by("tax", "DE", more=own.format("social_security", "US"))
    with inn(tmp_path, models, apart=False) as house, house.open(tmp_path / "records") as office:
        office.add_purpose(first)
        office.add_purpose(second)
        office.purpose("hotel").people().add({"tax": "36574261809"}, grounds="register")
        # Every field is still there: it is what pseudonyms are made of that would be another one.
        with pytest.raises(PurposeRecordsFixed):
            office.add_purpose(first)


def test_a_field_of_the_number_s_name_is_there_once() -> None:
    own = '\n[[records.fields]]\nname = "passport"\ntype = "text"\nclass = "document"\n'
    with pytest.raises(Refused):
        read(known_by("passport", "UTO", more=own))
    read(known_by("national_id", "CN", more=own))
