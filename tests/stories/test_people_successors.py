"""A purpose that is replaced while people's records are kept under it: nobody is lost by it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from moiety.face.installed import Installed
from moiety.identity.examples import HOTEL
from moiety.identity.grounds import require_successor
from moiety.identity.purpose import read
from moiety.identity.refusals import PurposeRecordsFixed
from moiety.vault.sql import RecordStore
from tests.stories.guests import GUEST, NUMBER, Inn, guest, inn

MORE = """
[[records.fields]]
name = "grade"
type = "choice"
class = "contact"
choices = ["plain", "golden"]

[[records.fields]]
name = "wed"
type = "date"
class = "birth"

[[records.fields]]
name = "maiden"
type = "name"
class = "document"
"""
OLD = HOTEL + MORE
INDEX = 'index = ["name", "birth_date"]'
OTHERS = 'index = ["maiden", "wed"]'


def instead(text: str, before: str, after: str) -> str:
    """The text with one thing in place of another, which has to be there once."""
    assert text.count(before) == 1
    return text.replace(before, after)


def parted(text: str, *names: str) -> str:
    """The document with the tables of these fields taken out and put behind the others, in this order."""
    parts = text.split("[[records.fields]]")
    taken = [part for name in names for part in parts if f'name = "{name}"' in part]
    return "[[records.fields]]".join([*(part for part in parts if part not in taken), *taken])


BREAKING = {
    "no records": OLD[: OLD.index("# Fields of people")],
    "no index": instead(OLD, INDEX, ""),
    "another index": instead(OLD, INDEX, OTHERS),
    "another country": instead(OLD, 'country = "CN"', 'country = "SE"'),
    "a field less": instead(OLD, '\n[[records.fields]]\nname = "room"\ntype = "text"\nclass = "contact"\n', ""),
    "another type": instead(OLD, 'name = "room"\ntype = "text"', 'name = "room"\ntype = "name"'),
    "another class": instead(OLD, 'type = "name"\nclass = "document"', 'type = "name"\nclass = "contact"'),
}
KEEPING = {
    "a field more": OLD + '\n[[records.fields]]\nname = "meal"\ntype = "text"\nclass = "contact"\n',
    "another order": parted(OLD, "wed", "room"),
    "the index in another order": instead(OLD, INDEX, 'index = ["birth_date", "name"]'),
    "other choices": instead(OLD, '"plain", "golden"', '"golden", "silver"'),
    "other roles": instead(OLD, 'operator = ["contact", "document"]', 'operator = ["contact"]'),
    "another retention": instead(OLD, "retention_days = 365", "retention_days = 30"),
}


def test_the_example_is_what_is_changed() -> None:
    for document in (OLD, *BREAKING.values(), *KEEPING.values()):
        read(document.encode())


@pytest.mark.parametrize("change", list(BREAKING))
def test_what_records_are_read_by_stays_while_there_are_any(change: str) -> None:
    old, new = read(OLD.encode()), read(BREAKING[change].encode())
    with pytest.raises(PurposeRecordsFixed):
        require_successor(old, new, kept=lambda: True)
    require_successor(old, new, kept=lambda: False)


@pytest.mark.parametrize("change", list(KEEPING))
def test_all_else_may_change_and_nobody_looks_who_is_there(change: str) -> None:
    def kept() -> bool:
        raise AssertionError("asked")

    require_successor(read(OLD.encode()), read(KEEPING[change].encode()), kept=kept)
    if change != "a field more":
        require_successor(read(KEEPING[change].encode()), read(OLD.encode()), kept=kept)


def test_an_index_is_evaluated_in_the_order_of_the_fields() -> None:
    old, new = (read(document.encode()) for document in (instead(OLD, INDEX, OTHERS), BREAKING["another index"]))
    require_successor(old, new, kept=lambda: True)
    new = read(parted(instead(OLD, INDEX, OTHERS), "wed").encode())
    with pytest.raises(PurposeRecordsFixed):
        require_successor(old, new, kept=lambda: True)


def test_whoever_had_no_records_may_have_some() -> None:
    require_successor(read(BREAKING["no records"].encode()), read(OLD.encode()), kept=lambda: True)


@pytest.fixture(params=["embedded", "apart"])
def house(request: pytest.FixtureRequest, tmp_path: Path, models: Installed) -> Iterator[Inn]:
    """Custodians of a story's own."""
    with inn(tmp_path, models, apart=request.param == "apart") as made:
        yield made


def test_whoever_is_kept_is_found_and_destroyed_whatever_an_officer_adds(house: Inn, tmp_path: Path) -> None:
    with house.open(tmp_path / "records") as office:
        office.add_purpose(OLD.encode())
        desk = office.purpose("hotel")
        anna = desk.people().add(GUEST, grounds="register").pseudonym
        bert = desk.people().add(guest(1), grounds="register").pseudonym
        for document in BREAKING.values():
            with pytest.raises(PurposeRecordsFixed):
                office.add_purpose(document.encode())
        assert office.document("hotel") == OLD.encode()
        office.add_purpose(KEEPING["a field more"].encode())
        found = office.purpose("hotel").people().find(NUMBER)
        assert found is not None
        assert found.reveal(["room", "address", "meal"], reason="parcel").values == {
            "room": GUEST["room"],
            "address": GUEST["address"],
            "meal": "",
        }
        found.correct({"meal": "breakfast"})
        assert found.show().keys() >= {"room", "meal"}
        [one] = office.purpose("hotel").people().look_up({name: GUEST[name] for name in ("name", "birth_date")})
        assert one.pseudonym == anna
        found.erase()
        leaving = office.purpose("hotel").person(bert).erase()
        with pytest.raises(PurposeRecordsFixed):  # who is being erased is there until the hours have passed
            office.add_purpose(BREAKING["no records"].encode())
    house.clock.now = leaving.at + timedelta(minutes=1)
    with house.open(tmp_path / "records") as office:
        assert office.purpose("hotel").people().sweep() == 2
        for document in (BREAKING["no records"], BREAKING["another country"]):
            office.add_purpose(document.encode())
            assert office.document("hotel") == document.encode()


def test_keys_that_are_left_to_destroy_keep_the_table_too(tmp_path: Path, models: Installed) -> None:
    """Nobody is there any more, and what they were written anew from is not destroyed at the custodians yet: without
    [records], nobody would ask for it again."""
    with inn(tmp_path, models, apart=False) as house, house.open(tmp_path / "records") as office:
        office.add_purpose(OLD.encode())
        assert office.purpose("hotel").people().sweep() == 0
        with closing(RecordStore.open(tmp_path / "records")) as store:
            store.expect("hotel", bytes(16), bytes(16))
        with pytest.raises(PurposeRecordsFixed):
            office.add_purpose(BREAKING["no records"].encode())
        office.purpose("hotel").people().sweep()
        office.add_purpose(BREAKING["no records"].encode())
