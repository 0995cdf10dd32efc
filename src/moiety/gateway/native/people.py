"""People's records: kept, found, shown masked, opened for a reason, corrected, restricted and erased."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar

from fastapi import APIRouter, Request, Response
from pydantic import Field

from moiety.gateway.admission import Guarded, operation, service_of, who
from moiety.gateway.bodies import Sent, fields, takes
from moiety.gateway.callers.roles import Operation
from moiety.gateway.description import ONCE
from moiety.gateway.native.lines import Line, line_of
from moiety.gateway.native.shapes import Answer, Done, PurposeName, WhoseName
from moiety.gateway.once import once
from moiety.gateway.refusals import FieldsInvalid

if TYPE_CHECKING:
    from moiety.identity.basis import Basis
    from moiety.identity.people import People
    from moiety.identity.person import Leaving, Person

router = APIRouter(route_class=Guarded, prefix="/v1/purposes/{purpose}/people", tags=["people"])

FIELDS_LIMIT: Final = 64
_VALUE: Final = 6 * 2**20
"""Characters of a value: a photograph of 4 MiB in base64."""

Told = TypeVar("Told")
Values = dict[str, str | None]


class NewPerson(Sent):
    """Fields of the purpose's, a photograph in base64; on which grounds, given how, to which version of the text."""

    fields: Values = Field(min_length=1, max_length=FIELDS_LIMIT)
    grounds: str = Field(max_length=64)
    how: str = Field(default="office", pattern="^(paper|electronic|spoken|office)$")
    text: str = Field(default="1", max_length=64)


class Sought(Sent):
    """An identity number, or the values of the fields of the purpose's index."""

    number: str | None = Field(default=None, max_length=64)
    fields: Values | None = Field(default=None, max_length=FIELDS_LIMIT)


class Wanted(Sent):
    """Which fields, and why: one word of lower-case letters, digits and underscores, which is written down."""

    fields: list[str] = Field(min_length=1, max_length=FIELDS_LIMIT)
    reason: str = Field(max_length=32)


class Changes(Sent):
    """Fields in place of what was there; null empties one."""

    fields: Values = Field(min_length=1, max_length=FIELDS_LIMIT)


class Ending(Sent):
    """Destroyed after 72 hours, or `now`, for which custodians apart want two officers' signatures: `approved` is the
    request file that they signed, in base64."""

    now: bool = False
    approved: str | None = Field(default=None, max_length=65_536)


class NewGround(Sent):
    """One more ground, given how, to which version of the text."""

    grounds: str = Field(max_length=64)
    how: str = Field(default="office", pattern="^(paper|electronic|spoken|office)$")
    text: str = Field(default="1", max_length=64)


class Withdrawal(Sent):
    """Which ground is taken back, or all that can be."""

    grounds: str | None = Field(default=None, max_length=64)
    how: str = Field(default="electronic", pattern="^(paper|electronic|spoken|office)$")


class Added(Answer):
    """The pseudonym, and the last day on which the record is kept."""

    pseudonym: str
    expires: date


class Found(Answer):
    """Who has this number, or these values."""

    pseudonyms: list[str]


class Shown(Answer):
    """Fields, masked or in the clear, a photograph in base64; `state` is active, restricted or erasing."""

    pseudonym: str
    state: str
    fields: dict[str, str]


class Left(Answer):
    """Nobody is answered about this person any more; `receipt` (base64) and `salt` where it is over already."""

    pseudonym: str
    destroyed: bool
    at: datetime
    receipt: str | None = None
    salt: str | None = None


class Ground(Answer):
    """One ground, and what became of it."""

    grounds: str
    article_6: str
    article_9: str
    text: str
    given: date
    how: str
    withdrawn: date | None
    withdrawn_how: str | None
    stands: bool


class Grounds(Answer):
    """Every ground that there was, in the order in which they were given."""

    basis: list[Ground]


class Withdrawn(Answer):
    """Which grounds still hold; where none does, when nothing is left."""

    grounds: list[str]
    left: Left | None


