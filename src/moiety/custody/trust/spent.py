"""Nonces that were used: none is accepted twice, by whatever the clock does in between.

A nonce is remembered until its statement is too old to be accepted. Forgotten ones leave behind the latest instant
until which any of them counted, and whatever counts no longer than that is taken for used: so a clock that is set
forward, and back again, brings nothing back.
"""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock
from typing import Final, Protocol

from moiety.custody.store.keeping import Keeping

MOST: Final = 262_144
"""Nonces remembered at once: 30 seconds of the calls that a custodian can verify at all, several times over."""

SWEEP_S: Final = 30
"""How often forgotten ones are looked for."""

_KIND: Final = "spent"
_FLOOR: Final = b"floor"


class AlreadySpent(Exception):
    """A nonce was used before, or counts no longer, or there is no room to remember it."""


class Spent(Protocol):
    """What is used once. Safe for threads."""

    def spend(self, nonces: Mapping[bytes, int], now: int) -> None:
        """Use all of these, each of which counts until the unix second beside it, or raise `AlreadySpent` and use
        none. Durable when it returns."""

    def __contains__(self, nonce: bytes) -> bool:
        """Whether this one is known to be used."""


class SpentNonces:
    """Used nonces over a keeping."""

    def __init__(self, keeping: Keeping) -> None:
        self._keeping = keeping
        self._lock = Lock()
        held = {nonce: int.from_bytes(until) for nonce, until in keeping.kept(_KIND).items()}
        self._floor = held.pop(_FLOOR, -1)
        self._held = held
        self._swept = -SWEEP_S

    def spend(self, nonces: Mapping[bytes, int], now: int) -> None:
        """Use all of these, or raise `AlreadySpent`; what no longer counts at `now` (unix seconds) is forgotten."""
        with self._lock:
            over = self._over(now)
            floor = max([self._floor, *(self._held[nonce] for nonce in over)])
            if any(nonce in self._held or until <= floor for nonce, until in nonces.items()):
                raise AlreadySpent
            if len(self._held) - len(over) + len(nonces) > MOST:
                raise AlreadySpent
            values = {nonce: until.to_bytes(8) for nonce, until in nonces.items()}
            if floor > self._floor:
                values[_FLOOR] = floor.to_bytes(8)
            self._keeping.keep(_KIND, values, over)
            for nonce in over:
                del self._held[nonce]
            self._floor = floor
            self._held.update(nonces)

    def __contains__(self, nonce: bytes) -> bool:
        """Whether this one is known to be used."""
        with self._lock:
            return nonce in self._held

    def _over(self, now: int) -> list[bytes]:
        """What no longer counts, looked for every now and then."""
        if abs(now - self._swept) < SWEEP_S:
            return []
        self._swept = now
        return [nonce for nonce, until in self._held.items() if until < now]
