"""How many people of a purpose were enrolled today without anybody's approval: a bulk enrolment in portions is one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from threading import Lock
from typing import Final

from moiety.custody.store.keeping import Keeping

_KIND: Final = "portions"
_DAY_S: Final = 86_400
_ID_BYTES: Final = 16


class Portions:
    """Counts by purpose and day (UTC), durable; a clock that is set back begins no new day. Safe for threads."""

    def __init__(self, keeping: Keeping, clock: Callable[[], datetime]) -> None:
        self._keeping = keeping
        self._clock = clock
        self._lock = Lock()
        self._today = {
            key: (int.from_bytes(value[:8], "big"), int.from_bytes(value[8:], "big"))
            for key, value in keeping.kept(_KIND).items()
        }

    def take(self, purpose: str, people: int, most: int) -> bool:
        """Whether so many more stay within what one day may have; then they are counted, whatever becomes of them."""
        key = hashlib.sha256(b"moiety portions 1" + purpose.encode()).digest()[:_ID_BYTES]
        with self._lock:
            today = int(self._clock().timestamp()) // _DAY_S
            day, count = self._today.get(key, (today, 0))
            if today > day:
                day, count = today, 0
            if count + people > most:
                return False
            self._keeping.keep(_KIND, {key: day.to_bytes(8, "big") + (count + people).to_bytes(8, "big")})
            self._today[key] = (day, count + people)
            return True
