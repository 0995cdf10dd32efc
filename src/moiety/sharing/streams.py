"""Pseudorandom words from a key: AES-256 in counter mode under a key derived by HKDF-SHA256 (RFC 5869).

The counter mode is the one inside AES-GCM, whose tag is never asked for: libraries compute it with vector AES where
the processor has it, at twice the speed of the plain mode. A stream ends after GCM's 64 GiB, far beyond any attempt.

A stream is used once. Its key binds everything that must differ between two uses (see `derive`), and two ends
that hold the same pair key and bind the same things draw the same words in the same order.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from numpy.typing import DTypeLike, NDArray

KEY_BYTES = 32
# Long draws are made in pieces of this size: the zeros that are encrypted stay in the processor's cache.
_PIECE = 1 << 18
_ZEROS = bytes(_PIECE)


def derive(secret: bytes, *bound: bytes) -> bytes:
    """A 32-byte key from a secret and everything it is bound to, each part length-prefixed."""
    if len(secret) < KEY_BYTES:
        raise ValueError("a stream needs a secret of 32 bytes")
    info = b"".join(len(part).to_bytes(8, "big") + part for part in bound)
    return HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=hashlib.sha256(info).digest()).derive(
        secret
    )


class Stream:
    """One pseudorandom stream, consumed in order."""

    def __init__(self, key: bytes) -> None:
        # A fixed nonce is sound because `derive` gives each stream a key of its own.
        self._encryptor = Cipher(algorithms.AES256(key), modes.GCM(bytes(12))).encryptor()

    def fill(self, out: NDArray[Any]) -> None:
        """Overwrite a C-contiguous array with the next bytes of the stream, little-endian words."""
        view = memoryview(out.reshape(-1).view(np.uint8))  # type: ignore[arg-type]
        for start in range(0, len(view), _PIECE):
            piece = view[start : start + _PIECE]
            self._encryptor.update_into(_ZEROS[: len(piece)] if len(piece) < _PIECE else _ZEROS, piece)

    def words(self, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """A new array of uniform words."""
        out: NDArray[Any] = np.empty(shape, dtype=dtype)
        self.fill(out)
        return out
