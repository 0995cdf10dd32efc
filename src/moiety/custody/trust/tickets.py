"""What is left of bulk approvals: two people sign for so many at most, and an import takes them some at a time.

A ticket is of one gateway and of exactly the signatures that it was opened with: whoever draws from it has to bring
them again. It is durable, and ends when they do, however late it was opened. Beside people it counts evaluations of
the pseudonym function, which come before them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from threading import Lock
from typing import Final, NamedTuple

from moiety.custody.store.keeping import Keeping

_KIND: Final = "tickets"
_ID_BYTES: Final = 16
_NUMBER_BYTES: Final = 8

EVALUATIONS_EACH: Final = 3
"""Evaluations that a ticket carries for each of its people: of the number, of what a purpose's index is made of, and
one more, for what is asked again of another pair and for people who turn out to be there already."""


class Left(NamedTuple):
    """What is left of one ticket, until a unix second."""

    people: int
    until: int
    evaluations: int

    def to_bytes(self) -> bytes:
        """How it is kept; `from_bytes` reads it."""
        return b"".join(number.to_bytes(_NUMBER_BYTES, "big") for number in self)

    @classmethod
    def from_bytes(cls, data: bytes) -> Left:
        """One that was kept before there was a number at its end has nought of that."""
        numbers = (data[at * _NUMBER_BYTES :][:_NUMBER_BYTES] for at in range(len(cls._fields)))
        return cls(*(int.from_bytes(number, "big") for number in numbers))


class Tickets:
    """Safe for threads."""

    def __init__(self, keeping: Keeping, clock: Callable[[], datetime]) -> None:
        self._keeping = keeping
        self._clock = clock
        self._lock = Lock()
        self._left = {key: Left.from_bytes(value) for key, value in keeping.kept(_KIND).items()}

    def draw(self, gateway: bytes, digest: bytes, approvals: Sequence[bytes], people: int, evaluations: int) -> bool:
        """Take so many from what is left of these approvals; False where there is not as much."""
        key, now = _key(gateway, digest, approvals), int(self._clock().timestamp())
        with self._lock:
            left = self._left.get(key)
            if left is None or left.people < people or left.evaluations < evaluations or now >= left.until:
                return False
            self._keep(key, Left(left.people - people, left.until, left.evaluations - evaluations))
            return True

    def open(self, gateway: bytes, digest: bytes, approvals: Sequence[bytes], left: Left) -> None:
        """So much is left of approvals that were just verified and used up; ended tickets are forgotten."""
        now = int(self._clock().timestamp())
        with self._lock:
            ended = [key for key, one in self._left.items() if now >= one.until]
            for key in ended:
                del self._left[key]
            self._keeping.keep(_KIND, {}, ended)
            self._keep(_key(gateway, digest, approvals), left)

    def _keep(self, key: bytes, left: Left) -> None:
        self._keeping.keep(_KIND, {key: left.to_bytes()})
        self._left[key] = left


def still_open(keeping: Keeping, now: int) -> list[Left]:
    """What the disk has of every ticket that has not ended at a unix second, the first to end first."""
    found = [Left.from_bytes(value) for value in keeping.kept(_KIND).values()]
    return sorted((left for left in found if now < left.until), key=lambda left: left.until)


def _key(gateway: bytes, digest: bytes, approvals: Sequence[bytes]) -> bytes:
    made = hashlib.sha256(b"moiety ticket 1")
    for part in (gateway, digest, *sorted(approvals)):
        made.update(len(part).to_bytes(4, "big") + part)
    return made.digest()[:_ID_BYTES]
