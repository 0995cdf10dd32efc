"""What the vault refuses; each says what to do, and none quotes a number, a name or any other value."""

from __future__ import annotations

from typing import ClassVar

from moiety.errors import Refused


class IdentifierInvalid(Refused):
    code: ClassVar[str] = "identifier_invalid"
    advice: ClassVar[str] = "this is no valid number of its kind: a character is wrong, missing or too many"


class SchemeUnknown(Refused):
    code: ClassVar[str] = "scheme_unknown"
    advice: ClassVar[str] = "numbers of this kind are not known for this country: {known} pairs of kind and country are"


class PersonUnnamed(Refused):
    code: ClassVar[str] = "person_unnamed"
    advice: ClassVar[str] = "a record belongs to a pseudonym of 16 to 32 bytes in a purpose of 1 to 31 letters"
