"""Rows of other systems' files: each is read or set aside, none is passed over, and no file takes more than it may."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import bson
import msgspec
import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from moiety.vault import readers
from moiety.vault.mapping import BadRow, FieldMapping, Row, Taken, taken
from moiety.vault.readers import LINE_LIMIT, PhotoFolder, rows
from moiety.vault.refusals import ColumnMissing, ColumnUnbounded, SourceBroken, SourceUnknown, SourceUnreadable
from moiety.vault.schema import Schema
from moiety.vault.synth import people
from moiety.vault.values import PHOTO_LIMIT

SCHEMA = Schema.default()
TWO = '[fields.national_id]\ncolumn = "a"\n[fields.name]\ncolumn = "b"\n'
NAMES = [name for name in SCHEMA.fields if name != "photo"]
ALL = "".join(f'[fields.{name}]\ncolumn = "{name}"\n' for name in NAMES)
PEOPLE = list(people(3, 40))


def mapping(text: str = TWO, head: str = "") -> FieldMapping:
    """Two columns, or others."""
    return FieldMapping((head + text).encode(), SCHEMA)


def written(folder: Path, name: str, content: bytes) -> Path:
    """A file."""
    (folder / name).write_bytes(content)
    return folder / name


def read(folder: Path, name: str, content: bytes, head: str = "", after: int = 0) -> list[tuple[int, Any]]:
    """Rows by number: values, or the reason's code."""
    found = rows(written(folder, name, content), mapping(head=head), after)
    return [(row.position, row.code if isinstance(row, BadRow) else list(row.values.values())) for row in found]


def as_csv(table: list[dict[str, str]]) -> bytes:
    """As Python's own module writes it."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(table[0]))
    writer.writeheader()
    writer.writerows(table)
    return out.getvalue().encode()


def files(folder: Path) -> list[Path]:
    """The same people in every format."""
    lines = b"".join(msgspec.json.encode(one) + b"\n" for one in PEOPLE)
    parquet.write_table(pyarrow.Table.from_pylist(PEOPLE), folder / "people.parquet")
    return [
        written(folder, "people.csv", as_csv(PEOPLE)),
        written(folder, "people.jsonl", lines),
        written(folder, "people.BSON", b"".join(bson.encode(one) for one in PEOPLE)),
        folder / "people.parquet",
    ]


def test_the_same_people_are_read_from_every_format(tmp_path: Path) -> None:
    for path in files(tmp_path):
        found = list(taken(rows(path, mapping(ALL)), mapping(ALL)))
        assert len(found) == len(PEOPLE)
        for one, row in zip(PEOPLE, found, strict=True):
            assert isinstance(row, Taken)
            assert row.record.plain["name"].decode() == one["name"]
            assert row.record.plain["document_dates"].decode() == one["document_dates"]


def test_who_goes_on_behind_a_row_reads_all_that_follow(tmp_path: Path) -> None:
    for path in files(tmp_path):
        everything = [row.position for row in rows(path, mapping(ALL))]
        assert everything == sorted(set(everything))
        for place in (0, 20, 39):
            rest = [row.position for row in rows(path, mapping(ALL), everything[place])]
            assert rest == everything[place + 1 :]


def test_a_file_of_another_kind_or_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceUnknown):
        list(rows(written(tmp_path, "people.xlsx", b"a,b\n"), mapping()))
    for name in ("none.csv", "none.jsonl", "none.bson", "none.parquet"):
        with pytest.raises(SourceUnreadable):
            list(rows(tmp_path / name, mapping()))
        (tmp_path / f"folder-{name}").mkdir()
        with pytest.raises(SourceUnreadable):
            list(rows(tmp_path / f"folder-{name}", mapping()))


def test_csv_is_read_as_rfc_4180_writes_it(tmp_path: Path) -> None:
    content = b'\xef\xbb\xbfa,b\r\n1,"x, ""y"""\r\n\r\n2,\r\n"3","two\r\nlines"\r\n,4'
    assert read(tmp_path, "a.csv", content) == [
        (2, ["1", 'x, "y"']),
        (4, ["2", ""]),
        (5, ["3", "two\nlines"]),
        (7, ["", "4"]),
    ]


