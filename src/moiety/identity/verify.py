"""Verify (1:1): does this picture show the person who is claimed?"""

from __future__ import annotations

from moiety.identity.claim import of_purpose
from moiety.identity.ports import Custodians, Models, Picture
from moiety.identity.pseudonym import Pseudonym
from moiety.identity.purpose import Purpose
from moiety.identity.results import Verdict
from moiety.stages import stage


def verify(
    purpose: Purpose,
    picture: Picture,
    claimed: Pseudonym | str,
    *,
    custodians: Custodians,
    models: Models,
) -> Verdict:
    """A truthy or falsy verdict. Somebody erased, expired or never enrolled is simply not matched.

    Raises `PseudonymUnreadable`, `PseudonymOfAnotherPurpose` and each refusal of a picture.
    """
    from moiety.matching.policy import verify_point
    from moiety.matching.words import quantise

    pseudonym = of_purpose(claimed, purpose)
    words = quantise(models.recogniser(purpose.model).probe(picture).vector)
    with stage("custodians"):
        match = custodians.verify(purpose.name, words, pseudonym.value)
        terms = custodians.terms(purpose.name)
    return Verdict(match, verify_point(terms).fmr)
