"""Where the time of one request goes: seconds by stage, told by whoever does the stage to whoever watches.

A stage inside another one counts for itself alone. Where nobody watches, nothing is timed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from time import perf_counter


@dataclass(slots=True)
class Watch:
    """The stages of one request so far, in seconds. One thread at a time tells it."""

    seconds: dict[str, float] = field(default_factory=dict)
    _inside: float = 0.0

    def add(self, name: str, seconds: float) -> None:
        """So much more of a stage that has ended now."""
        self.seconds[name] = self.seconds.get(name, 0.0) + seconds
        self._inside += seconds

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """As `stage`."""
        began, before = perf_counter(), self._inside
        try:
            yield
        finally:
            # What stages inside this one took was added meanwhile.
            self.add(name, perf_counter() - began - (self._inside - before))


_WATCH: ContextVar[Watch | None] = ContextVar("moiety.stages", default=None)


@contextmanager
def watched() -> Iterator[Watch]:
    """Have told what is done meanwhile, in this context and in copies of it."""
    watch = Watch()
    token = _WATCH.set(watch)
    try:
        yield watch
    finally:
        _WATCH.reset(token)


def watching() -> Watch | None:
    """Who watches here."""
    return _WATCH.get()


@contextmanager
def stage(name: str) -> Iterator[None]:
    """What is done under it is this stage, also where it fails."""
    watch = _WATCH.get()
    if watch is None:
        yield
        return
    with watch.stage(name):
        yield