def test_csv_has_the_separator_and_the_encoding_that_the_mapping_says(tmp_path: Path) -> None:
    content = "a;b\n1;张,伟\n".encode("gb18030")
    assert read(tmp_path, "a.csv", content, 'separator = ";"\nencoding = "gb18030"\n') == [(2, ["1", "张,伟"])]
    assert read(tmp_path, "a.csv", b"a|b\n1|\xe9\n", 'separator = "|"\nencoding = "iso-8859-1"\n') == [(2, ["1", "é"])]


def test_a_bad_line_of_csv_is_set_aside_alone(tmp_path: Path) -> None:
    content = b'a,b\n1\n2,x\n3,x,y\n4,\xff\n5,x"y\n6,"x"y\n7,"x\n8,x\n9,"x\n10,"x"\n11,"x\n12,"\n13,x\n14,",",\n'
    assert read(tmp_path, "a.csv", content) == [
        (2, "row_misshapen"),
        (3, ["2", "x"]),
        (4, "row_misshapen"),
        (5, "row_unreadable"),
        (6, "row_unreadable"),
        (7, "row_unreadable"),
        (8, "row_unreadable"),
        (9, ["8", "x"]),
        (10, "row_unreadable"),
        (11, ["10", "x"]),
        (12, ["11", "x\n12,"]),
        (14, ["13", "x"]),
        (15, "row_misshapen"),
    ]
    assert read(tmp_path, "a.csv", b'a,b\n1,"x\n2,x\n3,",y\n') == [
        (2, "row_misshapen"), (3, ["2", "x"]), (4, "row_unreadable"),
    ]  # fmt: skip


def test_a_mark_that_is_never_closed_costs_some_lines_and_loses_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, "LINES_LIMIT", 3)
    content = b'a,b\n1,"x\n' + b"".join(b"%d,y\n" % number for number in range(2, 9)) + b'9,"z\nz\nz"\n'
    found = read(tmp_path, "a.csv", content)
    assert found[0] == (2, "row_unreadable")
    assert found[1:-1] == [(number + 1, [str(number), "y"]) for number in range(2, 9)]
    assert found[-1] == (10, ["9", "z\nz\nz"])
    # One line more than a row may have: each of them is set aside alone.
    found = read(tmp_path, "a.csv", b'a,b\n1,"z\nz\nz\nz"\n2,y\n')
    assert [(position, isinstance(value, str)) for position, value in found] == [
        (2, True), (3, True), (4, True), (5, True), (6, False),
    ]  # fmt: skip


def test_a_line_that_is_too_long_is_set_aside_and_the_next_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, "LINE_LIMIT", 40)
    long = b"x" * 200
    assert read(tmp_path, "a.csv", b'a,b\n1,"x\n2,' + long + b"\n3,y\n" + b"4," + long) == [
        (2, "row_unreadable"),
        (3, "row_too_long"),
        (4, ["3", "y"]),
        (5, "row_too_long"),
    ]
    assert read(tmp_path, "a.jsonl", b'{"a":"' + long + b'"}\n{"a":"1"}\n') == [(1, "row_too_long"), (2, ["1"])]
    exact = b'{"a":"' + b"x" * 32 + b'"}'
    assert len(exact) == 40
    longer = exact[:-2] + b'x"}'
    found = read(tmp_path, "a.jsonl", b"\n".join([exact, longer, exact + b"\r", exact]))
    assert found == [(1, ["x" * 32]), (2, "row_too_long"), (3, "row_too_long"), (4, ["x" * 32])]
    assert read(tmp_path, "a.jsonl", exact + b"\n" + longer) == [(1, ["x" * 32]), (2, "row_too_long")]


def test_rows_of_many_lines_are_bounded_in_bytes_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "LINE_LIMIT", 40)
    inner = b"\n".join([b"x" * 30] * 4)
    found = read(tmp_path, "a.csv", b'a,b\n1,"' + inner + b'"\n2,y\n')
    assert found[0] == (2, "row_unreadable")
    assert found[-1] == (6, ["2", "y"])


@pytest.mark.parametrize("head", [b"a,a\n", b'"a\n', b"\xff,b\n", b",".join(b"c%d" % n for n in range(4097)) + b"\n"])
def test_a_heading_that_names_no_columns_is_refused(tmp_path: Path, head: bytes) -> None:
    with pytest.raises(SourceBroken) as refused:
        read(tmp_path, "a.csv", head + b"1,2\n")
    assert refused.value.numbers == {"row": 0}


