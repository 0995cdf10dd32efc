"""What a purpose keeps of a person: typed fields, each in a class that is sealed and opened as one. Pure.

| class | by default |
|---|---|
| document | the number that people are known by (national_id), document_dates, name, nationality |
| contact | address, employer |
| birth | birth_date, sex |
| photo | photo |

A field's value has one form in bytes (`fields`); a purpose may add fields of the same types (`Schema.extended`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

import msgspec

from moiety.vault.identifier import NATIONAL_ID, is_known
from moiety.vault.refusals import SchemaInvalid

FIELDS_LIMIT: Final = 32
"""Fields of one purpose: each costs every person's record 100 bytes or more, filled in or not."""

FIELD_NAME_LIMIT: Final = 31

CHOICES_LIMIT: Final = 64
CHOICE_LIMIT: Final = 32
"""Characters of a choice: with the name of a sex, a status or a grade, all choices have one sealed length."""

_RESERVED: Final = {"basis"}
"""What is sealed beside the fields under the same keys."""


class Kind(StrEnum):
    """Types of fields: how a value is checked, written, masked, and whether it may be looked up by."""

    TEXT = "text"
    NAME = "name"
    DATE = "date"
    PERIOD = "period"
    PHOTO = "photo"
    IDENTIFIER = "identifier"
    CHOICE = "choice"
    COUNTRY = "country"


class Group(StrEnum):
    """Classes of fields: each is sealed under a key of its own, and opened whole or not at all."""

    DOCUMENT = "document"
    CONTACT = "contact"
    BIRTH = "birth"
    PHOTO = "photo"


class Field(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"kind": "type", "group": "class"}):
    """One field. `choices` is for choices alone; `scheme` and `country` say which numbers an identifier's text is.

    Raises `SchemaInvalid` where these do not go together.
    """

    name: str
    kind: Kind
    group: Group
    choices: tuple[str, ...] = ()
    scheme: str = ""
    country: str = ""

    def __post_init__(self) -> None:
        named = re.fullmatch(r"[a-z][a-z0-9_]*", self.name) is not None and self.name not in _RESERVED
        named = named and len(self.name) <= FIELD_NAME_LIMIT
        chosen = bool(self.choices) == (self.kind is Kind.CHOICE) and _are_choices(self.choices)
        if self.kind is Kind.IDENTIFIER:
            numbered = is_known(self.scheme, self.country)
        else:
            numbered = not self.scheme and not self.country
        # A photograph's class holds one and nothing else: its length says how large it is.
        pictured = (self.kind is Kind.PHOTO) == (self.group is Group.PHOTO)
        if not (named and chosen and numbered and pictured):
            raise SchemaInvalid(fields=1)


def _are_choices(choices: tuple[str, ...]) -> bool:
    fit = all(0 < len(choice) <= CHOICE_LIMIT and choice.isascii() and choice.isprintable() for choice in choices)
    return fit and len(set(choices)) == len(choices) <= CHOICES_LIMIT


_OTHERS: Final = (
    Field("document_dates", Kind.PERIOD, Group.DOCUMENT),
    Field("name", Kind.NAME, Group.DOCUMENT),
    Field("sex", Kind.CHOICE, Group.BIRTH, choices=("F", "M", "X")),
    Field("nationality", Kind.COUNTRY, Group.DOCUMENT),
    Field("birth_date", Kind.DATE, Group.BIRTH),
    Field("address", Kind.TEXT, Group.CONTACT),
    Field("photo", Kind.PHOTO, Group.PHOTO),
    Field("employer", Kind.TEXT, Group.CONTACT),
)


class Schema:
    """The fields of one purpose, in their order; `number` names the one that people are known by.

    Raises `SchemaInvalid` for none, too many, or one name twice.
    """

    def __init__(self, fields: Sequence[Field], number: str = "") -> None:
        self.fields: Mapping[str, Field] = {field.name: field for field in fields}
        self.number = number
        photos = sum(field.kind is Kind.PHOTO for field in fields)
        if not 0 < len(self.fields) == len(fields) <= FIELDS_LIMIT or photos > 1:
            raise SchemaInvalid(fields=len(fields))
        self._of = {group: [field for field in fields if field.group is group] for group in Group}
        self._names = {group: [field.name for field in own] for group, own in self._of.items()}

    @classmethod
    def default(cls, scheme: str = NATIONAL_ID, country: str = "CN") -> Schema:
        """The nine fields that a leaked database of this kind held. People are known by numbers of a kind and country
        (`identifier`), in a field that is called after the kind.

        Raises `SchemaInvalid` for numbers that are not known.
        """
        number = Field(scheme, Kind.IDENTIFIER, Group.DOCUMENT, scheme=scheme, country=country)
        return cls([number, *_OTHERS], scheme)

    def extended(self, rows: Sequence[Mapping[str, Any]]) -> Schema:
        """With the fields that a purpose's document adds: tables with `name`, `type`, `class` and what the type needs.

        Raises `SchemaInvalid`, which quotes nothing of what stood there.
        """
        try:
            added = msgspec.convert(list(rows), list[Field])
        except msgspec.ValidationError:
            raise SchemaInvalid(fields=len(rows)) from None
        return Schema([*self.fields.values(), *added], self.number)

    def of(self, group: Group) -> Sequence[Field]:
        """The fields of one class, in their order."""
        return self._of[group]

    def names(self, group: Group) -> Sequence[str]:
        """What they are called."""
        return self._names[group]
