"""Rows of other systems' files: CSV (RFC 4180), JSON lines, Parquet, and a MongoDB dump (BSON), one at a time.

A row that cannot be read is set aside with its number and a reason's code, and the next one is read; none is passed
over. Where a file is broken so that no next one can be found, `SourceBroken` says after which row. What was read up
to some row is read again from behind it with `after`.
"""

from __future__ import annotations

import os
import re
import stat
from collections import deque
from collections.abc import Iterator, Set
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import msgspec

from moiety.vault.mapping import BadRow, FieldMapping, Row
from moiety.vault.refusals import ColumnMissing, SourceBroken, SourceUnknown, SourceUnreadable
from moiety.vault.values import PHOTO_LIMIT

if TYPE_CHECKING:
    import pyarrow

LINE_LIMIT: Final = 8 * 2**20
"""Bytes: the largest photograph in base64 is 5.6 MB, and the other columns are small beside it."""

DOCUMENT_LIMIT: Final = 16 * 2**20 + 16 * 2**10
"""Bytes of a BSON document: MongoDB's own limit for what it stores, and what it allows itself beyond."""

LINES_LIMIT: Final = 64
"""Lines of one CSV row: an address has a few. A quotation mark that is never closed costs no more than this."""

COLUMNS_LIMIT: Final = 4_096
_BATCH: Final = 32
"""Rows of a Parquet file at a time: 128 MB if every photograph is as large as may be."""

UNREADABLE: Final = "row_unreadable"
TOO_LONG: Final = "row_too_long"
MISSHAPEN: Final = "row_misshapen"

FORMATS: Final = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet", ".bson": "bson"}


def rows(path: Path, mapping: FieldMapping, after: int = 0) -> Iterator[Row | BadRow]:
    """The rows behind one of a number. What a file is, its name's ending says.

    Raises `SourceUnknown`, `SourceUnreadable` where there is no such file, `ColumnMissing` where a table lacks what
    the mapping reads, and `SourceBroken`.
    """
    kind = FORMATS.get(path.suffix.lower())
    if kind is None:
        raise SourceUnknown
    if kind == "parquet":
        yield from _parquet(path, mapping, after)
        return
    read = {"csv": _csv, "jsonl": _jsonl, "bson": _bson}[kind]
    try:
        with path.open("rb") as file:
            yield from (row for row in read(file, mapping) if row.position > after)
    except OSError:
        raise SourceUnreadable from None