def test_the_widest_table_is_read(tmp_path: Path) -> None:
    names = [b"a", b"b", *(b"c%d" % number for number in range(4094))]
    (row,) = read(tmp_path, "a.csv", b",".join(names) + b"\n" + b"1," * 4095 + b"1\n")
    assert len(row[1]) == 4096


def test_columns_that_are_not_there_are_counted(tmp_path: Path) -> None:
    parquet.write_table(pyarrow.table({"a": ["1"], "c": ["2"]}), tmp_path / "a.parquet")
    for path in (written(tmp_path, "a.csv", b"a,c\n"), tmp_path / "a.parquet"):
        with pytest.raises(ColumnMissing) as refused:
            list(rows(path, mapping()))
        assert refused.value.numbers == {"columns": 1}


fields = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.text('",\n\r ', max_size=6)


@given(st.lists(st.tuples(st.integers(0, 99), fields), max_size=8))
def test_csv_that_python_wrote_is_read_back(tmp_path_factory: pytest.TempPathFactory, table: list[Any]) -> None:
    folder = tmp_path_factory.mktemp("csv")
    content = as_csv([{"a": "a", "b": "b"}, *({"a": str(one), "b": other} for one, other in table)])
    found = read(folder, "a.csv", content)[1:]
    ends = str.maketrans({"\r": "\n"})

    def lines(text: str) -> str:
        # A carriage return at a line's end goes with it: values lose their line ends anyway.
        return "\n".join(part.rstrip("\r") for part in text.replace("\r\n", "\n").split("\n")).translate(ends)

    assert [(int(one), lines(other)) for _, (one, other) in found] == [(one, lines(other)) for one, other in table]


