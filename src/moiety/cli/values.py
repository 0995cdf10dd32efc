"""A person's values as a command gets them: from a file or stdin, never from its own line, where others see them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Final

from moiety.cli.files import OPERATOR_ONLY, beginning
from moiety.errors import Refused

VALUES_LIMIT: Final = 65_536
"""Bytes of a file of values: thirty-two fields at their longest would not be read by anybody."""


class ValuesUnreadable(Refused):
    code: ClassVar[str] = "values_unreadable"
    advice: ClassVar[str] = "the values are no JSON object of fields and texts, or longer than {limit} bytes"


class FileUnwritable(Refused):
    code: ClassVar[str] = "file_unwritable"
    advice: ClassVar[str] = "the file exists already or cannot be written: name another"


def read_values(path: Path, photo: Path | None) -> dict[str, Any]:
    """The fields of a JSON object, "-" for stdin, and a photograph. Raises `ValuesUnreadable`, `DocumentUnreadable`."""
    import msgspec

    from moiety.vault.values import PHOTO_LIMIT

    wanted = VALUES_LIMIT + 1
    data = sys.stdin.buffer.read(wanted) if str(path) == "-" else beginning(path, wanted)
    try:
        if len(data) > VALUES_LIMIT:
            raise ValuesUnreadable(limit=VALUES_LIMIT)
        given: dict[str, Any] = dict(msgspec.json.decode(data, type=dict[str, str | None]))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ValuesUnreadable(limit=VALUES_LIMIT) from None
    if photo is not None:
        given["photo"] = beginning(photo, PHOTO_LIMIT + 1)
    return given


@contextmanager
def reserved(path: Path | None, room: int = 0) -> Iterator[Callable[[bytes], None] | None]:
    """A new file to be written later, of which nothing is left where nothing is; so many bytes are on the disk for it
    from now on. Raises `FileUnwritable`, and so does whoever writes."""
    if path is None:
        yield None
        return
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, OPERATOR_ONLY)
    except OSError:
        raise FileUnwritable from None
    written = False

    def write(content: bytes) -> None:
        nonlocal written
        _put(descriptor, content)
        written = True

    try:
        _put(descriptor, bytes(room))
        yield write
    finally:
        os.close(descriptor)
        if not written:
            path.unlink()


def _put(descriptor: int, content: bytes) -> None:
    """This and nothing else in the file, on the disk. What lies there already is written over, so that its room
    suffices."""
    try:
        at = 0
        while at < len(content):
            at += os.pwrite(descriptor, content[at:], at)
        os.ftruncate(descriptor, len(content))
        os.fsync(descriptor)
    except OSError:
        raise FileUnwritable from None
