"""What two people have to sign before a custodian does it: from its own copy of the purpose's terms, and from no
request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from moiety.custody.roster import Role
from moiety.matching.policy import Terms

POLICY: Final = "policy"
"""Adopting or changing a purpose: always two officers, whatever the document says."""

ENROL: Final = "enrol"
BULK: Final = "bulk"
"""What `enrol` is called where it is of more people than the purpose says."""

EARLY: Final = "early_erasure"
"""What erasing somebody before their time is called, where it is signed for."""

NEEDED: Final = 2


@dataclass(frozen=True, slots=True)
class FourEyes:
    """The operations of one purpose that need two people, and from how many people on an enrolment is bulk."""

    operations: frozenset[str] = frozenset()
    bulk_above: int = 0

    @classmethod
    def of(cls, terms: Terms) -> FourEyes:
        """What these terms say."""
        return cls(frozenset(terms.four_eyes), terms.bulk_above)

    def named(self, operation: str, people: int) -> str:
        """What the operation is called in statements and rosters: an enrolment of many is bulk where the purpose has
        bulk signed for."""
        if operation == ENROL and BULK in self.operations and people > self.bulk_above:
            return BULK
        return operation

    def approvers(self, operation: str) -> Role | None:
        """Whose signatures an operation (as `named`) needs, `NEEDED` of them; None where nobody's."""
        if operation == POLICY:
            return Role.OFFICER
        return Role.OPERATOR if operation in self.operations else None
