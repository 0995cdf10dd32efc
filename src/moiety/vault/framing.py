"""Several byte strings as one, so that no two different lists give the same bytes. Pure.

Each part is written as its length, two bytes little-endian, and itself. What is hashed, evaluated or bound as
associated data is built this way, and begins with a word that says what it is.
"""

from __future__ import annotations

import re
from typing import Final

from moiety.vault.refusals import PersonUnnamed

PURPOSE_PATTERN: Final = r"[a-z](?:[a-z0-9-]{0,29}[a-z0-9])?"
_PURPOSE: Final = re.compile(PURPOSE_PATTERN)

PERSON_LENGTHS: Final = range(16, 33)
"""Bytes of a pseudonym: random ones have 16, evaluated ones may keep more of their hash."""


def framed(*parts: bytes) -> bytes:
    """The parts with their lengths. Raises `OverflowError` for a part of 65,536 bytes or more."""
    return b"".join([len(part).to_bytes(2, "little") + part for part in parts])


def purpose_bytes(purpose: str) -> bytes:
    """A purpose's name. Raises `PersonUnnamed` for what is none."""
    if _PURPOSE.fullmatch(purpose) is None:
        raise PersonUnnamed
    return purpose.encode("ascii")


def person_bytes(person: bytes) -> bytes:
    """A pseudonym's bytes. Raises `PersonUnnamed` for another length."""
    if len(person) not in PERSON_LENGTHS:
        raise PersonUnnamed
    return person
