"""Enrol, verify, identify and erase by faces alone."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

from fastapi import APIRouter, Request, Response
from pydantic import Field

from moiety.gateway.admission import Guarded, operation, service_of, who
from moiety.gateway.bodies import PICTURES_LIMIT, Sent, shown, takes_pictures
from moiety.gateway.callers.roles import Operation
from moiety.gateway.description import ONCE
from moiety.gateway.native.shapes import Answer, PurposeName, WhoseName
from moiety.gateway.once import once
from moiety.gateway.refusals import FieldsInvalid

if TYPE_CHECKING:
    from moiety.gateway.service import Service
    from moiety.identity import results as identity
    from moiety.identity.office import PurposeOffice

router = APIRouter(route_class=Guarded, prefix="/v1", tags=["faces"])

_PSEUDONYM: Final = 80


class NewFace(Sent):
    """On which grounds of the purpose's, and whose face, of somebody whose record is kept."""

    grounds: str = Field(max_length=64)
    person: str | None = Field(default=None, max_length=_PSEUDONYM)


class Claim(Sent):
    """Whom the picture is said to show."""

    claimed: str = Field(max_length=_PSEUDONYM)


class Nothing(Sent):
    """No more than the picture."""


class Enrolled(Answer):
    """The pseudonym is all that there is of a name; `expires` is the first day (UTC) without a match."""

    pseudonym: str
    expires: date
    advice: list[str]


class Verdict(Answer):
    """Whether the picture shows who was claimed, and how often a stranger would have been believed."""

    match: bool
    fmr: float


class Candidates(Answer):
    """Whom the picture may show, in no order; of how many people, and how many of them a stranger matches."""

    candidates: list[str]
    fmr: float
    gallery: int
    expected_false: float
    carried: bool
    text: str


class Erased(Answer):
    """Whether there was anybody until now."""

    pseudonym: str
    erased: bool


@router.post(
    "/purposes/{purpose}/faces",
    openapi_extra={**operation(Operation.ENROL), **takes_pictures(NewFace, PICTURES_LIMIT), **ONCE},
    status_code=201,
)
async def enrol(request: Request, response: Response, purpose: PurposeName) -> Enrolled:
    """Enrol one person from one picture or several."""
    service, role = service_of(request), who(request).role
    given = await shown(request)
    form = given.form(NewFace)
    async with once(request, response):
        told = await service.work(
            lambda: (
                service.offices.at(role)
                .purpose(purpose)
                .enrol(given.pictures, grounds=form.grounds, person=form.person)
            )
        )
    return Enrolled(pseudonym=str(told.pseudonym), expires=told.expires, advice=list(told.advice))


@router.post("/purposes/{purpose}/verify", openapi_extra={**operation(Operation.VERIFY), **takes_pictures(Claim, 1)})
async def verify(request: Request, purpose: PurposeName) -> Verdict:
    """Does the picture show the person who is claimed? Of nobody, as of somebody else: no."""
    service, role = service_of(request), who(request).role
    given = await shown(request)
    form, picture = given.form(Claim), _one(given.pictures)
    told = await service.work(lambda: service.offices.at(role).purpose(purpose).verify(picture, claimed=form.claimed))
    return Verdict(match=told.match, fmr=told.fmr)


@router.post(
    "/purposes/{purpose}/identify", openapi_extra={**operation(Operation.IDENTIFY), **takes_pictures(Nothing, 1)}
)
async def identify(request: Request, purpose: PurposeName) -> Candidates:
    """Whom of this purpose may the picture show? It is forgotten whether or not anybody matches."""
    service, role = service_of(request), who(request).role
    given = await shown(request)
    given.form(Nothing)
    picture = _one(given.pictures)
    told = await service.work(lambda: service.offices.at(role).purpose(purpose).identify(picture))
    return Candidates(
        candidates=sorted(str(pseudonym) for pseudonym in told),
        fmr=told.fmr,
        gallery=told.gallery,
        expected_false=told.expected_false,
        carried=told.carried,
        text=told.text,
    )


@router.delete("/purposes/{purpose}/faces/{person}", openapi_extra={**operation(Operation.ERASE), **ONCE})
async def erase(request: Request, response: Response, purpose: PurposeName, person: WhoseName) -> Erased:
    """Overwrite a face at all three custodians before this answers; a record of theirs stays: see `people`."""
    service, role = service_of(request), who(request).role
    async with once(request, response):
        told = await service.work(lambda: _erased(service, service.offices.at(role).purpose(purpose), person))
    return Erased(pseudonym=str(told.pseudonym), erased=told.found)


def _erased(service: Service, purpose: PurposeOffice, person: str) -> identity.Erased:
    """Erase one, and what a dialect's client called them."""
    told = purpose.erase(person)
    service.rekognition.store.purpose_forgets(purpose.name, told.pseudonym.value)
    return told


def _one(pictures: list[bytes]) -> bytes:
    """The picture. Raises `FieldsInvalid` where there are several."""
    if len(pictures) != 1:
        raise FieldsInvalid(("pictures",))
    return pictures[0]
