"""What the logs of one office have in common about a thing that was done, so that they can be held against each other.

Each log commits to its entries with random bytes of its own, so their leaves have nothing in common. Beside each leaf
is a `Line`: the operation's random id, whose logs record it, and a digest of what was said that all of them reach,
since whoever began the operation gave them one nonce. The nonce lies with the entry, sealed to the person: when that
key is gone the digest, too, says nothing any more. Pure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntFlag
from typing import Final, Self

ID_BYTES: Final = 16
NONCE_BYTES: Final = 32

Entropy = Callable[[int], bytes]
"""So many random bytes."""

NO_LINES: Final = bytes(32)
"""The digest of no lines."""


class Party(IntFlag):
    """Whose log it is; several for those who record an operation."""

    GATEWAY = 1
    A = 2
    B = 4
    C = 8


EVERYBODY: Final = Party.GATEWAY | Party.A | Party.B | Party.C

_ACKNOWLEDGING: Final = hashlib.sha256(b"moiety acknowledgement 1").digest()[:4]
"""How the ids of acknowledgements begin, so that whoever holds logs against each other need remember no others."""


@dataclass(frozen=True)
class Operation:
    """One thing that is done: its id (16 bytes), its nonce (32 bytes), and whose logs record it.

    Raises `ValueError` where a length is wrong or nobody records it.
    """

    id: bytes
    nonce: bytes
    parties: Party

    def __post_init__(self) -> None:
        if len(self.id) != ID_BYTES or len(self.nonce) != NONCE_BYTES or not self.parties:
            raise ValueError("an operation has 16 and 32 bytes, and somebody who records it")

    @classmethod
    def new(cls, parties: Party, entropy: Entropy) -> Self:
        """One that nobody has begun yet."""
        return cls(entropy(ID_BYTES), entropy(NONCE_BYTES), parties)

    def line(self, entry: bytes) -> Line:
        """What a log writes beside its leaf where this is the entry."""
        said = hashlib.sha256(b"moiety said 1" + self.id + bytes([self.parties]) + self.nonce + entry)
        return Line(self.id, self.parties, said.digest())


@dataclass(frozen=True)
class Line:
    """An operation as every log of it shows it: id (16 bytes), parties, and the digest of what was said (32 bytes)."""

    operation: bytes
    parties: Party
    said: bytes


def acknowledging(line: Line, party: Party) -> bytes:
    """The id (16 bytes) of the operation by which a log says that it lacks this line: it follows from all of the line
    and from whose log it is, so that it stands for nothing else that this log lacks, and for nobody else's lack."""
    said = b"moiety acknowledgement 1" + line.operation + bytes([line.parties, party]) + line.said
    return _ACKNOWLEDGING + hashlib.sha256(said).digest()[: ID_BYTES - len(_ACKNOWLEDGING)]


def is_acknowledging(line: Line, party: Party) -> bool:
    """Whether this line of a log's may be an acknowledgement."""
    return line.parties == party and line.operation.startswith(_ACKNOWLEDGING)


def chained(lines: bytes, more: Iterable[Line]) -> bytes:
    """The digest (32 bytes) of all lines so far, with more of them: what a tree head signs beside the root."""
    for line in more:
        lines = hashlib.sha256(lines + line.operation + bytes([line.parties]) + line.said).digest()
    return lines
