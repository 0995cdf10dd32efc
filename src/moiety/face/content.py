"""One file and what it must be: so many bytes with this SHA-256, or it is not kept."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path
from typing import IO, Final

from moiety.face.card_refusals import DataFolderUnwritable, FileRefused, FileWrongHash, FileWrongSize

_CHUNK: Final = 1 << 20


def keep(content: IO[bytes], size: int, sha256: str, target: Path) -> None:
    """Copy exactly `size` bytes with that hash to `target`, which appears whole or not at all.

    No more than `size` + 1 bytes are read. Raises `FileWrongSize`, `FileWrongHash` or `DataFolderUnwritable`.
    """
    with _incoming(target) as file:
        digest, left = hashlib.sha256(), size
        while left and (chunk := content.read(min(_CHUNK, left))):
            digest.update(chunk)
            _write(file, chunk)
            left -= len(chunk)
        if left or content.read(1):
            raise FileWrongSize(expected=size)
        if digest.hexdigest() != sha256:
            raise FileWrongHash


def keep_bytes(content: bytes, target: Path) -> None:
    """Write a small document that appears whole or not at all; raises `DataFolderUnwritable`."""
    with _incoming(target) as file:
        _write(file, content)


def verified(path: Path, size: int, sha256: str) -> bytes:
    """The bytes of a file that is what it must be; raises `FileRefused`, `FileWrongSize` or `FileWrongHash`."""
    with opened(path) as file:
        content = file.read(size + 1)
    if len(content) != size:
        raise FileWrongSize(expected=size)
    if hashlib.sha256(content).hexdigest() != sha256:
        raise FileWrongHash
    return content


@contextmanager
def opened(path: Path) -> Iterator[BufferedReader]:
    """A regular file for reading; raises `FileRefused` for anything else, a pipe or a device included."""
    try:
        # Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise FileRefused(error=error.errno or 0) from None
    except ValueError:
        raise FileRefused from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileRefused
    with os.fdopen(descriptor, "rb") as file:
        yield file


@contextmanager
def _incoming(target: Path) -> Iterator[IO[bytes]]:
    """A file beside `target` that replaces it at the end, durably, or is removed."""
    with _writing():
        target.parent.mkdir(parents=True, exist_ok=True)
        file = tempfile.NamedTemporaryFile(dir=target.parent, prefix=".incoming-", delete=False)  # noqa: SIM115
    unfinished = Path(file.name)
    try:
        yield file  # outside `_writing`: what is copied may fail too, and that is not the data folder's doing
        with _writing():
            file.flush()
            os.fsync(file.fileno())
            file.close()
            unfinished.chmod(0o644)
            unfinished.replace(target)
    finally:
        with suppress(OSError):
            file.close()  # a full disk refuses the rest of the buffer once more
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
        with suppress(OSError):
            target.parent.rmdir()  # which only a folder without anything lets happen


def _write(file: IO[bytes], content: bytes) -> None:
    with _writing():
        file.write(content)


@contextmanager
def _writing() -> Iterator[None]:
    """Whatever the data folder's disk refuses is a `DataFolderUnwritable`."""
    try:
        yield
    except OSError:
        raise DataFolderUnwritable from None
