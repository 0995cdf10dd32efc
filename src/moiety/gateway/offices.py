"""The office in which a caller's role is acted in: custodians know each role by the person who signs for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from moiety.gateway.callers.refusals import Denied
from moiety.gateway.callers.roles import Role

if TYPE_CHECKING:
    from moiety.identity.office import Office
    from moiety.identity.people import People

SIGNS_AS: Final[Mapping[Role, str]] = {
    Role.OPERATOR: "operator",
    Role.SENSOR: "operator",
    Role.SUBJECT: "operator",
    Role.AUDITOR: "operator",
    Role.OFFICER: "officer",
}
"""In which of the two roles that custodians know. A sensor and a subject do less than an operator may, of which the
gateway sees to it; a custodian's budgets are the operator's."""


class Offices:
    """One opened office for each role that custodians know; the same one twice where nobody signs."""

    def __init__(self, offices: Mapping[str, Office]) -> None:
        self._offices = offices

    def at(self, role: Role) -> Office:
        """Raises `Denied` where nobody signs at this gateway in that role."""
        office = self._offices.get(SIGNS_AS[role])
        if office is None:
            raise Denied
        return office

    def signs_as(self, role: Role) -> str:
        """The role that custodians know this one in."""
        return SIGNS_AS[role]

    def people(self, purpose: str, role: Role) -> People:
        """The desk of a purpose's records, in this role. Raises `Denied`, as `at` and as custodians do."""
        return self.at(role).purpose(purpose).people(role=self.signs_as(role))

    def close(self) -> None:
        """Close each once."""
        for office in {id(office): office for office in self._offices.values()}.values():
            office.close()
