"""What two people have to sign before a custodian does it: from its own copy of the purpose's terms, and from no
request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from moiety.custody.store.kinds import is_keys
from moiety.custody.trust.roster import Role
from moiety.matching.policy import Terms

POLICY: Final = "policy"
"""Adopting or changing a purpose: always two officers, whatever the document says."""

BULK: Final = "bulk"
"""What `enrol` is called where it brings a purpose more people in a day than its document says."""

EARLY: Final = "early_erasure"
"""What erasing somebody before their time is called, where it is signed for."""

NEEDED: Final = 2

RECORDS_ABOVE: Final = 100
"""People a day whose records may be kept without officers, where the purpose says nothing: a day at a desk."""


@dataclass(frozen=True, slots=True)
class FourEyes:
    """The operations of one purpose that need two people, and how many people a day may be enrolled before it
    is bulk."""

    operations: frozenset[str] = frozenset()
    bulk_above: int = 0

    @classmethod
    def of(cls, terms: Terms) -> FourEyes:
        """What these terms say."""
        return cls(frozenset(terms.four_eyes), terms.bulk_above)

    def bulk(self, gallery: str) -> tuple[Role | None, int]:
        """Whose signatures it takes to bring a gallery more people than how many in one day. Records come with
        everything that is known of people, from wherever it was: officers sign for more than a few, always."""
        if is_keys(gallery):
            return Role.OFFICER, self.bulk_above or RECORDS_ABOVE
        return self.approvers(BULK), self.bulk_above

    def approvers(self, operation: str) -> Role | None:
        """Whose signatures an operation needs, `NEEDED` of them; None where nobody's."""
        if operation == POLICY:
            return Role.OFFICER
        return Role.OPERATOR if operation in self.operations else None
