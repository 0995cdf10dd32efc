"""Signatures that were used: a request that is sent once more by somebody who heard it is not done once more.

A signature says its second and nothing that tells two equal requests of that second apart. So a request may come again
within a moment, as a client's own second question does, unless each time leaves one face more. In memory, in one
process: what was signed before it began is refused.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Final

from moiety.gateway.callers.refusals import Unauthenticated
from moiety.gateway.refusals import Overloaded
from moiety.gateway.rekognition.signature import SKEW_S, Signed

AGAIN_S: Final = 1.0
"""How long after it came first a request may come again: the second that its signature names."""

_REMEMBERED: Final = 2**17
"""More than a dozen callers send at the rate that each is let in at, in all of the time that one is remembered."""

_EARLY_S: Final = 5
"""How far behind a client's clock may be when this process has just begun."""


class Seen:
    """`now` is the unix time. Safe for threads."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._began = now()
        self._first: OrderedDict[str, float] = OrderedDict()
        self._lock = Lock()

    def use(self, signed: Signed, *, once: bool) -> None:
        """Raises `Unauthenticated` where it was used before, and `Overloaded` where no more can be remembered."""
        with self._lock:
            now = self._now()
            if signed.at < self._began - _EARLY_S:
                raise Unauthenticated
            while self._first and next(iter(self._first.values())) < now - 2 * SKEW_S:
                self._first.popitem(last=False)
            first = self._first.get(signed.signature)
            if first is not None:
                if once or not 0 <= now - first <= AGAIN_S:
                    raise Unauthenticated
                return
            if len(self._first) >= _REMEMBERED:
                raise Overloaded(seconds=SKEW_S)
            self._first[signed.signature] = now

    def undone(self, signed: Signed) -> None:
        """What it asked for was not done, and the client was told to come again: it may, with the same signature."""
        with self._lock:
            self._first.pop(signed.signature, None)
