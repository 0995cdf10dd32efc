"""What people approve: an operation on a purpose, its content, and how many people it touches at most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from moiety.custody.store.kinds import is_keys, purpose_of
from moiety.custody.trust.policy import BULK, EARLY, POLICY
from moiety.custody.trust.signing import content_digest, request_digest


@dataclass(frozen=True, slots=True)
class Matter:
    """`parts` are what is to be done, in full: whoever is shown them can work out what the signatures are over."""

    operation: str
    purpose: str
    parts: tuple[bytes, ...]
    people: int

    @property
    def content(self) -> bytes:
        """SHA-256 of what is to be done, 32 bytes."""
        return content_digest(self.operation.encode(), self.purpose.encode(), *self.parts)

    @property
    def digest(self) -> bytes:
        """What is signed of it, 32 bytes: over content and people."""
        return request_digest(self.content, self.people)


def papers(name: str, terms: bytes, document: bytes) -> Matter:
    """A purpose: the terms that custodians will keep, and the document."""
    return Matter(POLICY, name, (terms, document), 0)


def bulk(name: str, people: int) -> Matter:
    """An enrolment of so many at most; of keys of records, it says so."""
    return Matter(BULK, purpose_of(name), (name.encode(),) if is_keys(name) else (), people)


def erasure(name: str, hashed: Sequence[bytes]) -> Matter:
    """An early erasure. `hashed` are the SHA-256 of one person's handles, three of each row that there is of them (see
    `asked.hashed`): they name nobody, and of three a custodian knows its own again."""
    return Matter(EARLY, purpose_of(name), tuple(hashed), 1)
