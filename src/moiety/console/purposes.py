"""A purpose: what it says, how many people it has, and another one from an example."""

from __future__ import annotations

from typing import Final

from fastapi import Response

from moiety.console.visit import Pages, Visit
from moiety.gateway.callers.roles import Operation
from moiety.identity.examples import EXAMPLES
from moiety.identity.purpose import Purpose
from moiety.identity.results import PurposeStatus

PAGES: Final = Pages()


@PAGES.get("/new-purpose", Operation.DECIDE)
async def begin(visit: Visit) -> Response:
    """An example's document, to be read and changed."""
    name = visit.request.query_params.get("example", "")
    example = name if name in EXAMPLES else next(iter(EXAMPLES))
    return visit.page("new_purpose.html", example=example, examples=list(EXAMPLES), document=EXAMPLES[example])


@PAGES.post("/new-purpose", Operation.DECIDE)
async def add(visit: Visit) -> Response:
    """Add it. In a trial its officers' keys sign; elsewhere custodians refuse, and the page says what to run."""
    document = visit.said("document").replace("\r\n", "\n") + "\n"
    visit.again("new_purpose.html", example="", examples=list(EXAMPLES), document=document)
    added = await visit.told(lambda: visit.office().add_purpose(document.encode()))
    return visit.to(f"/purposes/{added.name}")


@PAGES.get("/purposes/{purpose}", Operation.PURPOSES)
async def one(visit: Visit) -> Response:
    """What it says, and what can be done there."""

    def story() -> tuple[Purpose, str, PurposeStatus]:
        office = visit.office()
        opened = office.purpose(visit.purpose)
        numbers = next(row for row in office.status().purposes if row.name == opened.name)
        return opened.document, office.document(opened.name).decode(), numbers

    document, text, numbers = await visit.told(story)
    return visit.page("purpose.html", document=document, text=text, numbers=numbers)
