"""Which operations need two people follows from a custodian's own copy of the terms."""

from __future__ import annotations

from dataclasses import replace

import pytest

from moiety.custody.policy import FourEyes
from moiety.custody.roster import Role
from tests.custody.scene import TERMS

SOME = FourEyes.of(replace(TERMS, four_eyes=("bulk", "export"), bulk_above=100))
NONE = FourEyes.of(TERMS)


@pytest.mark.parametrize("eyes", [SOME, NONE])
def test_a_change_of_policy_always_needs_officers(eyes: FourEyes) -> None:
    assert eyes.approvers("policy") is Role.OFFICER


def test_what_the_purpose_names_needs_people_and_the_rest_nobody() -> None:
    assert SOME.approvers("export") is Role.OPERATOR
    assert SOME.approvers("early_erasure") is None
    assert NONE.approvers("export") is None
    assert NONE.approvers("identify") is None


@pytest.mark.parametrize(("people", "name"), [(1, "enrol"), (100, "enrol"), (101, "bulk")])
def test_an_enrolment_of_many_is_bulk(people: int, name: str) -> None:
    assert SOME.named("enrol", people) == name
    assert (SOME.approvers(SOME.named("enrol", people)) is None) == (name == "enrol")
    assert SOME.named("identify", people) == "identify"


def test_it_is_not_where_the_purpose_does_not_say_so() -> None:
    assert NONE.named("enrol", 10_000) == "enrol"
    assert FourEyes(frozenset({"export"}), 100).named("enrol", 10_000) == "enrol"
