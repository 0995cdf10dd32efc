"""Answers are typed, say what they are worth, and hold no score."""

from __future__ import annotations

from dataclasses import fields
from datetime import date

import pytest

from moiety.identity.pseudonym import Pseudonym
from moiety.identity.refusals import GroundsUnknown, PurposeInvalid
from moiety.identity.results import Candidates, Enrolled, Erased, Verdict

ANNA, BERT = Pseudonym("door", bytes(16)), Pseudonym("door", b"\x01" * 16)


def candidates(*people: Pseudonym, carried: bool = True) -> Candidates:
    return Candidates(frozenset(people), fmr=1e-4, gallery=10, expected_false=1e-3, carried=carried)


def test_a_verdict_is_true_or_false() -> None:
    assert Verdict(match=True, fmr=1e-4)
    assert not Verdict(match=False, fmr=1e-4)


def test_candidates_are_a_set_without_order() -> None:
    found = candidates(ANNA, BERT)
    assert found
    assert set(found) == {ANNA, BERT}
    assert len(found) == 2
    assert ANNA in found
    assert found == candidates(BERT, ANNA)
    assert not hasattr(found, "__getitem__")
    assert not candidates()


def test_the_text_says_what_candidates_are_where_the_policy_does_not_carry_them() -> None:
    assert candidates(ANNA, carried=False).text == "candidates for a human, not an identification"
    assert candidates(carried=False).text == "candidates for a human, not an identification"
    assert "not an identification" not in candidates(ANNA).text


def test_the_text_says_that_nobody_was_found() -> None:
    assert candidates().text == "nobody matches this picture"
    assert candidates(ANNA).text == "found at a false alarm rate that this purpose allows"


@pytest.mark.parametrize("result", [Enrolled, Verdict, Candidates, Erased])
def test_no_answer_holds_a_score(result: type) -> None:
    names = {field.name for field in fields(result)}
    assert not names & {"score", "similarity", "distance", "confidence", "cosine", "rank", "threshold"}


def test_answers_in_a_log_name_nobody() -> None:
    for answer in (candidates(ANNA), Enrolled(ANNA, date(2030, 1, 1)), Erased(ANNA, True)):
        assert str(ANNA).removeprefix("door-") not in repr(answer)
        assert repr(ANNA.value) not in repr(answer)


def test_a_caught_refusal_is_a_value_whose_advice_holds_its_numbers() -> None:
    refusal = GroundsUnknown(known=3)
    assert refusal.code == "grounds_unknown"
    assert "lists the 3 that it has" in refusal.advice
    assert refusal.advice == refusal.text == str(refusal)
    assert "{known}" in GroundsUnknown.advice
    listed = PurposeInvalid(["name: short", "model: known"])
    assert listed.advice == "the purpose document is refused: name: short; model: known"
    with pytest.raises(TypeError):
        GroundsUnknown(known="Quaresma")  # type: ignore[arg-type]
