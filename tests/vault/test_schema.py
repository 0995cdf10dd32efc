"""Schemas, values and what is shown of them."""

from __future__ import annotations

from copy import copy
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moiety.vault import values
from moiety.vault.identifier import Identifier
from moiety.vault.mask import HIDDEN, masked, shown
from moiety.vault.record import Record, corrected
from moiety.vault.refusals import FieldUnknown, SchemaInvalid, ValueInvalid
from moiety.vault.schema import FIELDS_LIMIT, Field, Group, Kind, Schema
from moiety.vault.values import Raw, canonical
from tests.vault.people import RESIDENT, VALUES, picture, record

SCHEMA = Schema.default()
TEXT = SCHEMA.fields["address"]


def test_the_default_schema_keeps_the_nine_fields_in_four_classes() -> None:
    assert list(SCHEMA.fields) == list(VALUES)
    assert {group: [field.name for field in SCHEMA.of(group)] for group in Group} == {
        Group.DOCUMENT: ["national_id", "document_dates", "name", "nationality"],
        Group.CONTACT: ["address", "employer"],
        Group.BIRTH: ["sex", "birth_date"],
        Group.PHOTO: ["photo"],
    }


def test_a_purpose_adds_typed_fields() -> None:
    added = SCHEMA.extended(
        [
            {"name": "shift", "type": "choice", "class": "contact", "choices": ["day", "night"]},
            {"name": "passport", "type": "identifier", "class": "document", "scheme": "passport", "country": "UTO"},
        ]
    )
    assert list(added.fields)[-2:] == ["shift", "passport"]
    assert added.fields["shift"].choices == ("day", "night")
    assert Record(added, {"shift": "night"}).plain["shift"] == b"night"
    assert len(SCHEMA.fields) == 9


GOOD: dict[str, Any] = {"name": "extra", "type": "text", "class": "contact"}


@pytest.mark.parametrize(
    "changed",
    [
        {"name": "Extra"},
        {"name": "9th"},
        {"name": ""},
        {"name": "a" * 32},
        {"name": "basis"},
        {"name": "name"},
        {"name": 7},
        {"type": "secret"},
        {"class": "other"},
        {"colour": "red"},
        {"choices": ["a"]},
        {"type": "choice"},
        {"type": "choice", "choices": ["a", "a"]},
        {"type": "choice", "choices": [""]},
        {"type": "choice", "choices": ["é"]},
        {"type": "choice", "choices": ["a\n"]},
        {"type": "choice", "choices": ["a" * 33]},
        {"type": "choice", "choices": [str(number) for number in range(65)]},
        {"scheme": "national_id"},
        {"country": "CN"},
        {"type": "identifier"},
        {"type": "identifier", "scheme": "national_id", "country": "XX"},
        {"type": "identifier", "scheme": "passport", "country": "xx"},
        {"type": "photo"},
        {"type": "photo", "class": "photo"},
        {"class": "photo"},
    ],
    ids=lambda changed: " ".join(f"{key} {str(value)[:20]}" for key, value in changed.items()),
)
def test_a_field_that_says_what_does_not_go_together_is_refused(changed: dict[str, Any]) -> None:
    SCHEMA.extended([GOOD])
    with pytest.raises(SchemaInvalid):
        SCHEMA.extended([GOOD | changed])


def test_the_longest_names_and_the_most_choices_are_taken() -> None:
    choices = [str(number).rjust(32, "0") for number in range(64)]
    SCHEMA.extended([GOOD | {"name": "a" * 31, "type": "choice", "choices": choices}])


def test_a_schema_has_some_fields_and_not_too_many() -> None:
    fields = [Field(f"field_{number}", Kind.TEXT, Group.CONTACT) for number in range(FIELDS_LIMIT + 1)]
    assert len(Schema(fields[:-1]).fields) == FIELDS_LIMIT
    for wrong in ([], fields, fields[:1] * 2):
        with pytest.raises(SchemaInvalid):
            Schema(wrong)


