"""Entries of every kind, leaves about somebody and about nobody, and keys, for tests."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from moiety.ledger import seal
from moiety.ledger.entry import (
    AboutNobody,
    AboutPerson,
    Configuration,
    Consent,
    Correction,
    Enrolment,
    Enrolments,
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
    Erasures(MINUTE, "desk", "door", 2),
    LookUp(MINUTE, "desk", "door", "located"),
    Refusal(MINUTE, "gate 3", None, "purpose_unknown"),
    Configuration(MINUTE, "officer", "door", "purpose", bytes(range(32))),
    Key(MINUTE, "officer", "door", "gallery", bytes(range(32, 64))),
]


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
