"""What there is: custodians, purposes with their people, and what is known of their state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from fastapi import Response

from moiety.console.visit import Pages, Visit
from moiety.errors import MoietyError, Unavailable
from moiety.gateway import drilled
from moiety.gateway.admission import KNOWN
from moiety.gateway.callers.roles import EVERY, Role
from moiety.gateway.problems import answered_as
from moiety.identity.pseudonym import Pseudonym

if TYPE_CHECKING:
    from moiety.identity.budgets import Budget
    from moiety.identity.results import Status

PAGES: Final = Pages()

SEATS: Final = "abc"
DOWN: Final = frozenset({"custodian_down", "neighbour_silent"})


@PAGES.get("/", KNOWN)
async def overview(visit: Visit) -> Response:
    """The office at a glance. A subject has a page of their own, and nothing else: which one, they say, since a key
    does not name whose it is."""
    caller = visit.caller
    if Role.SUBJECT in caller.roles:
        return visit.page("own.html")

    def story() -> Status:
        return visit.office().status()

    try:
        status, down = await visit.told(story), None
    except Unavailable as error:
        status, down = None, error
    mine = {scope.purpose for scope in caller.scopes}
    rows = [] if status is None else [row for row in status.purposes if EVERY in mine or row.name in mine]
    silent = SEATS[down.numbers["seat"]] if down is not None and down.code in DOWN else None
    left = None if status is None else await _left(visit)
    drills = await visit.told(lambda: drilled.read(visit.service.office))
    ran = None if drills is None else drills.latest()
    return visit.page("overview.html", office=status, rows=rows, down=down, silent=silent, left=left, drills=ran)


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of what may be asked for, unit by unit: of whose account is least. `kept` is false where nobody
    counts; `unknown` are custodians that cannot be asked, and `refused` is why nothing is known."""

    drawn: Sequence[Budget] = ()
    whole: Sequence[Budget] = ()
    unknown: Sequence[str] = ()
    kept: bool = True
    refused: MoietyError | None = None


async def _left(visit: Visit) -> Left | None:
    """None for whoever may not ask. A page that says how things stand says so of this part alone, too."""
    roles = visit.roles("budgets")
    if not roles:
        return None
    try:
        found = await visit.told(lambda: visit.office(roles[0]).budgets())
    except MoietyError as error:
        return Left(refused=answered_as(error))
    if found is None:
        return Left(kept=False)
    least: dict[str, Budget] = {}
    for one in found.budgets:
        known = least.setdefault(one.unit, one)
        least[one.unit] = min(known, one, key=lambda some: some.left)
    drawn = [one for one in least.values() if one.whole_s != 0]
    return Left(drawn, [one for one in least.values() if one.whole_s == 0], found.unknown)


@PAGES.post("/own", KNOWN)
async def own(visit: Visit) -> Response:
    """To somebody's own page, by the pseudonym that they were given; whether it is theirs, that page finds out."""
    visit.again("own.html")
    person = Pseudonym.parse(visit.said("person").strip())
    return visit.to(f"/purposes/{person.purpose}/people/{person}")