@pytest.mark.parametrize(
    ("name", "raw", "plain"),
    [
        ("address", "  7\tMarmalade \n Lane ", "7 Marmalade Lane"),
        ("address", "e\N{COMBINING ACUTE ACCENT}", "é"),
        ("name", "张伟", "张伟"),
        ("birth_date", " 1949-12-31 ", "1949-12-31"),
        ("birth_date", date(1949, 12, 31), "1949-12-31"),
        ("birth_date", datetime(1949, 12, 31, 5, tzinfo=UTC), "1949-12-31"),
        ("document_dates", "2010-01-01/2010-01-01", "2010-01-01/2010-01-01"),
        ("document_dates", "2010-01-01/..", "2010-01-01/.."),
        ("sex", "X", "X"),
        ("nationality", " chn", "CHN"),
        ("national_id", RESIDENT.lower(), f"national_id CN {RESIDENT}"),
        ("national_id", Identifier("tax", "DE", "36574261809"), "tax DE 36574261809"),
    ],
)
def test_a_value_has_one_form(name: str, raw: Raw, plain: str) -> None:
    assert canonical(SCHEMA.fields[name], raw) == plain.encode()


@pytest.mark.parametrize("name", list(VALUES))
def test_nothing_is_the_empty_string_for_every_type(name: str) -> None:
    for raw in (None, "", "  \n", b""):
        assert canonical(SCHEMA.fields[name], raw) == b""
    assert masked(SCHEMA.fields[name], b"") == ""


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("address", "\x1b[31mred"),
        ("address", "\N{RIGHT-TO-LEFT OVERRIDE}evil"),
        ("address", "\ud800"),
        ("address", b"bytes"),
        ("address", "é" * 2048),
        ("name", "é" * 128),
        ("birth_date", "1949-02-29"),
        ("birth_date", "19491231"),
        ("birth_date", "1949-W01-1"),
        ("birth_date", "31.12.1949"),
        ("birth_date", "١٩٤٩-12-31"),
        ("document_dates", "2010-01-02/2010-01-01"),
        ("document_dates", "2010-01-01"),
        ("document_dates", "../2010-01-01"),
        ("sex", "f"),
        ("sex", "female"),
        ("nationality", "C"),
        ("nationality", "CHNA"),
        ("nationality", "\N{LATIN SMALL LETTER DOTLESS I}t"),
        ("national_id", RESIDENT[:-1] + "1"),
        ("national_id", RESIDENT.encode()),
        ("photo", "text"),
        ("photo", picture(bytes(values.PHOTO_LIMIT))),
        ("photo", b"a text"),
    ],
    ids=lambda value: value[:12].encode(errors="replace").hex() if isinstance(value, str) else "bytes",
)
def test_a_value_of_another_type_or_length_is_refused_by_its_field_s_name_alone(name: str, raw: Raw) -> None:
    with pytest.raises(ValueInvalid) as refused:
        canonical(SCHEMA.fields[name], raw)
    assert (refused.value.where, refused.value.numbers) == (name, {})
    assert refused.value.__cause__ is None


def test_the_longest_values_are_taken() -> None:
    assert len(canonical(TEXT, "a" * values.TEXT_LIMIT)) == values.TEXT_LIMIT
    assert len(canonical(SCHEMA.fields["name"], "a" * values.NAME_LIMIT)) == values.NAME_LIMIT
    assert len(canonical(SCHEMA.fields["photo"], picture().ljust(values.PHOTO_LIMIT, b"a"))) == values.PHOTO_LIMIT


@given(st.text(max_size=60))
def test_a_form_is_its_own_form(text: str) -> None:
    try:
        plain = canonical(TEXT, text)
    except ValueInvalid:
        return
    assert canonical(TEXT, plain.decode()) == plain


def test_a_record_takes_what_its_schema_has_and_shows_nothing() -> None:
    known = record()
    assert repr(known) == "Record(9 fields)"
    assert known.of(Group.BIRTH) == {"sex": b"F", "birth_date": b"1949-12-31"}
    with pytest.raises(FieldUnknown) as refused:
        Record(SCHEMA, {"shoe_size": "43"})
    for told in (refused.value, copy(refused.value)):
        assert told.text.endswith(f"it keeps 9: {', '.join(SCHEMA.fields)}")


