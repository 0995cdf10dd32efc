"""How much of what is sent is held at once, of all requests together: each has a bound of its own (`bodies`), and there
may be as many as there are connections."""

from __future__ import annotations

from typing import Final

from moiety.gateway.refusals import BodiesFull

MIB: Final = 2**20
AGAIN_S: Final = 5
"""Whoever is slow is let go of within half a minute, and most are not."""


class Room:
    """`mebibytes` of bodies. For the thread of the event loop alone."""

    def __init__(self, mebibytes: int) -> None:
        self._limit = mebibytes * MIB
        self._held = 0

    @property
    def held(self) -> int:
        """Bytes that are held now."""
        return self._held

    def require(self, count: int) -> None:
        """Whether so many bytes would have room now. Raises `BodiesFull`. What a request only says that it will send
        takes nobody's room: that would be had for nothing."""
        if self._held + count > self._limit:
            raise BodiesFull(seconds=AGAIN_S)

    def take(self, count: int) -> None:
        """Hold so many more bytes. Raises `BodiesFull`, and holds none of them."""
        self.require(count)
        self._held += count

    def give(self, count: int) -> None:
        """Hold so many bytes no more."""
        self._held -= count
