"""What an approver is shown is what is signed; a file that was altered on its way is refused."""

from __future__ import annotations

import base64
import json
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import pytest

from moiety.custody.store.keeping import Passing
from moiety.custody.trust.asked import bulk_digest, erasure_digest, papers_digest
from moiety.custody.trust.denials import RequestExpired, RequestFull, RequestSigned, RequestUnreadable
from moiety.custody.trust.matter import Matter
from moiety.custody.trust.requests import REQUEST_LIMIT, SIGNATURES_MOST, ask, read_request
from moiety.custody.trust.roster import Role
from moiety.custody.trust.signing import Kind, content_digest, request_digest
from moiety.custody.trust.spent import SpentNonces
from moiety.custody.trust.verifying import Verifier
from tests.custody.scene import Clock
from tests.custody.signers import AT, OFFICE, Signatory

ANA, BEN = Signatory("ana"), Signatory("ben")
MATTER = Matter("early_erasure", "door", (b"these", b"three"), 3)
ASKED = ask(MATTER, office=OFFICE, at=AT, nonce=b"n" * 16)
SIGNED = ASKED.signed_by(ANA)


def test_it_goes_from_hand_to_hand_and_is_approved_once() -> None:
    class People:
        def find(self, key: bytes) -> Any:
            return {who.public: who.person for who in (ANA, BEN)}.get(key)

    both = read_request(read_request(ASKED.to_bytes()).signed_by(ANA).to_bytes()).signed_by(BEN)
    verifier = Verifier("a", People(), OFFICE, Clock(), SpentNonces(Passing()))
    assert both.signers() == 2
    digest = request_digest(content_digest(b"early_erasure", b"door", b"these", b"three"), 3)
    found = verifier.approved(both.approvals(), "early_erasure", "door", digest, role=Role.OPERATOR)
    assert found.people == (ANA.person, BEN.person)


def test_whoever_signed_twice_counts_once() -> None:
    twice = {**json.loads(SIGNED.to_bytes()), "signatures": SIGNED.signatures * 2}
    assert read_request(json.dumps(twice).encode()).signers() == 1


def test_it_is_written_as_it_is_read() -> None:
    assert read_request(SIGNED.to_bytes()) == SIGNED
    assert read_request(SIGNED.to_bytes()).to_bytes() == SIGNED.to_bytes()


CHANGES = [
    {"people": 4},
    {"people": -1},
    {"people": True},
    {"operation": "export"},
    {"operation": "Export"},
    {"purpose": "gate"},
    {"purpose": "\x1b[2Jdoor"},
    {"purpose": ""},
    {"parts": []},
    {"parts": ["dGhlc2U=", "Zm91cg=="]},
    {"parts": ["dGhlc2V0aHJlZQ=="]},
    {"parts": ["!"]},
    {"parts": [""] * 9},
    {"content": "00" * 32},
    {"content": "00" * 31},
    {"digest": "00" * 32},
    {"office": "00" * 16},
    {"nonce": "00" * 16},
    {"nonce": "AA" * 16},
    {"at": AT + 1},
    {"at": -1},
    {"version": 2},
    {"more": 1},
    {"signatures": ["!"]},
    {"signatures": [base64.b64encode(b"short").decode()]},
    {"signatures": [base64.b64encode(ANA.approves("early_erasure", nonce=b"n" * 16)).decode()]},
    {"signatures": [base64.b64encode(ANA.says(Kind.CALL, "early_erasure")).decode()]},
    {"signatures": SIGNED.signatures * (SIGNATURES_MOST + 1)},
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: "-".join(change))
def test_what_was_altered_is_refused(change: dict[str, object]) -> None:
    fields = {**json.loads(SIGNED.to_bytes()), **change}
    with pytest.raises(RequestUnreadable):
        read_request(json.dumps(fields).encode())


@pytest.mark.parametrize(
    "change",
    [
        {"parts": ["!"]},
        {"purpose": "\x1b[2Jdoor"},
        {"purpose": ""},
        {"purpose": "Door"},
        {"operation": "e\n"},
        {"at": -1},
    ],
    ids=str,
)
def test_what_would_be_shown_on_a_terminal_is_plain(change: dict[str, object]) -> None:
    """Before anybody has signed, when no signature tells."""
    assert read_request(ASKED.to_bytes()) == ASKED
    with pytest.raises(RequestUnreadable):
        read_request(json.dumps({**json.loads(ASKED.to_bytes()), **change}).encode())


def test_a_signature_that_is_not_genuine_is_refused() -> None:
    fields = json.loads(SIGNED.to_bytes())
    raw = bytearray(base64.b64decode(fields["signatures"][0]))
    raw[-1] ^= 1
    fields["signatures"] = [base64.b64encode(raw).decode()]
    with pytest.raises(RequestUnreadable):
        read_request(json.dumps(fields).encode())


@pytest.mark.parametrize("data", [b"", b"{}", b"[" * 10_000, b"\xff", SIGNED.to_bytes() + b" " * REQUEST_LIMIT])
def test_what_is_no_request_is_refused(data: bytes) -> None:
    with pytest.raises(RequestUnreadable):
        read_request(data)


def test_nobody_signs_twice() -> None:
    with pytest.raises(RequestSigned):
        SIGNED.signed_by(ANA)


def test_signatures_are_bounded() -> None:
    full = ASKED
    for number in range(SIGNATURES_MOST):
        full = full.signed_by(Signatory(f"n{number}"))
    assert read_request(full.to_bytes()) == full
    with pytest.raises(RequestFull):
        full.signed_by(ANA)


def test_what_cannot_be_asked_is_not() -> None:
    with pytest.raises(ValueError, match="operation"):
        ask(replace(MATTER, operation="Erase!"), office=OFFICE, at=AT, nonce=b"n" * 16)


@pytest.mark.parametrize(("later", "current"), [(0, True), (86_400, True), (86_401, False), (-30, True), (-31, False)])
def test_it_is_worth_signing_for_a_day(later: int, current: bool) -> None:
    with nullcontext() if current else pytest.raises(RequestExpired):
        ASKED.require_current(AT + later)


def test_the_longest_document_fits() -> None:
    long = ask(Matter("policy", "door", (b"{}" * 8_000, b"#" * 65_536), 0), office=OFFICE, at=AT, nonce=b"n" * 16)
    for number in range(SIGNATURES_MOST):
        long = long.signed_by(Signatory(f"n{number}"))
    assert read_request(long.to_bytes()) == long


def test_what_is_signed_is_over_every_part_of_it() -> None:
    for digest, parts, count in (
        (papers_digest("door", b"terms", b"document"), (b"policy", b"door", b"terms", b"document"), 0),
        (bulk_digest("door", 250), (b"bulk", b"door"), 250),
        (erasure_digest("door", [b"x", b"y", b"z"]), (b"early_erasure", b"door", b"x", b"y", b"z"), 1),
    ):
        assert digest == request_digest(content_digest(*parts), count)
