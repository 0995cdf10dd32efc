"""One person: found by number, shown masked, opened for a reason, corrected, restricted, and erased; on which grounds,
given and taken back; and who has looked.

Whatever opens something is asked for by a form and by no address: it is written down, and charged.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar

from fastapi import Response

from moiety.console.faces import document
from moiety.console.newcomers import PHOTO
from moiety.console.refusals import NotSure
from moiety.console.visit import Pages, Visit
from moiety.gateway.callers.refusals import Denied
from moiety.gateway.callers.roles import EVERY, Operation, Role
from moiety.gateway.native.lines import Line, line_of
from moiety.gateway.refusals import FieldsInvalid
from moiety.identity.pseudonym import Pseudonym
from moiety.identity.purpose import Purpose

if TYPE_CHECKING:
    from moiety.identity.basis import Basis
    from moiety.identity.person import Leaving, Person

PAGES: Final = Pages()

_PERSON: Final = "/purposes/{purpose}/people/{person}"
_PAGE: Final = "person.html"
FIELD: Final = "field-"
WAYS: Final = ("office", "paper", "electronic", "spoken")
"""How a ground is given or taken back."""

Told = TypeVar("Told")


@PAGES.get("/purposes/{purpose}/find", Operation.FIND)
async def sought(visit: Visit) -> Response:
    """A number, or a pseudonym."""
    return visit.page("find.html", found=None, records=(await document(visit)).records)


@PAGES.post("/purposes/{purpose}/find", Operation.FIND)
async def find(visit: Visit) -> Response:
    """Who has this number? It stands in no address, and in no log."""
    records = (await document(visit)).records
    visit.again("find.html", found=None, records=records)
    number = visit.said("number")
    if number.lower().startswith(f"{visit.purpose}-"):
        return visit.to(_address(visit.purpose, str(Pseudonym.parse(number))))
    one = await visit.told(lambda: visit.people().find(number))
    return visit.page("find.html", records=records, found=[] if one is None else [str(one.pseudonym)])


@PAGES.get(_PERSON, Operation.SHOW)
async def person(visit: Visit) -> Response:
    """What can be done, and on which grounds this person is kept. Nothing is opened."""
    return visit.page(_PAGE, **await _beside(visit))


@PAGES.post(_PERSON + "/show", Operation.SHOW)
async def show(visit: Visit) -> Response:
    """Every field that this role may have opened, masked."""
    said = await _told_on(visit)
    shown = await _one(visit, visit.role, lambda one: one.show())
    return visit.page(_PAGE, **said | {"shown": shown})


@PAGES.post(_PERSON + "/reveal", Operation.REVEAL)
async def reveal(visit: Visit) -> Response:
    """These fields in the clear, for a reason, in the least of the roles that may have all of them opened."""
    said = await _told_on(visit)
    wanted = [name for name in said["openable"] if visit.said(FIELD + name)]
    reason = visit.said("reason")
    role = next((role for role, names in _openable(visit, said["purpose"]) if set(wanted) <= set(names)), None)
    if role is None:
        raise Denied
    found = await _one(visit, role, lambda one: one.reveal(wanted, reason=reason))
    values = {name: value for name, value in found.values.items() if isinstance(value, str)}
    pictures = {name: _address_of(value) for name, value in found.values.items() if isinstance(value, bytes) and value}
    return visit.page(_PAGE, **said | {"revealed": values, "pictures": pictures, "reason": reason})


@PAGES.post(_PERSON + "/history", Operation.HISTORY)
async def history(visit: Visit) -> Response:
    """Who did what, from all four ledgers, the last first."""
    said = await _told_on(visit)

    def story(one: Person) -> list[Line]:
        noted = one.history()
        names = visit.service.names(visit.caller.name)
        return [line_of(some, names) for some in reversed(noted)]

    lines = sorted(await _one(visit, visit.role, story), key=lambda line: line.at, reverse=True)
    grounds = {f"g{place}": name for place, name in enumerate(said["purpose"].grounds)}  # ledgers have their place
    return visit.page(_PAGE, **said | {"lines": lines, "grounds": grounds})


@PAGES.post(_PERSON + "/restrict", Operation.KEEP)
async def restrict(visit: Visit) -> Response:
    """Keep this person, and use nothing of them."""
    await _told_on(visit)
    await _one(visit, visit.role, lambda one: one.restrict())
    return visit.to(_address(visit.purpose, visit.person))


@PAGES.post(_PERSON + "/lift", Operation.KEEP)
async def lift(visit: Visit) -> Response:
    """End a restriction."""
    await _told_on(visit)
    await _one(visit, visit.role, lambda one: one.lift())
    return visit.to(_address(visit.purpose, visit.person))


@PAGES.post(_PERSON + "/correct", Operation.KEEP)
async def correct(visit: Visit) -> Response:
    """Put a value in place of what is in one field, or empty it. An identity number stays: another is somebody else."""
    said = await _told_on(visit)
    name, value, empty = visit.said("corrected"), visit.said("value"), visit.said("empty") == "yes"
    visit.again(_PAGE, **said | {"corrected": name, "value": value})
    if name not in said["correctable"]:
        raise FieldsInvalid(("corrected",))
    if bool(value) is empty:
        raise FieldsInvalid(("value",))
    await _one(visit, visit.role, lambda one: one.correct({name: value or None}))
    return visit.page(_PAGE, **said | {"put": name})


@PAGES.post(_PERSON + "/consent", Operation.KEEP)
async def consent(visit: Visit) -> Response:
    """Write down one more ground that this person gave."""
    await _told_on(visit)
    grounds, text = visit.said("grounds"), visit.said("text")
    await _one(visit, visit.role, lambda one: one.consent(grounds, how=_how(visit), text=text))
    return visit.to(_address(visit.purpose, visit.person))


@PAGES.post(_PERSON + "/withdraw", Operation.ERASE)
async def withdraw(visit: Visit) -> Response:
    """Take a ground back, or all that can be; where nothing holds after that, the record goes."""
    said = await _told_on(visit)
    grounds = visit.said("grounds")
    if not grounds:
        raise FieldsInvalid(("grounds",))
    if visit.said("sure") != "yes":
        raise NotSure
    which = None if grounds == EVERY else grounds
    leaving = await _one(visit, visit.role, lambda one: one.withdraw(which, how=_how(visit)))
    if leaving is None:
        return visit.to(_address(visit.purpose, visit.person))
    return visit.page("erased.html", purpose=said["purpose"], face=None, leaving=leaving, receipt=_receipt(leaving))


@PAGES.post(_PERSON + "/restore", Operation.ERASE)
async def restore(visit: Visit) -> Response:
    """Take an erasure back that nobody wanted."""
    await _told_on(visit)
    await _one(visit, visit.role, lambda one: one.restore())
    return visit.to(_address(visit.purpose, visit.person))


@PAGES.post(_PERSON + "/erase", Operation.ERASE)
async def erase(visit: Visit) -> Response:
    """A face at once; a record after 72 hours, or at once where custodians need nobody's signature for it."""
    said = await _told_on(visit)
    if visit.said("sure") != "yes":
        raise NotSure
    if not said["kept"]:
        gone = await visit.told(lambda: visit.office().purpose(visit.purpose).erase(visit.person))
        return visit.page("erased.html", purpose=said["purpose"], face=gone, leaving=None, receipt=None)
    at_once = visit.said("at_once") == "yes"
    leaving = await _one(visit, visit.role, lambda one: one.erase(now=at_once))
    return visit.page("erased.html", purpose=said["purpose"], face=None, leaving=leaving, receipt=_receipt(leaving))


