"""Signed statements: who asks a custodian for something, and who approves it (Ed25519, RFC 8032).

What is signed is a prefix that no other signature of this program begins with, and the statement:

    version 1 | kind 1 B | length 1 B, operation | length 1 B, purpose | digest 32 B
    | at 8 B, unix seconds, big-endian | nonce 16 B | office 16 B

What travels is

    version 1 | length 2 B, big-endian, statement | public key 32 B | signature 64 B

A call that a gateway makes for one of its callers is version 2, and ends with 8 bytes more: for whom, see
`moiety.behalf`. There is one way to write each, and whatever else is read is refused.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from moiety.behalf import BEHALF_BYTES
from moiety.custody.trust.denials import SignedUnreadable

VERSION: Final = 1
ON_BEHALF: Final = 2
"""The version of a statement that says for whom somebody asks. A custodian that knows it says so (`wire.Versions`)."""
PREFIX: Final = b"moiety statement 1\0"
DIGEST_BYTES: Final = 32
NONCE_BYTES: Final = 16
OFFICE_BYTES: Final = 16
KEY_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64
OPERATION: Final = re.compile(r"[a-z](?:[a-z_]{0,30}[a-z])?")
PURPOSE_BYTES: Final = 64
"""As long as the name of a gallery."""
PEOPLE_MOST: Final = 2**32 - 1


class Kind(IntEnum):
    """What a signature says: "I ask for this" or "I agree to it". Neither can be used as the other."""

    CALL = 1
    APPROVAL = 2


@dataclass(frozen=True, slots=True)
class Statement:
    """What is signed. `digest` is `request_digest` of the request, `at` a unix second, `nonce` 16 bytes that are
    used once, `office` the 16 bytes of the office that it is for, `behalf` whom a call is made for, where anybody: 8
    bytes. Raises ValueError for what cannot be written."""

    kind: Kind
    operation: str
    purpose: str
    digest: bytes
    at: int
    nonce: bytes
    office: bytes
    behalf: bytes = b""

    def __post_init__(self) -> None:
        lengths = (len(self.digest), len(self.nonce), len(self.office))
        if lengths != (DIGEST_BYTES, NONCE_BYTES, OFFICE_BYTES):
            raise ValueError("a digest has 32 bytes, a nonce and an office 16")
        if not OPERATION.fullmatch(self.operation):
            raise ValueError("an operation is named in 1 to 32 lower-case letters and inner underscores")
        if not 1 <= len(self.purpose.encode()) <= PURPOSE_BYTES:
            raise ValueError(f"a purpose is named in 1 to {PURPOSE_BYTES} bytes")
        if not 0 <= self.at < 2**63:
            raise ValueError("an instant is a unix second")
        if self.behalf and (len(self.behalf) != BEHALF_BYTES or self.kind is not Kind.CALL):
            raise ValueError("whom a call is for is named in 8 bytes, and who agrees does so themself")

    def to_bytes(self) -> bytes:
        """The canonical bytes, without the prefix."""
        names = b"".join(len(name).to_bytes(1) + name for name in (self.operation.encode(), self.purpose.encode()))
        version = ON_BEHALF if self.behalf else VERSION
        rest = self.digest + self.at.to_bytes(8) + self.nonce + self.office + self.behalf
        return bytes((version, self.kind)) + names + rest

    @classmethod
    def from_bytes(cls, data: bytes) -> Statement:
        """The inverse; raises `SignedUnreadable` for anything that `to_bytes` does not write."""
        try:
            operation, rest = _named(data[2:])
            purpose, rest = _named(rest)
            digest, at, nonce, office, behalf = rest[:32], rest[32:40], rest[40:56], rest[56:72], rest[72:]
            statement = cls(Kind(data[1]), operation, purpose, digest, int.from_bytes(at), nonce, office, behalf)
        except (ValueError, IndexError):  # a UnicodeDecodeError is a ValueError
            raise SignedUnreadable from None
        if statement.to_bytes() != data:
            raise SignedUnreadable
        return statement


@dataclass(frozen=True, slots=True)
class Signed:
    """A statement, the public key (32 bytes) and the signature (64 bytes). Nothing says yet that it is genuine."""

    statement: Statement
    key: bytes
    signature: bytes

    def to_bytes(self) -> bytes:
        """What travels."""
        statement = self.statement.to_bytes()
        return bytes((VERSION,)) + len(statement).to_bytes(2) + statement + self.key + self.signature

    @classmethod
    def from_bytes(cls, data: bytes) -> Signed:
        """The inverse; raises `SignedUnreadable` for anything that `to_bytes` does not write."""
        end = 3 + int.from_bytes(data[1:3])
        if data[:1] != bytes((VERSION,)) or len(data) != end + KEY_BYTES + SIGNATURE_BYTES:
            raise SignedUnreadable
        return cls(Statement.from_bytes(data[3:end]), data[end : end + KEY_BYTES], data[end + KEY_BYTES :])

    def is_genuine(self) -> bool:
        """Whether the holder of the key signed the statement. Whose key it is, a roster says."""
        try:
            Ed25519PublicKey.from_public_bytes(self.key).verify(self.signature, PREFIX + self.statement.to_bytes())
        except (InvalidSignature, ValueError):
            return False
        return True


class Signer(Protocol):
    """A private key that stays where it is: in a file under a passphrase, or in a token."""

    @property
    def public(self) -> bytes:
        """The public key, 32 bytes."""

    def sign(self, message: bytes) -> bytes:
        """The signature of this message, 64 bytes."""


def sign(statement: Statement, signer: Signer) -> Signed:
    """The statement with the signer's signature."""
    return Signed(statement, signer.public, signer.sign(PREFIX + statement.to_bytes()))


def request_digest(content: bytes, people: int) -> bytes:
    """What a statement says of a request: 32 bytes over the SHA-256 of its content and how many people it may
    touch at most, so that who signs a number in words has signed that number."""
    if len(content) != DIGEST_BYTES or not 0 <= people <= PEOPLE_MOST:
        raise ValueError("a content is named by its SHA-256, and people are counted in 32 bits")
    return hashlib.sha256(b"moiety request 1\0" + content + people.to_bytes(4)).digest()


def content_digest(*parts: bytes) -> bytes:
    """SHA-256 over these parts, each with its length before it: the content of a request."""
    hashed = hashlib.sha256(b"moiety content 1\0")
    for part in parts:
        hashed.update(len(part).to_bytes(8) + part)
    return hashed.digest()


_PRIME: Final = 2**255 - 19
_EIGHTH: Final = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
_SMALL: Final = frozenset({0, 1, _PRIME - 1, _EIGHTH, _PRIME - _EIGHTH})
"""The y of the eight points of small order of edwards25519 (RFC 7748)."""


def is_strong(key: bytes) -> bool:
    """Whether a public key is written in the one way and is no point of small order, for which anybody can sign."""
    y = int.from_bytes(key, "little") & (2**255 - 1)
    return len(key) == KEY_BYTES and y < _PRIME and y not in _SMALL


def _named(data: bytes) -> tuple[str, bytes]:
    end = 1 + data[0]
    return data[1:end].decode(), data[end:]
