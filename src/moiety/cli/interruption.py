"""Ctrl-C and its kin, put off while somebody is enrolled whose pseudonym nobody has been told yet."""

from __future__ import annotations

import signal
from collections.abc import Iterator
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
