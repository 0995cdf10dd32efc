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
from moiety.vault.pages import Chunk, Held, PagesBroken, chunks, held
from moiety.vault.refusals import ColumnMissing, ColumnUnbounded, SourceBroken, SourceUnknown, SourceUnreadable
from moiety.vault.values import PHOTO_LIMIT

if TYPE_CHECKING:
    from pyarrow import RecordBatch, Scalar
    from pyarrow.parquet import ParquetFile

LINE_LIMIT: Final = 8 * 2**20
"""Bytes of a row, of Parquet too: the largest photograph in base64 is 5.6 MB, and the other columns are small beside
it."""

DOCUMENT_LIMIT: Final = 16 * 2**20 + 16 * 2**10
"""Bytes of a BSON document: MongoDB's own limit for what it stores, and what it allows itself beyond."""

LINES_LIMIT: Final = 64
"""Lines of one CSV row: an address has a few. A quotation mark that is never closed costs no more than this."""

COLUMNS_LIMIT: Final = 4_096
_BATCH: Final = 32
"""Rows of a Parquet file at a time, where its pages are of the usual length."""

_COLUMN_UNPACKED: Final = 32 * 2**20
"""Bytes that one column of a Parquet file may have unpacked at a time: writers begin a page at 1 MiB of texts, or at
some 100,000 of them."""

_UNPACKED: Final = 48 * 2**20
"""The same of all columns together."""

_VALUES: Final = 16 * 2**20
"""Bytes of values that are read together: one of a dictionary is unpacked for every row that has it."""

_RATIO: Final = 2
"""Pages that unpack to no more than so many times what they take in the file may be longer: photographs do not pack,
and writers put a thousand into a page. Base64 of what does not pack is four thirds of it."""

_UNPACKED_MOST: Final = 2**30
"""And these together at most: a thousand photographs of half a megabyte, in a dictionary and in a page behind it."""

_BUFFER: Final = 65_536

_LIST: Final = 65_536
"""Elements of a list of a Parquet file's footer: row groups, or columns of all kinds."""

UNREADABLE: Final = "row_unreadable"
TOO_LONG: Final = "row_too_long"
MISSHAPEN: Final = "row_misshapen"

FORMATS: Final = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet", ".bson": "bson"}


def rows(path: Path, mapping: FieldMapping, after: int = 0, kind: str | None = None) -> Iterator[Row | BadRow]:
    """The rows behind one of a number. What a file is, `kind` says, or without it its name's ending.

    Raises `SourceUnknown`, `SourceUnreadable` where there is no such file, `ColumnMissing` where a table lacks what
    the mapping reads, `ColumnUnbounded` where those of Parquet would take too much memory, and `SourceBroken`.
    """
    kind = kind or FORMATS.get(path.suffix.lower())
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
    try:
        # Column chunks are read page by page, since of a photograph one can be as long as the file.
        with path.open("rb") as source:
            groups = chunks(source)
            file = parquet.ParquetFile(source, pre_buffer=False, buffer_size=_BUFFER, thrift_container_size_limit=_LIST)
            leaves = _leaves(file, mapping.columns)
            columns = [file.schema.column(leaf).path for leaf in leaves]
            for group, there in enumerate(groups):
                together = _rows_together(path, file, there, leaves, position)
                for batch in file.iter_batches(together, row_groups=[group], columns=columns, use_threads=False):
                    for place in range(batch.num_rows):
                        position += 1
                        if position > after:
                            yield _row(position, batch, place)
    except OSError:
        raise SourceUnreadable from None
    # A group of fewer columns than the schema has is an IndexError.
    except (pyarrow.ArrowException, PagesBroken, IndexError):
        raise SourceBroken(row=position) from None


def _leaves(file: ParquetFile, needed: Set[str]) -> list[int]:
    """Which columns of values are read: of `a.b`, `a` is Parquet's column, which has inner documents, too."""
    if len(set(file.schema_arrow.names)) != len(file.schema_arrow.names):
        raise SourceBroken(row=0)
    paths = [file.schema.column(leaf).path for leaf in range(len(file.schema))]
    found = {name: [leaf for leaf, path in enumerate(paths) if f"{path}.".startswith(f"{name}.")] for name in needed}
    there = set(file.schema_arrow.names)
    if missing := [name for name in needed if not found[name] or there.isdisjoint((name, name.split(".")[0]))]:
        raise ColumnMissing(columns=len(missing))
    return sorted({leaf for some in found.values() for leaf in some})


def _rows_together(path: Path, file: ParquetFile, there: list[Chunk], leaves: list[int], position: int) -> int:
    """How many rows of a group are read at a time. Raises `ColumnUnbounded` where one would be too many."""
    whole = Held(0, 0)
    with path.open("rb") as source:
        for leaf in leaves:
            schema = file.schema.column(leaf)
            # Room is made for a value whose length the schema says also where there is none; a list has no end.
            one = held(source, there[leaf]) + Held(0, schema.length or 0)
            if schema.max_repetition_level or one.unpacked > max(_COLUMN_UNPACKED, _RATIO * one.packed):
                raise ColumnUnbounded(row=position)
            whole += one
    if whole.unpacked > min(_UNPACKED_MOST, max(_UNPACKED, _RATIO * whole.packed)):
        raise ColumnUnbounded(row=position)
    return max(1, min(_BATCH, _VALUES // max(1, whole.unpacked)))


def _row(position: int, batch: RecordBatch, place: int) -> Row | BadRow:
    """One row by itself: a moment that Python has no date for, or text that is none, is one row's fault."""
    values = {name: column[place] for name, column in zip(batch.schema.names, batch.columns, strict=True)}
    if sum(map(_size, values.values())) > LINE_LIMIT:
        return BadRow(position, TOO_LONG)
    try:
        return Row(position, {name: value.as_py() for name, value in values.items()})
    except (ValueError, OverflowError):
        return BadRow(position, UNREADABLE)


def _size(value: Scalar) -> int:
    """Bytes of a value's texts, before Python has them, where a letter can take four."""
    import pyarrow

    if isinstance(value, pyarrow.StructScalar):
        return sum(map(_size, value.values())) if value.is_valid else 0
    if isinstance(value, pyarrow.DictionaryScalar | pyarrow.ExtensionScalar):
        return _size(value.value)
    found = value.as_buffer() if isinstance(value, pyarrow.BinaryScalar) else None
    return 0 if found is None else int(found.size)
