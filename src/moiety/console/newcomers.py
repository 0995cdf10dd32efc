"""Somebody who comes anew to a purpose that keeps records: a record, a consent, and a face, on one page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from fastapi import Response

from moiety.console.faces import advice, allow_faces, document
from moiety.console.visit import Pages, Visit
from moiety.errors import MoietyError
from moiety.gateway.callers.refusals import Denied
from moiety.gateway.callers.roles import Operation, Role
from moiety.gateway.problems import answered_as
from moiety.gateway.refusals import FieldsInvalid
from moiety.identity.refusals import NoRecords

if TYPE_CHECKING:
    from moiety.identity.arriving import Added
    from moiety.identity.purpose import Purpose
    from moiety.vault.schema import Field

PAGES: Final = Pages()

FIELD: Final = "field-"
PHOTO: Final = "photo"


@dataclass(frozen=True, slots=True)
class Newcomer:
    """What came of it: a record for certain, and a face or what was wrong with it."""

    pseudonym: str
    expires: date
    advice: tuple[str, ...] = ()
    face: bool = False
    faceless: MoietyError | None = None


def asked_for(purpose: Purpose) -> list[Field]:
    """The fields of the form: all but a photograph, which is no picture of the camera's."""
    if purpose.records is None:
        raise NoRecords
    return [field for field in purpose.records.kept().fields.values() if field.kind.value != PHOTO]


def _form(purpose: Purpose, visit: Visit) -> dict[str, Any]:
    keeping = [name for name, grounds in purpose.grounds.items() if not grounds.article_9]
    return {
        "purpose": purpose,
        "fields": asked_for(purpose),
        "number": purpose.records.scheme if purpose.records else "",
        "keeping": keeping or list(purpose.grounds),
        "facing": allow_faces(purpose) if visit.may(Operation.ENROL, purpose.name) else [],
        "newcomer": None,
        "given": {},
    }


@PAGES.get("/purposes/{purpose}/people", Operation.KEEP)
async def blank(visit: Visit) -> Response:
    """The form."""
    return visit.page("newcomer.html", **_form(await document(visit), visit))


@PAGES.post("/purposes/{purpose}/people", Operation.KEEP)
async def keep(visit: Visit) -> Response:
    """A record first; with a picture and a consent to it, a face beside it. A picture that will not do leaves the
    record, and says what to do."""
    purpose = await document(visit)
    form = _form(purpose, visit)
    given = {field.name: visit.said(FIELD + field.name) for field in form["fields"]}
    visit.again("newcomer.html", **form | {"given": given})
    facing, pictures = visit.said("facing"), [picture for picture in visit.form.pictures if picture]
    if bool(pictures) is not bool(facing):
        raise FieldsInvalid(("facing",) if pictures else ("picture",))
    role = next(iter(visit.roles(Operation.ENROL, visit.purpose)), None)
    if facing and role is None:
        raise Denied

    values = {name: value for name, value in given.items() if value}
    added = await visit.told(lambda: visit.people().add(values, grounds=visit.said("keeping"), how="electronic"))
    told = await visit.told(lambda: _faced(visit, role, added, facing, pictures))
    said = {**form, "newcomer": told, "advice": advice(visit, told.advice)}
    return visit.page("newcomer.html", 201, **said)


def _faced(visit: Visit, role: Role | None, added: Added, facing: str, pictures: list[bytes]) -> Newcomer:
    pseudonym = str(added.pseudonym)
    if not facing:
        return Newcomer(pseudonym, added.expires)
    try:
        visit.people().person(pseudonym).consent(facing, how="electronic")
        told = visit.office(role).purpose(visit.purpose).enrol(pictures, grounds=facing, person=pseudonym)
    except MoietyError as error:
        return Newcomer(pseudonym, added.expires, faceless=answered_as(error))
    return Newcomer(pseudonym, added.expires, told.advice, face=True)