class PhotoFolder:
    """Photographs by their files' names, from one folder and none below or outside."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, name: str) -> bytes | None:
        """The file's bytes, one more than a photograph may have at most; None where there is no such file."""
        if "/" in name:
            return None
        try:
            # Whoever wrote the table could otherwise have any file of this machine read, or one that never ends.
            handle = os.open(self._folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        # What no file can be called is a ValueError.
        except (OSError, ValueError):
            return None
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            return None
        with os.fdopen(handle, "rb") as file:
            return file.read(PHOTO_LIMIT + 1)


def _lines(file: BinaryIO) -> Iterator[bytes | None]:
    """Lines without their ends; None for one that is too long."""
    while line := file.readline(LINE_LIMIT + 1):
        if len(line) <= LINE_LIMIT or line.endswith(b"\n"):
            yield line.rstrip(b"\r\n")
            continue
        while (rest := file.readline(LINE_LIMIT)) and not rest.endswith(b"\n"):
            pass
        yield None


def _jsonl(file: BinaryIO, mapping: FieldMapping) -> Iterator[Row | BadRow]:
    for position, line in enumerate(_lines(file), 1):
        if line is None:
            yield BadRow(position, TOO_LONG)
            continue
        if not line.strip():
            continue
        try:
            found = msgspec.json.decode(_decoded(line, mapping.encoding, position) or "")
        # Brackets in brackets end in the interpreter's limit, not in msgspec's.
        except (msgspec.DecodeError, RecursionError):
            yield BadRow(position, UNREADABLE)
            continue
        yield Row(position, found) if isinstance(found, dict) else BadRow(position, MISSHAPEN)


def _csv(file: BinaryIO, mapping: FieldMapping) -> Iterator[Row | BadRow]:
    cut = _Cut(mapping.separator)
    header: list[str] | None = None
    for position, record in _records(file, mapping.encoding, cut):
        if header is None:
            header = _header(record, mapping.columns)
        elif isinstance(record, str):
            yield BadRow(position, record)
        else:
            yield Row(position, dict(zip(header, record, strict=True)))


def _header(record: list[str] | str, needed: Set[str]) -> list[str]:
    if isinstance(record, str) or len(record) > COLUMNS_LIMIT or len(set(record)) != len(record):
        raise SourceBroken(row=0)
    if missing := needed - set(record):
        raise ColumnMissing(columns=len(missing))
    return record


def _records(file: BinaryIO, encoding: str, cut: _Cut) -> Iterator[tuple[int, list[str] | str]]:
    """The number of each row's first line, and its fields or why there are none. Empty lines are no rows.

    The first row says how many fields there are. A row of several lines that is none was one line with a mark that
    nobody closed: that line is set aside alone, and those behind it are looked at afresh.
    """
    source = _lines(file)
    waiting: deque[tuple[int, bytes | None]] = deque()
    position = width = 0

    def following() -> tuple[int, bytes | None] | None:
        nonlocal position
        if waiting:
            return waiting.popleft()
        for line in source:
            position += 1
            return position, line
        return None

    while (at := following()) is not None:
        start, line = at
        if line is None:
            yield start, TOO_LONG
            continue
        if not line:
            continue
        more: list[tuple[int, bytes | None]] = []
        whole = line
        while (found := cut(_decoded(whole, encoding, start))) is _OPEN:
            further = following()
            if further is not None:
                more.append(further)
            if further is None or further[1] is None or len(more) >= LINES_LIMIT or len(whole) > LINE_LIMIT:
                found = UNREADABLE
                break
            whole += b"\n" + further[1]
        if isinstance(found, list):
            width = width or len(found)
            found = found if len(found) == width else MISSHAPEN
        if isinstance(found, str):
            waiting.extendleft(reversed(more))
        yield start, found


def _decoded(line: bytes, encoding: str, start: int) -> str | None:
    if start == 1:
        line = line.removeprefix(b"\xef\xbb\xbf")
    try:
        return line.decode(encoding)
    except UnicodeDecodeError:
        return None


_OPEN: Final = "open"
"""What a row is that ends within quotation marks."""


class _Cut:
    """Cuts a row of CSV into its fields."""

    def __init__(self, separator: str) -> None:
        self._separator = separator
        end = re.escape(separator)
        self._field = re.compile(rf'(?:"((?:[^"]|"")*+)"|([^"{end}]*+))(?:({end})|\Z)', re.DOTALL)

    def __call__(self, text: str | None) -> list[str] | str:
        """The fields, `_OPEN`, or the reason why there are none."""
        if text is None:
            return UNREADABLE
        if '"' not in text:
            return text.split(self._separator)
        fields: list[str] = []
        place = 0
        while True:
            match = self._field.match(text, place)
            if match is None:
                # A field that began with a mark and has none to end with; any other mark is a mistake.
                begun = text.startswith('"', place) and not re.search(r'(?<!")(?:"")*"(?!")', text[place + 1 :])
                return _OPEN if begun else UNREADABLE
            quoted, plain, more = match.groups()
            fields.append(plain if quoted is None else quoted.replace('""', '"'))
            if more is None:
                return fields
            place = match.end()


def _bson(file: BinaryIO, mapping: FieldMapping) -> Iterator[Row | BadRow]:
    import bson

    position = 0
    while head := file.read(4):
        length = int.from_bytes(head, "little", signed=True)
        # Without a length that can be, nobody knows where the next document begins.
        if not 5 <= length <= DOCUMENT_LIMIT:
            raise SourceBroken(row=position)
        rest = file.read(length - 4)
        if len(rest) < length - 4:
            raise SourceBroken(row=position)
        position += 1
        try:
            found: dict[str, Any] = bson.decode(head + rest)
        # Whatever goes wrong inside a document, bson says it so.
        except bson.errors.BSONError:
            yield BadRow(position, UNREADABLE)
            continue
        yield Row(position, found)


def _parquet(path: Path, mapping: FieldMapping, after: int) -> Iterator[Row | BadRow]:
    import pyarrow
    from pyarrow import parquet

    position = 0
    needed = mapping.columns
    try:
        with parquet.ParquetFile(path) as file:
            there = set(file.schema_arrow.names)
            # Of `a.b`, `a` is the column: Parquet has inner documents, too.
            wanted = {name if name in there else name.split(".")[0] for name in needed}
            if missing := wanted - there:
                raise ColumnMissing(columns=len(missing))
            for batch in file.iter_batches(_BATCH, columns=sorted(wanted)):
                for place in range(batch.num_rows):
                    position += 1
                    if position > after:
                        yield _row(position, batch.slice(place, 1))
    except OSError:
        raise SourceUnreadable from None
    except pyarrow.ArrowException:
        raise SourceBroken(row=position) from None


def _row(position: int, one: pyarrow.RecordBatch) -> Row | BadRow:
    """One row by itself: a moment that Python has no date for, or text that is none, is one row's fault."""
    try:
        return Row(position, one.to_pylist()[0])
    except (ValueError, OverflowError):
        return BadRow(position, UNREADABLE)
