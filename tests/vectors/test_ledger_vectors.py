"""What lies in a ledger, written by hand from the published layouts: these bytes never change.

HPKE is written out here from RFC 9180, so that another program than ours opens what ours sealed, and the other way.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from moiety.ledger import entry, proof, receipt, seal
from moiety.ledger.entry import Enrolments, Erasures, Opening, Recognition
from moiety.ledger.head import Head, verify
from moiety.ledger.operation import EVERYBODY, NO_LINES, Line, Operation, Party, chained
from moiety.ledger.refusals import EntryWrong
from moiety.ledger.seal import Leaf
from moiety.ledger.state import State
from moiety.ledger.tree import leaf_hash, node_hash

SIGNER = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PRIVATE = bytes(range(64, 96))
PUBLIC = X25519PrivateKey.from_private_bytes(PRIVATE).public_key().public_bytes_raw()
OPERATION = Operation(bytes(range(16)), bytes(range(100, 132)), Party.GATEWAY | Party.A | Party.B)
RANDOM = bytes(range(200, 232))
MINUTE = 29_900_000

OPENING = Opening(MINUTE, "desk", "door", ("birth", "photo"), "asked_for")
OPENED = (
    b"\x01\x96\xa7opening\xce\x01\xc8\x3c\xe0\xa4desk\xa4door\x92\xa5birth\xa5photo\xa9asked_for"  # MessagePack by hand
)
RECOGNITION = Recognition(MINUTE, "gate", "door", 300)
RECOGNISED = b"\x01\x95\xabrecognition\xce\x01\xc8\x3c\xe0\xa4gate\xa4door\xcd\x01\x2c"


def fixed(count: int) -> bytes:
    """The random bytes of the vectors."""
    assert count == len(RANDOM)
    return RANDOM


def sha(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


SUITE = b"HPKE\x00\x20\x00\x01\x00\x02"
KEM = b"KEM\x00\x20"


def extract(suite: bytes, salt: bytes, label: bytes, ikm: bytes) -> bytes:
    return hmac.digest(salt, b"HPKE-v1" + suite + label + ikm, "sha256")


def expand(suite: bytes, prk: bytes, label: bytes, info: bytes, length: int) -> bytes:
    said = length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info
    return hmac.digest(prk, said + b"\x01", "sha256")[:length]


def schedule(shared: bytes, sent: bytes, to: bytes, info: bytes) -> tuple[bytes, bytes]:
    """Key and nonce of the first message in base mode: RFC 9180, sections 4.1 and 5.1."""
    secret = expand(KEM, extract(KEM, b"", b"eae_prk", shared), b"shared_secret", sent + to, 32)
    context = b"\x00" + extract(SUITE, b"", b"psk_id_hash", b"") + extract(SUITE, b"", b"info_hash", info)
    prk = extract(SUITE, secret, b"secret", b"")
    return expand(SUITE, prk, b"key", context, 32), expand(SUITE, prk, b"base_nonce", context, 12)


def test_an_entry_never_changes_its_form() -> None:
    assert entry.encode(OPENING) == OPENED
    assert entry.decode(OPENED) == OPENING
    assert entry.encode(RECOGNITION) == RECOGNISED
    assert entry.decode(RECOGNISED) == RECOGNITION


def test_an_opening_has_a_role_since_it_is_written_and_none_before() -> None:
    officers = Opening(MINUTE, "desk", "door", ("birth", "photo"), "asked_for", "officer")
    written = b"\x01\x97" + OPENED[2:] + b"\xa7officer"
    assert entry.encode(officers) == written
    assert entry.decode(written) == officers
    for other in (b"\x01\x97" + OPENED[2:] + b"\xc0", b"\x01\x97" + OPENED[2:] + b"\xa0", written + b"\xc0"):
        with pytest.raises(EntryWrong):  # there is one way to write an opening without a role
            entry.decode(other)


def test_what_counts_people_never_changes_its_form() -> None:
    for counted, written in (
        (
            Enrolments(MINUTE, "desk", "door", 300),
            b"\x01\x95\xaaenrolments\xce\x01\xc8\x3c\xe0\xa4desk\xa4door\xcd\x01\x2c",
        ),
        (Erasures(MINUTE, "desk", "door", 2), b"\x01\x95\xa8erasures\xce\x01\xc8\x3c\xe0\xa4desk\xa4door\x02"),
    ):
        assert entry.encode(counted) == written
        assert entry.decode(written) == counted


def test_a_line_and_the_digest_of_lines_never_change_their_form() -> None:
    said = sha(b"moiety said 1", bytes(range(16)), b"\x07", bytes(range(100, 132)), OPENED)
    line = OPERATION.line(OPENED)
    assert line == Line(bytes(range(16)), Party.GATEWAY | Party.A | Party.B, said)
    assert said.hex() == "160dd27a7785e3fa94d6ecf87146921ef9cdf6f564beb6154efd3cbfe8e10e3e"
    assert chained(NO_LINES, [line]) == sha(bytes(32), bytes(range(16)), b"\x07", said)
    assert {party.name: party.value for party in Party} == {"GATEWAY": 1, "A": 2, "B": 4, "C": 8}


def test_an_entry_in_the_clear_never_changes_its_form() -> None:
    kept = b"\x01\x00" + RANDOM + bytes(range(100, 132)) + RECOGNISED
    leaf = seal.clear(RECOGNITION, OPERATION, fixed)
    assert leaf == Leaf(sha(RANDOM, RECOGNISED), OPERATION.line(RECOGNISED), kept, None)
    assert leaf.commitment.hex() == "aaacdb59095cd4579c7a18f02af205a25c9b293b7f07606f0e210352dd0f7dc9"
    assert seal.read(leaf) == RECOGNITION


def test_a_sealed_entry_never_changes_its_form() -> None:
    ephemeral = X25519PrivateKey.from_private_bytes(bytes(range(32, 64)))
    sent = ephemeral.public_key().public_bytes_raw()
    commitment = sha(RANDOM, OPENED)
    shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(PUBLIC))
    key, nonce = schedule(shared, sent, PUBLIC, b"moiety ledger entry 1" + commitment)
    plain = RANDOM + bytes(range(100, 132)) + len(OPENED).to_bytes(2, "big") + OPENED
    kept = b"\x01\x01" + sent + AESGCM(key).encrypt(nonce, plain.ljust(512, b"\0"), b"")
    assert hashlib.sha256(kept).hexdigest() == "1bc28ebd1945eba840d75a21f79fa1bc25fca4df32751c445eafaccf65739af7"
    assert seal.opened(Leaf(commitment, OPERATION.line(OPENED), kept, bytes(16)), PRIVATE) == OPENING


def test_what_is_sealed_opens_by_the_rfc_alone() -> None:
    leaf = seal.sealed(OPENING, OPERATION, PUBLIC, bytes(16), fixed)
    kept = leaf.kept or b""
    assert (kept[:2], len(kept), leaf.commitment) == (b"\x01\x01", 562, sha(RANDOM, OPENED))
    sent = kept[2:34]
    shared = X25519PrivateKey.from_private_bytes(PRIVATE).exchange(X25519PublicKey.from_public_bytes(sent))
    key, nonce = schedule(shared, sent, PUBLIC, b"moiety ledger entry 1" + leaf.commitment)
    plain = AESGCM(key).decrypt(nonce, kept[34:], b"")
    assert plain == (RANDOM + OPERATION.nonce + len(OPENED).to_bytes(2, "big") + OPENED).ljust(512, b"\0")


def test_a_head_never_changes_its_form() -> None:
    root, lines = bytes(range(32)), bytes(range(32, 64))
    body = b"\x01\x0bcustodian a" + (300).to_bytes(8, "big") + root + lines + MINUTE.to_bytes(4, "big")
    written = body + SIGNER.sign(b"moiety tree head 1\0" + body)
    head = Head("custodian a", 300, root, lines, MINUTE)
    assert head.signed(SIGNER.sign) == written
    assert hashlib.sha256(written).hexdigest() == "c25eec1fef58258a41142974a6c02d60ef0e44536e77ff432fecc937d2d0ee17"
    assert verify(written, "custodian a", SIGNER.public_key().public_bytes_raw()) == head


def test_a_state_never_changes_its_form() -> None:
    leaves = [(bytes([number]) * 32, Line(bytes([number]) * 16, EVERYBODY, bytes(32))) for number in range(3)]
    first, second, third = (leaf_hash(commitment) for commitment, _ in leaves)
    lines = bytes(32)
    for _, line in leaves:
        lines = sha(lines, line.operation, b"\x0f", line.said)
    written = b"\x01" + (3).to_bytes(8, "big") + lines + node_hash(first, second) + third
    state, _ = State().after(leaves)
    assert state.encode() == written
    assert State.decode(written) == state
    assert hashlib.sha256(written).hexdigest() == "a45fb008e4a99a993a2860eaa5ab031a84587096b1d2c3b90fece9782cd1a194"
    for wrong in (b"\x02" + written[1:], written[:-1], written[:40], b""):
        with pytest.raises(ValueError, match=r"state|node"):
            State.decode(wrong)


def test_a_file_of_proofs_never_changes_its_form() -> None:
    """Two leaves, the first of them the recognition of these vectors; and the head of the first alone."""
    commitment, other = sha(RANDOM, RECOGNISED), b"\x11" * 32
    first, second = sha(b"\x00", commitment), sha(b"\x00", other)

    def signed(size: int, root: bytes) -> str:
        body = b"\x01\x08moiety a" + size.to_bytes(8, "big") + root + bytes(32) + MINUTE.to_bytes(4, "big")
        return (body + SIGNER.sign(b"moiety tree head 1\0" + body)).hex()

    now, before = signed(2, sha(b"\x01", first, second)), signed(1, first)
    written = f"""{{
  "ledgers": [
    {{
      "entry": {{
        "commitment": "{commitment.hex()}",
        "entry": "{RECOGNISED.hex()}",
        "position": 0,
        "proof": [
          "{second.hex()}"
        ],
        "random": "{RANDOM.hex()}"
      }},
      "head": "{now}",
      "ledger": "a",
      "since": {{
        "head": "{before}",
        "proof": [
          "{second.hex()}"
        ]
      }}
    }}
  ],
  "version": 1
}}
""".encode()
    placed = (0, commitment, [second], RANDOM + RECOGNISED)
    part = proof.part("a", bytes.fromhex(now), placed, (bytes.fromhex(before), [second]))
    assert proof.written([part]) == written
    assert hashlib.sha256(written).hexdigest() == "e7ea4864ebbb95b6b2111c13a104d42ab0be658ffc1e14cbf3090330ac7e447e"
    [found] = proof.verify(written, {"a": SIGNER.public_key().public_bytes_raw()})
    assert (found.entry, found.position, found.head.size) == (RECOGNITION, 0, 2)
    assert found.since is not None
    assert found.since.size == 1


def test_a_receipt_never_changes_its_form() -> None:
    salt, pseudonym = bytes(range(32)), "p-1"
    statements = [
        {
            "custodian": seat,
            "destroyed": [{"count": 3, "what": "face_rows"}],
            "epoch_end": "2026-11-24",
            "live": "2026-11-23",
            "minute": "2026-11-23T08:15:00Z",
            "subject": hashlib.sha256(salt + pseudonym.encode()).hexdigest(),
            "version": 1,
        }
        for seat in "abc"
    ]
    signatures = [
        SIGNER.sign(b"moiety erasure 1\n" + json.dumps(one, separators=(",", ":")).encode()).hex() for one in statements
    ]
    assert (
        hashlib.sha256("".join(signatures).encode()).hexdigest()
        == "b0f7e227d93a9329d2ec991ec3eab09eb596ae1d6768abe2d65e13a41dd897af"
    )
    signed = [{"statement": one, "signature": by} for one, by in zip(statements, signatures, strict=True)]
    file = json.dumps({"version": 1, "signed": signed}).encode()
    key = SIGNER.public_key().public_bytes_raw()
    found = receipt.verify(file, {"a": key, "b": key, "c": key}, pseudonym, salt)
    assert msgspec.json.decode(receipt.written(found.signed)) == json.loads(file)
    minute = dt.datetime(2026, 11, 23, 8, 15, tzinfo=dt.UTC)
    live, end = dt.date(2026, 11, 23), dt.date(2026, 11, 24)
    again = receipt.stated("b", receipt.subject(pseudonym, salt), {"face_rows": 3}, minute, live, end, SIGNER.sign)
    assert again.signature == signatures[1]