def test_what_is_absent_is_sealed_as_nothing_and_an_absent_photograph_is_left_out() -> None:
    empty = Record(SCHEMA, {})
    assert empty.of(Group.CONTACT) == {"address": b"", "employer": b""}
    assert empty.of(Group.PHOTO) == {}
    assert record().of(Group.PHOTO) == {"photo": VALUES["photo"]}


@pytest.mark.parametrize(
    ("name", "seen", "whole"),
    [
        ("national_id", "110105********002X", RESIDENT),
        ("document_dates", HIDDEN, "2010-01-01/2030-01-01"),
        ("name", "C" + HIDDEN, "Canary Quillfeather"),
        ("sex", HIDDEN, "F"),
        ("nationality", HIDDEN, "CN"),
        ("birth_date", HIDDEN, "1949-12-31"),
        ("address", HIDDEN, "7 Marmalade Lane, Canary Wharf"),
        ("employer", HIDDEN, "Canary & Sons Clockmakers"),
    ],
)
def test_a_mask_shows_what_the_table_says(name: str, seen: str, whole: str) -> None:
    plain = record().plain[name]
    assert masked(SCHEMA.fields[name], plain) == seen
    assert shown(SCHEMA.fields[name], plain) == whole
    assert shown(SCHEMA.fields[name], b"") == ""


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("王明", HIDDEN), ("王小明", HIDDEN), ("欧阳修", HIDDEN), ("王", HIDDEN), ("𠮷田", HIDDEN),
        ("김민준", HIDDEN), ("やまだ たろう", HIDDEN), ("U Thant", HIDDEN), ("É", HIDDEN),
        ("Wáng Xiǎomíng", "W" + HIDDEN), ("Ng Wei", "N" + HIDDEN), ("Юлия", "Ю" + HIDDEN), ("محمد", "م" + HIDDEN),
    ],
)  # fmt: skip
def test_no_family_name_is_shown_whole(name: str, seen: str) -> None:
    field = SCHEMA.fields["name"]
    assert masked(field, canonical(field, name)) == seen


def test_a_mask_of_a_photograph_shows_nothing() -> None:
    assert masked(SCHEMA.fields["photo"], record().plain["photo"]) == HIDDEN


@pytest.mark.parametrize(
    ("scheme", "number", "seen"),
    [
        ("social_security", "536904399", "*******99"),
        ("payment_card", "4000000000000002", "************0002"),
        ("passport", "L898902C3", "*******C3"),
        ("passport", "L1234567", "******67"),
        ("passport", "L123456", "*******"),
    ],
)
def test_a_mask_of_a_shorter_number_shows_its_end(scheme: str, number: str, seen: str) -> None:
    plain = canonical(SCHEMA.fields["national_id"], Identifier(scheme, "", number))
    assert masked(SCHEMA.fields["national_id"], plain) == seen


def test_a_correction_changes_one_class_and_nothing_else_of_it() -> None:
    known = record()
    opened = known.of(Group.CONTACT)
    changed = corrected(SCHEMA, Group.CONTACT, opened, {"address": " 8  Marmalade Lane "})
    assert changed == opened | {"address": b"8 Marmalade Lane"}
    assert list(changed) == list(opened)
    assert corrected(SCHEMA, Group.CONTACT, opened, {"employer": None})["employer"] == b""
    assert corrected(SCHEMA, Group.PHOTO, {}, {}) == {}
    assert corrected(SCHEMA, Group.PHOTO, {}, {"photo": picture()}) == {"photo": picture()}
    for wrong in ({"name": "Canary"}, {"shoe_size": "43"}):
        with pytest.raises(FieldUnknown):
            corrected(SCHEMA, Group.CONTACT, opened, wrong)
    with pytest.raises(ValueInvalid):
        corrected(SCHEMA, Group.BIRTH, known.of(Group.BIRTH), {"sex": "?"})


def test_a_correction_under_a_longer_schema_adds_what_was_not_there() -> None:
    longer = SCHEMA.extended([GOOD])
    assert corrected(longer, Group.CONTACT, record().of(Group.CONTACT), {})["extra"] == b""
