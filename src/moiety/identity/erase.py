"""Erase: a person's row is overwritten at all three custodians before this returns."""

from __future__ import annotations

from moiety.identity.claim import of_purpose
from moiety.identity.ports import Custodians
from moiety.identity.pseudonym import Pseudonym
from moiety.identity.purpose import Purpose
from moiety.identity.results import Erased


def erase(purpose: Purpose, person: Pseudonym | str, *, custodians: Custodians) -> Erased:
    """Erase one person; doing it again is harmless and says that nobody was found.

    Raises `PseudonymUnreadable` and `PseudonymOfAnotherPurpose`.
    """
    pseudonym = of_purpose(person, purpose)
    return Erased(pseudonym, custodians.erase(purpose.name, pseudonym.value))
