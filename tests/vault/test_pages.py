"""What the pages of a Parquet file unpack to is known by their headers, whatever those say."""

from __future__ import annotations

import io
from pathlib import Path

import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from moiety.vault.pages import FOOTER_LIMIT, Chunk, Held, PagesBroken, chunks, held

DATA, DICTIONARY = 0, 2
PLAIN, DELTA = 0, 7


def varint(value: int) -> bytes:
    """As Thrift's compact protocol has it."""
    return b"" if value < 0 else bytes([value]) if value < 0x80 else bytes([value & 0x7F | 0x80]) + varint(value >> 7)


def number(delta: int, value: int) -> bytes:
    """A field of 32 bits, so many behind the one before."""
    return bytes([delta << 4 | 5]) + varint(value * 2)


def page(packed: int, unpacked: int, kind: int = DATA, encoding: int = PLAIN, more: bytes = b"") -> bytes:
    """One page, its content of zeroes."""
    inner = {DATA: b"\x2c", DICTIONARY: b"\x4c"}[kind] + number(1, 9) + number(1, encoding) + b"\0"
    return number(1, kind) + number(1, unpacked) + number(1, packed) + inner + more + b"\0" + bytes(packed)


def of(*pages: bytes, before: bytes = b"", behind: bytes = b"") -> Held:
    """What is held of these."""
    whole = b"".join(pages)
    return held(io.BytesIO(before + whole + behind), Chunk(len(before), len(whole)))


def test_a_dictionary_stays_and_pages_behind_it_come_one_by_one() -> None:
    some = page(5, 100, DICTIONARY), page(7, 3_000_000_000 // 2), page(9, 200), page(11, 70)
    assert of(*some, before=b"x" * 4, behind=page(1, 2**31 - 1)) == Held(12, 1_500_000_100)
    assert of(page(1, 1), page(1, 2)) == Held(1, 2)
    assert of() == Held(0, 0)


def test_where_values_are_said_by_those_before_all_pages_count() -> None:
    assert of(page(5, 100), page(7, 300, encoding=DELTA), page(1, 1)) == Held(13, 401)
    second_form = (
        number(1, DATA) + number(1, 50) + number(1, 0) + b"\x5c" + b"".join(number(1, n) for n in (1, 2, 3, 7))
    )
    assert of(page(5, 100), second_form + b"\0\0") == Held(5, 150)


def test_what_else_is_in_a_header_is_passed_over() -> None:
    statistics = b"\x1c\x18\x05hello\x16\x04\x11\x12\x13\x01\x14\x02\x17" + bytes(8) + b"\0"
    long = b"\x18" + varint(5000) + bytes(5000)
    assert of(page(3, 9, more=statistics), page(4, 8, more=long)) == Held(3, 9)


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(number(1, 0) + number(1, 5) + b"\0", id="a size is missing"),
        pytest.param(page(5, 100)[:-1], id="the last page is cut"),
        pytest.param(page(5, 100)[:6], id="the header is cut"),
        pytest.param(number(1, 0) + b"\x15\x01" + number(1, 0) + b"\0", id="a size is below nothing"),
        pytest.param(number(1, 0) + b"\x16\x0a" + number(1, 0) + b"\0", id="a size has 64 bits"),
        pytest.param(page(0, 5, more=b"\x05" + varint((2**16 + 2) * 2) + varint(8)), id="a field beyond 16 bits"),
        pytest.param(page(0, 5, more=b"\x05" + varint(1) + varint(8)), id="a field below nothing"),
        pytest.param(page(0, 5, more=b"\x1b\x00"), id="a map"),
        pytest.param(page(0, 5, more=b"\x05" + varint(4) + varint(9)), id="a size twice"),
        pytest.param(page(0, 5, more=b"\x19\x19" * 5_000), id="lists in lists"),
        pytest.param(page(0, 5, more=b"\x15" + b"\xff" * 11), id="a number without an end"),
        pytest.param(page(0, 5, more=b"\x1c" * 5_000), id="structures in structures"),
        pytest.param(page(0, 5, more=b"\x18" + varint(2**20) + bytes(2**20)), id="a header of a mebibyte"),
    ],
)
def test_what_is_no_header_is_refused(wrong: bytes) -> None:
    with pytest.raises(PagesBroken):
        of(page(5, 100), wrong)


def test_where_columns_lie_is_what_the_reader_has_it(tmp_path: Path) -> None:
    table = pyarrow.table({"a": ["1", "2", "1"], "b": [1, 2, 3], "c": [{"d": "x", "e": [1]}] * 3})
    parquet.write_table(table, tmp_path / "a.parquet", row_group_size=2, use_dictionary=["a"])
    known = parquet.ParquetFile(tmp_path / "a.parquet").metadata
    with (tmp_path / "a.parquet").open("rb") as file:
        found = chunks(file)
        assert len(found) == known.num_row_groups == 2
        for group, columns in enumerate(found):
            assert len(columns) == known.num_columns == 4
            for place, chunk in enumerate(columns):
                said = known.row_group(group).column(place)
                assert chunk == Chunk(said.dictionary_page_offset or said.data_page_offset, said.total_compressed_size)
                assert 0 < held(file, chunk).packed < said.total_compressed_size


def test_a_footer_is_bounded_before_it_is_read() -> None:
    for data in (b"", b"PAR1", b"PAR1\0\0\0\0PARE", b"PAR1" + (9).to_bytes(4, "little") + b"PAR1"):
        with pytest.raises(PagesBroken):
            chunks(io.BytesIO(data))
    long = io.BytesIO(bytes(FOOTER_LIMIT + 1) + (FOOTER_LIMIT + 1).to_bytes(4, "little") + b"PAR1")
    with pytest.raises(PagesBroken):
        chunks(long)
    assert chunks(io.BytesIO(bytes(5) + (5).to_bytes(4, "little") + b"PAR1")) == []
    # A list that is said to be longer than the footer is.
    claims = b"\x49\xfc\xff\xff\xff\xff\x0f"
    with pytest.raises(PagesBroken):
        chunks(io.BytesIO(claims + len(claims).to_bytes(4, "little") + b"PAR1"))


@given(st.binary(max_size=200))
def test_any_bytes_are_pages_or_refused(data: bytes) -> None:
    try:
        found = held(io.BytesIO(data), Chunk(0, len(data)))
    except PagesBroken:
        return
    assert 0 <= found.packed <= len(data)
    assert found.unpacked >= 0
