"""Whether custodians answer, for whoever asks often and has no key: asked of them at most once a second."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from moiety.errors import MoietyError
from moiety.gateway.work import Work

FRESH_S: Final = 1.0


class Readiness:
    """`ask` raises where custodians do not answer; `clock` counts seconds. However many ask, one story is told, which
    all of them wait for, and what it found counts for a second. For the thread of the event loop alone."""

    def __init__(self, work: Work, ask: Callable[[], object], clock: Callable[[], float]) -> None:
        self._work = work
        self._ask = ask
        self._clock = clock
        self._asking: asyncio.Future[bool] | None = None
        self._found = False
        self._until = clock()

    async def __call__(self) -> bool:
        """Whether they do, as of a second ago at most."""
        if self._clock() < self._until:
            return self._found
        if self._asking is None:
            self._asking = asyncio.ensure_future(self._told())
        return await asyncio.shield(self._asking)  # whoever goes away meanwhile ends it for nobody

    async def _told(self) -> bool:
        try:
            await self._work(self._ask)
            self._found = True
        except MoietyError:
            self._found = False
        finally:
            self._asking = None
        self._until = self._clock() + FRESH_S
        return self._found
