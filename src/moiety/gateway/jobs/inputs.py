"""What was sent for a job, until it has ended: sealed in pieces (AES-256-GCM-SIV) under a key of its own, which is not
here.

Each process has a folder of its own, and a lock on it for as long as it lives. A folder whose lock is free is of a
process that has ended, however it ended: whoever takes that lock first has the folder from then on, where it is, and
nobody else has it meanwhile. Nothing is moved, so nobody who is killed leaves anything in between.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

from moiety.gateway.jobs.refusals import JobsUnwritable

PIECE: Final = 2**20
"""Bytes of what was sent that are sealed together."""

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_NAME_BYTES: Final = 8
_VERSION: Final = b"\x01"
_LOCK: Final = "lock"
_END: Final = b"end"
_JOB: Final = re.compile(r"[0-9a-f]{32}")

Entropy = Callable[[int], bytes]


class Inputs:
    """The folder of this process below `place`, and those that it took over from processes that have ended."""

    def __init__(self, place: Path, entropy: Entropy) -> None:
        self._entropy = entropy
        self._place = place
        self.name = entropy(_NAME_BYTES).hex()
        self._folder = place / self.name
        try:
            begun = place / f".{self.name}"  # under its own name it is locked already
            begun.mkdir(mode=0o700, parents=True)
            lock = os.open(begun / _LOCK, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(lock, fcntl.LOCK_EX)
            begun.rename(self._folder)
            _synced(place)
        except OSError:
            raise JobsUnwritable from None
        self._locks = {self.name: lock}
        self._where: dict[bytes, Path] = {}

    def taken_over(self) -> list[str]:
        """Names of processes that have ended, whose folders are this one's from now on. Raises `JobsUnwritable`."""
        try:
            others = [one for one in self._place.iterdir() if one.name[0] != "." and one.name not in self._locks]
            locks = {one: lock for one in others if (lock := _locked(one)) is not None}
            for one, lock in locks.items():
                self._locks[one.name] = lock
                jobs = [file for file in one.iterdir() if _JOB.fullmatch(file.name)]
                self._where |= {bytes.fromhex(file.name): file for file in jobs}
        except OSError:
            raise JobsUnwritable from None
        return [one.name for one in locks]

    def keep_of(self, worker: str, jobs: set[bytes]) -> None:
        """Of what a process has left, these jobs alone; nothing stays of a folder with none."""
        folder = self._place / worker
        for job in self._of(folder) - jobs:
            self.drop(job)
        if not self._of(folder):
            self._release(worker)

    def give_back(self, worker: str) -> None:
        """Leave what was taken over to whoever looks next."""
        for job in self._of(self._place / worker):
            del self._where[job]
        os.close(self._locks.pop(worker))

    def has(self, job: bytes) -> bool:
        """Whether what was sent for it is here."""
        return job in self._where

    def keep(self, job: bytes, key: bytes, whole: bytes) -> None:
        """Seal what was sent for a job; it is on the disk then. Raises `JobsUnwritable`."""
        cipher, place = AESGCMSIV(key), self._folder / job.hex()
        starts = range(0, max(1, len(whole)), PIECE)
        self._where[job] = place
        try:
            file = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(file, "wb") as sealed:
                sealed.write(_VERSION)
                for number, at in enumerate(starts):
                    nonce, last = self._entropy(_NONCE_BYTES), at == starts[-1]
                    sealed.write(nonce + cipher.encrypt(nonce, whole[at : at + PIECE], _bound(number, last)))
                sealed.flush()
                os.fsync(sealed.fileno())
            _synced(self._folder)
        except OSError:
            self.drop(job)
            raise JobsUnwritable from None

    @contextmanager
    def opened(self, job: bytes, key: bytes) -> Iterator[Path]:
        """What was sent, as a file that is in memory alone, while the context lasts. Raises `JobsUnwritable`."""
        try:
            memory = os.memfd_create("job", os.MFD_CLOEXEC)
        except OSError:
            raise JobsUnwritable from None
        with os.fdopen(memory, "wb") as whole:
            try:
                with self._where[job].open("rb") as file:
                    for piece in pieces(file, key):
                        whole.write(piece)
                whole.flush()
            except (OSError, InvalidTag):
                raise JobsUnwritable from None
            yield Path(f"/proc/self/fd/{memory}")

    def drop(self, job: bytes) -> None:
        """Nothing is left of what was sent."""
        file = self._where.pop(job, None)
        if file is not None:
            with suppress(OSError):
                file.unlink()

    def close(self) -> None:
        """Leave what waits to whoever starts next; where nothing does, nothing stays of a folder."""
        for worker in list(self._locks):
            self._release(worker)

    def _of(self, folder: Path) -> set[bytes]:
        """Jobs of which this folder has what was sent; other threads add and drop some meanwhile."""
        return {job for job, file in list(self._where.items()) if file.parent == folder}

    def _release(self, worker: str) -> None:
        folder = self._place / worker
        if not self._of(folder):
            shutil.rmtree(folder, ignore_errors=True)
        os.close(self._locks.pop(worker))


def pieces(sealed: BinaryIO, key: bytes) -> Iterator[bytes]:
    """What was sent, piece by piece. Raises `InvalidTag` where it was not sealed under this key, or not as it is."""
    cipher, number, step = AESGCMSIV(key), 0, _NONCE_BYTES + PIECE + _TAG_BYTES
    sealed.read(len(_VERSION))
    piece = sealed.read(step)
    while piece:
        following = sealed.read(step)
        bound = _bound(number, not following)
        yield cipher.decrypt(piece[:_NONCE_BYTES], piece[_NONCE_BYTES:], bound)
        piece, number = following, number + 1


def _bound(number: int, last: bool) -> bytes:
    """Which piece it is, and whether the last; of which job, its key says."""
    return _VERSION + number.to_bytes(8) + (_END if last else b"")


def _locked(folder: Path) -> int | None:
    """The lock of a folder that a process has left; None where one has it."""
    try:
        lock = os.open(folder / _LOCK, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.stat(folder / _LOCK)  # whoever had it may have deleted the folder since it was opened
    except OSError:
        os.close(lock)
        return None
    return lock


def _synced(folder: Path) -> None:
    """What is in a folder is on the disk, and not only what is in its files."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
