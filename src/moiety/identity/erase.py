"""Erase: a person's row is overwritten at all three custodians before this returns."""

from __future__ import annotations

from moiety.identity.claim import of_purpose
from moiety.identity.ports import Custodians
from moiety.identity.pseudonym import Pseudonym
from moiety.identity.purpose import Purpose
from moiety.identity.results import Erased


def erase(
    purpose: Purpose, person: Pseudonym | str, *, custodians: Custodians, approved: bytes | None = None
) -> Erased:
    """Erase one person; doing it again is harmless and says that nobody was found.

    `approved` is what `request` wrote, once people have signed it, where the purpose wants that. Raises
    `PseudonymUnreadable` and `PseudonymOfAnotherPurpose`.
    """
    pseudonym = of_purpose(person, purpose)
    return Erased(pseudonym, custodians.erase(purpose.name, pseudonym.value, approved=approved))


def request(purpose: Purpose, person: Pseudonym | str, *, custodians: Custodians) -> bytes:
    """A request file for two people to sign before this person is erased, whom nothing in it names.

    Raises as `erase`.
    """
    return custodians.request_erasure(purpose.name, of_purpose(person, purpose).value)
