"""What whoever goes on with a job has to know, sealed under the gateway's root key: the key of what was sent, that of
the import, what is to be done, and with what it was begun.

A thief of the gateway's folder without `root.key` has neither key. Who writes there cannot have a job done for another
purpose: a ticket opens as that of its job alone, and names its purpose.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from moiety.gateway.rootkey import Entropy, Seal


@dataclass(frozen=True)
class Bulk:
    """People of a file of this kind ("csv", "jsonl", "parquet", "bson"), by a mapping (TOML), for a purpose."""

    purpose: str
    kind: str
    mapping: bytes = field(repr=False)
    grounds: str
    text: str
    approved: bytes | None = field(repr=False)


@dataclass(frozen=True)
class Standing:
    """With what a job was begun: a key, by its prefix; or a token of an identity provider's, by the roles and scopes
    that its grant gave, until a unix second."""

    key: str
    roles: Sequence[str]
    scopes: Sequence[str]
    until: int


@dataclass(frozen=True)
class Ticket:
    """`key` opens what was sent, and people come in under `mark` (`Imported.key`)."""

    key: bytes = field(repr=False)
    mark: bytes = field(repr=False)
    standing: Standing
    bulk: Bulk


class Tickets:
    """Seals and opens them."""

    def __init__(self, root: bytes, entropy: Entropy) -> None:
        self._seal = Seal(root, "jobs", entropy)

    def sealed(self, job: bytes, ticket: Ticket) -> bytes:
        """A ticket as that of this job."""
        bulk, standing = ticket.bulk, ticket.standing
        plain = {
            "key": ticket.key.hex(),
            "mark": ticket.mark.hex(),
            "by": [standing.key, list(standing.roles), list(standing.scopes), standing.until],
            "purpose": bulk.purpose,
            "kind": bulk.kind,
            "mapping": _text(bulk.mapping),
            "grounds": bulk.grounds,
            "text": bulk.text,
            "approved": None if bulk.approved is None else _text(bulk.approved),
        }
        return self._seal.seal(json.dumps(plain, separators=(",", ":")).encode(), _what(job))

    def opened(self, job: bytes, sealed: bytes) -> Ticket:
        """What `sealed` sealed for this job. Raises `RootKeyWrong` for anything else."""
        said: dict[str, Any] = json.loads(self._seal.open(sealed, _what(job)))
        approved = None if said["approved"] is None else base64.b64decode(said["approved"])
        mapping = base64.b64decode(said["mapping"])
        return Ticket(
            bytes.fromhex(said["key"]),
            bytes.fromhex(said["mark"]),
            Standing(*said["by"]),
            Bulk(said["purpose"], said["kind"], mapping, said["grounds"], said["text"], approved),
        )


def _text(some: bytes) -> str:
    return base64.b64encode(some).decode()


def _what(job: bytes) -> bytes:
    return b"ticket " + job
