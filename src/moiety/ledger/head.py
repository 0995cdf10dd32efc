"""A signed tree head: what a log says that it holds, in one minute, and cannot take back. Pure.

Ed25519 (RFC 8032) over a label and the body: a version byte, the log's name with its length before it, the size (8
bytes, big endian), the root (32), the digest of all lines (32) and the minute (4). The signature (64) follows the body.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from moiety.ledger.refusals import HeadWrong
from moiety.ledger.tree import HASH_BYTES, SIZE_MAX

HEAD_VERSION: Final = 1
ORIGIN_BYTES: Final = 64
"""Bytes of a log's name, at most."""

_LABEL: Final = b"moiety tree head 1\0"
_SIGNATURE_BYTES: Final = 64
_FIXED: Final = 8 + HASH_BYTES + HASH_BYTES + 4

Signer = Callable[[bytes], bytes]
"""An Ed25519 signature (64 bytes) over some bytes, by a key that may lie in a token."""


@dataclass(frozen=True)
class Head:
    """That the log `origin` has `size` leaves under `root`, and lines with the digest `lines`, in a minute since 1970.

    Raises `ValueError` where something is not within its bounds.
    """

    origin: str
    size: int
    root: bytes
    lines: bytes
    minute: int

    def __post_init__(self) -> None:
        if not 0 < len(self.origin.encode()) <= ORIGIN_BYTES:
            raise ValueError("a log's name has 1 to 64 bytes")
        if not 0 <= self.size <= SIZE_MAX or not 0 <= self.minute < 2**32:
            raise ValueError("no size or minute")
        if len(self.root) != HASH_BYTES or len(self.lines) != HASH_BYTES:
            raise ValueError("digests have 32 bytes")

    def signed(self, signer: Signer) -> bytes:
        """The head as bytes, with its signature."""
        name = self.origin.encode()
        body = bytes([HEAD_VERSION, len(name)]) + name + self.size.to_bytes(8, "big") + self.root + self.lines
        body += self.minute.to_bytes(4, "big")
        return body + signer(_LABEL + body)


def verify(written: bytes, origin: str, key: bytes) -> Head:
    """The head of a log by its name and Ed25519 public key (32 bytes). Raises `HeadWrong`, the same for every cause."""
    head = signed_by(written, key)
    if head.origin != origin:
        raise HeadWrong
    return head


def signed_by(written: bytes, key: bytes) -> Head:
    """The head that whoever holds this key signed, under whatever name. Raises `HeadWrong`."""
    if len(written) < 2 or written[0] != HEAD_VERSION or len(written) != 2 + written[1] + _FIXED + _SIGNATURE_BYTES:
        raise HeadWrong
    body, signature = written[:-_SIGNATURE_BYTES], written[-_SIGNATURE_BYTES:]
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, _LABEL + body)
        name, rest = body[2:-_FIXED].decode(), body[-_FIXED:]
        size, minute = int.from_bytes(rest[:8], "big"), int.from_bytes(rest[-4:], "big")
        return Head(name, size, rest[8 : 8 + HASH_BYTES], rest[8 + HASH_BYTES : -4], minute)
    except (InvalidSignature, ValueError):
        raise HeadWrong from None