class History(Answer):
    """Who opened what of a person's, and all else that was done with them, from all four ledgers."""

    entries: list[Line]


@router.post("", openapi_extra={**operation(Operation.KEEP), **takes(NewPerson), **ONCE}, status_code=201)
async def add(request: Request, response: Response, purpose: PurposeName) -> Added:
    """Keep one person's record, and nothing of it in the clear."""
    new = await fields(request, NewPerson)

    def story(people: People) -> Added:
        told = people.add(raw(people, new.fields), grounds=new.grounds, how=new.how, text=new.text)  # type: ignore[arg-type]
        return Added(pseudonym=str(told.pseudonym), expires=told.expires)

    async with once(request, response):
        return await _people(request, purpose, story)


@router.post("/find", openapi_extra={**operation(Operation.FIND), **takes(Sought)})
async def find(request: Request, purpose: PurposeName) -> Found:
    """Who is it? Through the pseudonym alone, which custodians evaluate without learning the number."""
    sought = await fields(request, Sought)
    if (sought.number is None) is (sought.fields is None):
        raise FieldsInvalid(("number", "fields"))

    def story(people: People) -> Found:
        if sought.number is not None:
            one = people.find(sought.number)
            found = [] if one is None else [one]
        else:
            found = people.look_up(raw(people, sought.fields or {}))
        return Found(pseudonyms=sorted(str(person.pseudonym) for person in found))

    return await _people(request, purpose, story)


@router.get("/{person}", openapi_extra=operation(Operation.SHOW))
async def show(request: Request, purpose: PurposeName, person: WhoseName) -> Shown:
    """Every field that this role may have opened, masked. It is an opening, and written down as one."""
    return await _person(request, purpose, person, lambda one: _shown(one, one.show()))


@router.post("/{person}/reveal", openapi_extra={**operation(Operation.REVEAL), **takes(Wanted)})
async def reveal(request: Request, purpose: PurposeName, person: WhoseName) -> Shown:
    """These fields in the clear, for a reason."""
    wanted = await fields(request, Wanted)
    return await _person(
        request, purpose, person, lambda one: _shown(one, one.reveal(wanted.fields, reason=wanted.reason).values)
    )


@router.patch("/{person}", openapi_extra={**operation(Operation.KEEP), **takes(Changes)})
async def correct(request: Request, purpose: PurposeName, person: WhoseName) -> Done:
    """Put these values in place of what was there."""
    changes = await fields(request, Changes)

    def story(people: People) -> Done:
        people.person(person).correct(raw(people, changes.fields))
        return Done()

    return await _people(request, purpose, story)


@router.post("/{person}/restrict", openapi_extra=operation(Operation.KEEP))
async def restrict(request: Request, purpose: PurposeName, person: WhoseName) -> Done:
    """Keep this person and use nothing of them (GDPR Art. 18)."""
    return await _person(request, purpose, person, lambda one: _done(one.restrict()))


@router.post("/{person}/lift", openapi_extra=operation(Operation.KEEP))
async def lift(request: Request, purpose: PurposeName, person: WhoseName) -> Done:
    """End a restriction."""
    return await _person(request, purpose, person, lambda one: _done(one.lift()))


@router.post("/{person}/erase", openapi_extra={**operation(Operation.ERASE), **takes(Ending), **ONCE})
async def erase(request: Request, response: Response, purpose: PurposeName, person: WhoseName) -> Left:
    """Answer nobody about this person from now on, and destroy record and face after 72 hours, or at once."""
    ending = await fields(request, Ending)
    approved = _bytes(ending.approved, "approved")
    async with once(request, response):
        return await _person(
            request, purpose, person, lambda one: left_of(one.erase(now=ending.now, approved=approved))
        )


@router.post("/{person}/restore", openapi_extra=operation(Operation.ERASE))
async def restore(request: Request, purpose: PurposeName, person: WhoseName) -> Done:
    """Take an erasure back that nobody wanted, before its 72 hours are over."""
    return await _person(request, purpose, person, lambda one: _done(one.restore()))


