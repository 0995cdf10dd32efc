"""Mappings: whose column is which field, what is refused, and that a bad row says why and not what stood in it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moiety.vault.mapping import DOCUMENT_LIMIT, BadRow, FieldMapping, Row, Taken, taken
from moiety.vault.refusals import MappingInvalid, MappingUnreadable
from moiety.vault.schema import Schema
from moiety.vault.values import PHOTO_LIMIT
from tests.vault import people
from tests.vault.people import RESIDENT

SCHEMA = Schema.default()
VALUES = ["", " ", "M ", " cn\n", "\t1949-12-31 ", "1949-12-32"]
"""Some that are read, and some that are not."""

HEAD = '[fields.national_id]\ncolumn = "card"\n'


def mapping(text: str = "", head: str = HEAD) -> FieldMapping:
    """A mapping with the number's column and whatever more."""
    return FieldMapping((head + text).encode(), SCHEMA)


def field(name: str, text: str) -> str:
    """A field's table."""
    return f"[fields.{name}]\n{text}\n"


def plain(made: FieldMapping, name: str, values: Mapping[str, Any], photos: Any = None) -> bytes:
    """One field of a row with the number."""
    return made.record({"card": RESIDENT} | dict(values), photos).plain[name]


def refused(made: FieldMapping, values: Mapping[str, Any], photos: Any = None) -> tuple[str, str]:
    """The reason why a row is set aside, and the field's name."""
    (row,) = taken([Row(7, {"card": RESIDENT} | dict(values))], made, photos)
    assert isinstance(row, BadRow)
    assert row.position == 7
    return row.code, row.field


def test_the_document_in_the_module_s_text_is_one() -> None:
    from moiety.vault import mapping as module

    assert module.__doc__ is not None
    text = "\n".join(line.strip() for line in module.__doc__.splitlines() if line.startswith("    "))
    made = FieldMapping(text.encode(), SCHEMA)
    assert (made.encoding, made.separator) == ("gb18030", ";")
    assert made.columns == {"cardNo", "person.born", "issued", "until", "image"}
    image = b64encode(people.picture()).decode()
    record = made.record(
        {"cardNo": RESIDENT, "person": {"born": "31.12.1949"}, "issued": "2010-01-01", "until": "长期", "image": image}
    )
    assert record.plain == {
        "national_id": f"national_id CN {RESIDENT}".encode(),
        "document_dates": b"2010-01-01/..",
        "name": b"",
        "sex": b"",
        "nationality": b"CN",
        "birth_date": b"1949-12-31",
        "address": b"",
        "photo": people.picture(),
        "employer": b"",
    }


@pytest.mark.parametrize(
    ("form", "text", "day"),
    [
        ("%Y%m%d", "19491231", "1949-12-31"),
        ("%d.%m.%Y", "1.2.1949", "1949-02-01"),
        ("%m/%d/%Y", "02/01/1949", "1949-02-01"),
        ("%Y年%m月%d日", "1949年2月1日", "1949-02-01"),
        ("%Y-%m-%d 00:00:00", "1949-12-31 00:00:00", "1949-12-31"),
    ],
)
def test_a_date_is_read_in_its_form(form: str, text: str, day: str) -> None:
    made = mapping(field("birth_date", f'column = "born"\ndate = "{form}"'))
    assert plain(made, "birth_date", {"born": text}) == day.encode()
    assert plain(made, "birth_date", {"born": ""}) == b""
    for other in (text + "x", "x", "1949-13-01x"):
        assert refused(made, {"born": other}) == ("value_invalid", "birth_date")


@pytest.mark.parametrize("offset", [0, 8, -12, 14])
def test_the_day_of_a_moment_is_the_day_where_its_people_live(offset: int) -> None:
    made = mapping(field("birth_date", 'column = "born"'), f"utc_offset_hours = {offset}\n{HEAD}")
    midnight = datetime(1949, 12, 31, tzinfo=timezone(timedelta(hours=offset)))
    for moment in (midnight, midnight.astimezone(UTC), midnight.astimezone(UTC).replace(tzinfo=None)):
        assert plain(made, "birth_date", {"born": moment}) == b"1949-12-31"
    assert plain(made, "birth_date", {"born": date(1949, 12, 31)}) == b"1949-12-31"


class Text(str):
    """A text that is taken the long way: only what is a `str` and nothing else goes the short one."""


@given(st.sampled_from(["name", "address", "nationality", "birth_date", "sex"]), st.text() | st.sampled_from(VALUES))
def test_a_text_is_read_alike_the_short_way_and_the_long_one(name: str, text: str) -> None:
    made = mapping(field(name, 'column = "x"'))
    rows = [Row(1, {"card": RESIDENT, "x": given}) for given in (text, Text(text))]
    short, long = taken(rows, made)
    if isinstance(short, Taken) and isinstance(long, Taken):
        assert short.record.plain == long.record.plain
    else:
        assert short == long


