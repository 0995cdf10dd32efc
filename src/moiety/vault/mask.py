"""What is shown of a value without a reason to show all of it. Pure.

An identity number keeps what tells two people at one desk apart: six characters in front and four behind where it has
eighteen (`110105********002X`), two behind of a shorter one, four of a payment card. Of a Chinese number this shows
the region and, to whoever knows how, the sex. A name keeps its first letter where that is less than its first word:
where a sign is a syllable (Chinese, Korean, Japanese), the first would be the whole family name, and nothing is shown.
All else is hidden, its length too.
"""

from __future__ import annotations

from typing import Final
from unicodedata import east_asian_width

from moiety.vault.identifier import CARD
from moiety.vault.schema import Field, Kind
from moiety.vault.values import identifier

HIDDEN: Final = "***"
_LONG: Final = 18
_SHORT: Final = 8


def masked(field: Field, plain: bytes) -> str:
    """A value in bytes (`values`) as it may be shown; nothing is shown as nothing."""
    if not plain:
        return ""
    if field.kind is Kind.IDENTIFIER:
        found = identifier(plain)
        return _number(found.number, found.scheme == CARD)
    if field.kind is Kind.NAME:
        return _name(plain.decode())
    return HIDDEN


def shown(field: Field, plain: bytes) -> str:
    """A value in bytes as people write it: of an identifier the number alone. Not for photographs."""
    return identifier(plain).number if plain and field.kind is Kind.IDENTIFIER else plain.decode()


def _name(name: str) -> str:
    first = name[0]
    # What is written as wide as it is high are signs of syllables and words; letters are not.
    whole = east_asian_width(first) == "W" or len(name.split(" ")[0]) == 1
    return HIDDEN if whole else first + HIDDEN


def _number(number: str, is_card: bool) -> str:
    if is_card:
        front, back = 0, 4
    elif len(number) >= _LONG:
        front, back = 6, 4
    else:
        # A passport's number may have three characters.
        front, back = 0, 2 if len(number) >= _SHORT else 0
    return number[:front] + "*" * (len(number) - front - back) + number[len(number) - back :]
