"""The private key of a person in a file: PKCS#8 in PEM, under a passphrase, for its owner's eyes only.

How long a thief of the file must guess depends on the passphrase above all: the format's own derivation (PBKDF2 of
2,048 rounds) makes a guess hardly slower. Hence its length; and a token lets nobody guess at all, see `keycard`.
"""

from __future__ import annotations

import os
import stat
import unicodedata
from contextlib import suppress
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from moiety.custody.store.noise import Entropy
from moiety.custody.trust.denials import (
    KeyFileClosed,
    KeyFileExists,
    KeyFileExposed,
    KeyFileUnreadable,
    KeyFileUnwritable,
    PassphraseShort,
)

PASSPHRASE_LEAST: Final = 16
"""Characters: four or five words."""

OWNER_ONLY: Final = 0o600
_FILE_LIMIT: Final = 16_384
_SEED_BYTES: Final = 32


class KeyFile:
    """A signer whose key is in memory."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public = private.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """The signature of this message, 64 bytes."""
        return self._private.sign(message)


def make_key(path: Path, passphrase: str, entropy: Entropy) -> KeyFile:
    """Make a key in a new file (0600). Raises `PassphraseShort`, `KeyFileExists`, `KeyFileUnwritable`."""
    if len(passphrase) < PASSPHRASE_LEAST:
        raise PassphraseShort(least=PASSPHRASE_LEAST)
    private = Ed25519PrivateKey.from_private_bytes(entropy(_SEED_BYTES))
    sealing = BestAvailableEncryption(_secret(passphrase))
    _write_new(path, private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, sealing))
    return KeyFile(private)


def open_key(path: Path, passphrase: str) -> KeyFile:
    """The key of a file. Raises `KeyFileUnreadable`, `KeyFileExposed` where anybody else may read it, and
    `KeyFileClosed`."""
    content = read_private(path)
    try:
        private = load_pem_private_key(content, _secret(passphrase))
    except (ValueError, TypeError):  # TypeError: it is under no passphrase
        raise KeyFileClosed from None
    if not isinstance(private, Ed25519PrivateKey):
        raise KeyFileClosed
    return KeyFile(private)


def read_private(path: Path) -> bytes:
    """A small file that is its owner's alone. Raises `KeyFileUnreadable`, `KeyFileExposed`."""
    try:
        opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise KeyFileUnreadable(error=error.errno or 0) from None
    try:
        status = os.fstat(opened)
        if not stat.S_ISREG(status.st_mode) or status.st_size > _FILE_LIMIT:
            raise KeyFileUnreadable
        if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO) or status.st_uid not in (0, os.geteuid()):
            raise KeyFileExposed
        return os.read(opened, _FILE_LIMIT)
    finally:
        os.close(opened)


def _write_new(path: Path, content: bytes) -> None:
    try:
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, OWNER_ONLY)
    except FileExistsError:
        raise KeyFileExists from None
    except OSError:
        raise KeyFileUnwritable from None
    try:
        with os.fdopen(opened, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(opened)
    except OSError:
        with suppress(OSError):
            path.unlink()
        raise KeyFileUnwritable from None


def _secret(passphrase: str) -> bytes:
    """One spelling of what looks the same, whichever keyboard it was typed on."""
    return unicodedata.normalize("NFKC", passphrase).encode()
