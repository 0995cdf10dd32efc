"""How many requests a caller may make: a bucket each, that fills up steadily. In memory, in one process."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Final

from moiety.gateway.refusals import RateSpent

A_SECOND: Final = 50.0
AT_ONCE: Final = 200

STRANGERS_A_SECOND: Final = 1.0
STRANGERS_AT_ONCE: Final = 20
"""Keys that nobody has brought for an hour, from one address: a fiftieth of a processor."""

_REMEMBERED: Final = 4_096


class Rates:
    """`a_second` requests in the long run, `at_once` of them together. Safe for threads. What people may find out is
    bounded by custodians' budgets, which outlive this process: this is for the machine."""

    def __init__(self, clock: Callable[[], float], a_second: float = A_SECOND, at_once: float = AT_ONCE) -> None:
        self._clock = clock
        self._a_second = a_second
        self._at_once = at_once
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = Lock()

    def charge(self, name: str) -> None:
        """One request. Raises `RateSpent`."""
        with self._lock:
            now = self._clock()
            left, at = self._left.pop(name, (self._at_once, now))
            left = min(self._at_once, left + max(0.0, now - at) * self._a_second)
            enough = left >= 1
            self._left[name] = (left - 1 if enough else left, now)
            while len(self._left) > _REMEMBERED:
                self._left.popitem(last=False)
        if not enough:
            raise RateSpent(seconds=max(1, math.ceil((1 - left) / self._a_second)))
