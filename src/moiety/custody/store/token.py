"""Root keys of epochs: where they live, and how they die.

A token holds one root key for each epoch that is still to be read, wraps that epoch's data key under it, and destroys
it for good when the epoch is over. `FileToken` keeps them in files, for whoever has nothing better: a disk that is
copied while the epoch lasts is copied with them, and what a file system or a flash cell keeps of an overwritten file
is not for us to say. A PKCS#11 token lets no root out at all.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from moiety.custody.refusals import RootExposed, RootMissing, RootWrong
from moiety.custody.store.noise import Entropy

ROOT_BYTES = 32
WRAP_VERSION = 1
_NONCE_BYTES = 12
_BEFORE, _AFTER, _BEGUN = "epoch-", ".key", ".new"


class Token(Protocol):
    """The root keys of one custodian, by epoch. What it did is durable when it returns."""

    def epochs(self) -> frozenset[int]:
        """The epochs whose root is here."""

    def make(self, epoch: int) -> None:
        """Make the root of an epoch that has none here."""

    def wrap(self, epoch: int, key: bytes, bound: bytes) -> bytes:
        """Seal a 32-byte data key under an epoch's root, bound to these bytes. Raises `RootMissing`."""

    def unwrap(self, epoch: int, wrapped: bytes, bound: bytes) -> bytes:
        """The data key again. Raises `RootMissing`, `RootWrong`."""

    def destroy(self, epoch: int) -> None:
        """Destroy an epoch's root; again does nothing."""


def wrapped_under(root: bytes, key: bytes, bound: bytes, nonce: bytes) -> bytes:
    """version 1 | nonce 12 B | AES-256-GCM of the key under a root | tag 16 B."""
    return bytes([WRAP_VERSION]) + nonce + AESGCM(root).encrypt(nonce, key, bound)


def unwrapped_under(root: bytes, wrapped: bytes, bound: bytes) -> bytes:
    """The key again. Raises `RootWrong`."""
    nonce, sealed = wrapped[1 : 1 + _NONCE_BYTES], wrapped[1 + _NONCE_BYTES :]
    if wrapped[:1] != bytes([WRAP_VERSION]) or len(nonce) != _NONCE_BYTES or len(root) != ROOT_BYTES:
        raise RootWrong
    try:
        return AESGCM(root).decrypt(nonce, sealed, bound)
    except InvalidTag:
        raise RootWrong from None


def root_name(epoch: int) -> str:
    """The name of the file that holds an epoch's root."""
    return f"{_BEFORE}{epoch}{_AFTER}"


class FileToken:
    """Roots in a folder (0700), one file of 32 bytes (0600) for each epoch: `epoch-7.key`.

    Every method raises `RootExposed` where anybody else may read the folder or the file.
    """

    def __init__(self, folder: Path, entropy: Entropy) -> None:
        self._folder = folder
        self._entropy = entropy

    def epochs(self) -> frozenset[int]:
        """The epochs whose root is here, or was being made when somebody was killed."""
        if not self._folder.is_dir():
            return frozenset()
        self._private(self._folder)
        names = (path.name for path in self._folder.iterdir())
        numbers = (name[len(_BEFORE) : -len(_AFTER)] for name in names if name.endswith((_AFTER, _BEGUN)))
        return frozenset(int(number) for number in numbers if number.isascii() and number.isdigit())

    def make(self, epoch: int) -> None:
        """Write 32 fresh bytes beside the place, then give them their name: whole or not there."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._private(self._folder)
        final = self._folder / root_name(epoch)
        if final.exists():
            raise ValueError("this epoch has a root already")
        begun = final.with_suffix(_BEGUN)
        with suppress(FileNotFoundError):
            begun.unlink()
        _written(begun, self._entropy(ROOT_BYTES), os.O_CREAT | os.O_EXCL)
        begun.rename(final)
        _synced(self._folder)
        _synced(self._folder.parent)

    def wrap(self, epoch: int, key: bytes, bound: bytes) -> bytes:
        """Seal a data key. Raises `RootMissing`."""
        return wrapped_under(self._root(epoch), key, bound, self._entropy(_NONCE_BYTES))

    def unwrap(self, epoch: int, wrapped: bytes, bound: bytes) -> bytes:
        """The data key again. Raises `RootMissing`, `RootWrong`."""
        return unwrapped_under(self._root(epoch), wrapped, bound)

    def destroy(self, epoch: int) -> None:
        """Overwrite the file where it lies, then remove it; what was begun of it too."""
        final = self._folder / root_name(epoch)
        for file in (final, final.with_suffix(_BEGUN)):
            with suppress(FileNotFoundError):
                _written(file, bytes(ROOT_BYTES), 0)
                file.unlink()
                _synced(self._folder)

    def _root(self, epoch: int) -> bytes:
        if not self._folder.is_dir():
            raise RootMissing
        self._private(self._folder)
        try:
            descriptor = os.open(self._folder / root_name(epoch), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            raise RootMissing from None
        with os.fdopen(descriptor, "rb") as file:
            _refuse_exposed(os.fstat(file.fileno()))
            root = file.read(ROOT_BYTES + 1)
        if len(root) != ROOT_BYTES:
            raise RootWrong
        return root

    @staticmethod
    def _private(folder: Path) -> None:
        _refuse_exposed(folder.lstat())


def _refuse_exposed(found: os.stat_result) -> None:
    if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO) or found.st_uid != os.geteuid():
        raise RootExposed


def _written(file: Path, content: bytes, how: int) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC | how, 0o600)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())


def _synced(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
