"""The HTTP server itself: who is slow is not waited for, and how it ends.

The framework's server waits for ever for the head of a request, and for whoever does not take an answer; a body and a
story have their own time (`bodies`, `work`).
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_S: Final = 10.0
"""For the whole head of a request, from the connection or from its first byte, and for whatever of a body comes when it
was answered already."""

CONNECTIONS: Final = 256
"""Whoever comes with one more is told to come again."""

_OVER: Final = 1_024
"""Nobody is even told that."""

TAKEN_S: Final = 30.0
"""For an answer to be taken by whoever asked."""

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


class Server(uvicorn.Server):
    """Ends by itself once it was told to; told again it ends at once, as if it had been killed."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """The framework's own raises what it caught once more when it has ended, which would kill this process before
        it has closed what it opened."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        for number in _SIGNALS:
            signal.signal(number, self.handle_exit)
        try:
            yield
        finally:
            for number in _SIGNALS:  # what is under way ends, unless somebody insists
                signal.signal(number, _ended)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end."""
        if self.should_exit:
            _ended(sig, frame)
        self.should_exit = True


def _ended(sig: int, frame: FrameType | None) -> None:
    """What custodians were asked for meanwhile is put right by whoever comes next, as after a power cut."""
    os._exit(128 + sig)


def patient(cut: Callable[[], None]) -> type[H11Protocol]:
    """Connections that are ended, of which `cut` is told, when too little comes or is taken in time."""

    class Patient(H11Protocol):
        _late: asyncio.TimerHandle | None = None
        _untaken: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            if len(self.connections) > _OVER:
                self._cut()
            self._watch()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self._watch()

        def connection_lost(self, exc: Exception | None) -> None:
            self._watch_no_more()
            self._taken()
            super().connection_lost(exc)

        def pause_writing(self) -> None:
            super().pause_writing()
            self._untaken = self._untaken or self.loop.call_later(TAKEN_S, self._cut)

        def resume_writing(self) -> None:
            super().resume_writing()
            self._taken()

        def _watch(self) -> None:
            """Something is to come: the head of the first request or of the next one, or a body's rest."""
            if self.cycle is not None and not self.cycle.response_complete:
                self._watch_no_more()
            else:
                self._late = self._late or self.loop.call_later(HEAD_S, self._cut)

        def _watch_no_more(self) -> None:
            _off(self._late)
            self._late = None

        def _taken(self) -> None:
            _off(self._untaken)
            self._untaken = None

        def _cut(self) -> None:
            cut()
            self.transport.abort()

    return Patient


def _off(timer: asyncio.TimerHandle | None) -> None:
    """Cancel a timer, where there is one."""
    if timer is not None:
        timer.cancel()
