"""A leaf of a log: the commitment to an entry, and the entry itself beside it, sealed or in the clear. Pure.

The commitment is SHA-256(32 random bytes || entry). Of what is about a person, entry and random bytes are sealed to the
person's key by HPKE (RFC 9180, base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM), padded to one length,
under the commitment as `info`: nobody else reads them, and when the private key is destroyed nobody does. The
commitment stays, and with it every proof; it is blind then.

What lies beside a leaf begins with a version byte and a byte that says which of the two it is.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from moiety.ledger.entry import AboutNobody, AboutPerson, Entry, decode, encode
from moiety.ledger.many import Many
from moiety.ledger.operation import ID_BYTES, NONCE_BYTES, Entropy, Line, Operation
from moiety.ledger.refusals import EntryKeyWrong, EntryUnopened, EntryWrong

RANDOM_BYTES: Final = 32
TAG_BYTES: Final = 16
KEY_BYTES: Final = 32

KEPT_VERSION: Final = 1
CLEAR: Final = bytes([KEPT_VERSION, 0])
SEALED: Final = bytes([KEPT_VERSION, 1])
"""How what is kept begins."""

PADDED: Final = 512
"""Bytes of every sealed entry before it is sealed: its length says nothing."""
_LENGTH_BYTES: Final = 2
_HEAD_BYTES: Final = RANDOM_BYTES + NONCE_BYTES

KEPT_MAX: Final = len(SEALED) + KEY_BYTES + PADDED + 16
"""Bytes that lie beside a leaf, at most: those of a sealed one."""

_SUITE: Final = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_INFO: Final = b"moiety ledger entry 1"


@dataclass(frozen=True)
class Leaf:
    """What a log writes: the commitment (32 bytes), the line beside it, and what is kept of the entry.

    `kept` is None where it was forgotten. `tag` (16 bytes, random to whoever does not know how they were made) is by
    what a person's leaves are found; None for a leaf about nobody. `many` is what else lies beside an entry about many
    people, where this log keeps that; a leaf that is read has none.
    """

    commitment: bytes
    line: Line
    kept: bytes | None
    tag: bytes | None
    many: Many | None = None


def sealed(entry: AboutPerson, operation: Operation, person: bytes, tag: bytes, entropy: Entropy) -> Leaf:
    """A leaf about a person, whose X25519 public key (32 bytes) is given.

    Raises `EntryWrong`, `EntryKeyWrong`, and `ValueError` where the entry is of a kind that is about nobody or the tag
    has not 16 bytes.
    """
    if not isinstance(entry, AboutPerson) or len(tag) != TAG_BYTES:
        raise ValueError("only what is about a person is sealed, under a tag of 16 bytes")
    written, random = encode(entry), entropy(RANDOM_BYTES)
    commitment = committed(random, written)
    plain = random + operation.nonce + len(written).to_bytes(_LENGTH_BYTES, "big") + written
    try:
        to = X25519PublicKey.from_public_bytes(person)
        kept = _SUITE.encrypt(plain.ljust(PADDED, b"\0"), to, _INFO + commitment)
    except ValueError:
        raise EntryKeyWrong from None
    return Leaf(commitment, operation.line(written), SEALED + kept, tag)


def clear(entry: AboutNobody, operation: Operation, entropy: Entropy) -> Leaf:
    """A leaf about nobody.

    Raises `EntryWrong`, and `ValueError` where the entry is of a kind that is about a person.
    """
    if not isinstance(entry, AboutNobody):
        raise ValueError("what is about a person is sealed")
    written, random = encode(entry), entropy(RANDOM_BYTES)
    kept = CLEAR + random + operation.nonce + written
    return Leaf(committed(random, written), operation.line(written), kept, None)


def opened(leaf: Leaf, person: bytes) -> Entry:
    """The entry of a leaf about a person, by the private key (32 bytes).

    What is returned is what the log committed to, in its leaf and in its line. Raises `EntryUnopened`, the same for
    every cause.
    """
    return _entry(disclosed(leaf, person))


def read(leaf: Leaf) -> Entry:
    """The entry of a leaf about nobody: what the log committed to. Raises `EntryUnopened`."""
    return _entry(disclosed(leaf))


def disclosed(leaf: Leaf, person: bytes | None = None) -> bytes:
    """The 32 random bytes and the entry's bytes that a leaf's commitment is the SHA-256 of, by the private key of whom
    it is about; None where it is about nobody. Whoever is given them sees that this, and nothing else, was committed
    to. Raises `EntryUnopened`, the same for every cause."""
    return _clear(leaf) if person is None else _opened(leaf, person)


def _entry(written: bytes) -> Entry:
    try:
        return decode(written[RANDOM_BYTES:])
    except EntryWrong:
        raise EntryUnopened from None


def _opened(leaf: Leaf, person: bytes) -> bytes:
    kept = leaf.kept
    if kept is None or len(kept) != KEPT_MAX or kept[:2] != SEALED:
        raise EntryUnopened
    try:
        plain = _SUITE.decrypt(kept[2:], X25519PrivateKey.from_private_bytes(person), _INFO + leaf.commitment)
    except (InvalidTag, ValueError):
        raise EntryUnopened from None
    start = _HEAD_BYTES + _LENGTH_BYTES
    length = int.from_bytes(plain[_HEAD_BYTES:start], "big")
    if any(plain[start + length :]):
        raise EntryUnopened
    return _checked(leaf, plain[:_HEAD_BYTES], plain[start : start + length])


def _clear(leaf: Leaf) -> bytes:
    kept = leaf.kept
    if kept is None or len(kept) > KEPT_MAX or kept[:2] != CLEAR:
        raise EntryUnopened
    return _checked(leaf, kept[2 : 2 + _HEAD_BYTES], kept[2 + _HEAD_BYTES :])


def committed(random: bytes, written: bytes) -> bytes:
    """The commitment (32 bytes) to an entry's bytes."""
    return hashlib.sha256(random + written).digest()


def _checked(leaf: Leaf, head: bytes, written: bytes) -> bytes:
    random, nonce = head[:RANDOM_BYTES], head[RANDOM_BYTES:]
    if len(head) != _HEAD_BYTES or committed(random, written) != leaf.commitment:
        raise EntryUnopened
    if len(leaf.line.operation) != ID_BYTES or not leaf.line.parties:
        raise EntryUnopened
    if Operation(leaf.line.operation, nonce, leaf.line.parties).line(written) != leaf.line:
        raise EntryUnopened
    return random + written
