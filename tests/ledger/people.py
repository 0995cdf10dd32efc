"""Entries of every kind, leaves about somebody and about nobody, and keys, for tests."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from moiety.ledger import seal
from moiety.ledger.entry import (
    AboutNobody,
    AboutPerson,
    Acknowledgement,
    Configuration,
    Consent,
    Correction,
    Enrolment,
    Enrolments,
    Entry,
    Erasure,
    Erasures,
    Key,
    LookUp,
    Opening,
    Recognition,
    Refusal,
    Restriction,
    Withdrawal,
)
from moiety.ledger.operation import EVERYBODY, Operation, Party
from moiety.ledger.seal import Leaf

MINUTE = 29_900_000

ABOUT_PERSON: list[AboutPerson] = [
    Enrolment(MINUTE, "desk", "door", "consent", 3),
    Opening(MINUTE, "desk", "door", ("birth", "photo"), "asked_for"),
    Opening(MINUTE, "desk", "door", ("birth", "photo"), "asked_for", "officer"),
    Correction(MINUTE, "desk", "door", ("contact",)),
    Erasure(MINUTE, "desk", "door", "asked_for", MINUTE + 72 * 60),
    Restriction(MINUTE, "desk", "door", True),
    Consent(MINUTE, "desk", "door", "explicit_consent", "2026-01", "on_paper"),
    Withdrawal(MINUTE, "desk", "door", "explicit_consent"),
]
ABOUT_NOBODY: list[AboutNobody] = [
    Recognition(MINUTE, "gate 3", "door", 17),
    Enrolments(MINUTE, "desk", "door", 1_000),
    Enrolments(MINUTE, "desk", "door", 1_000, bytes(range(64, 96))),
    Erasures(MINUTE, "desk", "door", 2),
    LookUp(MINUTE, "desk", "door", "located"),
    Refusal(MINUTE, "gate 3", None, "purpose_unknown"),
    Configuration(MINUTE, "officer", "door", "purpose", bytes(range(32))),
    Key(MINUTE, "officer", "door", "gallery", bytes(range(32, 64))),
    Acknowledgement(MINUTE, "officer", bytes(range(16)), 15, bytes(range(64, 96)), 10),
]

WIDE = "\U0001f6aa" * 16
"""A name of 64 bytes in 16 characters."""
LONGEST = "a" * 32


def fullest(kind: type[msgspec.Struct]) -> Entry:
    """The longest entry of a kind."""
    full = {
        "minute": 2**32 - 1, "caller": WIDE, "purpose": WIDE, "text": WIDE, "ground": LONGEST, "reason": LONGEST,
        "how": LONGEST, "role": LONGEST, "code": LONGEST, "part": LONGEST,
        "faces": 2**32 - 1, "count": 2**32 - 1, "due": 2**32 - 1,
        "classes": (LONGEST,) * 6, "restricted": True, "what": "pseudonyms", "digest": b"\xff" * 32,
        "people": b"\xff" * 32,
        "operation": b"\xff" * 16, "said": b"\xff" * 32, "parties": 15, "beside": 14,
    }  # fmt: skip
    return kind(**{name: full[name] for name in kind.__struct_fields__})  # type: ignore[return-value]


def drawn(seed: int) -> Callable[[int], bytes]:
    """Bytes that look random and are the same each time."""
    return random.Random(seed).randbytes


def person_key(number: int) -> tuple[bytes, bytes]:
    """A person's private and public X25519 key."""
    private = X25519PrivateKey.from_private_bytes(hashlib.sha256(b"person %d" % number).digest())
    return private.private_bytes_raw(), private.public_key().public_bytes_raw()


def person_tag(number: int) -> bytes:
    """The tag by which a person's entries are found."""
    return hashlib.sha256(b"tag %d" % number).digest()[:16]


def signing_key(name: str) -> Ed25519PrivateKey:
    """Somebody's Ed25519 key."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"signer " + name.encode()).digest())


def public(key: Ed25519PrivateKey) -> bytes:
    """The public part."""
    return key.public_key().public_bytes_raw()


def leaf_about(person: int, seed: int, entry: AboutPerson = ABOUT_PERSON[0], parties: Party = EVERYBODY) -> Leaf:
    """A leaf about a person, of an operation that the seed names."""
    entropy = drawn(seed)
    operation = Operation.new(parties, entropy)
    return seal.sealed(entry, operation, person_key(person)[1], person_tag(person), entropy)


def leaf_about_nobody(seed: int, entry: AboutNobody = ABOUT_NOBODY[0], parties: Party = EVERYBODY) -> Leaf:
    """A leaf in the clear, of an operation that the seed names."""
    entropy = drawn(seed)
    return seal.clear(entry, Operation.new(parties, entropy), entropy)


def leaves(count: int, first: int = 0) -> list[Leaf]:
    """Leaves about nobody, each of an operation of its own."""
    return [leaf_about_nobody(seed) for seed in range(first, first + count)]


def longest(seed: int) -> list[Leaf]:
    """A leaf with the longest entry of each kind, sealed where it is about a person."""
    entries: list[Entry] = [fullest(kind) for kind in Entry.__args__]  # type: ignore[attr-defined]
    return [
        leaf_about(seed, seed + at, said) if isinstance(said, AboutPerson) else leaf_about_nobody(seed + at, said)
        for at, said in enumerate(entries)
    ]