def test_a_moment_beyond_all_days_is_no_day() -> None:
    made = mapping(field("birth_date", 'column = "born"'), f"utc_offset_hours = 8\n{HEAD}")
    assert refused(made, {"born": datetime.max.replace(tzinfo=UTC)}) == ("value_invalid", "birth_date")


def test_their_words_become_ours() -> None:
    made = mapping(field("sex", 'column = "gender"\nvalues = {"男" = "M", "1" = "M", "女" = "F"}'))
    for theirs, ours in (("男", b"M"), (1, b"M"), (" 女 ", b"F"), ("X", b"X"), (None, b"")):
        assert plain(made, "sex", {"gender": theirs}) == ours
    assert refused(made, {"gender": "?"}) == ("value_invalid", "sex")


def test_two_columns_are_a_period_or_nothing() -> None:
    made = mapping(field("document_dates", 'columns = ["from", "to"]\ndate = "%Y.%m.%d"\nvalues = {"-" = ".."}'))
    assert plain(made, "document_dates", {"from": "2010.1.1", "to": "2020.1.1"}) == b"2010-01-01/2020-01-01"
    assert plain(made, "document_dates", {"from": "2010.1.1", "to": "-"}) == b"2010-01-01/.."
    assert plain(made, "document_dates", {}) == b""
    assert refused(made, {"from": "2010.1.1"}) == ("value_invalid", "document_dates")


def test_numbers_that_were_kept_as_numbers_are_read_and_fractions_are_not() -> None:
    made = mapping()
    record = made.record({"card": 110105194912310003})
    assert record.plain["national_id"].endswith(b"110105194912310003")
    for value in (1.1010519491231e17, True, b"110105194912310003", ["x"], {"x": 1}):
        assert refused(made, {"card": value}) == ("value_invalid", "national_id")


def test_only_texts_and_whole_numbers_are_texts() -> None:
    made = mapping(field("name", 'column = "b"'))
    assert plain(made, "name", {"b": 7}) == b"7"
    for value in (1.5, True, b"x", ["x"], {"x": 1}, date(1949, 12, 31), datetime(1949, 12, 31, tzinfo=UTC)):
        assert refused(made, {"b": value}) == ("value_invalid", "name")


def test_nobody_is_taken_without_the_number_that_people_are_known_by() -> None:
    for values in ({"card": None}, {"card": " "}, {"card": ""}):
        assert refused(mapping(), values) == ("value_missing", "national_id")
    assert list(taken([Row(1, {})], mapping())) == [BadRow(1, "value_missing", "national_id")]


def test_every_row_comes_out_in_its_place() -> None:
    rows: list[Row | BadRow] = [Row(1, {"card": RESIDENT}), BadRow(2, "row_too_long"), Row(3, {"card": "7"})]
    first, second, third = taken(rows, mapping())
    assert isinstance(first, Taken)
    assert first.position == 1
    assert second == rows[1]
    assert third == BadRow(3, "value_invalid", "national_id")


def test_a_photograph_is_read_as_bytes_base64_or_from_its_folder() -> None:
    picture = people.picture(b" a picture")
    text = b64encode(picture).decode()
    as_bytes, as_text, as_file = (
        mapping(field("photo", f'column = "image"\nphoto = "{how}"')) for how in ("bytes", "base64", "file")
    )
    assert plain(as_bytes, "photo", {"image": picture}) == picture
    for writing in (text, f"data:image/jpeg;base64,{text}", f"{text[:8]}\r\n{text[8:]}"):
        assert plain(as_text, "photo", {"image": writing}) == picture
    assert plain(as_file, "photo", {"image": "1.jpg"}, {"1.jpg": picture}.get) == picture
    for made in (as_bytes, as_text, as_file):
        for nothing in ({}, {"image": None}, {"image": ""}):
            assert plain(made, "photo", nothing, {}.get) == b""
        assert refused(made, {"image": 7}) == ("value_invalid", "photo")
    assert refused(as_bytes, {"image": text}) == ("value_invalid", "photo")
    assert refused(as_text, {"image": picture}) == ("value_invalid", "photo")
    assert refused(as_text, {"image": "!"}) == ("value_invalid", "photo")
    assert refused(as_bytes, {"image": picture.ljust(PHOTO_LIMIT + 1, b"a")}) == ("value_invalid", "photo")
    for made, no_picture in ((as_bytes, b"a text"), (as_text, b64encode(b"a text").decode())):
        assert refused(made, {"image": no_picture}) == ("value_invalid", "photo")
    assert refused(as_file, {"image": "3.jpg"}, {"3.jpg": picture[1:]}.get) == ("value_invalid", "photo")
    assert refused(as_file, {"image": "2.jpg"}, {}.get) == ("photo_missing", "photo")
    assert refused(as_file, {"image": "2.jpg"}) == ("photo_missing", "photo")


