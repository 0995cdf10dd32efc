"""The office lock: many searches at once, or one change, over all threads and processes of one machine.

Two `flock`s, because readers would starve a writer on one: everybody passes the gate, and a writer keeps it shut
while it waits. The kernel lets go of both when a process dies. Each taking opens the files anew, so threads of
one process exclude each other as processes do.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class OfficeLock:
    """The lock of one office folder; `shared` and `alone` are context managers and do not nest."""

    def __init__(self, folder: Path) -> None:
        self._gate = folder / "gate.lock"
        self._room = folder / "office.lock"

    def remove(self) -> None:
        """Take its files away, from a folder that is no office."""
        self._gate.unlink(missing_ok=True)
        self._room.unlink(missing_ok=True)

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Hold with others who only read."""
        with _held(self._gate, fcntl.LOCK_SH):
            room = _take(self._room, fcntl.LOCK_SH)
        try:
            yield
        finally:
            os.close(room)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold alone."""
        with _held(self._gate, fcntl.LOCK_EX), _held(self._room, fcntl.LOCK_EX):
            yield

    @contextmanager
    def alone_at_once(self) -> Iterator[bool]:
        """Hold alone if nobody else holds it now: whether it is held."""
        with sole(self._gate) as gate, sole(self._room) as room:
            yield gate and room


@contextmanager
def sole(file: Path) -> Iterator[bool]:
    """Hold a file alone for as long as this lasts, without waiting for it: whether it is held."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            held = True
        except BlockingIOError:
            held = False
        yield held
    finally:
        os.close(descriptor)


@contextmanager
def turn(folder: Path) -> Iterator[None]:
    """Hold a folder itself alone, once nobody else does; nothing is left in it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _held(path: Path, how: int) -> Iterator[None]:
    taken = _take(path, how)
    try:
        yield
    finally:
        os.close(taken)


def _take(path: Path, how: int) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, how)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor
