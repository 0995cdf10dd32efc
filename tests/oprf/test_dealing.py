"""Three deal a key: it comes out alike for all, and whoever bends a promise, an opening or a share is named."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations

import pytest

from moiety import sodium
from moiety.oprf import dealing
from moiety.oprf.dealing import Agreed, Dealt, Promised
from moiety.oprf.keys import NUMBERS, Part, PublicKey
from moiety.oprf.refusals import MessagesMissing, OpeningWrong, PromiseWrong, ShareWrong
from moiety.sodium import IDENTITY, ORDER
from tests.oprf.three import agreement, bent, drawing, fresh_key, openings, others, promises, shares

CONTEXT = b"an office, a purpose, an attempt"


def dealt_by_all() -> dict[int, Dealt]:
    return {n: dealing.deal(CONTEXT, n, os.urandom) for n in NUMBERS}


def test_three_make_a_key_that_none_of_them_dealt() -> None:
    key = fresh_key()
    for one, other in combinations(NUMBERS, 2):
        slope = (key.parts[other].scalar - key.parts[one].scalar) * pow(other - one, -1, ORDER)
        constant = (key.parts[one].scalar - slope * one) % ORDER
        assert constant == key.whole
    assert sodium.multiply_base(key.whole) == key.public.key
    assert fresh_key().public.key != key.public.key


def test_all_three_see_the_same_transcript() -> None:
    agreed = agreement(lambda n: dealing.deal(CONTEXT, n, os.urandom))
    assert len({one.digest for one in agreed.values()}) == 1
    again = agreement(lambda n: dealing.deal(CONTEXT, n, os.urandom))
    assert again[1].digest != agreed[1].digest


def test_two_who_were_told_different_things_sign_different_transcripts() -> None:
    """A custodian that promises and opens one line to one and another line to another."""
    dealt = dealt_by_all()
    other_face = dealing.deal(CONTEXT, 3, os.urandom)
    to_1 = dealt[1].promised({2: dealt[2].promise, 3: dealt[3].promise})
    to_2 = dealt[2].promised({1: dealt[1].promise, 3: other_face.promise})
    agreed_1 = to_1.agreed({2: dealt[2].opening, 3: dealt[3].opening})
    agreed_2 = to_2.agreed({1: dealt[1].opening, 3: other_face.opening})
    assert agreed_1.digest != agreed_2.digest


def test_nothing_goes_on_without_both_others() -> None:
    dealt = dealt_by_all()
    promised = promises(dealt)
    agreed = openings(promised)
    sent: list[tuple[Callable[[dict[int, bytes]], object], dict[int, bytes]]] = [
        (dealt[1].promised, {n: dealt[n].promise for n in NUMBERS}),
        (promised[1].agreed, {n: dealt[n].opening for n in NUMBERS}),
        (agreed[1].finish, {n: agreed[n].share(1) for n in NUMBERS}),
    ]
    for step, messages in sent:
        step(others(1, messages))
        for wrong in ({}, {2: messages[2]}, {3: messages[3]}, messages, {2: messages[2], 4: messages[3]}):
            with pytest.raises(MessagesMissing):
                step(wrong)


def test_a_promise_that_is_none_is_refused_by_name() -> None:
    dealt = dealt_by_all()
    good = dealt[3].promise
    for wrong in (b"", good[:-1], good + b"x", b"\x02" + good[1:]):
        with pytest.raises(PromiseWrong, match="custodian c"):
            dealt[1].promised({2: dealt[2].promise, 3: wrong})


def test_an_opening_that_was_not_promised_is_refused_by_name() -> None:
    dealt = dealt_by_all()
    promised = promises(dealt)
    chosen_later = dealing.deal(CONTEXT, 2, os.urandom)
    with pytest.raises(PromiseWrong, match="custodian b"):
        promised[1].agreed({2: chosen_later.opening, 3: dealt[3].opening})
    with pytest.raises(PromiseWrong, match="custodian b"):
        promised[1].agreed({2: bent(dealt[2].opening, 128), 3: dealt[3].opening})


def told(dealt: Dealt, opening: bytes) -> Agreed:
    """What becomes of an opening of custodian 2 that it did promise."""
    lying = Dealt(dealt.context, 2, 1, 1, opening)
    honest = {n: dealing.deal(dealt.context, n, os.urandom) for n in (1, 3)}
    promised = honest[1].promised({2: lying.promise, 3: honest[3].promise})
    return promised.agreed({2: opening, 3: honest[3].opening})


def test_an_opening_is_malformed_in_no_way() -> None:
    dealt = dealing.deal(CONTEXT, 2, os.urandom)
    good = dealt.opening
    assert told(dealt, good).lines[2] == (sodium.multiply_base(dealt.constant), sodium.multiply_base(dealt.slope))
    proof = 65
    wrong = [
        b"",
        good[:-1],
        good + b"\x00",
        b"\x02" + good[1:],
        good[:1] + IDENTITY + good[33:],
        good[:1] + b"\xff" * 32 + good[33:],
        good[: proof - 32] + IDENTITY + good[proof:],
        good[: proof - 32] + b"\xff" * 32 + good[proof:],
        good[:proof] + bytes(32) + good[proof + 32 :],
        good[:proof] + ORDER.to_bytes(32, "little") + good[proof + 32 :],
        good[: proof + 32] + bytes(32),
        good[: proof + 32] + ORDER.to_bytes(32, "little"),
    ]
    for opening in wrong:
        with pytest.raises(OpeningWrong, match="custodian b"):
            told(dealt, opening)


def test_an_opening_is_measured_before_it_is_hashed() -> None:
    dealt = dealt_by_all()
    with pytest.raises(OpeningWrong, match="custodian b"):
        promises(dealt)[1].agreed({2: b"\x01" + bytes(100_000), 3: dealt[3].opening})


@pytest.mark.parametrize("slope", [IDENTITY, b"\xff" * 32], ids=["identity", "noise"])
def test_a_line_of_which_only_the_constant_is_an_element_is_refused(slope: bytes) -> None:
    """Its sender proves what it knows, and promised it: a line without a slope would be its constant at all three."""
    here = dealing.deal(CONTEXT, 2, os.urandom)
    constant, once = 5, 6
    committed = sodium.multiply_base(constant) + slope
    challenge = dealing._challenge(CONTEXT, 2, committed, sodium.multiply_base(once))
    proof = challenge.to_bytes(32, "little") + ((once - challenge * constant) % ORDER).to_bytes(32, "little")
    with pytest.raises(OpeningWrong, match="custodian b"):
        told(here, b"\x01" + committed + proof)


def test_who_does_not_know_its_line_does_not_open_it() -> None:
    dealt = dealing.deal(CONTEXT, 2, os.urandom)
    proof = 65
    stranger = sodium.multiply_base(7)
    for opening in (
        bent(dealt.opening, proof),
        bent(dealt.opening, proof + 32),
        dealt.opening[:1] + stranger + dealt.opening[33:],
        dealt.opening[: proof - 32] + stranger + dealt.opening[proof:],
    ):
        with pytest.raises(OpeningWrong, match="custodian b"):
            told(dealt, opening)


@pytest.mark.parametrize("which", ["number", "context"])
def test_a_proof_of_knowledge_is_for_one_custodian_and_one_attempt(which: str) -> None:
    here = dealing.deal(CONTEXT, 2, os.urandom)
    from_elsewhere = {
        "number": lambda: dealing.deal(CONTEXT, 3, os.urandom),
        "context": lambda: dealing.deal(b"yesterday", 2, os.urandom),
    }[which]()
    with pytest.raises(OpeningWrong, match="custodian b"):
        told(here, from_elsewhere.opening)


@pytest.mark.parametrize("which", ["number", "context"])
def test_a_promise_is_of_one_custodian_and_one_attempt(which: str) -> None:
    here = dealing.deal(CONTEXT, 2, os.urandom)
    elsewhere = {"number": replace(here, number=3), "context": replace(here, context=b"yesterday")}[which]
    assert here.promise != elsewhere.promise


def test_a_share_that_is_not_on_the_line_is_refused_by_name() -> None:
    agreed = openings(promises(dealt_by_all()))
    good = {2: agreed[2].share(1), 3: agreed[3].share(1)}
    agreed[1].finish(good)
    for wrong in (
        b"",
        good[3][:-1],
        good[3] + b"\x00",
        b"\x02" + good[3][1:],
        bent(good[3], 1),
        b"\x01" + bytes(32),
        b"\x01" + ORDER.to_bytes(32, "little"),
        agreed[3].share(2),
        good[2],
    ):
        with pytest.raises(ShareWrong, match="custodian c"):
            agreed[1].finish({2: good[2], 3: wrong})


def test_no_step_shows_its_secrets() -> None:
    dealt = dealing.deal(CONTEXT, 1, drawing(987654321, 123456789, 5))
    mates = {n: dealing.deal(CONTEXT, n, os.urandom) for n in (2, 3)}
    promised: Promised = dealt.promised({n: mates[n].promise for n in (2, 3)})
    agreed = promised.agreed({n: mates[n].opening for n in (2, 3)})
    for step in (dealt, promised, agreed, Part(1, 987654321)):
        assert "987654321" not in repr(step)
        assert "123456789" not in repr(step)


def test_what_is_finished_is_a_part_of_the_public_key() -> None:
    agreed = openings(promises(dealt_by_all()))
    for number in NUMBERS:
        part, public = agreed[number].finish(shares(agreed, number))
        assert part.number == number
        assert isinstance(public, PublicKey)
        public.check(part)
