"""Ctrl-C and its kin: put off while somebody is enrolled whose pseudonym nobody has been told yet, and waited for."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

ENDING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What a keyboard, a service manager and a closed terminal end a program with. Nothing puts off a SIGKILL."""


@contextmanager
def put_off() -> Iterator[list[int]]:
    """Let these signals wait until the block has ended; yields those that wait. A list that is cleared drops them."""
    waiting: list[int] = []
    handled = {
        number: signal.signal(number, lambda caught, _: waiting.append(caught))
        for number in ENDING
        if signal.getsignal(number) is not signal.SIG_IGN  # as under nohup
    }
    try:
        yield waiting
    finally:
        for number, handler in handled.items():
            signal.signal(number, handler)
        if waiting:
            signal.raise_signal(waiting[0])


@contextmanager
def awaited() -> Iterator[Callable[[], None]]:
    """What returns once SIGTERM or SIGINT has come, since the block began.

    A byte that is written when the signal arrives, not a handler in Python: that one runs between two steps of the
    interpreter, and a thread that has just begun to wait for an event takes none until the next signal.
    """
    heard, told = socket.socketpair()
    with heard, told:
        told.setblocking(False)
        before = signal.set_wakeup_fd(told.fileno(), warn_on_full_buffer=False)
        handled = {number: signal.signal(number, lambda _, __: None) for number in (signal.SIGTERM, signal.SIGINT)}

        def wait() -> None:
            while heard.recv(1)[0] not in handled:
                pass

        try:
            yield wait
        finally:
            for number, handler in handled.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(before)
