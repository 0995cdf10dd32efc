"""SQLite's write-ahead log, read as a thief reads it: the database after each change in it. Pure.

The format is the published one (sqlite.org, "WAL-mode File Format"): a header of 32 bytes, then frames of 24 bytes and
one page; a frame that ends a change says how many pages the database then has.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Final

_HEADER: Final = 32
_FRAME: Final = 24
_ROLLBACK: Final = b"\x01\x01"
"""In place of the two bytes by which a database says that it has a log beside it."""


def whole(database: bytes, log: bytes) -> bytes:
    """The database with its log worked in."""
    return _as_if_alone(deque(_steps(database, log), maxlen=1)[0])


def steps(database: bytes, log: bytes) -> Iterator[bytes]:
    """The database as it was before the log, and after each change in it."""
    for content in _steps(database, log):
        yield _as_if_alone(content)


def _as_if_alone(content: bytearray) -> bytes:
    return bytes(content[:18]) + _ROLLBACK + bytes(content[20:])


def _steps(database: bytes, log: bytes) -> Iterator[bytearray]:
    """One array, the same after each change."""
    size = int.from_bytes(log[8:12], "big")
    content = bytearray(database)
    yield content
    pending: list[tuple[int, bytes]] = []
    for at in range(_HEADER, len(log) - _FRAME - size + 1, _FRAME + size):
        # Frames of an earlier round of the log carry other salts.
        if log[at + 8 : at + 16] != log[16:24]:
            break
        pending.append((int.from_bytes(log[at : at + 4], "big") - 1, log[at + _FRAME : at + _FRAME + size]))
        pages = int.from_bytes(log[at + 4 : at + 8], "big")
        if pages:
            content.extend(bytes(max(0, pages * size - len(content))))
            for number, page in pending:
                content[number * size : (number + 1) * size] = page
            del content[pages * size :]
            pending.clear()
            yield content
