"""Many people in one entry: a Merkle tree of commitments, one for each of them, whose root the entry says. Pure.

Whoever comes with two thousand others is not worth four sealed entries, and is worth a hash. Each commitment is
SHA-256(32 bytes || entry) like any other, of what an entry of their own would say; the 32 bytes follow from the
person's public key, which no ledger holds and which goes with the record. So all ledgers of an operation reach one root
by themselves, whoever has the key shows the entry and its path to the root (RFC 9162, section 2.1.3), and when the key
is gone the commitment is blind.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from moiety.ledger.tree import HASH_BYTES, NO_LEAVES, inclusion_proof, leaf_hash, subtree_root, verify_inclusion

PUBLIC_BYTES: Final = 32


@dataclass(frozen=True)
class Many:
    """What lies beside an entry about many: the day that it was written on (since 1970-01-01), what each was committed
    to, and the commitments (n * 32 bytes) in the order of the tree."""

    day: int
    entry: bytes
    commitments: bytes = field(repr=False)


@dataclass(frozen=True)
class Within:
    """Somebody among many: the 32 bytes and the entry that they were committed to, and that this is at `position` of
    `size` under the root."""

    random: bytes = field(repr=False)
    entry: bytes
    position: int
    size: int
    proof: tuple[bytes, ...] = field(repr=False)

    def verify(self, root: bytes) -> None:
        """Raises `ProofWrong` where the root is not over this."""
        leaf = leaf_hash(_committed(self.random, self.entry))
        verify_inclusion(leaf, self.position, self.size, self.proof, root)


def commitments(operation: bytes, publics: bytes, entry: bytes) -> bytes:
    """What each of many (n * 32 bytes of public keys) is committed to: n * 32 bytes."""
    found = (
        _committed(_random(operation, publics[at : at + PUBLIC_BYTES]), entry)
        for at in range(0, len(publics), PUBLIC_BYTES)
    )
    return b"".join(found)


def root_of(some: bytes) -> bytes:
    """The root (32 bytes) over commitments."""
    frontier, _ = NO_LEAVES.extended(map(leaf_hash, _each(some)))
    return frontier.root()


def within(operation: bytes, public: bytes, many: Many) -> Within | None:
    """Whoever has this public key, where they are among these."""
    random = _random(operation, public)
    wanted = _committed(random, many.entry)
    at = many.commitments.find(wanted)
    while at % HASH_BYTES and at >= 0:  # found across two of them
        at = many.commitments.find(wanted, at + 1)
    if at < 0:
        return None
    hashes = [leaf_hash(one) for one in _each(many.commitments)]

    @cache
    def node(level: int, index: int) -> bytes:
        return subtree_root(hashes[index << level : (index + 1) << level])

    position, size = at // HASH_BYTES, len(hashes)
    return Within(random, many.entry, position, size, tuple(inclusion_proof(position, size, node)))


def _random(operation: bytes, public: bytes) -> bytes:
    return hashlib.sha256(b"moiety many 1" + operation + public).digest()


def _committed(random: bytes, entry: bytes) -> bytes:
    return hashlib.sha256(random + entry).digest()


def _each(some: bytes) -> Sequence[bytes]:
    return [some[at : at + HASH_BYTES] for at in range(0, len(some), HASH_BYTES)]
