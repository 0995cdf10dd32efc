"""From the rows of another system to records: a document that says which of their columns is which of our fields. Pure.

    encoding = "gb18030"          # of CSV and JSON lines; UTF-8 unless said
    separator = ";"               # of CSV; a comma unless said
    utc_offset_hours = 8          # whose midnight a day's time stamp is; 0 unless said

    [fields.national_id]
    column = "cardNo"

    [fields.birth_date]
    column = "person.born"        # an inner document's key after a dot
    date = "%d.%m.%Y"             # ISO 8601 unless said

    [fields.document_dates]
    columns = ["issued", "until"]
    values = {"长期" = ".."}       # theirs = ours

    [fields.nationality]
    constant = "CN"

    [fields.photo]
    column = "image"
    photo = "base64"              # or "bytes", or "file": a name in the folder of photographs

A row that does not fit is set aside with a reason's code and the field's name, never with what stood in it.
"""

from __future__ import annotations

import re
import tomllib
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal

import msgspec

from moiety.errors import Refused
from moiety.vault.record import Record
from moiety.vault.refusals import MappingInvalid, MappingUnreadable, PhotoMissing, ValueMissing
from moiety.vault.schema import Field, Kind, Schema
from moiety.vault.values import Raw, invalid

DOCUMENT_LIMIT: Final = 65_536
"""Bytes: 32 fields, each with a table of a few dozen values."""

_COLUMN_LIMIT: Final = 128
_VALUES_LIMIT: Final = 1_024
_DIRECTIVES: Final = {"%Y": "(?P<Y>[0-9]{4})", "%m": "(?P<m>[0-9]{1,2})", "%d": "(?P<d>[0-9]{1,2})"}

Photos = Callable[[str], bytes | None]
"""A photograph by its file's name; None where there is none of that name."""


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where one field's values come from: one column, two for a period, or the same value for everybody."""

    column: str | None = None
    columns: tuple[str, str] | None = None
    constant: str | None = None
    date: str | None = None
    photo: Literal["base64", "bytes", "file"] | None = None
    values: dict[str, str] = {}

    @property
    def plain(self) -> str | None:
        """The one column in which a text is taken as it stands there."""
        return self.column if self.date is None and self.photo is None and not self.values else None

    @property
    def named(self) -> tuple[str, ...]:
        """The columns that are read."""
        return self.columns or ((self.column,) if self.column is not None else ())


class _Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    fields: dict[str, Source]
    encoding: Literal["utf-8", "gb18030", "iso-8859-1"] = "utf-8"
    separator: str = ","
    utc_offset_hours: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a source: its number from 1 on (a line's, in a file of lines), and values by column."""

    position: int
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that was set aside: its number, a reason's code, and the name of our field where it is one field's."""

    position: int
    code: str
    field: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """A row that became a record."""

    position: int
    record: Record


class FieldMapping:
    """A mapping under a purpose's schema, whose `number` people are known by: no row goes without."""

    def __init__(self, text: bytes, schema: Schema) -> None:
        """Read a document in TOML. Raises `MappingUnreadable` and `MappingInvalid`; both quote nothing."""
        document = _document(text)
        self.schema = schema
        self.encoding = document.encoding
        self.separator = document.separator
        self._offset = timedelta(hours=document.utc_offset_hours)
        if document.separator not in (",", ";", "\t", "|") or not -12 <= document.utc_offset_hours <= 14:
            raise MappingInvalid(fields=len(document.fields))
        if schema.number not in document.fields:
            raise MappingInvalid(fields=len(document.fields))
        self._plans = [_plan(schema, name, source) for name, source in document.fields.items()]

    @property
    def columns(self) -> set[str]:
        """Every column that is read."""
        return {column for _, source, _ in self._plans for column in source.named}

    def record(self, values: Mapping[str, Any], photos: Photos | None = None) -> Record:
        """A row's record. Raises `ValueInvalid`, `ValueMissing` and `PhotoMissing`, the field's name in `where`."""
        raw = {field.name: self._raw(field, source, day, values, photos) for field, source, day in self._plans}
        record = Record(self.schema, raw)
        if not record.plain[self.schema.number]:
            raise _at(ValueMissing(), self.schema.fields[self.schema.number])
        return record

    def _raw(
        self,
        field: Field,
        source: Source,
        day: re.Pattern[str] | None,
        values: Mapping[str, Any],
        photos: Photos | None,
    ) -> Raw:
        if source.constant is not None:
            return source.constant
        if (column := source.plain) is not None and type(text := values.get(column)) is str:
            return text.strip() or None  # as most columns are, and nothing below would read it otherwise
        found = [_found(values, column) for column in source.named]
        if field.kind is Kind.PHOTO:
            return _photo(field, source, found[0], photos)
        texts = [self._text(field, source, day, value) for value in found]
        return "/".join(texts) if any(texts) else None

    def _text(self, field: Field, source: Source, day: re.Pattern[str] | None, value: object) -> str:
        """A value as people write it; nothing is nothing."""
        if value is None:
            return ""
        dated = field.kind in (Kind.DATE, Kind.PERIOD)
        if isinstance(value, datetime) and dated:
            return self._day(field, value)
        if isinstance(value, date) and dated:
            return value.isoformat()
        # A number that was kept as a fraction has lost digits, and nobody knows which.
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise invalid(field)
        text = str(value).strip()
        if text in source.values:
            return source.values[text]
        return _iso(field, day, text) if text and day is not None else text

    def _day(self, field: Field, moment: datetime) -> str:
        """The day of a moment where its people live; a moment without a zone is in UTC."""
        try:
            return (moment.replace(tzinfo=None) - (moment.utcoffset() or timedelta()) + self._offset).date().isoformat()
        except OverflowError:
            raise invalid(field) from None


def taken(
    rows: Iterable[Row | BadRow], mapping: FieldMapping, photos: Photos | None = None
) -> Iterator[Taken | BadRow]:
    """Each row as a record, or set aside: as many come out as went in, in their order."""
    for row in rows:
        if isinstance(row, BadRow):
            yield row
            continue
        try:
            record = mapping.record(row.values, photos)
        except Refused as refused:
            yield BadRow(row.position, type(refused).code, refused.where)
        else:
            yield Taken(row.position, record)


def _document(text: bytes) -> _Document:
    if len(text) > DOCUMENT_LIMIT:
        raise MappingUnreadable
    try:
        return msgspec.convert(tomllib.loads(text.decode()), _Document)
    except msgspec.ValidationError:
        raise MappingInvalid(fields=0) from None
    # TOML in thousands of brackets has no end that Python finds.
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError):
        raise MappingUnreadable from None


