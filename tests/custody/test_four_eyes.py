"""Which operations need two people follows from a custodian's own copy of the terms."""

from __future__ import annotations

from dataclasses import replace

import pytest

from moiety.custody.trust.policy import FourEyes
from moiety.custody.trust.roster import Role
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
