"""The values of fields: from what people write to one form in bytes, and back. Pure.

| type | in bytes |
|---|---|
| text, name | UTF-8 in NFC, runs of space as one |
| date | `1949-12-31` (ISO 8601) |
| period | `2010-01-01/2020-01-01`, or `2010-01-01/..` without an end (ISO 8601-2) |
| choice, country | one of the field's choices; two or three capitals (ISO 3166-1) |
| identifier | scheme, country and number with a space between: `national_id CN …` |
| photo | the picture's file as it is: a JPEG or a PNG by its header (`picture`) |

Nothing is the empty string, for every type.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Final

from moiety.vault.identifier import Identifier
from moiety.vault.picture import is_picture
from moiety.vault.refusals import IdentifierInvalid, ValueInvalid
from moiety.vault.schema import Field, Kind

NAME_LIMIT: Final = 255
"""Bytes: twice what the longest legal names take, and the second class of sealed lengths."""

TEXT_LIMIT: Final = 4_095
"""Bytes: an address or a workplace, generously; one less than the largest class of sealed lengths."""

PHOTO_LIMIT: Final = 4 * 2**20 - 1
"""Bytes: a passport photograph has 50 KB, a telephone's original below 4 MiB is taken too."""

_DAY: Final = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_COUNTRY: Final = re.compile("[A-Za-z]{2,3}")

Raw = str | bytes | date | Identifier | None
"""What a value may be given as."""


def canonical(field: Field, raw: Raw) -> bytes:
    """A value's one form; empty for nothing (None, or only spaces).

    Raises `ValueInvalid`, which names the field and quotes nothing.
    """
    if raw is None or raw == b"" or (isinstance(raw, str) and not raw.strip()):
        return b""
    try:
        return _FORMS[field.kind](field, raw)
    except (ValueError, IdentifierInvalid):
        raise invalid(field) from None


def invalid(field: Field) -> ValueInvalid:
    """The refusal of a field's value, which names the field."""
    refused = ValueInvalid()
    refused.where = field.name
    return refused


def identifier(plain: bytes) -> Identifier:
    """The identifier of a value in bytes, which was checked when it was taken in."""
    scheme, country, number = plain.decode("ascii").split(" ")
    return Identifier(scheme, country, number)


def day(text: str) -> date:
    """A date as ISO 8601 writes it, with hyphens and four digits of year. Raises `ValueError`."""
    if _DAY.fullmatch(text) is None:
        raise ValueError
    return date.fromisoformat(text)


def _written(raw: Raw) -> str:
    if not isinstance(raw, str):
        raise ValueError
    text = " ".join(unicodedata.normalize("NFC", raw).split())
    # Controls, unpaired surrogates and what has no meaning yet: in a name they are mistakes or an attack on a screen.
    if not text.isprintable() and any(unicodedata.category(letter)[0] == "C" for letter in text):
        raise ValueError
    return text


def _bounded(text: str, limit: int) -> bytes:
    plain = text.encode()
    if len(plain) > limit:
        raise ValueError
    return plain


def _text(field: Field, raw: Raw) -> bytes:
    return _bounded(_written(raw), TEXT_LIMIT)


def _name(field: Field, raw: Raw) -> bytes:
    return _bounded(_written(raw), NAME_LIMIT)


def _date(field: Field, raw: Raw) -> bytes:
    found = raw if isinstance(raw, date) else day(_written(raw))
    return date(found.year, found.month, found.day).isoformat().encode()


def _period(field: Field, raw: Raw) -> bytes:
    first, _, last = _written(raw).partition("/")
    if day(first) > (date.max if last == ".." else day(last)):
        raise ValueError
    return f"{first}/{last}".encode()


def _choice(field: Field, raw: Raw) -> bytes:
    text = _written(raw)
    if text not in field.choices:
        raise ValueError
    return text.encode()


def _country(field: Field, raw: Raw) -> bytes:
    text = _written(raw)
    if _COUNTRY.fullmatch(text) is None:
        raise ValueError
    return text.upper().encode()


def _identifier(field: Field, raw: Raw) -> bytes:
    found = raw if isinstance(raw, Identifier) else Identifier.parse(field.scheme, field.country, _any_text(raw))
    return f"{found.scheme} {found.country} {found.number}".encode("ascii")


def _any_text(raw: Raw) -> str:
    if not isinstance(raw, str):
        raise ValueError
    return raw


def _photo(field: Field, raw: Raw) -> bytes:
    if not isinstance(raw, bytes) or len(raw) > PHOTO_LIMIT or not is_picture(raw):
        raise ValueError
    return raw


_FORMS: Final = {
    Kind.TEXT: _text,
    Kind.NAME: _name,
    Kind.DATE: _date,
    Kind.PERIOD: _period,
    Kind.PHOTO: _photo,
    Kind.IDENTIFIER: _identifier,
    Kind.CHOICE: _choice,
    Kind.COUNTRY: _country,
}
