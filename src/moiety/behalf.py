"""For whom a gateway asks: set where a request is let in, signed where it leaves, written down where it arrives.

A custodian knows who signs, and a gateway signs for many. So it says for whom: by a name of `BEHALF_BYTES` that tells
them apart, and that nobody reads who has not the key it was made under.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from threading import Lock
from typing import Final, TypeVar

BEHALF_BYTES: Final = 8

Answer = TypeVar("Answer")


class Behalf:
    """Whom one request is for. Safe for threads.

    Whether custodians of this office are told is settled once for each request: what all ledgers have in common must
    not change while it is done."""

    def __init__(self, name: bytes) -> None:
        self._name = name
        self._lock = Lock()
        self._settled: bytes | None = None

    @property
    def name(self) -> bytes:
        """What is written down of whom it is for, 8 bytes, or none where it was settled that custodians are not told.
        Where all three are this process there is nothing to settle."""
        return self._name if self._settled is None else self._settled

    @property
    def told(self) -> bytes:
        """What is signed of it: nothing before it is settled."""
        return self._settled or b""

    def settle(self, known: Callable[[], bool]) -> None:
        """Say it to custodians if this office's are `known` to understand it, from now on."""
        with self._lock:
            if self._settled is None:
                self._settled = self._name if known() else b""


_BEHALF: Final[ContextVar[Behalf | None]] = ContextVar("moiety.behalf", default=None)


def on_behalf(name: bytes) -> None:
    """What is asked from here on, in this context and in copies of it, is for whoever has this name."""
    _BEHALF.set(Behalf(name))


def behalf() -> Behalf | None:
    """Whom it is for, where somebody said so."""
    return _BEHALF.get()


def carried(ask: Callable[..., Answer]) -> Callable[..., Answer]:
    """The same question for another thread, for whom it is for in this one."""
    whose = _BEHALF.get()

    def asking(*given: object, **named: object) -> Answer:
        token = _BEHALF.set(whose)
        try:
            return ask(*given, **named)
        finally:
            _BEHALF.reset(token)

    return ask if whose is None else asking
