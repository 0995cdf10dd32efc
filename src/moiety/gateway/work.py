"""Stories on threads of their own: so many at once, so many waiting, and none for longer than somebody waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from threading import Lock
from time import perf_counter
from typing import Final, TypeVar

from moiety.gateway.refusals import Overloaded, TimedOut
from moiety.stages import watching

AT_ONCE: Final = 8
WAITING: Final = 64
DEADLINE_S: Final = 60

Told = TypeVar("Told")


class Work:
    """`at_once` stories run, `waiting` more wait; whoever comes after them is refused at once, and told to come again.

    A story that is not done in time goes on to its end: what it began, three custodians have agreed on."""

    def __init__(self, *, at_once: int = AT_ONCE, waiting: int = WAITING, deadline_s: int = DEADLINE_S) -> None:
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="story")
        self._limit = at_once + waiting
        self._deadline_s = deadline_s
        self._lock = Lock()
        self._under_way = 0

    @property
    def under_way(self) -> int:
        """How many run or wait."""
        return self._under_way

    async def __call__(self, story: Callable[[], Told]) -> Told:
        """What the story answers. Raises what it raises, `Overloaded` and `TimedOut`."""
        with self._lock:
            if self._under_way >= self._limit:
                raise Overloaded(seconds=1)
            self._under_way += 1
        future = self._threads.submit(copy_context().run, _timed, story, perf_counter())
        future.add_done_callback(lambda _: self._done())
        try:
            return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(future)), self._deadline_s)
        except TimeoutError:
            raise TimedOut(seconds=self._deadline_s) from None

    def close(self) -> None:
        """Wait for what runs; what waits is not begun."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _done(self) -> None:
        with self._lock:
            self._under_way -= 1


def _timed(story: Callable[[], Told], since: float) -> Told:
    """A story in the context of the request that it is of: its stages are that one's."""
    watch = watching()
    if watch is not None:
        watch.add("waiting", perf_counter() - since)
    return story()
