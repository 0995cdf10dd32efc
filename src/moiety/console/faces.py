"""Enrol, verify and identify by a picture, from a camera or a file."""

from __future__ import annotations

import re
from typing import Final

from fastapi import Response

from moiety.console.languages import Sentence
from moiety.console.visit import Pages, Visit
from moiety.gateway.callers.roles import Operation
from moiety.gateway.refusals import FieldsInvalid
from moiety.identity.purpose import Purpose

PAGES: Final = Pages()

_NUMBERED: Final = re.compile(r"picture ([0-9]+): ")


async def document(visit: Visit) -> Purpose:
    """What the page's purpose says."""
    return await visit.told(lambda: visit.office().purpose(visit.purpose).document)


def advice(visit: Visit, said: tuple[str, ...]) -> list[Sentence]:
    """What pictures could have better, in words: without the numbers, which are for whoever tunes a camera."""
    plain = (_NUMBERED.sub("", words).partition(" (")[0] for words in said)
    return [visit.language.said(words) for words in dict.fromkeys(plain)]


def allow_faces(purpose: Purpose) -> list[str]:
    """The grounds on which faces are enrolled: those with an Article 9."""
    return [name for name, grounds in purpose.grounds.items() if grounds.article_9]


@PAGES.get("/purposes/{purpose}/enrol", Operation.ENROL)
async def newcomer(visit: Visit) -> Response:
    """A picture, and on which grounds; where it is for somebody whose record is kept, for whom."""
    purpose = await document(visit)
    person = visit.request.query_params.get("person", "")
    return visit.page("enrol.html", purpose=purpose, grounds=allow_faces(purpose), enrolled=None, person=person)


@PAGES.post("/purposes/{purpose}/enrol", Operation.ENROL)
async def enrol(visit: Visit) -> Response:
    """Enrol one person."""
    purpose = await document(visit)
    person = visit.said("person")
    said = {"purpose": purpose, "grounds": allow_faces(purpose), "enrolled": None, "person": person}
    visit.again("enrol.html", **said)
    if visit.said("sure") != "yes":
        raise FieldsInvalid(("sure",))
    pictures, grounds = visit.pictures, visit.said("grounds")
    told = await visit.told(
        lambda: visit.office().purpose(visit.purpose).enrol(pictures, grounds=grounds, person=person or None)
    )
    return visit.page("enrol.html", 201, **said | {"enrolled": told}, advice=advice(visit, told.advice))


@PAGES.get("/purposes/{purpose}/verify", Operation.VERIFY)
async def claim(visit: Visit) -> Response:
    """A picture, and whom it is said to show."""
    return visit.page("verify.html", verdict=None, claimed=visit.request.query_params.get("claimed", ""))


@PAGES.post("/purposes/{purpose}/verify", Operation.VERIFY)
async def verify(visit: Visit) -> Response:
    """Does it show the person who is claimed?"""
    claimed = visit.said("claimed")
    visit.again("verify.html", verdict=None, claimed=claimed)
    picture = visit.pictures[0]
    told = await visit.told(lambda: visit.office().purpose(visit.purpose).verify(picture, claimed=claimed))
    return visit.page("verify.html", verdict=told, claimed=claimed)


@PAGES.get("/purposes/{purpose}/identify", Operation.IDENTIFY)
async def unknown(visit: Visit) -> Response:
    """A picture of somebody."""
    return visit.page("identify.html", found=None)


@PAGES.post("/purposes/{purpose}/identify", Operation.IDENTIFY)
async def identify(visit: Visit) -> Response:
    """Whom may it show? With how many of a stranger's candidates would be false."""
    visit.again("identify.html", found=None)
    picture = visit.pictures[0]
    told = await visit.told(lambda: visit.office().purpose(visit.purpose).identify(picture))
    people = sorted(str(pseudonym) for pseudonym in told)
    return visit.page("identify.html", found=told, people=people, text=visit.language.said(told.text))
