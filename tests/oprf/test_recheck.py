"""Which answers are asked for again, and that a custodian which bends them is caught whichever it is."""

from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moiety import sodium
from moiety.oprf import recheck, voprf
from moiety.oprf.keys import PAIRS, Number, Pair
from moiety.oprf.refusals import AnswersDiffer
from tests.oprf.three import Key, fresh_key


@given(st.integers(1, 5_000), st.sampled_from(PAIRS))
def test_each_other_pair_looks_at_one_in_two_hundred(count: int, pair: Pair) -> None:
    chosen = recheck.chosen(count, pair, os.urandom)
    assert set(chosen) == set(PAIRS) - {pair}
    for places in chosen.values():
        assert len(places) == -(-count // 200)
        assert places == sorted(set(places))
        assert set(places) <= set(range(count))


def test_every_place_is_chosen_as_often_as_any_other() -> None:
    seen = [0] * 10
    for _ in range(2_000):
        for place in recheck._places(10, 3, os.urandom):
            seen[place] += 1
    # 600 expected, standard deviation 20
    assert all(480 < times < 720 for times in seen)


def test_the_choice_follows_from_the_randomness_alone() -> None:
    def fixed(count: int) -> bytes:
        return b"\x07" * count

    assert recheck.chosen(900, (1, 2), fixed) == recheck.chosen(900, (1, 2), fixed)


@pytest.fixture(scope="module")
def key() -> Key:
    return fresh_key()


@settings(max_examples=10)
@given(st.sampled_from(PAIRS), st.data())
def test_who_bends_every_answer_alike_is_caught(key: Key, pair: Pair, data: st.DataObject) -> None:
    """It adds the same to its part wherever it answers: with one pair alone to look again it would be confirmed."""
    thief: Number = data.draw(st.sampled_from(pair))
    inputs = [b"a", b"b", b"c"]

    def answer(asked: Pair, elements: bytes) -> bytes:
        whole = key.answer(asked, elements)
        return sodium.add_each(whole, sodium.multiply_all(99, elements)) if thief in asked else whole

    def outputs(asked: Pair, places: list[int]) -> dict[int, bytes]:
        wanted = [inputs[place] for place in places]
        blinded = voprf.blind_all(wanted, os.urandom)
        found = voprf.finalize_all(wanted, blinded, answer(asked, blinded.elements))
        return dict(zip(places, found, strict=True))

    first = list(outputs(pair, [0, 1, 2]).values())
    again = {asked: outputs(asked, places) for asked, places in recheck.chosen(3, pair, os.urandom).items()}
    for asked, found in again.items():
        if thief in asked:
            recheck.compare(first, found)
        else:
            with pytest.raises(AnswersDiffer):
                recheck.compare(first, found)


def test_honest_custodians_agree_with_themselves(key: Key) -> None:
    inputs = [b"a", b"b"]
    blinded = voprf.blind_all(inputs, os.urandom)
    found = {pair: voprf.finalize_all(inputs, blinded, key.answer(pair, blinded.elements)) for pair in PAIRS}
    for pair, places in recheck.chosen(2, (1, 3), os.urandom).items():
        recheck.compare(found[(1, 3)], {place: found[pair][place] for place in places})
    with pytest.raises(AnswersDiffer):
        recheck.compare(found[(1, 3)], {0: found[(1, 3)][0], 1: found[(1, 3)][0]})
