"""Bytes to a uniform element and bytes to a uniform scalar: RFC 9380 with SHA-512, as RFC 9497 asks for them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from moiety.sodium import ORDER, UNIFORM_BYTES, from_uniform_all

CONTEXT = b"OPRFV1-\x01-ristretto255-SHA512"
"""RFC 9497, 3.1: mode 0x01 (VOPRF) and the suite. Outputs differ by it, so it cannot change while a key lives."""

_TO_GROUP = b"HashToGroup-" + CONTEXT
_TO_SCALAR = b"HashToScalar-" + CONTEXT
_HASH_BYTES = 64
_BLOCK = bytes(128)
"""One block of SHA-512 in zeros, before the message: what separates these hashes from a plain SHA-512."""

_TAG_MAX = 255
_BLOCKS_MAX = 255


def expand_message_xmd(message: bytes, tag: bytes, length: int) -> bytes:
    """`length` uniform bytes from a message under a domain separation tag (RFC 9380, 5.3.1, SHA-512).

    Raises ValueError for a tag above 255 bytes or more than 255 blocks of 64: both are written in this package.
    """
    blocks = -(-length // _HASH_BYTES)
    if len(tag) > _TAG_MAX or blocks > _BLOCKS_MAX:
        raise ValueError("the tag or the length is out of bounds")
    suffix = tag + bytes([len(tag)])
    first = hashlib.sha512(_BLOCK + message + length.to_bytes(2, "big") + b"\x00" + suffix).digest()
    block = hashlib.sha512(first + b"\x01" + suffix).digest()
    out = [block]
    for number in range(2, blocks + 1):
        mixed = (int.from_bytes(first) ^ int.from_bytes(block)).to_bytes(_HASH_BYTES)
        block = hashlib.sha512(mixed + bytes([number]) + suffix).digest()
        out.append(block)
    return b"".join(out)[:length]


def hash_to_group(messages: Iterable[bytes]) -> bytes:
    """The elements of messages, one after the other, whose discrete logarithms nobody knows (RFC 9497, 4.1). Raises
    ValueError for no message."""
    return from_uniform_all(b"".join([expand_message_xmd(each, _TO_GROUP, UNIFORM_BYTES) for each in messages]))


def hash_to_scalar(message: bytes, tag: bytes = _TO_SCALAR) -> int:
    """The scalar of a message under a tag, RFC 9497's own where none is given; 0 once in 2^252."""
    return int.from_bytes(expand_message_xmd(message, tag, UNIFORM_BYTES), "little") % ORDER


def prefixed(*fields: bytes) -> bytes:
    """Fields one after another, each behind its length in two bytes, so that no two lists of fields read alike."""
    return b"".join(len(field).to_bytes(2, "big") + field for field in fields)
