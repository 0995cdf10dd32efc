"""Before anything of a request is read: who asks, and whether they may.

A route says which operation it is (`x-moiety-operation` in the interface's description), and a route that says none
does not start. Whose purpose and whose person it is about stands in its path.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any, Final, cast

from fastapi import Request, Response
from fastapi.routing import APIRoute

from moiety.behalf import on_behalf
from moiety.gateway.callers.refusals import Denied, Unauthenticated
from moiety.gateway.callers.roles import Caller, Operation, Role
from moiety.stages import stage

if TYPE_CHECKING:
    from moiety.gateway.service import Service

OPERATION: Final = "x-moiety-operation"
OPEN: Final = "open"
"""The word of a route that anybody may ask."""

SIGNED: Final = "signed"
"""The word of a route that recognises its callers itself, by what they signed."""
_HOST_BITS: Final = 64

KNOWN: Final = "known"
"""The word of a route that any caller may ask who is known."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """Who asks, and the role in which they may."""

    caller: Caller
    role: Role


def operation(what: Operation | str) -> dict[str, Any]:
    """What a route's `openapi_extra` says of it."""
    return {OPERATION: str(what)}


class Guarded(APIRoute):
    """A route that admits before it reads."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        said = (self.openapi_extra or {}).get(OPERATION)
        if said not in {OPEN, SIGNED, KNOWN, *Operation}:
            raise ValueError("a route says which operation it is")
        self.operation = str(said)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """As the framework's own, once who asks was let in."""
        handle = super().get_route_handler()

        async def admitting(request: Request) -> Response:
            if self.operation not in (OPEN, SIGNED):
                with stage("admission"):
                    request.state.admitted = await admitted(request, self.operation)
            return await handle(request)

        return admitting


async def admitted(request: Request, operation: str) -> Admitted:
    """Raises `Unauthenticated`, `Denied`, and `RateSpent`."""
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    brought = bearer if scheme.lower() == "bearer" else ""
    return let_in(request, await recognised(request, brought), operation)


async def recognised(request: Request, brought: str) -> Caller:
    """Who brought this: whoever is not known yet is charged by address, and waits at the door. Raises
    `Unauthenticated`, and `RateSpent`."""
    service = service_of(request)
    caller = await service.hall(lambda: service.reception.known(brought))
    if caller is None:
        service.strangers.charge(address_of(request))
        caller = await service.door(lambda: service.reception.stranger(brought))
    return caller


def let_in(request: Request, caller: Caller, operation: str) -> Admitted:
    """Whether somebody who was recognised, by whatever they brought, may do this: the one place that says so. Raises
    `Denied`, and `RateSpent`."""
    recognised_as(request, caller.name)
    if operation == KNOWN:
        return Admitted(caller, caller.least_role)
    purpose, person = request.path_params.get("purpose"), request.path_params.get("person")
    role = caller.role_for(Operation(operation), purpose, person)
    if role is None:
        raise Denied
    return Admitted(caller, role)


def recognised_as(request: Request, name: str) -> None:
    """From here on the request is this caller's: in the journal, by its rate, and to custodians. Raises `RateSpent`."""
    request.state.caller = name
    service = service_of(request)
    service.rates.charge(name)
    on_behalf(service.credentials.behalf(name))


def address_of(request: Request) -> str:
    """From where somebody asks whom nobody knows: an address, or a network of IPv6, of which one host has as many
    addresses as it likes."""
    host = request.client.host if request.client is not None else ""
    try:
        address = ip_address(host)
    except ValueError:
        return ""
    return str(address) if address.version == 4 else str(ip_network((address, _HOST_BITS), strict=False))


def service_of(request: Request) -> Service:
    """What the application was made with."""
    return cast("Service", request.app.state.service)


def who(request: Request) -> Admitted:
    """Whom the route admitted."""
    found = getattr(request.state, "admitted", None)
    if not isinstance(found, Admitted):
        raise Unauthenticated
    return found
