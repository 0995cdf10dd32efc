"""What a log must know of itself to take more: the tree's frontier and the digest of its lines. Pure.

Stored as a version byte, the size (8 bytes, big endian), the digest of the lines (32) and the frontier's nodes (32
each): at most 1,577 bytes, whatever the size.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from moiety.ledger.operation import NO_LINES, Line, chained
from moiety.ledger.tree import HASH_BYTES, NO_LEAVES, Frontier, Kept, leaf_hash

STATE_VERSION: Final = 1
_FIXED: Final = 1 + 8 + HASH_BYTES


@dataclass(frozen=True)
class State:
    """A log of `frontier.size` leaves, whose lines have this digest (32 bytes)."""

    frontier: Frontier = NO_LEAVES
    lines: bytes = NO_LINES

    @property
    def size(self) -> int:
        return self.frontier.size

    def after(self, leaves: Iterable[tuple[bytes, Line]]) -> tuple[State, list[Kept]]:
        """With more leaves, as commitments and lines, and the nodes of the tree that are to be kept."""
        both = list(leaves)
        frontier, kept = self.frontier.extended(leaf_hash(commitment) for commitment, _ in both)
        return State(frontier, chained(self.lines, (line for _, line in both))), kept

    def encode(self) -> bytes:
        """As bytes."""
        return bytes([STATE_VERSION]) + self.size.to_bytes(8, "big") + self.lines + b"".join(self.frontier.nodes)

    @classmethod
    def decode(cls, written: bytes) -> Self:
        """Of its bytes. Raises `ValueError`."""
        if len(written) < _FIXED or written[0] != STATE_VERSION:
            raise ValueError("this is no state of a log")
        rest = written[_FIXED:]
        nodes = tuple(rest[at : at + HASH_BYTES] for at in range(0, len(rest), HASH_BYTES))
        return cls(Frontier(int.from_bytes(written[1:9], "big"), nodes), written[9:_FIXED])