def _plan(schema: Schema, name: str, source: Source) -> tuple[Field, Source, re.Pattern[str] | None]:
    """A field, where it comes from, and how its days are written; refused where these do not go together."""
    field = schema.fields.get(name)
    if field is None or not _fits(field, source):
        refused = MappingInvalid(fields=1)
        refused.where = name if field is not None else ""
        raise refused
    return field, source, _days(source.date) if source.date is not None else None


def _fits(field: Field, source: Source) -> bool:
    origins = [source.column is not None, source.columns is not None, source.constant is not None]
    named = all(0 < len(column) <= _COLUMN_LIMIT for column in source.named)
    pictured = (field.kind is Kind.PHOTO) == (source.photo is not None)
    if field.kind is Kind.PHOTO and (source.column is None or source.values):
        return False
    if source.columns is not None and field.kind is not Kind.PERIOD:
        return False
    if source.date is not None and (field.kind not in (Kind.DATE, Kind.PERIOD) or _days(source.date) is None):
        return False
    if source.constant is not None and (source.date is not None or source.values or field.kind is Kind.IDENTIFIER):
        return False
    return sum(origins) == 1 and named and pictured and len(source.values) <= _VALUES_LIMIT


def _days(form: str) -> re.Pattern[str] | None:
    """A date's form, with each of %Y, %m and %d once, as a pattern; None for another one."""
    parts = re.split("(%.)", form)
    if len(form) > 32 or sorted(part for part in parts if part.startswith("%")) != sorted(_DIRECTIVES):
        return None
    return re.compile("".join(_DIRECTIVES.get(part) or re.escape(part) for part in parts))


def _iso(field: Field, form: re.Pattern[str], text: str) -> str:
    match = form.fullmatch(text)
    if match is None:
        raise invalid(field)
    return f"{match['Y']}-{match['m']:0>2}-{match['d']:0>2}"


def _found(values: Mapping[str, Any], column: str) -> object:
    """A column's value; of inner documents where the name has dots and no column has it whole."""
    if column in values:
        return values[column]
    found: object = values
    for part in column.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _photo(field: Field, source: Source, value: object, photos: Photos | None) -> bytes | None:
    if value is None or value == "":
        return None
    if source.photo == "bytes" and isinstance(value, bytes):
        return bytes(value)
    if isinstance(value, str) and source.photo == "base64":
        # As web pages write it, with what it is in front.
        _, _, text = value.rpartition(";base64,")
        try:
            return b64decode("".join(text.split()), validate=True)
        except ValueError:
            raise invalid(field) from None
    if isinstance(value, str) and source.photo == "file":
        found = photos(value) if photos is not None else None
        if found is None:
            raise _at(PhotoMissing(), field)
        return found
    raise invalid(field)


def _at(refused: Refused, field: Field) -> Refused:
    refused.where = field.name
    return refused
