"""`root.key`: 32 bytes under which the gateway seals what it has to be able to read again."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from moiety.gateway.refusals import RootKeyExposed, RootKeyWrong

FILE: Final = "root.key"
_BYTES: Final = 32
_VERSION: Final = b"\x01"
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO

Entropy = Callable[[int], bytes]


def root_key(folder: Path, entropy: Entropy) -> bytes:
    """The key in this folder, made (0600) where there is none. Raises `RootKeyExposed` where others may read it, and
    `RootKeyWrong` where it is none."""
    file = folder / FILE
    partial = folder / f"{FILE}.{entropy(8).hex()}"
    try:
        if not file.exists():
            descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "wb") as made:
                made.write(_VERSION + entropy(_BYTES))
                made.flush()
                os.fsync(made.fileno())
            try:
                os.link(
                    partial, file
                )  # whole or not at all, and whoever else makes one at the same time makes the same
            except FileExistsError:
                pass
            finally:
                partial.unlink()
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as opened:
            if os.fstat(opened.fileno()).st_mode & _OTHERS:
                raise RootKeyExposed
            content = opened.read(_BYTES + 2)
    except OSError:
        raise RootKeyWrong from None
    if len(content) != 1 + _BYTES or content[:1] != _VERSION:
        raise RootKeyWrong
    return content[1:]


class Seal:
    """AES-256-GCM-SIV (RFC 8452) under a key that HKDF-SHA256 derives from the root key for one use: a version byte, a
    nonce, and what is sealed, which only opens as what it was sealed as."""

    def __init__(self, root: bytes, use: str, entropy: Entropy) -> None:
        self._cipher = AESGCMSIV(derived(root, use))
        self._entropy = entropy

    def seal(self, plain: bytes, what: bytes) -> bytes:
        """`plain`, sealed as `what`."""
        nonce = self._entropy(_NONCE_BYTES)
        return _VERSION + nonce + self._cipher.encrypt(nonce, plain, _VERSION + what)

    def open(self, sealed: bytes, what: bytes) -> bytes:
        """What `seal` sealed. Raises `RootKeyWrong` for anything else."""
        if sealed[:1] != _VERSION or len(sealed) < 1 + _NONCE_BYTES + _TAG_BYTES:
            raise RootKeyWrong
        nonce, rest = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        try:
            return self._cipher.decrypt(nonce, rest, _VERSION + what)
        except InvalidTag:
            raise RootKeyWrong from None


def derived(root: bytes, use: str) -> bytes:
    """32 bytes for one use of the root key."""
    return HKDF(SHA256(), _BYTES, None, b"moiety gateway 1 " + use.encode()).derive(root)
