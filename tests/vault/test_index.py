"""Indexes: which there may be, and that one person has one entry."""

from __future__ import annotations

from itertools import combinations

import pytest

from moiety.vault.index import index_bytes, require_many
from moiety.vault.refusals import IndexTooFew, PersonUnnamed
from moiety.vault.schema import Field, Group, Kind, Schema
from tests.vault.people import RESIDENT, record

FIELDS = Schema.default().fields
BOTH = ("name", "birth_date")


def test_of_all_single_fields_and_pairs_only_an_identifier_and_name_with_birth_date_may_be_an_index() -> None:
    allowed = []
    for names in [(), *((name,) for name in FIELDS), *combinations(FIELDS, 2), (*BOTH, "sex")]:
        try:
            require_many([FIELDS[name] for name in names])
        except IndexTooFew:
            continue
        allowed.append(names)
    assert allowed == [("national_id",), BOTH]


def test_a_name_with_a_day_that_is_nobody_s_birth_is_no_index() -> None:
    hired = Field("hired", Kind.DATE, Group.CONTACT)
    with pytest.raises(IndexTooFew):
        require_many([FIELDS["name"], hired])


def test_an_entry_never_changes_its_form() -> None:
    assert index_bytes("door", BOTH, record()) == (
        b"\x0e\x00moiety index 1\x04\x00door\x04\x00name\x13\x00canary quillfeather\x0a\x00birth_date\x0a\x001949-12-31"
    )
    assert index_bytes("door", ["national_id"], record()) == (
        b"\x0e\x00moiety index 1\x04\x00door\x0b\x00national_id\x21\x00national_id CN " + RESIDENT.encode()
    )


def test_a_name_is_found_however_it_was_typed() -> None:
    first = index_bytes("door", BOTH, record(name="Zoé  Straße"))
    for name in (
        "ZOÉ STRASSE",
        " zoe\N{COMBINING ACUTE ACCENT} straße",
        "\N{FULLWIDTH LATIN CAPITAL LETTER Z}oé straße",
    ):
        assert index_bytes("door", ["birth_date", "name"], record(name=name)) == first
    assert index_bytes("door", BOTH, record(name="Zoe Straße")) != first
    assert index_bytes("gate", BOTH, record(name="Zoé Straße")) != first


@pytest.mark.parametrize("absent", BOTH)
def test_who_lacks_a_part_has_no_entry(absent: str) -> None:
    assert index_bytes("door", BOTH, record(**{absent: ""})) is None


def test_an_index_over_what_is_not_there_is_refused() -> None:
    for names in (["name", "birth"], ["name", "name"], ["national_id", "passport"], ["national_id"] * 2, [], ["sex"]):
        with pytest.raises(IndexTooFew):
            index_bytes("door", names, record())
    with pytest.raises(PersonUnnamed):
        index_bytes("Door", BOTH, record())
