"""What is left of what may be asked for: custodians count it, each for itself."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter, Request
from pydantic import Field

from moiety.gateway.admission import Guarded, operation, service_of, who
from moiety.gateway.callers.roles import Operation
from moiety.gateway.native.shapes import Answer

router = APIRouter(route_class=Guarded, prefix="/v1", tags=["budgets"])


class Budget(Answer):
    """One account, as the custodian has it that has least left."""

    scope: str = Field(description="whose: `gateway`, this one's certificate; `caller`, who signs for the role")
    unit: str = Field(description="what is counted, as in a custodian's [limits]")
    burst: int = Field(description="at once, at most")
    daily: int = Field(description="in one day (UTC), at most")
    drawn: int = Field(description="today (UTC), what is set aside with it")
    left: int = Field(description="now; below nought where something is owed")
    whole_s: int | None = Field(description="seconds until a burst is there again; null: not by waiting")


class Budgets(Answer):
    """`kept` is false where nobody counts, in a trial in one process. `unknown` are custodians of an older version,
    which cannot be asked: what is left there may be less."""

    kept: bool
    budgets: list[Budget]
    unknown: list[str]


@router.get("/budgets", openapi_extra=operation(Operation.BUDGETS))
async def budgets(request: Request) -> Budgets:
    """What is left to this gateway and to who signs at it for the caller's role, and of nobody else."""
    service, role = service_of(request), who(request).role
    found = await service.work(lambda: service.offices.at(role).budgets())
    if found is None:
        return Budgets(kept=False, budgets=[], unknown=[])
    return Budgets(kept=True, budgets=[Budget(**asdict(one)) for one in found.budgets], unknown=[*found.unknown])
