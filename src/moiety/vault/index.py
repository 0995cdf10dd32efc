"""What people may be looked up by besides their pseudonym: a compound index, evaluated like a pseudonym. Pure.

A purpose may have one. It is over name and birth date together, or over another identifier: an index over a field that
has few values (a sex, a country, a day, a name alone) is refused, because how often each entry occurs is the field.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Final

from moiety.vault.framing import framed, purpose_bytes
from moiety.vault.record import Record
from moiety.vault.refusals import IndexTooFew
from moiety.vault.schema import Field, Group, Kind, Schema

_VERSION: Final = b"moiety index 1"


def require_many(fields: Sequence[Field]) -> None:
    """Raises `IndexTooFew` for fields that have too few values together."""
    kinds = [field.kind for field in fields]
    if kinds == [Kind.IDENTIFIER]:
        return
    by_name = sorted(kinds) == [Kind.DATE, Kind.NAME]
    if not by_name or any(field.group is not Group.BIRTH for field in fields if field.kind is Kind.DATE):
        raise IndexTooFew(fields=len(fields))


def index_bytes(purpose: str, names: Sequence[str], record: Record) -> bytes | None:
    """As `index_of`, of a record."""
    return index_of(purpose, names, record.schema, record.plain)


def index_of(purpose: str, names: Sequence[str], schema: Schema, plain: Mapping[str, bytes]) -> bytes | None:
    """What is evaluated to this person's entry, or None where one of the fields is empty.

    The fields are taken in the schema's order whatever the order of `names`. Raises `IndexTooFew`, also for a name
    that the schema has not.
    """
    fields = [field for name, field in schema.fields.items() if name in names]
    if len(fields) != len(names):
        raise IndexTooFew(fields=len(names))
    require_many(fields)
    values = [_folded(field, plain[field.name]) for field in fields]
    if not all(values):
        return None
    parts = [part for field, value in zip(fields, values, strict=True) for part in (field.name.encode(), value)]
    return framed(_VERSION, purpose_bytes(purpose), *parts)


def _folded(field: Field, plain: bytes) -> bytes:
    """A name as people type it: width, case, accents typed in two ways and spaces make no difference."""
    if field.kind is not Kind.NAME:
        return plain
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", plain.decode()).casefold())
    return " ".join(text.split()).encode()
