"""Any two of three answer as the whole key would, one says nothing, and a bent answer is caught."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moiety import sodium
from moiety.oprf import threshold, voprf
from moiety.oprf.keys import NUMBERS, PAIRS, Pair, Part, PublicKey, sum_of, weight
from moiety.oprf.refusals import BatchMalformed, FormUnknown, NotOfThePair, PartWrong, ProofWrong
from moiety.oprf.threshold import Answer
from moiety.sodium import IDENTITY, ORDER, NotAnElement
from tests.oprf.three import Key, bent, fresh_key


@pytest.fixture(scope="module")
def key() -> Key:
    return fresh_key()


@settings(max_examples=30)
@given(st.lists(st.binary(max_size=30), min_size=1, max_size=4), st.sampled_from(PAIRS))
def test_any_pair_answers_as_the_whole_key_would(key: Key, inputs: list[bytes], pair: Pair) -> None:
    blinded = voprf.blind_all(inputs, os.urandom)
    outputs = voprf.finalize_all(inputs, blinded, key.answer(pair, blinded.elements))
    assert outputs == voprf.evaluate_clear(key.whole, inputs)


@given(st.integers(0, ORDER - 1), st.integers(0, ORDER - 1), st.sampled_from(PAIRS), st.integers(0, 3))
def test_a_pair_reads_its_line_anywhere(constant: int, slope: int, pair: Pair, at: int) -> None:
    read = sum(weight(n, pair, at) * (constant + slope * n) for n in pair)
    assert read % ORDER == (constant + slope * at) % ORDER


def test_parts_fit_their_public_key(key: Key) -> None:
    assert sodium.multiply_base(key.whole) == key.public.key
    for part in key.parts.values():
        key.public.check(part)
        for wrong in (replace(part, scalar=part.scalar ^ 1), replace(part, number=part.number % 3 + 1)):
            with pytest.raises(PartWrong):
                key.public.check(wrong)


def test_one_custodian_alone_or_twice_answers_nothing(key: Key) -> None:
    blinded = voprf.blind_all([b"a"], os.urandom)
    wanted = voprf.evaluate_clear(key.whole, [b"a"])
    for number in NUMBERS:
        answers = [threshold.evaluate(key.parts[number], pair, blinded.elements) for pair in PAIRS if number in pair]
        for elements in (*answers, *(threshold.combine(one, other) for one in answers for other in answers)):
            assert voprf.finalize_all([b"a"], blinded, elements) != wanted


def test_answers_for_different_pairs_do_not_go_together(key: Key) -> None:
    blinded = voprf.blind_all([b"a"], os.urandom)
    one = threshold.evaluate(key.parts[1], (1, 2), blinded.elements)
    other = threshold.evaluate(key.parts[3], (1, 3), blinded.elements)
    outputs = voprf.finalize_all([b"a"], blinded, threshold.combine(one, other))
    assert outputs != voprf.evaluate_clear(key.whole, [b"a"])


@pytest.mark.parametrize("pair", PAIRS, ids=str)
def test_proven_answers_of_a_pair_are_checked_and_combine(key: Key, pair: Pair) -> None:
    blinded = voprf.blind_all([b"a", b"b"], os.urandom)
    answers = {n: threshold.evaluate_proven(key.parts[n], key.public, pair, blinded.elements, os.urandom) for n in pair}
    for number, answer in answers.items():
        threshold.check(key.public, number, pair, blinded.elements, answer)
        assert answer.elements == threshold.evaluate(key.parts[number], pair, blinded.elements)
    one, other = (answer.elements for answer in answers.values())
    outputs = voprf.finalize_all([b"a", b"b"], blinded, threshold.combine(one, other))
    assert outputs == voprf.evaluate_clear(key.whole, [b"a", b"b"])


@pytest.mark.parametrize(
    "bend",
    [
        lambda answer: replace(answer, elements=sodium.multiply(2, answer.elements)),
        lambda answer: replace(answer, elements=IDENTITY),
        lambda answer: replace(answer, elements=b"\xff" * 32),
        lambda answer: replace(answer, elements=answer.elements * 2),
        lambda answer: replace(answer, elements=b""),
        lambda answer: replace(answer, proof=bent(answer.proof, 0)),
        lambda answer: replace(answer, proof=bent(answer.proof, 63)),
        lambda answer: replace(answer, proof=bytes(64)),
        lambda answer: replace(answer, proof=b""),
    ],
    ids=["doubled", "identity", "noise", "two", "none", "challenge", "answer", "zeros", "no-proof"],
)
def test_a_bent_answer_is_refused_with_the_custodians_letter(key: Key, bend: Callable[[Answer], Answer]) -> None:
    elements = voprf.blind_all([b"a"], os.urandom).elements
    answer = threshold.evaluate_proven(key.parts[3], key.public, (2, 3), elements, os.urandom)
    with pytest.raises(ProofWrong, match="custodian c") as caught:
        threshold.check(key.public, 3, (2, 3), elements, bend(answer))
    assert caught.value.numbers == {"seat": 2}


def test_a_proof_is_for_one_custodian_one_pair_and_one_key(key: Key) -> None:
    elements = voprf.blind_all([b"a"], os.urandom).elements
    answer = threshold.evaluate_proven(key.parts[1], key.public, (1, 2), elements, os.urandom)
    threshold.check(key.public, 1, (1, 2), elements, answer)
    with pytest.raises(ProofWrong):
        threshold.check(key.public, 2, (1, 2), elements, answer)
    with pytest.raises(ProofWrong):
        threshold.check(key.public, 1, (1, 3), elements, answer)
    with pytest.raises(ProofWrong):
        threshold.check(fresh_key().public, 1, (1, 2), elements, answer)


@pytest.mark.parametrize("pair", [(2, 3), (2, 1), (1, 1), (1, 4), (0, 1)], ids=str)
def test_who_is_not_of_the_pair_does_not_answer(key: Key, pair: Pair) -> None:
    elements = voprf.blind_all([b"a"], os.urandom).elements
    with pytest.raises(NotOfThePair):
        threshold.evaluate(key.parts[1], pair, elements)


@pytest.mark.parametrize("bad", [IDENTITY, b"\xff" * 32], ids=["identity", "noise"])
def test_what_is_no_element_is_neither_answered_nor_combined(key: Key, bad: bytes) -> None:
    good = sodium.multiply_base(5)
    for attempt in (
        lambda: threshold.evaluate(key.parts[1], (1, 2), good + bad),
        lambda: threshold.evaluate_proven(key.parts[1], key.public, (1, 2), good + bad, os.urandom),
        lambda: threshold.combine(good + bad, good + good),
        lambda: threshold.combine(good + good, good + bad),
    ):
        with pytest.raises(NotAnElement):
            attempt()


def test_batches_have_bounds_everywhere(key: Key) -> None:
    good = sodium.multiply_base(5)
    too_many = good * (voprf.BATCH_MAX + 1)
    answer = Answer(too_many, bytes(64))
    for attempt in (
        lambda: threshold.evaluate(key.parts[1], (1, 2), too_many),
        lambda: threshold.evaluate(key.parts[1], (1, 2), b""),
        lambda: threshold.evaluate_proven(key.parts[1], key.public, (1, 2), too_many, os.urandom),
        lambda: threshold.check(key.public, 1, (1, 2), too_many, answer),
        lambda: threshold.combine(too_many, too_many),
        lambda: threshold.combine(good, good + good),
    ):
        with pytest.raises(BatchMalformed):
            attempt()


@pytest.mark.parametrize(
    "bend",
    [
        lambda data: b"",
        lambda data: data[:1],
        lambda data: data[:-1],
        lambda data: data + b"\x00",
        lambda data: b"\x02" + data[1:],
        lambda data: data[:1] + b"\x00" + data[2:],
        lambda data: data[:1] + b"\x04" + data[2:],
        lambda data: data[:2] + bytes(32),
        lambda data: data[:2] + ORDER.to_bytes(32, "little"),
    ],
    ids=["empty", "one-byte", "short", "long", "version", "number-0", "number-4", "zero", "order"],
)
def test_a_part_in_another_form_is_refused(bend: Callable[[bytes], bytes]) -> None:
    with pytest.raises(FormUnknown):
        Part.decode(bend(Part(2, 99).encode()))


@pytest.mark.parametrize(
    "bend",
    [
        lambda data: b"",
        lambda data: data[:-1],
        lambda data: data + b"\x00",
        lambda data: b"\x02" + data[1:],
        lambda data: data[:1] + IDENTITY + data[33:],
        lambda data: data[:33] + IDENTITY,
        lambda data: data[:1] + b"\xff" * 32 + data[33:],
        lambda data: data[:33] + b"\xff" * 32,
    ],
    ids=["empty", "short", "long", "version", "key-0", "slope-0", "key-noise", "slope-noise"],
)
def test_a_public_key_in_another_form_is_refused(key: Key, bend: Callable[[bytes], bytes]) -> None:
    with pytest.raises(FormUnknown):
        PublicKey.decode(bend(key.public.encode()))


def test_what_is_stored_is_read_again(key: Key) -> None:
    assert PublicKey.decode(key.public.encode()) == key.public
    for part in key.parts.values():
        assert Part.decode(part.encode()) == part
        assert str(part.scalar) not in repr(part)


def test_a_sum_of_nothing_is_no_element() -> None:
    with pytest.raises(NotAnElement):
        sum_of([])
