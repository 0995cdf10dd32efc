"""Who may ask: set up once, then keys that are given, rotated, listed and revoked."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import APIRouter, Path, Request
from pydantic import Field

from moiety.gateway.admission import KNOWN, OPEN, Guarded, address_of, operation, service_of, who
from moiety.gateway.bodies import STRANGERS_MIB, Sent, fields, takes
from moiety.gateway.callers.keys import ApiKey
from moiety.gateway.callers.newcomer import DAYS_LIMIT, Newcomer
from moiety.gateway.callers.refusals import Denied, Unauthenticated
from moiety.gateway.callers.roles import EVERY, Operation, Role, Scope
from moiety.gateway.native.shapes import Answer, Done

if TYPE_CHECKING:
    pass

router = APIRouter(route_class=Guarded, prefix="/v1", tags=["callers"])

FIRST: Final = "first"
FIRST_DAYS: Final = 90
OVERLAP_LIMIT_S: Final = 7 * 86_400

CallerName = Annotated[str, Path(min_length=1, max_length=31, description="the name of a caller")]


class Token(Sent):
    """The one-time token that the first start prints."""

    token: str = Field(max_length=200)


class NewCaller(Sent):
    """Who is to have a key: roles, and scopes like `door:verify`; a subject has a person."""

    name: str = Field(max_length=31)
    roles: list[Role] = Field(min_length=1, max_length=5)
    scopes: list[str] = Field(min_length=1, max_length=64)
    days: int = Field(default=90, ge=1, le=DAYS_LIMIT)
    person: str | None = Field(default=None, max_length=80)


class Rotation(Sent):
    """For how many days the new key holds, and for how many seconds more the one before."""

    days: int = Field(default=90, ge=1, le=DAYS_LIMIT)
    overlap_s: int = Field(default=3_600, ge=0, le=OVERLAP_LIMIT_S)


class Key(Answer):
    """A key, shown this once."""

    name: str
    key: str


class Me(Answer):
    """Who is asking."""

    name: str
    roles: list[Role]
    scopes: list[str]


class ListedKey(Answer):
    """A key as it is listed: by its prefix."""

    prefix: str
    name: str
    roles: list[Role]
    scopes: list[str]
    expires: datetime
    revoked: bool


class Keys(Answer):
    """Every key that there is or was."""

    keys: list[ListedKey]


@router.post("/setup", openapi_extra={**operation(OPEN), **takes(Token)})
async def set_up(request: Request) -> Key:
    """The first key, for the one-time token: an operator, officer and auditor of every purpose."""
    return Key(name=FIRST, key=str(await first_key(request, (await fields(request, Token, STRANGERS_MIB)).token)))


async def first_key(request: Request, token: str) -> ApiKey:
    """What the one-time token is exchanged for. Raises `Unauthenticated` where it is not the one, and `RateSpent`."""
    service = service_of(request)
    service.strangers.charge(address_of(request))
    given = ApiKey.parse(token)
    roles = frozenset({Role.OPERATOR, Role.OFFICER, Role.AUDITOR})
    first = Newcomer(FIRST, roles, frozenset({Scope(EVERY, EVERY)}), FIRST_DAYS)
    made = await service.door(lambda: service.credentials.set_up(given or ApiKey("", ""), first))
    if made is None:
        raise Unauthenticated
    service.journal.say("token used", request=request.state.number, caller=FIRST)
    return made


@router.get("/me", openapi_extra=operation(KNOWN))
async def me(request: Request) -> Me:
    """Who is asking, and what for."""
    caller = who(request).caller
    return Me(name=caller.name, roles=sorted(caller.roles), scopes=sorted(str(scope) for scope in caller.scopes))


@router.get("/callers", openapi_extra=operation(Operation.CALLERS))
async def listed(request: Request) -> Keys:
    """Every key, by its prefix."""
    service = service_of(request)
    rows = await service.work(service.credentials.listed)
    keys = [
        ListedKey(
            prefix=row.prefix,
            name=row.name,
            roles=list(row.roles),
            scopes=[str(scope) for scope in row.scopes],
            expires=row.expires,
            revoked=row.revoked,
        )
        for row in rows
    ]
    return Keys(keys=keys)


@router.post("/callers", openapi_extra={**operation(Operation.CALLERS), **takes(NewCaller)}, status_code=201)
async def add(request: Request) -> Key:
    """A key for somebody; nobody is given more than who gives it has."""
    service, own = service_of(request), who(request).caller
    new = await fields(request, NewCaller)
    scopes = frozenset(Scope.parse(text) for text in new.scopes)
    newcomer = Newcomer(new.name, frozenset(new.roles), scopes, new.days, new.person)
    if not own.may_give(newcomer.roles, scopes):
        raise Denied
    made = await service.work(lambda: service.credentials.add(newcomer))
    return Key(name=new.name, key=str(made))


@router.post("/callers/{name}/rotate", openapi_extra={**operation(Operation.CALLERS), **takes(Rotation)})
async def rotate(request: Request, name: CallerName) -> Key:
    """Another key for the same caller, who may nothing that who asks may not."""
    service, own = service_of(request), who(request).caller
    how = await fields(request, Rotation)
    made = await service.work(lambda: service.credentials.rotate(name, days=how.days, overlap_s=how.overlap_s, by=own))
    return Key(name=name, key=str(made))


@router.delete("/callers/{name}", openapi_extra=operation(Operation.CALLERS))
async def revoke(request: Request, name: CallerName) -> Done:
    """No key of this caller's counts any more, from the next request on. Whoever gives keys may end any."""
    service = service_of(request)
    await service.work(lambda: service.credentials.revoke(name))
    return Done()
