"""What a custodian destroyed, for the receipt that is asked for afterwards: durable with the destruction itself.

It lies among what a custodian keeps for itself (`store.kept`), sealed, one row for each that is gone: under a hash of
gallery and handle, the minute, whether it had been written anew, and the salted commitment that a receipt was signed
about. No handle is kept, so that of whom a row was is found only by whoever names gallery and handle already. Beside
them lies the order in which they went, so that the oldest are forgotten: after 30 days, and where they are too many.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Connection

from moiety.custody.chronicle import minute_of
from moiety.custody.store.kept import drop_keys, keep, kept_of
from moiety.custody.store.sql import Store
from moiety.custody.unopened import NothingDestroyed
from moiety.custody.verbs import Clock

REMEMBERED: Final = 4_096
"""Destroyed rows that a receipt may still be asked for, the newest: 1 MB. A gateway asks right after it destroyed, and
who is not asked about then was interrupted."""

REMEMBERED_DAYS: Final = 30
"""Until then, an office that was interrupted has been put right."""

_MINUTES_A_DAY: Final = 1_440
_KIND: Final = "destroyed"
_ORDER: Final = "destroyed in order"
_ENDS: Final = b"ends"
_ANEW: Final = 1
_STATED: Final = 2


@dataclass(frozen=True, slots=True)
class _Gone:
    """`serial` is its place in the order; `about` the commitment, 32 bytes, or None where nothing was signed yet."""

    minute: int
    serial: int
    anew: bool
    about: bytes | None = None

    @classmethod
    def from_bytes(cls, data: bytes) -> _Gone:
        minute, serial, flags = int.from_bytes(data[:8], "big"), int.from_bytes(data[8:16], "big"), data[16]
        return cls(minute, serial, bool(flags & _ANEW), data[17:] if flags & _STATED else None)

    def to_bytes(self) -> bytes:
        """Of one length, so that nobody sees which of them were signed for."""
        flags = _ANEW * self.anew | _STATED * (self.about is not None)
        return (
            self.minute.to_bytes(8, "big") + self.serial.to_bytes(8, "big") + bytes([flags]) + (self.about or bytes(32))
        )


def remember(connection: Connection, gallery: str, handle: bytes, now: datetime, *, anew: bool) -> None:
    """This row is destroyed in this transaction; `anew`: what it was written anew as is nothing destroyed."""
    first, following = _ends(connection)
    key, gone = _key(gallery, handle), _Gone(minute_of(now.timestamp()), following, anew)
    keep(connection, _KIND, {key: gone.to_bytes()})
    keep(connection, _ORDER, {_serial(following): gone.minute.to_bytes(8, "big") + key})
    _keep_ends(connection, _without_oldest(connection, first, following + 1, gone.minute), following + 1)


def forget(connection: Connection, now: datetime) -> None:
    """Forget what is remembered for longer than 30 days, where nothing more is destroyed."""
    first, following = _ends(connection)
    left = _without_oldest(connection, first, following, minute_of(now.timestamp()))
    if left > first:
        _keep_ends(connection, left, following)


class Destroyed:
    """What a custodian may be asked to sign for. Safe for threads."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def counted(self, subject: str, rows: Sequence[tuple[str, bytes]]) -> tuple[datetime, list[str]]:
        """In which minute the last of these rows, galleries and handles, was destroyed, and the gallery of each that
        had not been written anew; which is said about this subject (64 hexadecimal digits) from now on and about no
        other: one destruction is one person's. Rows that were never here count for nothing.

        Raises `NothingDestroyed` where nothing is left, for a row that is named twice, and for one that was stated
        about another subject.
        """
        about = bytes.fromhex(subject)
        with self._store.reading() as connection:
            found = self._found(connection, about, rows)
        if any(gone.about is None for gone in found.values()):
            with self._store.writing("attest") as connection:
                found = self._found(connection, about, rows)
                stated = {_key(*row): replace(gone, about=about).to_bytes() for row, gone in found.items()}
                keep(connection, _KIND, stated)
        last = max(gone.minute for gone in found.values())
        return datetime.fromtimestamp(last * 60, UTC), [
            gallery for (gallery, _), gone in found.items() if not gone.anew
        ]

    def _found(
        self, connection: Connection, about: bytes, rows: Sequence[tuple[str, bytes]]
    ) -> dict[tuple[str, bytes], _Gone]:
        over = _over(minute_of(self._clock().timestamp()))
        found = {
            row: gone
            for row in rows
            if (data := kept_of(connection, _KIND, _key(*row))) and (gone := _Gone.from_bytes(data)).minute > over
        }
        if len(set(rows)) < len(rows) or any(gone.about not in (None, about) for gone in found.values()):
            raise NothingDestroyed
        if all(gone.anew for gone in found.values()):
            raise NothingDestroyed
        return found


def _without_oldest(connection: Connection, first: int, following: int, minute: int) -> int:
    """Forget the oldest; the first of the order that is left."""
    while first < following:
        found = kept_of(connection, _ORDER, _serial(first))
        if found is not None:
            if following - first <= REMEMBERED and int.from_bytes(found[:8], "big") > _over(minute):
                break
            gone = kept_of(connection, _KIND, found[8:])
            if gone is not None and _Gone.from_bytes(gone).serial == first:  # not destroyed once more since then
                drop_keys(connection, _KIND, [found[8:]])
            drop_keys(connection, _ORDER, [_serial(first)])
        first += 1
    return first


def _keep_ends(connection: Connection, first: int, following: int) -> None:
    keep(connection, _ORDER, {_ENDS: _serial(first) + _serial(following)})


def _ends(connection: Connection) -> tuple[int, int]:
    found = kept_of(connection, _ORDER, _ENDS) or bytes(16)
    return int.from_bytes(found[:8], "big"), int.from_bytes(found[8:], "big")


def _over(minute: int) -> int:
    """The minute at which, and before which, all is forgotten."""
    return minute - REMEMBERED_DAYS * _MINUTES_A_DAY


def _serial(number: int) -> bytes:
    return number.to_bytes(8, "big")


def _key(gallery: str, handle: bytes) -> bytes:
    return hashlib.sha256(b"moiety destroyed 1\0" + gallery.encode() + b"|" + handle).digest()
