"""A tree head is what its log signed, and nothing else."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moiety.ledger.head import Head, verify
from moiety.ledger.refusals import HeadWrong
from moiety.ledger.tree import SIZE_MAX
from tests.ledger.people import MINUTE, public, signing_key

KEY = signing_key("a")
HEAD = Head("office 1, custodian a", 17, bytes(range(32)), bytes(range(32, 64)), MINUTE)
SIGNED = HEAD.signed(KEY.sign)


@given(
    st.text(min_size=1, max_size=16).filter(lambda name: "\ud800" not in name),
    st.integers(0, SIZE_MAX),
    st.binary(min_size=32, max_size=32),
    st.binary(min_size=32, max_size=32),
    st.integers(0, 2**32 - 1),
)
def test_a_head_is_read_as_it_was_signed(origin: str, size: int, root: bytes, lines: bytes, minute: int) -> None:
    head = Head(origin, size, root, lines, minute)
    assert verify(head.signed(KEY.sign), origin, public(KEY)) == head


@given(st.integers(0, len(SIGNED) - 1), st.integers(1, 255))
def test_a_bent_head_is_refused(at: int, by: int) -> None:
    bent = bytearray(SIGNED)
    bent[at] ^= by
    with pytest.raises(HeadWrong):
        verify(bytes(bent), HEAD.origin, public(KEY))


def test_a_head_of_another_log_or_key_is_refused() -> None:
    assert verify(SIGNED, HEAD.origin, public(KEY)) == HEAD
    for written, origin, key in (
        (SIGNED, "office 1, custodian b", public(KEY)),
        (SIGNED, HEAD.origin, public(signing_key("b"))),
        (SIGNED, HEAD.origin, bytes(31)),
        (SIGNED[:-1], HEAD.origin, public(KEY)),
        (SIGNED + b"\0", HEAD.origin, public(KEY)),
        (b"", HEAD.origin, public(KEY)),
        (b"\x01", HEAD.origin, public(KEY)),
    ):
        with pytest.raises(HeadWrong):
            verify(written, origin, key)


def signed_body(body: bytes) -> bytes:
    return body + KEY.sign(b"moiety tree head 1\0" + body)


def test_what_the_key_signed_must_be_a_head_too() -> None:
    body = SIGNED[:-64]
    assert verify(signed_body(body), HEAD.origin, public(KEY)) == HEAD
    name = 2 + len(HEAD.origin)
    for wrong in (
        b"\x02" + body[1:],
        body[:2] + b"\xff" + body[3:],
        body[:name] + b"\xff" * 8 + body[name + 8 :],
        b"\x01\x00" + body[name:],
        b"\x01\x05" + body[2:],
    ):
        with pytest.raises(HeadWrong):
            verify(signed_body(wrong), HEAD.origin, public(KEY))
    with pytest.raises(HeadWrong):
        verify(body + KEY.sign(body), HEAD.origin, public(KEY))


def test_a_head_has_its_bounds() -> None:
    for field, value in (
        ("origin", ""),
        ("origin", "x" * 65),
        ("size", -1),
        ("size", SIZE_MAX + 1),
        ("minute", -1),
        ("minute", 2**32),
        ("root", bytes(31)),
        ("lines", bytes(33)),
    ):
        with pytest.raises(ValueError, match=r"name|size|digests"):
            dataclasses.replace(HEAD, **{field: value})  # type: ignore[arg-type]
