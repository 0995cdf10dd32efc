"""What was sent for a job, until its turn: sealed in pieces (AES-256-GCM-SIV) under a key that this process alone has.

Each process has a folder of its own, and a lock on it for as long as it lives. A folder whose lock is free is of a
process that has ended, however it ended: what lies there can be opened by nobody, and whoever starts next deletes it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

from moiety.gateway.jobs.refusals import JobsUnwritable

PIECE: Final = 2**20
"""Bytes of what was sent that are sealed together."""

_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_NAME_BYTES: Final = 8
_VERSION: Final = b"\x01"
_LOCK: Final = "lock"
_END: Final = b"end"

Entropy = Callable[[int], bytes]


class Inputs:
    """The folder of this process, of those below `place`. `ended` are names of processes that are no more."""

    def __init__(self, place: Path, entropy: Entropy) -> None:
        self._entropy = entropy
        self._keys: dict[bytes, bytes] = {}
        self.name = entropy(_NAME_BYTES).hex()
        self._folder = place / self.name
        try:
            begun = place / f".{self.name}"  # under its own name it is locked already
            begun.mkdir(mode=0o700, parents=True)
            self._lock = os.open(begun / _LOCK, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX)
            begun.rename(self._folder)
            self.ended = [other.name for other in place.iterdir() if other.name[0] != "." and _is_left(other)]
        except OSError:
            raise JobsUnwritable from None

    def keep(self, job: bytes, whole: bytes) -> None:
        """Seal what was sent for a job. Raises `JobsUnwritable`."""
        key = self._entropy(_KEY_BYTES)
        cipher = AESGCMSIV(key)
        pieces = range(0, max(1, len(whole)), PIECE)
        try:
            file = os.open(self._file(job), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(file, "wb") as sealed:
                sealed.write(_VERSION)
                for number, at in enumerate(pieces):
                    nonce, last = self._entropy(_NONCE_BYTES), at == pieces[-1]
                    sealed.write(nonce + cipher.encrypt(nonce, whole[at : at + PIECE], _bound(number, last)))
        except OSError:
            self.drop(job)
            raise JobsUnwritable from None
        self._keys[job] = key

    @contextmanager
    def opened(self, job: bytes) -> Iterator[Path]:
        """What was sent, as a file that is in memory alone, while the context lasts. Raises `JobsUnwritable`."""
        try:
            memory = os.memfd_create("job", os.MFD_CLOEXEC)
        except OSError:
            raise JobsUnwritable from None
        with os.fdopen(memory, "wb") as whole:
            try:
                for piece in self._pieces(job):
                    whole.write(piece)
                whole.flush()
            except (OSError, InvalidTag):
                raise JobsUnwritable from None
            yield Path(f"/proc/self/fd/{memory}")

    def drop(self, job: bytes) -> None:
        """Nothing is left of what was sent: neither key nor file."""
        self._keys.pop(job, None)
        with suppress(FileNotFoundError):
            self._file(job).unlink()

    def close(self) -> None:
        """The same of all jobs, and of the folder."""
        self._keys.clear()
        shutil.rmtree(self._folder, ignore_errors=True)
        os.close(self._lock)

    def _pieces(self, job: bytes) -> Iterator[bytes]:
        cipher, number, step = AESGCMSIV(self._keys[job]), 0, _NONCE_BYTES + PIECE + _TAG_BYTES
        with self._file(job).open("rb") as sealed:
            sealed.read(len(_VERSION))
            piece = sealed.read(step)
            while piece:
                following = sealed.read(step)
                bound = _bound(number, not following)
                yield cipher.decrypt(piece[:_NONCE_BYTES], piece[_NONCE_BYTES:], bound)
                piece, number = following, number + 1

    def _file(self, job: bytes) -> Path:
        return self._folder / job.hex()


def _bound(number: int, last: bool) -> bytes:
    """Which piece it is, and whether the last; of which job, its key says."""
    return _VERSION + number.to_bytes(8) + (_END if last else b"")


def _is_left(folder: Path) -> bool:
    """Whether a process that has ended left this folder, which is gone then."""
    try:
        lock = os.open(folder / _LOCK, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    else:
        shutil.rmtree(folder, ignore_errors=True)
        return True
    finally:
        os.close(lock)