async def _told_on(visit: Visit) -> dict[str, Any]:
    """What the page shows beside an answer; refusals from here on are told on it."""
    said = await _beside(visit)
    visit.again(_PAGE, **said)
    return said


async def _beside(visit: Visit) -> dict[str, Any]:
    pseudonym = Pseudonym.parse(visit.person)
    if pseudonym.purpose != visit.purpose:
        raise Denied
    looking = next(iter(visit.roles(Operation.HISTORY, visit.purpose, visit.person)), None)

    def story() -> tuple[Purpose, str, list[Basis]]:
        purpose = visit.office().purpose(visit.purpose)
        if not purpose.keeps(pseudonym):
            return purpose.document, "", []
        one = visit.people().person(pseudonym)
        basis = [] if looking is None else visit.people(looking).person(pseudonym).basis()
        return purpose.document, one.state().name.lower(), basis

    purpose, state, basis = await visit.told(story)
    openable = [name for _, names in _openable(visit, purpose) for name in names]
    return {
        "purpose": purpose,
        "kept": bool(state),
        "state": state,
        "basis": basis,
        "openable": list(dict.fromkeys(openable)),
        "shown": None,
        "revealed": None,
        "pictures": {},
        "reason": "",
        "lines": None,
        "correctable": _correctable(purpose),
        "corrected": "",
        "value": "",
        "put": None,
        "ways": WAYS,
    }


def _correctable(purpose: Purpose) -> list[str]:
    """The fields that a line of text can be put into: neither the number nor a photograph."""
    if purpose.records is None:
        return []
    fields, number = purpose.records.kept().fields.values(), purpose.records.scheme
    return [field.name for field in fields if field.name != number and field.kind.value != PHOTO]


def _how(visit: Visit) -> Any:
    """In which of `WAYS` it was given or taken back; the story refuses any other."""
    return visit.said("how")


def _openable(visit: Visit, purpose: Purpose) -> list[tuple[Role, list[str]]]:
    """In each role of whoever asks, which fields they may have opened, by the purpose's document; custodians go by
    their own copy of it."""
    if purpose.records is None:
        return []
    fields = purpose.records.kept().fields
    reveal = {str(role): classes for role, classes in purpose.records.reveal.items()}
    found = []
    for role in visit.roles(Operation.REVEAL, visit.purpose, visit.person):
        classes = reveal.get(visit.service.offices.signs_as(role), ())
        found.append((role, [name for name, field in fields.items() if field.group.value in classes]))
    return found


async def _one(visit: Visit, role: Role, story: Callable[[Person], Told]) -> Told:
    return await visit.told(lambda: story(visit.people(role).person(visit.person)))


def _address(purpose: str, pseudonym: str) -> str:
    return f"/purposes/{purpose}/people/{pseudonym}"


def _address_of(picture: bytes) -> str:
    kind = next((kind for sign, kind in _SIGNS.items() if picture.startswith(sign)), "application/octet-stream")
    return f"data:{kind};base64,{base64.b64encode(picture).decode()}"


_SIGNS: Final[Mapping[bytes, str]] = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG": "image/png", b"RIFF": "image/webp"}


def _receipt(leaving: Leaving) -> str | None:
    """The file as `moiety audit receipt` reads it."""
    found = leaving.receipt
    return None if found is None else f"data:application/json;base64,{base64.b64encode(found.file).decode()}"
