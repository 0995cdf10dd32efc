"""How often one face is found: as often in a day as a custodian lets one person be compared with, by each key.

Whoever may show what picture they like, and is told each time whether one face is found, walks along the edge of what
matches and rebuilds the face: each find is worth some bits of it (the drill `climb`). Custodians learn after a search
how many matched and not who; the gateway knows, and leaves a face out that was found too often today, as if it had
not matched: a refusal would tell as much as the match.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Final

_DAY_S: Final = 86_400
_AT_ONCE: Final = 5
"""A fifth of a day's at once."""

_REMEMBERED: Final = 262_144


class Finds:
    """Counts in memory, in one process; `now` is the unix time. Safe for threads."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._left: OrderedDict[tuple[str, str, bytes], tuple[float, float]] = OrderedDict()
        self._lock = Lock()

    def may(self, key: str, collection: str, face: bytes, daily: int) -> bool:
        """Whether this key may find this face once more, which is counted then."""
        most = max(1.0, daily / _AT_ONCE)
        with self._lock:
            now, name = self._now(), (key, collection, face)
            left, at = self._left.pop(name, (most, now))
            left = min(most, left + max(0.0, now - at) * daily / _DAY_S)
            may = left >= 1
            self._left[name] = (left - 1 if may else left, now)
            while len(self._left) > _REMEMBERED:
                self._left.popitem(last=False)
        return may
