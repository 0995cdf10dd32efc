"""The pages of a Parquet file's columns, by their headers alone: how much a reader would unpack, before one does. Pure.

The footer says so too, but whoever made the file wrote there what they liked: readers go by the page's header, and
make room for what it says. Footer and headers are in Thrift's compact protocol. What two readers could take for two
things, such as a field that is there twice, is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

FOOTER_LIMIT: Final = 2 * 2**20
"""Bytes: a hundred row groups of forty columns take one million, with the least and the greatest value of each."""

_HEADER_LIMIT: Final = 2**20
"""Bytes: of a page too, the least and the greatest value may be in its header."""

_HEADER_USUAL: Final = 256
_DEPTH_LIMIT: Final = 8
_MAGIC: Final = b"PAR1"
_DICTIONARY: Final = 2

_DELTA_BYTES: Final = 7
"""Each value as what differs from the one before: a few bytes say a long one again."""

_TRUE, _FALSE, _BYTE, _SHORT, _INT, _LONG, _DOUBLE, _BINARY, _LIST, _STRUCT = 1, 2, 3, 4, 5, 6, 7, 8, 9, 12

_Fields = dict[tuple[int, int], Any]
"""Of a structure, by a field's number and kind: whole numbers, structures, and lists of structures."""

_KIND, _UNPACKED, _PACKED = (1, _INT), (2, _INT), (3, _INT)
_FORMS: Final = {(5, _STRUCT): (2, _INT), (8, _STRUCT): (4, _INT)}
"""Of both forms of a data page's own header, the field that says how its values are written."""

_GROUPS, _CHUNKS, _CHUNK = (4, _LIST), (1, _LIST), (3, _STRUCT)
_LENGTH, _FIRST, _FIRST_DICTIONARY = (7, _LONG), (9, _LONG), (11, _LONG)


class PagesBroken(Exception):
    """What is there is no footer or no header of a page."""


@dataclass(frozen=True, slots=True)
class Held:
    """Bytes of one column that a reader has in memory at a time, at most: as they lie in the file, and unpacked."""

    packed: int
    unpacked: int

    def __add__(self, other: Held) -> Held:
        return Held(self.packed + other.packed, self.unpacked + other.unpacked)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Where in a file the pages of one column lie, of one group of rows."""

    start: int
    length: int


def chunks(file: BinaryIO) -> list[list[Chunk]]:
    """Of each group of rows the columns. Raises `PagesBroken`."""
    end = file.seek(0, 2)
    file.seek(max(0, end - 8))
    tail = file.read(8)
    length = int.from_bytes(tail[:4], "little")
    if len(tail) < 8 or tail[4:] != _MAGIC or length > min(FOOTER_LIMIT, end - 8):
        raise PagesBroken
    file.seek(end - 8 - length)
    try:
        footer = _Thrift(file.read(length)).struct(0)
    except IndexError:
        raise PagesBroken from None
    return [[_chunk(column.get(_CHUNK, {})) for column in group.get(_CHUNKS, [])] for group in footer.get(_GROUPS, [])]


def _chunk(fields: _Fields) -> Chunk:
    start, dictionary = _number(fields, _FIRST), fields.get(_FIRST_DICTIONARY, 0)
    return Chunk(dictionary if 0 < dictionary < start else start, _number(fields, _LENGTH))


def held(file: BinaryIO, chunk: Chunk) -> Held:
    """Of a column: its dictionary and the longest of its other pages; or all, where a value can be as long as all pages
    together. Raises `PagesBroken`."""
    dictionary, longest, whole = Held(0, 0), Held(0, 0), Held(0, 0)
    delta = False
    for kind, page, encodings in _pages(file, chunk):
        whole += page
        delta = delta or _DELTA_BYTES in encodings
        if kind == _DICTIONARY:
            dictionary += page
        else:
            longest = max(longest, page, key=lambda one: one.unpacked)
    return whole if delta else dictionary + longest


def _pages(file: BinaryIO, chunk: Chunk) -> Iterator[tuple[int, Held, list[int]]]:
    """Each page's kind, its sizes, and how its values are written."""
    start, end = chunk.start, chunk.start + chunk.length
    while start < end:
        fields, header = _header(file, start)
        kind, unpacked, packed = (_number(fields, field) for field in (_KIND, _UNPACKED, _PACKED))
        encodings = [_number(fields[form], field) for form, field in _FORMS.items() if form in fields]
        start += header + packed
        if start > end:
            raise PagesBroken
        yield kind, Held(packed, unpacked), encodings


def _number(fields: _Fields, field: tuple[int, int]) -> int:
    value: int = fields.get(field, -1)
    if value < 0:
        raise PagesBroken
    return value


def _header(file: BinaryIO, start: int) -> tuple[_Fields, int]:
    """A header's fields, and how long it is."""
    for most in (_HEADER_USUAL, _HEADER_LIMIT):
        file.seek(start)
        thrift = _Thrift(file.read(most))
        try:
            return thrift.struct(0), thrift.place
        except IndexError:
            continue
    raise PagesBroken


class _Thrift:
    """Reads structures from the beginning of some bytes; what goes beyond them is an `IndexError`."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.place = 0

    def struct(self, depth: int) -> _Fields:
        """A structure that lies so deep in others."""
        if depth > _DEPTH_LIMIT:
            raise PagesBroken
        found: _Fields = {}
        seen: set[int] = set()
        field = 0
        while head := self._byte():
            field = field + (head >> 4) if head >> 4 else self._zigzag()
            # Others cut its number to 16 bits, and would find another field.
            if not 0 < field < 2**15 or field in seen:
                raise PagesBroken
            seen.add(field)
            kind = head & 0x0F
            if kind not in (_TRUE, _FALSE):
                value = self._value(kind, depth)
                if value is not None:
                    found[field, kind] = value
        return found

    def _value(self, kind: int, depth: int) -> Any:
        """A value; None for one that is passed over."""
        if kind in (_SHORT, _INT, _LONG):
            return self._zigzag()
        if kind == _STRUCT:
            return self.struct(depth + 1)
        if kind == _LIST:
            return self._list(depth)
        if kind == _BINARY:
            self._skip(self._varint())
        elif kind == _DOUBLE:
            self._skip(8)
        elif kind in (_TRUE, _FALSE, _BYTE):
            self._skip(1)
        else:  # Parquet has neither sets nor maps
            raise PagesBroken
        return None

    def _list(self, depth: int) -> list[_Fields]:
        if depth > _DEPTH_LIMIT:
            raise PagesBroken
        head = self._byte()
        count, kind = head >> 4, head & 0x0F
        if count == 15:
            count = self._varint()
        found = [self._value(kind, depth + 1) for _ in range(count)]
        return found if kind == _STRUCT else []

    def _byte(self) -> int:
        self._skip(1)
        return self._data[self.place - 1]

    def _skip(self, count: int) -> None:
        self.place += count
        if self.place > len(self._data):
            raise IndexError

    def _varint(self) -> int:
        value = 0
        for shift in range(0, 70, 7):
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80 and value < 2**64:
                return value
        raise PagesBroken

    def _zigzag(self) -> int:
        value = self._varint()
        return value >> 1 ^ -(value & 1)
