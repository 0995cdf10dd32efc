"""People as they are put into a record store by tests."""

from __future__ import annotations

import hashlib

from moiety.vault.record import Record
from moiety.vault.retention import Reading, State, Stay, confirmed
from moiety.vault.schema import Group
from moiety.vault.seal import Blob, Whose, seal_class
from moiety.vault.stored import Stored
from tests.vault.people import keys, record, repeating

EXPIRES = 20_000


def pseudonym(number: int) -> bytes:
    """One of many, in no order."""
    return hashlib.sha256(b"person %d" % number).digest()[:16]


def handle(number: int) -> bytes:
    """Theirs at the custodians."""
    return hashlib.sha256(b"handle %d" % number).digest()[:16]


def blobs(person: bytes, number: int = 0, known: Record | None = None, purpose: str = "door") -> dict[Group, Blob]:
    """All classes of a record, sealed."""
    known = known or record()
    entropy = repeating(person + bytes([number]))
    return {
        group: seal_class(group, values, Whose(purpose, person), number, keys(), entropy)
        for group in Group
        if (values := known.of(group))
    }


def somebody(number: int, *, expires: int = EXPIRES, known: Record | None = None, purpose: str = "door") -> Stored:
    """Somebody to put."""
    person = pseudonym(number)
    stay = Stay(State.PENDING, expires)
    return Stored(person, handle(number), stay, 0, blobs(person, 0, known, purpose))


def minute(day: int, more: int = 0) -> Reading:
    """A clock that is right, on a day."""
    return confirmed(day * 1440 + more)
