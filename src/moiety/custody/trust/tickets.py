"""What is left of bulk approvals: two people sign for so many at most, and an import takes them some at a time.

A ticket is of one gateway and of exactly the signatures that it was opened with: whoever draws from it has to bring
them again. It is durable, and ends when they do, however late it was opened.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from threading import Lock
from typing import Final

from moiety.custody.store.keeping import Keeping

_KIND: Final = "tickets"
_ID_BYTES: Final = 16


class Tickets:
    """Safe for threads."""

    def __init__(self, keeping: Keeping, clock: Callable[[], datetime]) -> None:
        self._keeping = keeping
        self._clock = clock
        self._lock = Lock()
        self._left = {
            key: (int.from_bytes(value[:8], "big"), int.from_bytes(value[8:], "big"))
            for key, value in keeping.kept(_KIND).items()
        }

    def draw(self, gateway: bytes, digest: bytes, approvals: Sequence[bytes], people: int) -> bool:
        """Take so many from what is left of these approvals; False where there is not as much."""
        key, now = _key(gateway, digest, approvals), int(self._clock().timestamp())
        with self._lock:
            left, until = self._left.get(key, (0, 0))
            if left < people or now >= until:
                return False
            self._keep(key, left - people, until)
            return True

    def open(self, gateway: bytes, digest: bytes, approvals: Sequence[bytes], left: int, until: int) -> None:
        """So many are left, up to a unix second, of approvals that were just verified and used up; ended tickets are
        forgotten."""
        now = int(self._clock().timestamp())
        with self._lock:
            ended = [key for key, (_, until) in self._left.items() if now >= until]
            for key in ended:
                del self._left[key]
            self._keeping.keep(_KIND, {}, ended)
            self._keep(_key(gateway, digest, approvals), left, until)

    def _keep(self, key: bytes, left: int, until: int) -> None:
        self._keeping.keep(_KIND, {key: left.to_bytes(8, "big") + until.to_bytes(8, "big")})
        self._left[key] = left, until


def _key(gateway: bytes, digest: bytes, approvals: Sequence[bytes]) -> bytes:
    made = hashlib.sha256(b"moiety ticket 1")
    for part in (gateway, digest, *sorted(approvals)):
        made.update(len(part).to_bytes(4, "big") + part)
    return made.digest()[:_ID_BYTES]