@given(st.binary(max_size=80) | st.text('a",\n\r{}:[]1', max_size=40).map(str.encode))
def test_any_bytes_are_rows_or_set_aside_and_no_line_is_lost(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    folder = tmp_path_factory.mktemp("any")
    full = [place for place, line in enumerate(content.split(b"\n"), 1) if line.strip()]
    assert [position for position, _ in read(folder, "a.jsonl", content)] == full
    found = read(folder, "a.csv", b"a,b\n" + content)
    assert [position for position, _ in found] == sorted({position for position, _ in found})
    if b'"' not in content:
        not_empty = [place for place, line in enumerate(content.split(b"\n"), 2) if line.rstrip(b"\r")]
        assert [position for position, _ in found] == not_empty


def test_a_bad_line_of_json_is_set_aside_alone(tmp_path: Path) -> None:
    content = (
        b'\xef\xbb\xbf{"a":1}\n{"a":\n\n[1]\n"a"\n{"a":"\xff"}\n'
        + b"[" * 100_000
        + b"\n"
        + b'{"a":{"b":null}}'
        + b'\n\xef\xbb\xbf{"a":1}'
    )
    assert read(tmp_path, "a.jsonl", content) == [
        (1, [1]),
        (2, "row_unreadable"),
        (4, "row_misshapen"),
        (5, "row_misshapen"),
        (6, "row_unreadable"),
        (7, "row_unreadable"),
        (8, [{"b": None}]),
        (9, "row_unreadable"),
    ]


def test_a_bad_document_of_bson_is_set_aside_alone(tmp_path: Path) -> None:
    good = bson.encode({"a": "1", "b": datetime(1949, 12, 31, tzinfo=UTC), "c": bson.Binary(b"\xff\xd8")})
    text = bson.encode({"a": "xyz"})
    wrong = text.replace(b"xyz", b"x\xffz")
    deep = b"\x05\x00\x00\x00\x00"
    for _ in range(3000):
        deep = (len(deep) + 8).to_bytes(4, "little") + b"\x03a\x00" + deep + b"\x00"
    late = bson.encode({"a": 1}).replace(b"\x10a\x00\x01\x00\x00\x00", b"\x01a\x00" + b"\xff" * 8)
    late = (len(late)).to_bytes(4, "little") + late[4:]
    found = read(tmp_path, "a.bson", good + wrong + deep + late + good)
    assert [(position, value if isinstance(value, str) else len(value)) for position, value in found] == [
        (1, 3), (2, "row_unreadable"), (3, "row_unreadable"), (4, 1), (5, 3),
    ]  # fmt: skip
    assert found[0][1] == ["1", datetime(1949, 12, 31), b"\xff\xd8"]  # noqa: DTZ001


@pytest.mark.parametrize(
    "tail",
    [b"\x05", bson.encode({"a": 1})[:-1], b"\x04\x00\x00\x00", (2**31 - 1).to_bytes(4, "little"), b"\xff" * 4],
    ids=["head", "half", "short", "long", "negative"],
)
def test_where_bson_breaks_off_is_said(tmp_path: Path, tail: bytes) -> None:
    path = written(tmp_path, "a.bson", bson.encode({"a": "1"}) * 2 + tail)
    found = []
    with pytest.raises(SourceBroken) as refused:
        found.extend(rows(path, mapping()))
    assert refused.value.numbers == {"row": 2}
    reader = rows(path, mapping())
    assert [next(reader).position for _ in range(2)] == [1, 2]


def test_documents_of_the_least_and_the_greatest_length_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert read(tmp_path, "a.bson", bson.encode({})) == [(1, [])]
    document = bson.encode({"a": "1"})
    monkeypatch.setattr(readers, "DOCUMENT_LIMIT", len(document))
    assert read(tmp_path, "a.bson", document) == [(1, ["1"])]
    monkeypatch.setattr(readers, "DOCUMENT_LIMIT", len(document) - 1)
    with pytest.raises(SourceBroken):
        read(tmp_path, "a.bson", document)


def test_parquet_reads_inner_documents_and_only_the_columns_that_are_mapped(tmp_path: Path) -> None:
    table = pyarrow.table({"card": [{"no": "1"}, None], "b": ["x", "y"], "secret": ["s", "s"]})
    parquet.write_table(table, tmp_path / "a.parquet")
    text = '[fields.national_id]\ncolumn = "card.no"\n[fields.name]\ncolumn = "b"\n'
    assert list(rows(tmp_path / "a.parquet", mapping(text))) == [
        Row(1, {"b": "x", "card": {"no": "1"}}),
        Row(2, {"b": "y", "card": None}),
    ]


def test_a_row_of_parquet_that_python_cannot_say_is_set_aside_alone(tmp_path: Path) -> None:
    moments = pyarrow.array([0, 2**62, 0], pyarrow.int64()).cast(pyarrow.timestamp("us"))
    parquet.write_table(pyarrow.table({"a": ["1", "2", "3"], "b": moments}), tmp_path / "a.parquet")
    found = list(rows(tmp_path / "a.parquet", mapping()))
    assert [(row.position, isinstance(row, BadRow)) for row in found] == [(1, False), (2, True), (3, False)]


def test_text_in_parquet_that_is_none_is_one_row_s_fault(tmp_path: Path) -> None:
    names = pyarrow.array([b"x", b"\xff", b"y"]).view(pyarrow.string())
    parquet.write_table(pyarrow.table({"a": ["1", "2", "3"], "b": names}), tmp_path / "a.parquet")
    found = list(rows(tmp_path / "a.parquet", mapping()))
    assert [(row.position, isinstance(row, BadRow)) for row in found] == [(1, False), (2, True), (3, False)]


def test_a_broken_parquet_is_said_to_be(tmp_path: Path) -> None:
    parquet.write_table(pyarrow.table({"a": ["1"] * 1000, "b": ["2"] * 1000}), tmp_path / "a.parquet")
    whole = (tmp_path / "a.parquet").read_bytes()
    middle = whole[:40] + b"\xff" * 40 + whole[80:]
    for content in (b"", b"PAR1", whole[:-10], whole[10:], middle):
        with pytest.raises((SourceBroken, SourceUnreadable)):
            list(rows(written(tmp_path, "b.parquet", content), mapping()))


def test_lists_in_parquet_have_no_end_and_are_refused(tmp_path: Path) -> None:
    table = pyarrow.table({"a": ["1"], "b": [["x"] * 5], "c": [{"d": "y", "e": ["z"]}]})
    parquet.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(ColumnUnbounded):
        list(rows(tmp_path / "a.parquet", mapping()))
    beside = '[fields.national_id]\ncolumn = "a"\n[fields.name]\ncolumn = "c.d"\n'
    assert list(rows(tmp_path / "a.parquet", mapping(beside))) == [Row(1, {"a": "1", "c": {"d": "y"}})]


def test_room_in_parquet_for_values_of_a_length_that_the_schema_says_is_bounded(tmp_path: Path) -> None:
    table = pyarrow.table({"a": ["1"], "b": pyarrow.nulls(1, pyarrow.binary(40 * 2**20))})
    parquet.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(ColumnUnbounded):
        list(rows(tmp_path / "a.parquet", mapping()))


def test_columns_of_parquet_that_are_not_there_or_there_twice_are_refused(tmp_path: Path) -> None:
    twice = pyarrow.Table.from_arrays([pyarrow.array(["1"])] * 3, ["a", "b", "b"])
    parquet.write_table(twice, tmp_path / "a.parquet")
    with pytest.raises(SourceBroken):
        list(rows(tmp_path / "a.parquet", mapping()))
    parquet.write_table(pyarrow.table({"a": ["1"], "b.c": ["2"], "d": [{"e": "3"}]}), tmp_path / "b.parquet")
    for missing in ("b", "d.f", "e"):
        text = f'[fields.national_id]\ncolumn = "a"\n[fields.name]\ncolumn = "{missing}"\n'
        with pytest.raises(ColumnMissing):
            list(rows(tmp_path / "b.parquet", mapping(text)))
    for there, value in (("b.c", {"b.c": "2"}), ("d.e", {"d": {"e": "3"}})):
        text = f'[fields.national_id]\ncolumn = "a"\n[fields.name]\ncolumn = "{there}"\n'
        assert list(rows(tmp_path / "b.parquet", mapping(text))) == [Row(1, {"a": "1", **value})]


@pytest.mark.parametrize("kind", ["dictionary", "string", "large_string", "string_view", "inner", "binary", "fixed"])
def test_a_row_of_parquet_that_is_too_long_is_set_aside_alone(tmp_path: Path, kind: str) -> None:
    """Whatever the table says that a text is; and it is found before Python has it."""
    long = "x" * (LINE_LIMIT // 2)
    texts = pyarrow.array([long, long + "y", "z"])
    column: Any = {
        "dictionary": texts.dictionary_encode,
        "string": lambda: texts,
        "large_string": lambda: texts.cast(pyarrow.large_string()),
        "string_view": lambda: texts.cast(pyarrow.string_view()),
        "inner": lambda: [{"of": {"these": text}} for text in texts.to_pylist()],
        "binary": lambda: texts.cast(pyarrow.binary()),
        "fixed": lambda: pyarrow.array([b"x" * len(long), b"y" * len(long), None], pyarrow.binary(len(long))),
    }[kind]()
    first = ["a" * (LINE_LIMIT - len(long)), "a" * (LINE_LIMIT - len(long) + (kind == "fixed")), "1"]
    parquet.write_table(pyarrow.table({"a": first, "b": column}), tmp_path / "a.parquet")
    found = list(rows(tmp_path / "a.parquet", mapping()))
    assert [row.code if isinstance(row, BadRow) else "" for row in found] == ["", "row_too_long", ""]


@pytest.mark.parametrize("form", ["bytes", "base64"])
def test_photographs_of_the_greatest_length_come_out_of_parquet(tmp_path: Path, form: str) -> None:
    """As writers put them there by themselves: dozens in one dictionary, and in the page behind it."""
    photos = [os.urandom(PHOTO_LIMIT) for _ in range(8)]
    written_ = photos if form == "bytes" else [b64encode(photo).decode() for photo in photos]
    table = pyarrow.table({"a": [str(number) for number in range(12)], "b": [*written_, *written_[:4]]})
    parquet.write_table(table, tmp_path / "a.parquet", compression="zstd")
    found = [row.values["b"] for row in rows(tmp_path / "a.parquet", mapping()) if isinstance(row, Row)]
    assert found == [*written_, *written_[:4]]


BOMBS = """
import sys, pyarrow
from pyarrow import parquet
path, kind, mebibytes, columns, pack = sys.argv[1:]
names = ["a", "b", *map(str, range(2, int(columns)))]
long = "x" * (int(mebibytes) * 2**20)
how = {"compression": pack, "write_statistics": False}
if kind == "dictionary":
    one = pyarrow.array([long]).dictionary_encode().take(pyarrow.array([0] * 64))
    how["store_schema"] = False
elif kind == "kept":  # the table says that it is read as a dictionary
    one = pyarrow.array([long]).dictionary_encode().take(pyarrow.array([0] * 64))
elif kind == "plain":
    one, how["use_dictionary"] = pyarrow.array([long, None, long]), False
elif kind == "delta":
    one = pyarrow.array([long] * 6)
    how |= {"use_dictionary": False, "column_encoding": "DELTA_BYTE_ARRAY"}
elif kind == "fixed":
    one = pyarrow.nulls(2, pyarrow.binary(len(long)))
elif kind == "list":
    one = pyarrow.array([[None] * len(long)])
parquet.write_table(pyarrow.table({name: one for name in names}), path, **how)
"""

READ = """
import re, sys
from pathlib import Path
from moiety.errors import Refused
from moiety.vault.mapping import FieldMapping
from moiety.vault.readers import rows
from moiety.vault.schema import Schema

def most():
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])

fields = list(Schema.default().fields)[: int(sys.argv[2])]
fields = ["national_id", *(name for name in fields if name not in ("national_id", "photo"))]
names = ["a", "b", *map(str, range(2, len(fields)))]
text = "".join(f'[fields.{field}]\\ncolumn = "{name}"\\n' for field, name in zip(fields, names))
mapping = FieldMapping(text.encode(), Schema.default())
import pyarrow.parquet
before = most()
try:
    found = {getattr(row, "code", "row") for row in rows(Path(sys.argv[1]), mapping)}
except Refused as refused:
    found = {refused.code}
print(*found, (most() - before) >> 10)
"""


@pytest.mark.parametrize("pack", ["zstd", "snappy"])
@pytest.mark.parametrize(
    ("kind", "mebibytes", "columns"),
    [
        ("dictionary", 100, 2),
        ("dictionary", 23, 2),
        ("dictionary", 3, 14),
        ("dictionary", 11, 14),
        ("kept", 40, 2),
        ("kept", 23, 2),
        ("kept", 3, 14),
        ("plain", 40, 2),
        ("plain", 11, 2),
        ("delta", 40, 2),
        ("delta", 11, 2),
        ("fixed", 15, 2),
        ("list", 20, 2),
    ],
)
def test_a_small_parquet_takes_no_more_memory_than_it_may(
    tmp_path: Path, kind: str, mebibytes: int, columns: int, pack: str
) -> None:
    path = tmp_path / "a.parquet"
    asked = [sys.executable, "-c", BOMBS, str(path), kind, str(mebibytes), str(columns), pack]
    subprocess.run(asked, check=True)
    whole = path.stat().st_size
    assert whole < (2**20 if pack == "zstd" else 48 * 2**20)
    answer = subprocess.run([sys.executable, "-c", READ, str(path), str(columns)], check=True, capture_output=True)
    *codes, mebibytes_taken = answer.stdout.decode().split()
    assert set(codes) <= {"row_too_long", "column_unbounded", "row"}
    assert int(mebibytes_taken) < 300


def test_photographs_come_from_their_folder_and_nowhere_else(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    (folder / "inner").mkdir(parents=True)
    written(tmp_path, "secret", b"secret")
    written(folder, "1.jpg", b"picture")
    written(folder / "inner", "2.jpg", b"inner")
    (folder / "link.jpg").symlink_to(tmp_path / "secret")
    os.mkfifo(folder / "pipe.jpg")
    (folder / "large.jpg").write_bytes(b"")
    os.truncate(folder / "large.jpg", PHOTO_LIMIT * 2)
    photos = PhotoFolder(folder)
    assert photos("1.jpg") == b"picture"
    assert len(photos("large.jpg") or b"") == PHOTO_LIMIT + 1
    for name in (
        "",
        ".",
        "..",
        "../secret",
        "inner/2.jpg",
        "inner",
        "link.jpg",
        "pipe.jpg",
        "none.jpg",
        "a\0b",
        "\ud800",
    ):
        assert photos(name) is None, name
    assert photos(str(tmp_path / "secret")) is None
    opened = len(os.listdir("/proc/self/fd"))
    for name in ("1.jpg", "inner", "pipe.jpg", "link.jpg"):
        photos(name)
    assert len(os.listdir("/proc/self/fd")) == opened


def test_the_readers_load_what_they_need_and_not_before() -> None:
    code = "import sys, moiety.vault.readers; print(sorted({'pyarrow', 'bson', 'pandas'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
