"""SQLite's write-ahead log, read as a thief reads it: the database after each change in it. Pure.

The format is the published one (sqlite.org, "WAL-mode File Format"): a header of 32 bytes, then frames of 24 bytes and
one page; a frame that ends a change says how many pages the database then has.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import groupby, islice
from typing import Final, NamedTuple

_HEADER: Final = 32
_FRAME: Final = 24
_ROLLBACK: Final = b"\x01\x01"
"""In place of the two bytes by which a database says that it has a log beside it."""


def whole(database: bytes, log: bytes) -> bytes:
    """The database with its log worked in."""
    return _as_if_alone(deque(_worked_in(database, _rounds(log)[0]), maxlen=1)[0])


def steps(database: bytes, log: bytes) -> Iterator[bytes]:
    """The database as it was before the log, and after each change in it."""
    for content in _worked_in(database, _rounds(log)[0]):
        yield _as_if_alone(content)


def left_over(database: bytes, log: bytes) -> Iterator[bytes]:
    """The database with what the log still has of its earlier rounds, after each change there: what was overwritten
    since may be in it. It need not be whole."""
    for frames in _rounds(log)[1:]:
        for content in islice(_worked_in(database, frames), 1, None):
            yield _as_if_alone(content)


def _as_if_alone(content: bytearray) -> bytes:
    return bytes(content[:18]) + _ROLLBACK + bytes(content[20:])


class _Frame(NamedTuple):
    """One page (from 0), and how many pages the database has where this ends a change, else 0."""

    number: int
    pages: int
    page: bytes


def _rounds(log: bytes) -> list[list[_Frame]]:
    """The frames of the log, those that count first, of which there may be none. When SQLite begins a log again it
    writes over its beginning, under other salts, and leaves the rest."""
    size = int.from_bytes(log[8:12], "big")
    starts = range(_HEADER, len(log) - _FRAME - size + 1, _FRAME + size)
    rounds = [(salts, list(some)) for salts, some in groupby(starts, lambda at: log[at + 8 : at + 16])]
    if not rounds or rounds[0][0] != log[16:24]:
        rounds.insert(0, (log[16:24], []))
    return [[_frame(log, at, size) for at in some] for _, some in rounds]


def _frame(log: bytes, at: int, size: int) -> _Frame:
    number, pages = int.from_bytes(log[at : at + 4], "big") - 1, int.from_bytes(log[at + 4 : at + 8], "big")
    return _Frame(number, pages, log[at + _FRAME : at + _FRAME + size])


def _worked_in(database: bytes, frames: Sequence[_Frame]) -> Iterator[bytearray]:
    """One array, the same after each change."""
    content = bytearray(database)
    yield content
    pending: list[_Frame] = []
    for frame in frames:
        pending.append(frame)
        if frame.pages:
            size = len(frame.page)
            content.extend(bytes(max(0, frame.pages * size - len(content))))
            for number, _, page in pending:
                content[number * size : (number + 1) * size] = page
            del content[frame.pages * size :]
            pending.clear()
            yield content
