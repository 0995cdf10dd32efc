"""Refresh keeps every pseudonym and makes old parts worthless; recovery gives a part back and shows no other."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from itertools import permutations

import pytest

from moiety import sodium
from moiety.oprf import recover, threshold, voprf
from moiety.oprf.keys import NUMBERS, PAIRS, Number
from moiety.oprf.refusals import FormUnknown, NotOfThePair, PartWrong, ProofWrong
from moiety.oprf.renewing import renewed as renewed_under
from moiety.sodium import ORDER
from tests.oprf.three import Key, bent, fresh_key, refreshed

INPUTS = [b"110105", b"440301"]


@pytest.fixture(scope="module")
def key() -> Key:
    return fresh_key()


@pytest.fixture(scope="module")
def renewed(key: Key) -> Key:
    return refreshed(key)


def outputs(key: Key, pair: tuple[Number, Number]) -> list[bytes]:
    blinded = voprf.blind_all(INPUTS, os.urandom)
    return voprf.finalize_all(INPUTS, blinded, key.answer(pair, blinded.elements))


def test_a_refresh_keeps_the_key_and_every_output(key: Key, renewed: Key) -> None:
    assert renewed.public.key == key.public.key
    wanted = voprf.evaluate_clear(key.whole, INPUTS)
    for pair in PAIRS:
        assert outputs(key, pair) == outputs(renewed, pair) == wanted


def test_a_refresh_changes_every_part_and_the_slope(key: Key, renewed: Key) -> None:
    assert renewed.public.slope != key.public.slope
    for number in NUMBERS:
        assert renewed.parts[number].scalar != key.parts[number].scalar
        renewed.public.check(renewed.parts[number])
        with pytest.raises(PartWrong):
            renewed.public.check(key.parts[number])


@pytest.mark.parametrize(("old", "new"), list(permutations(NUMBERS, 2)), ids=str)
def test_an_old_part_and_another_s_new_part_answer_nothing(key: Key, renewed: Key, old: Number, new: Number) -> None:
    mixed = replace(key, parts={old: key.parts[old], new: renewed.parts[new]})
    pair = next(pair for pair in PAIRS if old in pair and new in pair)
    assert outputs(mixed, pair) != voprf.evaluate_clear(key.whole, INPUTS)


def test_an_answer_of_an_old_part_is_not_proven_any_more(key: Key, renewed: Key) -> None:
    elements = voprf.blind_all(INPUTS, os.urandom).elements
    for said in (key.public, renewed.public):
        answer = threshold.evaluate_proven(key.parts[1], said, (1, 2), elements, os.urandom)
        with pytest.raises(ProofWrong):
            threshold.check(renewed.public, 1, (1, 2), elements, answer)


def test_a_part_of_another_key_is_not_refreshed(key: Key) -> None:
    seeds = [os.urandom(32) for _ in NUMBERS]
    for wrong in (replace(key.parts[2], scalar=key.parts[2].scalar + 1), fresh_key().parts[2]):
        with pytest.raises(PartWrong):
            renewed_under(wrong, key.public, seeds)


@pytest.mark.parametrize("whose", range(3))
def test_every_custodian_s_seed_moves_the_parts(key: Key, whose: int) -> None:
    """Who knows two seeds does not know the new parts from the old ones."""
    seeds = [bytes([number]) * 32 for number in NUMBERS]
    other = [*seeds[:whose], os.urandom(32), *seeds[whose + 1 :]]
    one, another = (renewed_under(key.parts[1], key.public, some) for some in (seeds, other))
    assert one[0].scalar != another[0].scalar
    assert one[1].slope != another[1].slope


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_seed_has_32_bytes(key: Key, length: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        renewed_under(key.parts[1], key.public, [bytes(32), bytes(32), bytes(length)])


@pytest.mark.parametrize("lost", NUMBERS)
def test_a_lost_part_comes_back_as_it_was(key: Key, lost: Number) -> None:
    secret = os.urandom(32)
    one, other = (recover.contribution(key.parts[n], lost, secret, b"key 7") for n in NUMBERS if n != lost)
    assert recover.recovered(key.public, lost, one, other) == key.parts[lost]
    assert recover.recovered(key.public, lost, other, one) == key.parts[lost]


def test_a_contribution_hides_the_helper_s_part(key: Key) -> None:
    """Under two secrets, and for two keys under one secret, the same part looks different each time."""
    one, other = os.urandom(32), os.urandom(32)
    part = key.parts[1]
    seen = {
        recover.contribution(part, 3, one, b"key 7"),
        recover.contribution(part, 3, other, b"key 7"),
        recover.contribution(part, 3, one, b"key 8"),
        recover.contribution(part, 2, one, b"key 7"),
    }
    assert len(seen) == 4
    # f(3) = 2 f(2) - f(1): unmasked, the receiver would read the part off
    assert b"\x01" + (-part.scalar % ORDER).to_bytes(32, "little") not in seen


def test_helpers_with_different_secrets_or_contexts_recover_nothing(key: Key) -> None:
    secret = os.urandom(32)
    one = recover.contribution(key.parts[1], 3, secret, b"key 7")
    for other in (
        recover.contribution(key.parts[2], 3, os.urandom(32), b"key 7"),
        recover.contribution(key.parts[2], 3, secret, b"key 8"),
    ):
        with pytest.raises(PartWrong):
            recover.recovered(key.public, 3, one, other)


def test_nobody_helps_itself(key: Key) -> None:
    with pytest.raises(NotOfThePair):
        recover.contribution(key.parts[3], 3, bytes(32), b"")


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_mask_s_secret_has_32_bytes(key: Key, length: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        recover.contribution(key.parts[1], 3, bytes(length), b"")


@pytest.mark.parametrize(
    ("bend", "refusal"),
    [
        (lambda sent: bent(sent, 5), PartWrong),
        (lambda sent: b"\x02" + sent[1:], FormUnknown),
        (lambda sent: sent[:-1], FormUnknown),
        (lambda sent: sent + b"\x00", FormUnknown),
        (lambda sent: b"", FormUnknown),
        (lambda sent: b"\x01" + bytes(32), FormUnknown),
        (lambda sent: b"\x01" + ORDER.to_bytes(32, "little"), FormUnknown),
    ],
    ids=["bit", "version", "short", "long", "empty", "zero", "order"],
)
def test_a_bent_contribution_is_refused(key: Key, bend: Callable[[bytes], bytes], refusal: type[Exception]) -> None:
    secret = os.urandom(32)
    one, other = (recover.contribution(key.parts[n], 3, secret, b"key 7") for n in (1, 2))
    with pytest.raises(refusal):
        recover.recovered(key.public, 3, bend(one), other)
    with pytest.raises(refusal):
        recover.recovered(key.public, 3, one, bend(other))


def test_a_recovered_part_refreshes_like_any_other(key: Key) -> None:
    secret = os.urandom(32)
    one, other = (recover.contribution(key.parts[n], 2, secret, b"key 7") for n in (1, 3))
    back = replace(key, parts={**key.parts, 2: recover.recovered(key.public, 2, one, other)})
    assert sodium.multiply_base(refreshed(back).whole) == key.public.key