def test_an_inner_document_s_key_is_read_and_a_column_with_a_dot_first() -> None:
    made = mapping(field("name", 'column = "a.b"'))
    assert plain(made, "name", {"a": {"b": "Inner"}}) == b"Inner"
    assert plain(made, "name", {"a": {"b": "Inner"}, "a.b": "Whole"}) == b"Whole"
    for nothing in ({}, {"a": None}, {"a": "text"}, {"a": {}}, {"a": []}):
        assert plain(made, "name", nothing) == b""


@pytest.mark.parametrize(
    "text",
    [
        field("shoe", 'column = "a"'),
        field("name", ""),
        field("name", 'column = "a"\nconstant = "b"'),
        field("name", 'column = ""'),
        field("name", f'column = "{"a" * 129}"'),
        field("name", "column = 7"),
        field("document_dates", f'columns = ["a", "{"a" * 129}"]'),
        field("name", 'column = "a"\ncolour = "red"'),
        field("name", 'columns = ["a", "b"]'),
        field("document_dates", 'columns = ["a"]'),
        field("document_dates", 'columns = ["a", "b", "c"]'),
        field("name", 'column = "a"\ndate = "%Y%m%d"'),
        field("birth_date", 'column = "a"\ndate = "%Y%m"'),
        field("birth_date", 'column = "a"\ndate = "%Y%m%d%d"'),
        field("birth_date", 'column = "a"\ndate = "%Y%m%d%H"'),
        field("birth_date", f'column = "a"\ndate = "%Y%m%d{"x" * 27}"'),
        field("birth_date", 'constant = "1949-12-31"\ndate = "%Y%m%d"'),
        field("sex", 'constant = "F"\nvalues = {"a" = "b"}'),
        field("sex", 'column = "a"\nvalues = {' + ", ".join(f'"{number}" = "F"' for number in range(1025)) + "}"),
        field("photo", 'column = "a"'),
        field("photo", 'constant = "a"\nphoto = "base64"'),
        field("photo", 'column = "a"\nphoto = "hex"'),
        field("photo", 'column = "a"\nphoto = "base64"\nvalues = {"a" = "b"}'),
        field("name", 'column = "a"\nphoto = "base64"'),
        "[more]\na = 1\n",
    ],
    ids=lambda text: text[:48].replace("\n", " "),
)
def test_a_mapping_that_does_not_go_together_is_refused(text: str) -> None:
    with pytest.raises(MappingInvalid) as refusal:
        mapping(text)
    assert refusal.value.where in ("", *SCHEMA.fields)


@pytest.mark.parametrize(
    "head",
    [
        'separator = "x"\n' + HEAD,
        'separator = ""\n' + HEAD,
        "utc_offset_hours = 15\n" + HEAD,
        "utc_offset_hours = -13\n" + HEAD,
        "utc_offset_hours = 8.0\n" + HEAD,
        'encoding = "utf-7"\n' + HEAD,
        'pseudonym = "name"\n' + HEAD + field("name", 'column = "a"'),
        'pseudonym = "shoe"\n' + HEAD,
        field("name", 'column = "a"'),
        field("national_id", f'constant = "{RESIDENT}"'),
        "",
    ],
    ids=lambda head: head[:24].replace("\n", " "),
)
def test_a_mapping_says_who_people_are_and_how_the_file_is_written(head: str) -> None:
    with pytest.raises(MappingInvalid):
        mapping(head=head)


@pytest.mark.parametrize(
    "text",
    [b"\xff", b"a = ", b"a = " + b"[" * 5000, HEAD.encode() + b"#" * DOCUMENT_LIMIT],
    ids=["bytes", "half", "deep", "long"],
)
def test_what_is_no_toml_or_too_much_is_not_read(text: bytes) -> None:
    with pytest.raises(MappingUnreadable):
        FieldMapping(text, SCHEMA)


def test_the_longest_mapping_is_read() -> None:
    values = "{" + ", ".join(f'"{number}" = "F"' for number in range(1024)) + "}"
    long = field("sex", f'column = "{"a" * 128}"\nvalues = {values}') + field(
        "birth_date", f'column = "a"\ndate = "%Y%m%d{"x" * 26}"'
    )
    assert "a" * 128 in mapping(long).columns
    text = HEAD.encode()
    assert FieldMapping(text + b"#" * (DOCUMENT_LIMIT - len(text)), SCHEMA).columns == {"card"}
