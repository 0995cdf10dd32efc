"""Made-up people: valid, plausible, and the same for the same seed."""

from __future__ import annotations

import hashlib
from datetime import date
from itertools import islice

import pytest
from stdnum.cn import ric

from moiety.vault import places
from moiety.vault.record import Record
from moiety.vault.schema import Schema
from moiety.vault.synth import LEAKED, PEOPLE_LIMIT, check_character, people

SOME = list(people(1, 3000))
FIFTY = "302b295ea584d7177aed2cc559816524dcd3ec24c55d505b49da163111e514fd"
"""What the fifty of seed 2019 hash to."""
FIRST = {
    "national_id": "520203201604158099",
    "document_dates": "2018-01-18/2023-01-18",
    "name": "刘斌新",
    "sex": "M",
    "nationality": "CN",
    "birth_date": "2016-04-15",
    "address": "贵州省六盘水市六枝特区光明巷3号26室",
    "employer": "",
}


def test_a_seed_gives_the_same_people_for_ever() -> None:
    first = next(people(2019, 1))
    assert first == FIRST
    assert hashlib.sha256(repr(list(people(2019, 50))).encode()).hexdigest() == FIFTY
    assert list(people(1, 10)) == SOME[:10]
    assert list(people(2, 10)) != SOME[:10]


def test_everybody_fits_the_schema_and_python_stdnum_takes_every_number() -> None:
    for one in SOME:
        assert ric.is_valid(one["national_id"])
        plain = Record(Schema.default(), one).plain
        assert {name for name, value in plain.items() if not value} <= {"photo", "employer"}


def test_no_two_people_share_a_number_over_the_end_of_a_block() -> None:
    assert len({one["national_id"] for one in SOME}) == len(SOME)
    assert list(islice(people(1, PEOPLE_LIMIT), 1030)) == SOME[:1030]


def test_numbers_say_what_the_other_fields_say() -> None:
    for one in SOME:
        number = one["national_id"]
        assert dict(places.REGIONS)[number[:6]] in one["address"]
        assert number[6:14] == one["birth_date"].replace("-", "")
        assert (int(number[16]) % 2 == 1) == (one["sex"] == "M")
        assert number[17] == check_character(number[:17])


def test_dates_are_those_of_people_who_lived_on_the_day_of_the_leak() -> None:
    for one in SOME:
        born = date.fromisoformat(one["birth_date"])
        issued, expires = one["document_dates"].split("/")
        day = date.fromisoformat(issued)
        assert born <= day <= LEAKED
        age = day.year - born.year
        if expires == "..":
            assert age > 45
        else:
            years = date.fromisoformat(expires).year - day.year
            assert age <= 45
            assert years == (5 if age < 16 else 10 if age < 26 else 20)
            assert date.fromisoformat(expires) >= LEAKED
        assert (one["employer"] == "") == (LEAKED.year - born.year < 16)


def test_people_are_spread_over_regions_years_and_both_sexes() -> None:
    assert len({one["national_id"][:6] for one in SOME}) == len(places.REGIONS)
    assert len({one["birth_date"][:4] for one in SOME}) == 78
    assert 0.45 < sum(one["sex"] == "F" for one in SOME) / len(SOME) < 0.55
    assert len({one["name"] for one in SOME}) > 1000
    assert len({one["address"] for one in SOME}) > 2900


def test_nobody_is_made_when_there_are_no_numbers_left() -> None:
    assert list(people(1, 0)) == []
    for count in (-1, PEOPLE_LIMIT + 1):
        with pytest.raises(ValueError, match="numbers"):
            next(people(1, count))
