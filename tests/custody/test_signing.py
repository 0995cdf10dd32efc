"""A signed statement is written in one way; whatever else is read is refused, and no signature says two things."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from moiety.custody.trust.denials import SignedUnreadable
from moiety.custody.trust.signing import (
    PREFIX,
    Kind,
    Signed,
    Statement,
    content_digest,
    is_strong,
    request_digest,
    sign,
)
from tests.custody.signers import Signatory

STATEMENT = Statement(
    kind=Kind.CALL,
    operation="identify",
    purpose="door",
    digest=bytes(range(32)),
    at=1_772_366_400,
    nonce=bytes(range(100, 116)),
    office=bytes(range(200, 216)),
)

# Made once with a plain Python Ed25519 written from RFC 8032, under the secret key of the RFC's first test.
SECRET = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
VECTOR = bytes.fromhex(
    "0100580101086964656e7469667904646f6f72000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
    "0000000069a42a406465666768696a6b6c6d6e6f70717273c8c9cacbcccdcecfd0d1d2d3d4d5d6d7"
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    "c555f3901e14cae500ccc9f551474e2a6fbaba0260154a95e936eba0269c10ffac053d14d26684860d91260a2cf7c72b546e57ea67c2"
    "88299e826d4272077601"
)


class Held:
    """The private key of the vector."""

    private = Ed25519PrivateKey.from_private_bytes(SECRET)
    public = private.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        return self.private.sign(message)


def test_the_vector() -> None:
    assert sign(STATEMENT, Held()).to_bytes() == VECTOR
    read = Signed.from_bytes(VECTOR)
    assert read.statement == STATEMENT
    assert read.is_genuine()


statements = st.builds(
    Statement,
    kind=st.sampled_from(Kind),
    operation=st.from_regex(r"[a-z]([a-z_]{0,30}[a-z])?", fullmatch=True),
    purpose=st.text(st.characters(codec="utf-8"), min_size=1, max_size=16),
    digest=st.binary(min_size=32, max_size=32),
    at=st.integers(0, 2**63 - 1),
    nonce=st.binary(min_size=16, max_size=16),
    office=st.binary(min_size=16, max_size=16),
)


@given(statements)
def test_a_statement_is_read_as_it_was_written(statement: Statement) -> None:
    signed = sign(statement, Held())
    assert Signed.from_bytes(signed.to_bytes()) == signed
    assert len(signed.to_bytes()) <= 273


@given(statements, statements)
def test_two_statements_are_never_the_same_bytes(one: Statement, other: Statement) -> None:
    assert (one.to_bytes() == other.to_bytes()) == (one == other)


@given(st.integers(0, 8 * len(VECTOR) - 1))
def test_no_bit_can_be_changed(bit: int) -> None:
    changed = bytearray(VECTOR)
    changed[bit // 8] ^= 1 << bit % 8
    with suppress(SignedUnreadable):
        assert not Signed.from_bytes(bytes(changed)).is_genuine()


@given(st.binary(max_size=300) | st.binary(max_size=220).map(lambda data: VECTOR[:12] + data))
def test_nothing_else_is_read(data: bytes) -> None:
    with suppress(SignedUnreadable):
        assert Signed.from_bytes(data).to_bytes() == data


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\2" + VECTOR[1:],
        VECTOR[:-1],
        VECTOR + b"\0",
        VECTOR[:3] + b"\2" + VECTOR[4:],
        VECTOR[:4] + b"\3" + VECTOR[5:],
        VECTOR.replace(b"identify", b"identifY"),
        VECTOR.replace(b"\x04door", b"\x00door"),
        VECTOR.replace(b"door", b"do\xffr"),
        VECTOR[:30] + b"\xff" + VECTOR[30:],
        b"\1" + (5_000).to_bytes(2) + bytes(5_000 + 96),
    ],
    ids=["empty", "version", "short", "long", "inner version", "kind", "case", "no purpose", "no text", "more", "huge"],
)
def test_each_of_these_is_refused(data: bytes) -> None:
    with pytest.raises(SignedUnreadable):
        Signed.from_bytes(data)


@pytest.mark.parametrize(
    "change",
    [
        {"digest": bytes(31)},
        {"nonce": bytes(15)},
        {"office": bytes(17)},
        {"operation": ""},
        {"operation": "Identify"},
        {"operation": "identify\n"},
        {"operation": "a" * 33},
        {"purpose": ""},
        {"purpose": "d" * 65},
        {"at": -1},
        {"at": 2**63},
    ],
)
def test_what_cannot_be_written_is_no_statement(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"an? "):
        replace(STATEMENT, **change)  # type: ignore[arg-type]


def test_a_signature_is_of_this_kind_of_thing_alone() -> None:
    bare = Signed(STATEMENT, Held.public, Held.private.sign(STATEMENT.to_bytes()))
    assert not bare.is_genuine()
    assert Signed(STATEMENT, Held.public, Held.private.sign(PREFIX + STATEMENT.to_bytes())).is_genuine()


def test_another_key_did_not_sign_it() -> None:
    other = Signatory("other")
    assert not Signed(STATEMENT, other.public, Held.private.sign(PREFIX + STATEMENT.to_bytes())).is_genuine()
    assert not Signed(STATEMENT, b"\xff" * 32, bytes(64)).is_genuine()


def test_a_request_is_its_content_and_its_people() -> None:
    content = content_digest(b"document", b"terms")
    assert len({request_digest(content, 1), request_digest(content, 2), content}) == 3
    assert content_digest(b"docu", b"mentterms") != content != content_digest(b"document", b"terms", b"")
    with pytest.raises(ValueError, match="SHA-256"):
        request_digest(b"short", 1)
    with pytest.raises(ValueError, match="SHA-256"):
        request_digest(content, -1)


WEAK = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
]
"""Points of small order and their other spellings, as libsodium lists them."""


@pytest.mark.parametrize("weak", WEAK)
def test_a_key_for_which_anybody_can_sign_is_no_key(weak: str) -> None:
    assert not is_strong(bytes.fromhex(weak))


def test_anybody_can_sign_for_such_a_key() -> None:
    """Why they are refused: under the neutral element S·B = R for any message, so S = 0 and R = the same element."""
    key = bytes.fromhex(WEAK[0])
    Ed25519PublicKey.from_public_bytes(key).verify(key + bytes(32), b"whatever")


def test_ordinary_keys_are_strong() -> None:
    assert all(is_strong(Signatory(name).public) for name in ("a", "b", "c"))
    assert not is_strong(Signatory("a").public[:31])
