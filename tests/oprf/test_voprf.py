"""Laws of blinding and finalizing, with a whole key; what is no scalar, no batch, no input."""

from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moiety import sodium
from moiety.oprf import scalars, voprf
from moiety.oprf.hashing import expand_message_xmd
from moiety.oprf.refusals import BatchMalformed, InputTooLong, NotAScalar
from moiety.sodium import IDENTITY, ORDER, NotAnElement
from tests.oprf.three import drawing

keys = st.integers(1, ORDER - 1)
inputs_of_many = st.lists(st.binary(max_size=40), min_size=1, max_size=4)


@settings(max_examples=30)
@given(keys, inputs_of_many)
def test_blinding_changes_nothing_of_what_comes_out(key: int, inputs: list[bytes]) -> None:
    blinded = voprf.blind_all(inputs, os.urandom)
    outputs = voprf.finalize_all(inputs, blinded, voprf.evaluate(key, blinded.elements))
    assert outputs == voprf.evaluate_clear(key, inputs)


def test_one_input_under_two_blinds_looks_different_and_ends_the_same() -> None:
    inputs, key = [b"110105", b"110105"], 77
    blinded = voprf.blind_all(inputs, os.urandom)
    again = voprf.blind_all(inputs, os.urandom)
    assert len({(one.elements[at : at + 32]) for one in (blinded, again) for at in (0, 32)}) == 4
    first, second = voprf.finalize_all(inputs, blinded, voprf.evaluate(key, blinded.elements))
    assert first == second == voprf.evaluate_clear(key, inputs)[0]


def test_a_blinded_element_is_the_input_times_its_blind_and_no_other() -> None:
    (blind,) = voprf.blind_all([b"x"], drawing(12)).blinds
    assert blind == 12
    assert voprf.blind_all([b"x"], drawing(12)) == voprf.blind_all([b"x"], drawing(12))


def test_outputs_differ_by_input_and_by_key() -> None:
    outputs = [*voprf.evaluate_clear(5, [b"", b"a", b"b"]), *voprf.evaluate_clear(6, [b"", b"a", b"b"])]
    assert len(set(outputs)) == 6
    assert {len(output) for output in outputs} == {voprf.OUTPUT_BYTES}


def test_the_longest_input_is_taken_and_one_byte_more_is_not() -> None:
    longest = [bytes(voprf.INPUT_MAX)]
    assert len(voprf.evaluate_clear(5, longest)) == 1
    for attempt in (voprf.blind_all, lambda inputs, _: voprf.evaluate_clear(5, inputs)):
        with pytest.raises(InputTooLong):
            attempt([b"short", longest[0] + b"x"], os.urandom)


def test_a_batch_holds_something_and_not_too_much() -> None:
    element = sodium.multiply_base(5)
    voprf.check_batch(element * voprf.BATCH_MAX)
    for bad in (b"", element[:31], element + b"x", element * (voprf.BATCH_MAX + 1)):
        with pytest.raises(BatchMalformed):
            voprf.evaluate(5, bad)
    with pytest.raises(BatchMalformed):
        voprf.blind_all([], os.urandom)


def test_an_answer_of_another_length_than_the_question_is_refused() -> None:
    inputs = [b"a", b"b"]
    blinded = voprf.blind_all(inputs, os.urandom)
    for bad in (blinded.elements[:32], blinded.elements + blinded.elements[:32], b""):
        with pytest.raises(BatchMalformed):
            voprf.finalize_all(inputs, blinded, bad)


def test_the_identity_is_neither_evaluated_nor_unblinded() -> None:
    blinded = voprf.blind_all([b"a"], os.urandom)
    with pytest.raises(NotAnElement):
        voprf.evaluate(5, IDENTITY)
    with pytest.raises(NotAnElement):
        voprf.finalize_all([b"a"], blinded, IDENTITY)


def test_a_key_is_derived_from_32_bytes() -> None:
    for seed in (bytes(31), bytes(33)):
        with pytest.raises(ValueError, match="32 bytes"):
            voprf.derive_key_pair(seed, b"")


@given(st.lists(keys, max_size=6))
def test_inverting_many_inverts_each(given_scalars: list[int]) -> None:
    assert [a * b % ORDER for a, b in zip(given_scalars, scalars.invert_all(given_scalars), strict=True)] == [1] * len(
        given_scalars
    )


@given(keys)
def test_a_scalar_survives_its_encoding(scalar: int) -> None:
    assert scalars.decode(scalars.encode(scalar)) == scalar


@pytest.mark.parametrize("number", [0, ORDER, ORDER + 1, 2**255, 2**256 - 1])
def test_a_number_that_is_no_scalar_is_refused(number: int) -> None:
    with pytest.raises(NotAScalar):
        scalars.decode(number.to_bytes(32, "little"))


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_scalar_has_32_bytes(length: int) -> None:
    with pytest.raises(NotAScalar):
        scalars.decode((5).to_bytes(length, "little") if length else b"")


def test_scalars_are_drawn_from_the_whole_range_and_never_zero() -> None:
    assert scalars.draw(lambda count: bytes(count)) == 1
    assert scalars.draw(lambda count: (ORDER - 2).to_bytes(count, "little")) == ORDER - 1
    assert scalars.draw(lambda count: (ORDER - 1).to_bytes(count, "little")) == 1
    assert len(set(scalars.draw_many(50, os.urandom))) == 50


def test_an_expansion_has_bounds() -> None:
    assert len(expand_message_xmd(b"", bytes(255), 255 * 64)) == 255 * 64
    for tag, length in ((bytes(256), 64), (b"tag", 255 * 64 + 1)):
        with pytest.raises(ValueError, match="out of bounds"):
            expand_message_xmd(b"", tag, length)


def test_secrets_are_not_shown() -> None:
    blinded = voprf.blind_all([b"a"], drawing(12345))
    assert "12345" not in repr(blinded)
