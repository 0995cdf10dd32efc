"""A Merkle tree over leaves that are only ever added: RFC 9162, section 2.1, with SHA-256. Pure.

Whoever adds leaves needs the `Frontier` alone: at most 48 hashes, whatever the size. Whoever proves needs hashes of
perfect subtrees, by level and index: the leaf hashes are level 0, and the node (l, i) is over leaves i * 2^l up to
(i + 1) * 2^l. Every eighth level is worth keeping (`KEPT_LEVELS`): any other node is at most 128 hashes away.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from moiety.ledger.refusals import ProofWrong

HASH_BYTES: Final = 32

SIZE_MAX: Final = 2**48
"""More entries than could be written in a thousand years, and few enough that a proof is short."""

PROOF_MAX: Final = 50
"""A proof in a tree of `SIZE_MAX` leaves has no more hashes."""

KEPT_LEVELS: Final = 8
"""Levels from one kept node to the next."""

EMPTY_ROOT: Final = hashlib.sha256().digest()
"""The root over no leaves (RFC 9162, section 2.1.1)."""

Node = Callable[[int, int], bytes]
"""The hash of a perfect subtree by level and index."""


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf (32 bytes)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of a node over two (32 bytes each)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True)
class Kept:
    """A node of a kept level, complete for good."""

    level: int
    index: int
    hash: bytes


@dataclass(frozen=True)
class Frontier:
    """The roots of the perfect subtrees that a tree of `size` leaves consists of, the largest first.

    Raises `ValueError` where there are not as many as the size has binary ones, or one has not 32 bytes.
    """

    size: int = 0
    nodes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.size <= SIZE_MAX or len(self.nodes) != self.size.bit_count():
            raise ValueError("a frontier has a node for each binary one of its size")
        if any(len(node) != HASH_BYTES for node in self.nodes):
            raise ValueError("a node has 32 bytes")

    def extended(self, leaf_hashes: Iterable[bytes]) -> tuple[Frontier, list[Kept]]:
        """With more leaves, and the nodes of kept levels that they complete.

        Raises `ValueError` beyond `SIZE_MAX`.
        """
        size, nodes, kept = self.size, list(self.nodes), []
        for node in leaf_hashes:
            rest, level = size, 0
            while rest & 1:
                node, rest, level = node_hash(nodes.pop(), node), rest >> 1, level + 1
                if level % KEPT_LEVELS == 0:
                    kept.append(Kept(level, rest, node))
            nodes.append(node)
            size += 1
        return Frontier(size, tuple(nodes)), kept

    def root(self) -> bytes:
        """The root over all leaves."""
        if not self.nodes:
            return EMPTY_ROOT
        root = self.nodes[-1]
        for left in reversed(self.nodes[:-1]):
            root = node_hash(left, root)
        return root

    @classmethod
    def of(cls, size: int, node: Node) -> Frontier:
        """The frontier of a tree of which any node can be had."""
        levels = [level for level in reversed(range(size.bit_length())) if size >> level & 1]
        return cls(size, tuple(node(level, (size >> level) - 1) for level in levels))


NO_LEAVES: Final = Frontier()


def subtree_root(hashes: Sequence[bytes]) -> bytes:
    """The root over 2^n hashes of one level (n >= 0)."""
    if len(hashes).bit_count() != 1:
        raise ValueError("a perfect subtree has a power of two of them")
    row = list(hashes)
    while len(row) > 1:
        row = [node_hash(row[at], row[at + 1]) for at in range(0, len(row), 2)]
    return row[0]


def _split(count: int) -> int:
    """The largest power of two below `count` (two or more)."""
    return 1 << ((count - 1).bit_length() - 1)


def _root(start: int, end: int, node: Node) -> bytes:
    """MTH(D[start:end]), where `start` is where a perfect subtree of at least that many leaves begins."""
    count = end - start
    if count & (count - 1) == 0:
        level = count.bit_length() - 1
        return node(level, start >> level)
    middle = start + _split(count)
    return node_hash(_root(start, middle, node), _root(middle, end, node))


def inclusion_proof(position: int, size: int, node: Node) -> list[bytes]:
    """That the leaf at `position` (from 0) is among the first `size`: PATH of RFC 9162, section 2.1.3.1.

    Raises `ValueError` where there is no such leaf.
    """
    if not 0 <= position < size <= SIZE_MAX:
        raise ValueError("no such leaf in a tree of this size")
    proof: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if position < middle:
            proof.append(_root(middle, end, node))
            end = middle
        else:
            proof.append(_root(start, middle, node))
            start = middle
    return proof[::-1]


def consistency_proof(old: int, size: int, node: Node) -> list[bytes]:
    """That the first `old` of `size` leaves were the whole tree once: PROOF of RFC 9162, section 2.1.4.1.

    Nothing needs to be shown of a tree of no leaves, which the RFC leaves out: its proof is empty. Raises `ValueError`
    where `old` is more than `size`.
    """
    if not 0 <= old <= size <= SIZE_MAX:
        raise ValueError("a tree grows")
    proof: list[bytes] = []
    if old in (0, size):
        return proof
    start, end, whole = 0, size, True
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            proof.append(_root(middle, end, node))
            end = middle
        else:
            proof.append(_root(start, middle, node))
            start, whole = middle, False
    if not whole:
        proof.append(_root(start, end, node))
    return proof[::-1]


def verify_inclusion(leaf: bytes, position: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Whether a leaf hash is at `position` under a root over `size` leaves: RFC 9162, section 2.1.3.2.

    Raises `ProofWrong`.
    """
    _bounded(proof, leaf, root)
    if not 0 <= position < size <= SIZE_MAX:
        raise ProofWrong
    first, last, found = position, size - 1, leaf
    for other in proof:
        if last == 0:
            raise ProofWrong
        if first & 1 or first == last:
            found = node_hash(other, found)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            found = node_hash(found, other)
        first, last = first >> 1, last >> 1
    if last != 0 or found != root:
        raise ProofWrong


def verify_consistency(old: int, size: int, old_root: bytes, root: bytes, proof: Sequence[bytes]) -> None:
    """Whether a tree of `old` leaves became one of `size` leaves by adding alone: RFC 9162, section 2.1.4.2.

    Raises `ProofWrong`.
    """
    _bounded(proof, old_root, root)
    if not 0 <= old <= size <= SIZE_MAX:
        raise ProofWrong
    if old in (0, size):
        if proof or old_root != (EMPTY_ROOT if old == 0 else root):
            raise ProofWrong
        return
    path = list(proof) if old & (old - 1) else [old_root, *proof]
    if not path:
        raise ProofWrong
    first, last = old - 1, size - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    before = after = path[0]
    for other in path[1:]:
        if last == 0:
            raise ProofWrong
        if first & 1 or first == last:
            before, after = node_hash(other, before), node_hash(other, after)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            after = node_hash(after, other)
        first, last = first >> 1, last >> 1
    if last != 0 or before != old_root or after != root:
        raise ProofWrong


def _bounded(proof: Sequence[bytes], *roots: bytes) -> None:
    if len(proof) > PROOF_MAX or any(len(part) != HASH_BYTES for part in (*proof, *roots)):
        raise ProofWrong
