"""A record store that was put back to an older state, or is lost, is found by the check that runs every day."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from moiety.custody.unopened import NobodyThere
from moiety.face.installed import Installed
from tests.stories.guests import GUEST, NUMBER, Inn, guest, inn

ERASURE = timedelta(hours=72, minutes=1)
PAGE = (Path(__file__).resolve().parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
"""What an operator reads who has such a finding."""


@pytest.fixture(params=["embedded", "apart"])
def house(request: pytest.FixtureRequest, tmp_path: Path, models: Installed) -> Iterator[Inn]:
    with inn(tmp_path, models, apart=request.param == "apart") as made:
        yield made


def checked(house: Inn, records: Path) -> list[str]:
    with house.open(records) as office:
        return office.check()


def put_back(records: Path, copy: Path) -> None:
    shutil.rmtree(records)
    shutil.copytree(copy, records)


def test_an_old_copy_with_somebody_who_was_erased(house: Inn, tmp_path: Path) -> None:
    records, old = tmp_path / "records", tmp_path / "old"
    with house.people(records) as people:
        anna = people.person(people.add(GUEST, grounds="register").pseudonym)
        bert = people.person(people.add(guest(1), grounds="register").pseudonym)
    shutil.copytree(records, old)
    with house.people(records) as people:
        people.person(anna.pseudonym).erase()
        house.clock.now += ERASURE
        people.sweep()
        people.person(bert.pseudonym).restrict()
    assert checked(house, records) == []
    put_back(records, old)
    [found] = checked(house, records)
    assert found.startswith(
        "hotel: the record store has 2 records that custodians have no keys of"
    )  # bert is kept back
    with house.people(records) as people:
        found_again = people.find(NUMBER)
        assert found_again is not None
        with pytest.raises(NobodyThere):
            found_again.show()


def is_explained(finding: str) -> bool:
    """Whether the page quotes its beginning, with another number, where it says what to do."""
    said = re.sub("[0-9]+", "3", finding.removeprefix("hotel: ").partition(" that ")[0])
    return f"| `{said} that " in PAGE.partition("## Backups")[2]


def test_where_there_is_no_newer_copy_people_are_put_right_as_the_page_says(house: Inn, tmp_path: Path) -> None:
    records, old = tmp_path / "records", tmp_path / "old"
    with house.people(records) as people:
        names = [people.add(guest(number), grounds="consent").pseudonym for number in range(4)]
    shutil.copytree(records, old)
    with house.people(records) as people:
        erased, withdrawn, restricted, untouched = (people.person(name) for name in names)
        erased.erase()
        withdrawn.withdraw()
        restricted.restrict()
        house.clock.now += ERASURE
        people.sweep()
    put_back(records, old)
    [found] = checked(house, records)
    assert is_explained(found)
    with house.people(records) as people:
        erased, withdrawn, restricted, untouched = (people.person(name) for name in names)
        for one in (erased, withdrawn, restricted):
            with pytest.raises(NobodyThere):
                one.show()
        assert restricted.history()
        restricted.restrict()
        for one in (erased, withdrawn):
            with pytest.raises(NobodyThere):
                one.history()
            one.erase()
        house.clock.now += ERASURE
        assert people.sweep() == 2
        people.add(guest(0), grounds="consent")
        assert untouched.show()["address"]
    assert checked(house, records) == []
    shutil.rmtree(records)
    [found] = checked(house, records)
    assert is_explained(found)


def test_keys_of_a_record_that_nobody_finds_any_more(house: Inn, tmp_path: Path) -> None:
    """Whoever is added anew over a store that was put back is two records to the custodians, and an erasure is of the
    one that the store knows: what an old copy has opens still, and the check says so."""
    records, empty, full = tmp_path / "records", tmp_path / "empty", tmp_path / "full"
    with house.people(records) as people:
        bert = people.person(people.add(guest(1), grounds="register").pseudonym)
        # Apart, the keys of what he was before wait for three days, and are opened for nobody: they hide nothing.
        bert.correct({"address": "9 Marmalade Lane"})
    shutil.copytree(records, empty)
    with house.people(records) as people:
        people.add(GUEST, grounds="register")
    shutil.copytree(records, full)
    put_back(records, empty)
    [found] = checked(house, records)
    assert found.startswith("hotel: custodians have keys of 1 records that the record store does not have")
    with house.people(records) as people:
        anna = people.person(people.add(GUEST, grounds="register").pseudonym)
        anna.erase()
        house.clock.now += ERASURE
        people.sweep()
    [found] = checked(house, records)
    assert found.startswith("hotel: custodians have keys of 1 records that the record store does not have")
    put_back(records, full)
    assert checked(house, records) == []


def test_a_store_that_is_lost(house: Inn, tmp_path: Path) -> None:
    records = tmp_path / "records"
    with house.people(records) as people:
        for number in range(3):
            people.add(guest(number), grounds="register")
    shutil.rmtree(records)
    [found] = checked(house, records)
    assert found.startswith("hotel: custodians have keys of 3 records that the record store does not have")


def test_whoever_is_kept_back_or_corrected_is_no_finding(house: Inn, tmp_path: Path) -> None:
    records = tmp_path / "records"
    with house.people(records) as people:
        some = [people.person(people.add(guest(number), grounds="register").pseudonym) for number in range(3)]
        some[0].restrict()
        some[1].erase()
        some[2].correct({"address": "9 Marmalade Lane"})
    assert checked(house, records) == []
    with house.people(records) as people:
        some = [people.person(one.pseudonym) for one in some]
        some[0].lift()
        some[1].restore()
    assert checked(house, records) == []
