"""What the tests of the vault share: one made-up person, and randomness that repeats itself."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from moiety.vault.record import Record
from moiety.vault.schema import Group, Schema
from moiety.vault.seal import ClassKeys, Whose
from moiety.vault.values import Raw

RESIDENT = "11010519491231002X"
"""The example of GB 11643-1999."""


def picture(rest: bytes = b"") -> bytes:
    """The header of a JPEG of three by four grey pixels, and whatever follows."""
    return bytes.fromhex("ffd8 ffc0000b08 0004 0003 01011100") + rest


VALUES: dict[str, Raw] = {
    "national_id": RESIDENT,
    "document_dates": "2010-01-01/2030-01-01",
    "name": "Canary Quillfeather",
    "sex": "F",
    "nationality": "CN",
    "birth_date": "1949-12-31",
    "address": "7 Marmalade Lane, Canary Wharf",
    "photo": picture(b"canary photo" + bytes(range(256)) * 40),
    "employer": "Canary & Sons Clockmakers",
}
PERSON = bytes(range(16))
HERE = Whose("door", PERSON)
KEYS = {group: bytes([place]) * 32 for place, group in enumerate(Group, 1)}


def record(**changed: Raw) -> Record:
    """The one person, with other values where they are given."""
    return Record(Schema.default(), VALUES | changed)


def keys(*groups: Group) -> ClassKeys:
    """The keys of some classes, or of all."""
    return ClassKeys({group: KEYS[group] for group in groups or Group})


def repeating(seed: bytes = b"") -> Callable[[int], bytes]:
    """Bytes that look random, differ at every call and are the same in every run."""
    calls = 0

    def entropy(count: int) -> bytes:
        nonlocal calls
        calls += 1
        return hashlib.shake_256(seed + calls.to_bytes(8, "little")).digest(count)

    return entropy
