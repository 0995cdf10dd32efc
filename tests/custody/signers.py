"""People with keys, who sign whatever a test has them sign."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from itertools import count

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from moiety.custody.trust.roster import Person, Role
from moiety.custody.trust.signing import Kind, Statement, content_digest, request_digest, sign
from tests.custody.scene import NOON

OFFICE = b"o" * 16
DIGEST = request_digest(content_digest(b"the request"), 1)
AT = int(NOON.timestamp())

_nonces = count(1)


@dataclass(frozen=True)
class Signatory:
    """Somebody with a private key."""

    name: str
    role: Role = Role.OPERATOR
    purposes: frozenset[str] | None = None
    operations: frozenset[str] | None = None
    seed: bytes = field(default=b"")

    @cached_property
    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes((self.seed or self.name.encode()).ljust(32, b"."))

    @property
    def public(self) -> bytes:
        return self._private.public_key().public_bytes_raw()

    @property
    def person(self) -> Person:
        return Person(self.name, self.role, self.public, self.purposes, self.operations)

    def sign(self, message: bytes) -> bytes:
        return self._private.sign(message)

    def says(
        self,
        kind: Kind = Kind.CALL,
        operation: str = "identify",
        purpose: str = "door",
        digest: bytes = DIGEST,
        at: int = AT,
        nonce: bytes | None = None,
        office: bytes = OFFICE,
    ) -> bytes:
        """A signed statement, as it travels; under a fresh nonce where none is given."""
        fresh = next(_nonces).to_bytes(16) if nonce is None else nonce
        return sign(Statement(kind, operation, purpose, digest, at, fresh, office), self).to_bytes()

    def approves(self, operation: str = "policy", **said: object) -> bytes:
        """The same, as an approval."""
        return self.says(Kind.APPROVAL, operation, **said)  # type: ignore[arg-type]
