"""A proof holds for what it was made for, and for nothing that differs from it in one bit."""

from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moiety import sodium
from moiety.oprf import proof, scalars, voprf
from moiety.sodium import IDENTITY, ORDER
from tests.oprf.three import bent

KEY = 1234567
PUBLIC = sodium.multiply_base(KEY)
ELEMENTS = voprf.blind_all([b"a", b"b", b"c"], os.urandom).elements
ANSWER = sodium.multiply_all(KEY, ELEMENTS)
PROOF = proof.prove(KEY, PUBLIC, ELEMENTS, ANSWER, os.urandom)


@settings(max_examples=30)
@given(st.integers(1, ORDER - 1), st.integers(1, 4))
def test_an_honest_proof_holds(key: int, count: int) -> None:
    elements = voprf.blind_all([bytes([at]) for at in range(count)], os.urandom).elements
    public, answer = sodium.multiply_base(key), sodium.multiply_all(key, elements)
    assert proof.holds(public, elements, answer, proof.prove(key, public, elements, answer, os.urandom))


def test_two_proofs_of_one_thing_differ() -> None:
    assert proof.prove(KEY, PUBLIC, ELEMENTS, ANSWER, os.urandom) != PROOF


@given(st.integers(0, proof.PROOF_BYTES - 1))
def test_a_bent_proof_does_not_hold(at: int) -> None:
    assert not proof.holds(PUBLIC, ELEMENTS, ANSWER, bent(PROOF, at))


def test_a_proof_holds_for_its_key_its_question_and_its_answer_alone() -> None:
    other = sodium.multiply_base(KEY + 1)
    assert proof.holds(PUBLIC, ELEMENTS, ANSWER, PROOF)
    assert not proof.holds(other, ELEMENTS, ANSWER, PROOF)
    assert not proof.holds(PUBLIC, other + ELEMENTS[32:], ANSWER, PROOF)
    assert not proof.holds(PUBLIC, ELEMENTS, other + ANSWER[32:], PROOF)
    assert not proof.holds(PUBLIC, ELEMENTS[:64], ANSWER[:64], PROOF)


def test_one_answer_of_a_batch_with_another_key_is_proven_by_nobody() -> None:
    bad = ANSWER[:64] + sodium.multiply(KEY + 1, ELEMENTS[64:])
    for key in (KEY, KEY + 1):
        assert not proof.holds(PUBLIC, ELEMENTS, bad, proof.prove(key, PUBLIC, ELEMENTS, bad, os.urandom))


def test_two_bends_that_cancel_are_seen() -> None:
    """The sum of the answers is right; but each has a weight of its own."""
    away, back = sodium.multiply_base(9), sodium.multiply_base(ORDER - 9)
    bad = sodium.add(ANSWER[:32], away) + sodium.add(ANSWER[32:64], back) + ANSWER[64:]
    assert not proof.holds(PUBLIC, ELEMENTS, bad, proof.prove(KEY, PUBLIC, ELEMENTS, bad, os.urandom))


def test_two_answers_that_changed_places_are_seen() -> None:
    bad = ANSWER[32:64] + ANSWER[:32] + ANSWER[64:]
    assert not proof.holds(PUBLIC, ELEMENTS, bad, PROOF)
    assert not proof.holds(PUBLIC, ELEMENTS, bad, proof.prove(KEY, PUBLIC, ELEMENTS, bad, os.urandom))


@pytest.mark.parametrize("scalar", [0, ORDER, ORDER + 1, 2**256 - 1])
def test_a_proof_out_of_range_does_not_hold(scalar: int) -> None:
    wrong = scalar.to_bytes(32, "little")
    assert not proof.holds(PUBLIC, ELEMENTS, ANSWER, wrong + PROOF[32:])
    assert not proof.holds(PUBLIC, ELEMENTS, ANSWER, PROOF[:32] + wrong)


def test_a_challenge_plus_the_order_is_not_the_challenge() -> None:
    challenge = scalars.decode(PROOF[:32]) + ORDER
    if challenge < 2**256:
        assert not proof.holds(PUBLIC, ELEMENTS, ANSWER, challenge.to_bytes(32, "little") + PROOF[32:])


@pytest.mark.parametrize("length", [0, 32, 63, 65, 96])
def test_a_proof_has_64_bytes(length: int) -> None:
    assert not proof.holds(PUBLIC, ELEMENTS, ANSWER, (PROOF + PROOF)[:length])


def test_what_is_malformed_proves_nothing() -> None:
    noise = b"\xff" * 32
    for bad in (IDENTITY, noise):
        assert not proof.holds(bad, ELEMENTS, ANSWER, PROOF)
        assert not proof.holds(PUBLIC, bad + ELEMENTS[32:], ANSWER, PROOF)
        assert not proof.holds(PUBLIC, ELEMENTS, bad + ANSWER[32:], PROOF)
    assert not proof.holds(PUBLIC, b"", b"", PROOF)
    assert not proof.holds(PUBLIC, ELEMENTS, ANSWER + ANSWER[:32], PROOF)
    assert not proof.holds(PUBLIC, ELEMENTS + ELEMENTS[:32], ANSWER, PROOF)
