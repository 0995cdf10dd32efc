"""Whether this process lives, and whether it could serve: for whoever restarts it, without a key."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from moiety.gateway.admission import OPEN, Guarded, operation, service_of
from moiety.gateway.description import OWN
from moiety.gateway.native.shapes import Answer

router = APIRouter(route_class=Guarded, prefix="/v1", tags=["health"])


class Health(Answer):
    """`ready` says whether custodians answer."""

    live: bool
    ready: bool


@router.get("/health/live", openapi_extra=operation(OPEN))
async def live() -> Health:
    """This process answers."""
    return Health(live=True, ready=False)


@router.get(
    "/health/ready",
    openapi_extra=operation(OPEN),
    responses={503: {"model": Health, "description": "Custodians do not answer", OWN: True}},
)
async def ready(request: Request, response: Response) -> Health:
    """Custodians answer, as of a second ago at most; else 503."""
    told = await service_of(request).ready()
    if not told:
        response.status_code = 503
    return Health(live=True, ready=told)
