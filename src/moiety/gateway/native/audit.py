"""What was done: do the four ledgers agree, and what have they in the clear?"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request

from moiety.gateway.admission import Guarded, operation, service_of, who
from moiety.gateway.callers.roles import Operation
from moiety.gateway.native.lines import LEDGERS, Line, line_of
from moiety.gateway.native.shapes import Answer

router = APIRouter(route_class=Guarded, prefix="/v1", tags=["audit"])


class Verified(Answer):
    """Whether the ledgers agree, how many operations all of theirs have, how many rows each is behind, how many one
    lacks and has acknowledged that it does, and in which ledger, at which position, the first difference is."""

    agree: bool
    operations: int
    behind: dict[str, int]
    acknowledged: dict[str, int]
    difference: str | None
    ledger: str | None
    position: int | None


class Listed(Answer):
    """What is about nobody."""

    entries: list[Line]


@router.get("/audit", openapi_extra=operation(Operation.AUDIT))
async def verify(request: Request, in_flight: Annotated[int, Query(ge=0, le=1_000)] = 0) -> Verified:
    """Hold the four ledgers against each other."""
    service, role = service_of(request), who(request).role
    found = await service.work(lambda: service.offices.at(role).audit(in_flight=in_flight))
    first = found.first
    return Verified(
        agree=first is None,
        operations=found.operations,
        behind={LEDGERS[int(party)]: count for party, count in found.behind.items()},
        acknowledged={LEDGERS[int(party)]: count for party, count in found.acknowledged.items()},
        difference=None if first is None else first.what.value,
        ledger=None if first is None else LEDGERS[int(first.log)],
        position=None if first is None else first.position,
    )


@router.get("/audit/entries", openapi_extra=operation(Operation.AUDIT))
async def entries(request: Request, last: Annotated[int, Query(ge=1, le=10_000)] = 1_000) -> Listed:
    """What the ledgers have in the clear among the last rows of each."""
    service, admitted = service_of(request), who(request)

    def story() -> Listed:
        names = service.names(admitted.caller.name)
        return Listed(entries=[line_of(noted, names) for noted in service.offices.at(admitted.role).listed(last)])

    return await service.work(story)
