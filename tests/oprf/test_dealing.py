"""Three deal a key: it comes out alike for all, and whoever bends a promise, an opening or a share is named."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import combinations

import pytest

from moiety import sodium
from moiety.oprf import dealing, dkg, refresh
from moiety.oprf.dealing import Agreed, Dealt, Promised
from moiety.oprf.keys import NUMBERS, Part, PublicKey
from moiety.oprf.refusals import MessagesMissing, OpeningWrong, PromiseWrong, ShareWrong
from moiety.sodium import IDENTITY, ORDER
from tests.oprf.three import agreement, bent, drawing, fresh_key, openings, others, promises, shares

CONTEXT = b"an office, a purpose, an attempt"
FORMS = [dealing.KEY, dealing.ZERO]


def dealt_by_all(form: dealing.Form = dealing.KEY) -> dict[int, Dealt]:
    return {n: dealing.deal(form, CONTEXT, n, os.urandom) for n in NUMBERS}


def test_three_make_a_key_that_none_of_them_dealt() -> None:
    key = fresh_key()
    for one, other in combinations(NUMBERS, 2):
        slope = (key.parts[other].scalar - key.parts[one].scalar) * pow(other - one, -1, ORDER)
        constant = (key.parts[one].scalar - slope * one) % ORDER
        assert constant == key.whole
    assert sodium.multiply_base(key.whole) == key.public.key
    assert fresh_key().public.key != key.public.key


def test_all_three_see_the_same_transcript() -> None:
    agreed = agreement(lambda n: dkg.deal(CONTEXT, n, os.urandom))
    assert len({one.digest for one in agreed.values()}) == 1
    again = agreement(lambda n: dkg.deal(CONTEXT, n, os.urandom))
    assert again[1].digest != agreed[1].digest


def test_two_who_were_told_different_things_sign_different_transcripts() -> None:
    """A custodian that promises and opens one line to one and another line to another."""
    dealt = dealt_by_all()
    other_face = dealing.deal(dealing.KEY, CONTEXT, 3, os.urandom)
    to_1 = dealt[1].promised({2: dealt[2].promise, 3: dealt[3].promise})
    to_2 = dealt[2].promised({1: dealt[1].promise, 3: other_face.promise})
    agreed_1 = to_1.agreed({2: dealt[2].opening, 3: dealt[3].opening})
    agreed_2 = to_2.agreed({1: dealt[1].opening, 3: other_face.opening})
    assert agreed_1.digest != agreed_2.digest


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name.decode())
def test_nothing_goes_on_without_both_others(form: dealing.Form) -> None:
    dealt = dealt_by_all(form)
    promised = promises(dealt)
    agreed = openings(promised)
    sent: list[tuple[Callable[[dict[int, bytes]], object], dict[int, bytes]]] = [
        (dealt[1].promised, {n: dealt[n].promise for n in NUMBERS}),
        (promised[1].agreed, {n: dealt[n].opening for n in NUMBERS}),
        (agreed[1].total, {n: agreed[n].share(1) for n in NUMBERS}),
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
    chosen_later = dealing.deal(dealing.KEY, CONTEXT, 2, os.urandom)
    with pytest.raises(PromiseWrong, match="custodian b"):
        promised[1].agreed({2: chosen_later.opening, 3: dealt[3].opening})
    with pytest.raises(PromiseWrong, match="custodian b"):
        promised[1].agreed({2: bent(dealt[2].opening, 128), 3: dealt[3].opening})


def told(dealt: Dealt, opening: bytes) -> Agreed:
    """What becomes of an opening of custodian 2 that it did promise."""
    lying = Dealt(dealt.form, dealt.context, 2, (1, 1), opening)
    honest = {n: dealing.deal(dealt.form, dealt.context, n, os.urandom) for n in (1, 3)}
    promised = honest[1].promised({2: lying.promise, 3: honest[3].promise})
    return promised.agreed({2: opening, 3: honest[3].opening})


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name.decode())
def test_an_opening_is_malformed_in_no_way(form: dealing.Form) -> None:
    dealt = dealing.deal(form, CONTEXT, 2, os.urandom)
    good = dealt.opening
    assert told(dealt, good).lines[2] == tuple(map(sodium.multiply_base, dealt.coefficients))
    proof = 1 + form.commitment_bytes
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
    here = dealing.deal(dealing.KEY, CONTEXT, 2, os.urandom)
    constant, once = 5, 6
    committed = sodium.multiply_base(constant) + slope
    challenge = dealing._challenge(here.form, CONTEXT, 2, committed, sodium.multiply_base(once))
    proof = challenge.to_bytes(32, "little") + ((once - challenge * constant) % ORDER).to_bytes(32, "little")
    with pytest.raises(OpeningWrong, match="custodian b"):
        told(here, b"\x01" + committed + proof)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name.decode())
def test_who_does_not_know_its_line_does_not_open_it(form: dealing.Form) -> None:
    dealt = dealing.deal(form, CONTEXT, 2, os.urandom)
    proof = 1 + form.commitment_bytes
    stranger = sodium.multiply_base(7)
    for opening in (
        bent(dealt.opening, proof),
        bent(dealt.opening, proof + 32),
        dealt.opening[:1] + stranger + dealt.opening[33:],
        dealt.opening[: proof - 32] + stranger + dealt.opening[proof:],
    ):
        with pytest.raises(OpeningWrong, match="custodian b"):
            told(dealt, opening)


@pytest.mark.parametrize("which", ["number", "context", "form"])
def test_a_proof_of_knowledge_is_for_one_custodian_one_attempt_and_one_form(which: str) -> None:
    here = dealing.deal(dealing.ZERO, CONTEXT, 2, os.urandom)
    from_elsewhere = {
        "number": lambda: dealing.deal(dealing.ZERO, CONTEXT, 3, os.urandom),
        "context": lambda: dealing.deal(dealing.ZERO, b"yesterday", 2, os.urandom),
        "form": lambda: dealing.deal(dealing.Form(b"other", (1,)), CONTEXT, 2, os.urandom),
    }[which]()
    with pytest.raises(OpeningWrong, match="custodian b"):
        told(here, from_elsewhere.opening)


@pytest.mark.parametrize("which", ["number", "context", "form"])
def test_a_promise_is_of_one_custodian_one_attempt_and_one_form(which: str) -> None:
    here = dealing.deal(dealing.ZERO, CONTEXT, 2, drawing(5, 6))
    elsewhere = {
        "number": lambda: Dealt(here.form, CONTEXT, 3, here.coefficients, here.opening),
        "context": lambda: Dealt(here.form, b"yesterday", 2, here.coefficients, here.opening),
        "form": lambda: Dealt(dealing.KEY, CONTEXT, 2, here.coefficients, here.opening),
    }[which]()
    assert here.promise != elsewhere.promise


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name.decode())
def test_a_share_that_is_not_on_the_line_is_refused_by_name(form: dealing.Form) -> None:
    agreed = openings(promises(dealt_by_all(form)))
    good = {2: agreed[2].share(1), 3: agreed[3].share(1)}
    agreed[1].total(good)
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
            agreed[1].total({2: good[2], 3: wrong})


def test_a_key_s_line_cannot_pass_for_a_refresh() -> None:
    agreed = openings(promises(dealt_by_all()))
    part, public = dkg.finish(agreed[1], shares(agreed, 1))
    with pytest.raises(ValueError, match="too many values"):
        refresh.finish(agreed[1], part, public, shares(agreed, 1))


def test_no_step_shows_its_secrets() -> None:
    dealt = dealing.deal(dealing.KEY, CONTEXT, 1, drawing(987654321, 123456789, 5))
    mates = {n: dealing.deal(dealing.KEY, CONTEXT, n, os.urandom) for n in (2, 3)}
    promised: Promised = dealt.promised({n: mates[n].promise for n in (2, 3)})
    agreed = promised.agreed({n: mates[n].opening for n in (2, 3)})
    for step in (dealt, promised, agreed, Part(1, 987654321)):
        assert "987654321" not in repr(step)
        assert "123456789" not in repr(step)


def test_what_is_finished_is_a_part_of_the_public_key() -> None:
    agreed = openings(promises(dealt_by_all()))
    for number in NUMBERS:
        part, public = dkg.finish(agreed[number], shares(agreed, number))
        assert part.number == number
        assert isinstance(public, PublicKey)
        public.check(part)