@router.get("/{person}/basis", openapi_extra=operation(Operation.HISTORY))
async def basis(request: Request, purpose: PurposeName, person: WhoseName) -> Grounds:
    """On which legal grounds this person is kept."""
    return await _person(request, purpose, person, lambda one: Grounds(basis=[_ground(some) for some in one.basis()]))


@router.post("/{person}/consent", openapi_extra={**operation(Operation.KEEP), **takes(NewGround)})
async def consent(request: Request, purpose: PurposeName, person: WhoseName) -> Grounds:
    """Write down one more ground that this person gave."""
    new = await fields(request, NewGround)

    def story(one: Person) -> Grounds:
        one.consent(new.grounds, how=new.how, text=new.text)  # type: ignore[arg-type]
        return Grounds(basis=[_ground(some) for some in one.basis()])

    return await _person(request, purpose, person, story)


@router.post("/{person}/withdraw", openapi_extra={**operation(Operation.ERASE), **takes(Withdrawal)})
async def withdraw(request: Request, purpose: PurposeName, person: WhoseName) -> Withdrawn:
    """Take a ground back; where nothing holds after that, the record goes."""
    ended = await fields(request, Withdrawal)

    def story(one: Person) -> Withdrawn:
        leaving = one.withdraw(ended.grounds, how=ended.how)  # type: ignore[arg-type]
        holds = [] if leaving is not None else [some.grounds for some in one.basis() if some.stands]
        return Withdrawn(grounds=holds, left=None if leaving is None else left_of(leaving))

    return await _person(request, purpose, person, story)


@router.get("/{person}/history", openapi_extra=operation(Operation.HISTORY))
async def history(request: Request, purpose: PurposeName, person: WhoseName) -> History:
    """Who opened what of theirs. It takes the person's own key, which is opened for it: that is written down too."""

    def story(one: Person) -> History:
        noted = one.history()
        names = service_of(request).names(who(request).caller.name)
        return History(entries=[line_of(some, names) for some in noted])

    return await _person(request, purpose, person, story)


async def _people(request: Request, purpose: str, story: Callable[[People], Told]) -> Told:
    service, role = service_of(request), who(request).role
    return await service.work(
        lambda: story(service.offices.at(role).purpose(purpose).people(role=service.offices.signs_as(role)))
    )


async def _person(request: Request, purpose: str, person: str, story: Callable[[Person], Told]) -> Told:
    return await _people(request, purpose, lambda people: story(people.person(person)))


def raw(people: People, given: Mapping[str, str | None]) -> dict[str, Any]:
    """Values as the stories take them: a photograph as its bytes. Raises `FieldsInvalid`, which names `fields`."""
    known = people.schema().fields
    return {
        name: _bytes(value, "fields") if name in known and known[name].kind.value == "photo" else value
        for name, value in given.items()
    }


def left_of(leaving: Leaving) -> Left:
    """An erasure as it is answered."""
    receipt = leaving.receipt
    return Left(
        pseudonym=str(leaving.pseudonym),
        destroyed=leaving.destroyed,
        at=leaving.at,
        receipt=None if receipt is None else base64.b64encode(receipt.file).decode(),
        salt=None if receipt is None else receipt.salt.hex(),
    )


def _shown(one: Person, values: Mapping[str, str | bytes]) -> Shown:
    told = {
        name: base64.b64encode(value).decode() if isinstance(value, bytes) else value for name, value in values.items()
    }
    return Shown(pseudonym=str(one.pseudonym), state=one.state().name.lower(), fields=told)


def _ground(some: Basis) -> Ground:
    return Ground(
        grounds=some.grounds,
        article_6=some.article_6,
        article_9=some.article_9,
        text=some.text,
        given=some.given,
        how=some.how,
        withdrawn=some.withdrawn,
        withdrawn_how=some.withdrawn_how,
        stands=some.stands,
    )


def _done(_: None) -> Done:
    return Done()


def _bytes(text: str | None, name: str) -> bytes | None:
    if text is None:
        return None
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise FieldsInvalid((name,)) from None
