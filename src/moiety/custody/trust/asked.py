"""What a request is called and what of it is signed: alike at the gateway that asks and the custodian that checks."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from moiety.custody import audit_asks, record_asks, wire
from moiety.custody.messages import encode_plain
from moiety.custody.store.kinds import is_keys, purpose_of
from moiety.custody.trust import matter
from moiety.custody.trust.policy import POLICY
from moiety.custody.trust.roster import ACKNOWLEDGE, BUDGETS, LEASE
from moiety.custody.trust.signing import content_digest, request_digest

OFFICE: Final = "*"
"""Stands for a purpose where the whole office is meant."""


@dataclass(frozen=True)
class Said:
    """What a caller signs: the operation, the purpose, and `request_digest` of what is to be done."""

    operation: str
    purpose: str
    digest: bytes


def said(ask: wire.Asked) -> Said | None:
    """What has to be signed of a request; None where it only goes on with one that was signed, or asks how things
    stand."""
    make = _SAID.get(type(ask))
    return None if make is None else make(ask)


def papers_digest(name: str, terms: bytes, document: bytes) -> bytes:
    """What two officers sign of a purpose."""
    return matter.papers(name, terms, document).digest


def bulk_digest(name: str, people: int) -> bytes:
    """What two people sign of a bulk enrolment: for which purpose, and of how many people at most."""
    return matter.bulk(name, people).digest


def erasure_digest(name: str, hashed: list[bytes]) -> bytes:
    """What two people sign of an early erasure. `hashed` are the SHA-256 of one person's three handles: a custodian
    knows its own again, and learns neither of the others'."""
    return matter.erasure(name, hashed).digest


def hashed(handle: bytes) -> bytes:
    """See `erasure_digest`."""
    return hashlib.sha256(b"moiety handle to erase 1\0" + handle).digest()


def _of_header(operation: str, purpose: Callable[[Any], str]) -> Callable[[Any], Said]:
    """An attempt: its header, whose id is fresh, says everything that the three have in common."""

    def make(ask: Any) -> Said:
        return Said(operation, purpose(ask), request_digest(ask.header.header().digest(), 0))

    return make


def _of_shares(operation: str) -> Callable[[Any], Said]:
    """An attempt on what each custodian gets a share of."""

    def make(ask: Any) -> Said:
        header = ask.header.header()
        content = content_digest(b"shares", header.digest(), *ask.pledge.commitments)
        return Said(operation, purpose_of(header.gallery) or OFFICE, request_digest(content, 0))

    return make


def _of_parts(operation: str, parts: Callable[[Any], tuple[bytes, ...]]) -> Callable[[Any], Said]:
    def make(ask: Any) -> Said:
        # Two galleries are of one purpose: what is signed of one is not of the other.
        kept = (ask.name.encode(),) if is_keys(ask.name) else ()
        content = content_digest(type(ask).__name__.encode(), *kept, *parts(ask))
        return Said(operation, purpose_of(ask.name), request_digest(content, 0))

    return make


def _audit(*parts: bytes) -> Said:
    return Said("audit", OFFICE, request_digest(content_digest(b"audit", *parts), 0))


def _numbers(ask: Any) -> tuple[bytes, ...]:
    return tuple(number.to_bytes(8) for number in ask.numbers)


_SAID: Final[dict[type, Callable[[Any], Said]]] = {
    wire.Hold: lambda ask: Said(LEASE, OFFICE, request_digest(content_digest(b"lease"), 0)),
    wire.Budgets: lambda ask: Said(BUDGETS, OFFICE, request_digest(content_digest(b"budgets"), 0)),
    wire.AddGallery: lambda ask: Said(POLICY, ask.name, papers_digest(ask.name, ask.terms, ask.document)),
    wire.ReplaceDocument: lambda ask: Said(POLICY, ask.name, papers_digest(ask.name, ask.terms, ask.document)),
    wire.Identify: _of_shares("identify"),
    wire.Verify: _of_shares("verify"),
    wire.IdentifyRow: _of_shares("identify"),
    wire.VerifyRow: _of_shares("verify"),
    wire.Offer: _of_shares("enrol"),
    wire.Locate: _of_parts("erase", lambda ask: (hashed(ask.handle),)),
    wire.Erase: _of_parts("erase", lambda ask: (hashed(ask.handle), ask.header.header().digest())),
    # Of every purpose, whatever its header names: who is entrusted with one asks for that one alone.
    wire.Renew: _of_header("refresh", lambda ask: OFFICE),
    wire.Survey: _of_parts("check", lambda ask: ()),
    wire.Integrity: _of_header("check", lambda ask: purpose_of(ask.header.gallery) or OFFICE),
    record_asks.Unlock: _of_parts(
        "reveal",
        lambda ask: (hashed(ask.handle), ",".join(ask.secrets).encode(), ask.reason.encode(), ask.asked),
    ),
    audit_asks.AuditHead: lambda ask: _audit(b"head"),
    audit_asks.AuditRows: lambda ask: _audit(
        b"rows", ask.start.to_bytes(8), ask.end.to_bytes(8), *([b"clear"] if ask.clear else [])
    ),
    audit_asks.AuditProve: lambda ask: _audit(b"prove", ask.size.to_bytes(8), ask.operation, ask.since.to_bytes(8)),
    audit_asks.AuditAltered: lambda ask: _audit(b"altered"),
    audit_asks.AuditEntries: lambda ask: _audit(b"entries", *ask.tags),
    audit_asks.Attest: lambda ask: _audit(
        b"attest", ask.subject, *(name.encode() for name in ask.galleries), *ask.rows
    ),
    audit_asks.AuditAcknowledge: lambda ask: Said(
        ACKNOWLEDGE,
        OFFICE,
        request_digest(content_digest(b"acknowledge", ask.header.header().digest(), *ask.operations), 0),
    ),
    record_asks.Carry: _of_parts(
        "correct", lambda ask: (ask.attempt, hashed(ask.handle), ",".join(ask.secrets).encode())
    ),
    record_asks.Evaluate: _of_parts(
        "find", lambda ask: ("".join(ask.pair).encode(), ask.elements, bytes([ask.proven]))
    ),
    record_asks.AgreeKey: _of_header("find", lambda ask: ask.name),
    # Whoever may change what is on record. To take back takes no more than to give.
    record_asks.NoteGround: _of_parts(
        "correct",
        lambda ask: (
            hashed(ask.handle),
            ask.header.header().digest(),
            bytes([ask.place]),
            ask.text.encode(),
            ask.how.encode(),
        ),
    ),
    record_asks.Restrict: _of_parts(
        "restrict", lambda ask: (hashed(ask.handle), ask.header.header().digest(), bytes([ask.on]))
    ),
    wire.Assist: _of_parts("mend", lambda ask: (ask.lost.encode(), encode_plain(ask.nonces), *_numbers(ask))),
    wire.PseudonymParts: _of_parts("mend", _numbers),
    wire.Mend: _of_parts(
        "mend", lambda ask: (*(encode_plain(sent) for sent in (ask.one, ask.other, ask.handles)), *_numbers(ask))
    ),
}
