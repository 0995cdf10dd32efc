"""A claim to be somebody: a pseudonym, checked to belong to the purpose at hand."""

from __future__ import annotations

from moiety.identity.pseudonym import Pseudonym
from moiety.identity.purpose import Purpose
from moiety.identity.refusals import PseudonymOfAnotherPurpose, PseudonymUnreadable


def of_purpose(claimed: Pseudonym | str, purpose: Purpose) -> Pseudonym:
    """The pseudonym meant; raises `PseudonymUnreadable`, for anything else too, or `PseudonymOfAnotherPurpose`."""
    pseudonym = Pseudonym.parse(claimed) if isinstance(claimed, str) else claimed
    if not isinstance(pseudonym, Pseudonym):
        raise PseudonymUnreadable
    if pseudonym.purpose != purpose.name:
        raise PseudonymOfAnotherPurpose
    return pseudonym
