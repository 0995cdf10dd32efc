"""Purposes: which there are, what each says, and another one."""

from __future__ import annotations

import base64
import binascii
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import Field

from moiety.gateway.admission import KNOWN, Guarded, operation, service_of, who
from moiety.gateway.bodies import Sent, fields, takes
from moiety.gateway.callers.roles import EVERY, Operation
from moiety.gateway.native.shapes import Answer, PurposeName
from moiety.gateway.refusals import FieldsInvalid

router = APIRouter(route_class=Guarded, prefix="/v1", tags=["purposes"])


class Named(Answer):
    """Names in alphabetical order; `next` is what to ask `after` for more."""

    purposes: list[str]
    next: str | None


class Document(Answer):
    """A purpose's document, TOML, as it was added."""

    name: str
    document: str
    model: str
    people: int
    records: int | None
    damaged: bool


class Posted(Answer):
    """The text to post; `open` names what a document's table [told] does not say and only the controller can."""

    purpose: str
    language: str
    text: str
    open: list[str]


class Processing(Answer):
    """One purpose, as Article 30(1) of the GDPR asks, (a) to (g)."""

    purpose: str
    controller: str
    contact: str
    officer: str
    description: str
    articles: list[str]
    people: str
    data: list[str]
    recipients: str
    transfers: str
    erased_after_days: int
    security: list[str]
    open: list[str]


class Register(Answer):
    """What is done with people's data."""

    activities: list[Processing]


class NewDocument(Sent):
    """A purpose's document; `approved` is the request file that two officers signed, in base64."""

    document: str = Field(max_length=65_536)
    approved: str | None = Field(default=None, max_length=65_536)


class Added(Answer):
    """The purpose that was added, or whose document was replaced."""

    name: str


@router.get("/purposes", openapi_extra=operation(KNOWN))
async def listed(
    request: Request,
    after: Annotated[str, Query(max_length=64)] = "",
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> Named:
    """The purposes that one of the caller's scopes names."""
    service, own = service_of(request), who(request)
    names = await service.work(service.offices.at(own.role).purposes)
    mine = {scope.purpose for scope in own.caller.scopes}
    shown = [name for name in names if name > after and (EVERY in mine or name in mine)]
    return Named(purposes=shown[:limit], next=shown[limit - 1] if len(shown) > limit else None)


@router.get("/purposes/{purpose}", openapi_extra=operation(Operation.PURPOSES))
async def one(request: Request, purpose: PurposeName) -> Document:
    """What a purpose says, and how many people it has."""
    service, role = service_of(request), who(request).role

    def story() -> Document:
        office = service.offices.at(role)
        document = office.document(purpose)
        numbers = next(row for row in office.status().purposes if row.name == purpose)
        return Document(
            name=purpose,
            document=document.decode(),
            model=numbers.model,
            people=numbers.people,
            records=numbers.records,
            damaged=numbers.damaged,
        )

    return await service.work(story)


@router.get("/purposes/{purpose}/notice", openapi_extra=operation(Operation.PURPOSES))
async def notice(
    request: Request, purpose: PurposeName, language: Annotated[str, Query(max_length=8)] = "en"
) -> Posted:
    """The text to post for a purpose, as Articles 13 and 14 of the GDPR ask."""
    service, role = service_of(request), who(request).role
    told = await service.work(lambda: service.offices.at(role).purpose(purpose).notice(language))
    return Posted(purpose=purpose, language=told.language, text=told.text, open=list(told.open))


@router.get("/register", openapi_extra=operation(Operation.AUDIT))
async def register(request: Request) -> Register:
    """The register that Article 30 of the GDPR asks for, of every purpose."""
    service, role = service_of(request), who(request).role
    found = await service.work(lambda: service.offices.at(role).register())
    return Register(activities=[Processing(**asdict(one)) for one in found])


@router.post("/purposes", openapi_extra={**operation(Operation.DECIDE), **takes(NewDocument)}, status_code=201)
async def add(request: Request) -> Added:
    """Add a purpose, or replace the document of one. Custodians apart want two officers' signatures."""
    service, role = service_of(request), who(request).role
    new = await fields(request, NewDocument)
    try:
        approved = None if new.approved is None else base64.b64decode(new.approved, validate=True)
    except (binascii.Error, ValueError):
        raise FieldsInvalid(("approved",)) from None
    told = await service.work(lambda: service.offices.at(role).add_purpose(new.document.encode(), approved=approved))
    return Added(name=told.name)
