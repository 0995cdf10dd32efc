"""Pseudorandom words from a key: AES-256-GCM of zeros, under a key derived by HKDF-SHA256 (RFC 5869).

Every draw has a nonce of its own, counted up, so that no two draws of a stream have anything in common. GCM, whose
tag is thrown away, because libraries compute it with vector AES where the processor has it, at twice the speed of
the plain counter mode, and let go of the interpreter's lock meanwhile.

A stream is used once. Its key binds everything that must differ between two uses (see `derive`), and two ends
that hold the same pair key and bind the same things and make the same draws get the same words.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from numpy.typing import DTypeLike, NDArray

KEY_BYTES = 32
_NONCE_BYTES = 12
_TAG_BYTES = 16
# Long draws are made in pieces of this size: the zeros that are encrypted stay in the processor's cache.
_PIECE = 1 << 18
_ZEROS = memoryview(bytes(_PIECE))


def derive(secret: bytes, *bound: bytes) -> bytes:
    """A 32-byte key from a secret and everything it is bound to, each part length-prefixed."""
    if len(secret) < KEY_BYTES:
        raise ValueError("a stream needs a secret of 32 bytes")
    info = b"".join(len(part).to_bytes(8, "big") + part for part in bound)
    return HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=hashlib.sha256(info).digest()).derive(
        secret
    )


@dataclass(frozen=True)
class Room:
    """An array to draw into again and again; behind its words lies room for the tag that nobody reads."""

    words: NDArray[Any]
    bytes: memoryview

    @classmethod
    def of(cls, shape: tuple[int, ...], dtype: DTypeLike) -> Room:
        """Room for words of this shape and type, uninitialised."""
        size = prod(shape) * np.dtype(dtype).itemsize
        allocated = np.empty(size + _TAG_BYTES, dtype=np.uint8)
        return cls(allocated[:size].view(dtype).reshape(shape), memoryview(allocated))  # type: ignore[arg-type]


class Stream:
    """One pseudorandom stream, consumed in order."""

    def __init__(self, key: bytes) -> None:
        # Counted nonces are sound because `derive` gives each stream a key of its own.
        self._cipher = AESGCM(key)
        self._drawn = 0

    def fill(self, room: Room) -> None:
        """Overwrite the words with the next draw of the stream, little-endian."""
        size = len(room.bytes) - _TAG_BYTES
        for start in range(0, size, _PIECE):
            length = min(_PIECE, size - start)
            nonce = self._drawn.to_bytes(_NONCE_BYTES, "big")
            # The tag of one piece lies where the next piece begins, which overwrites it.
            self._cipher.encrypt_into(nonce, _ZEROS[:length], None, room.bytes[start : start + length + _TAG_BYTES])
            self._drawn += 1

    def words(self, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """The next draw in a new array."""
        room = Room.of(shape, dtype)
        self.fill(room)
        return room.words
