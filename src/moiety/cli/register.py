"""`moiety register show`."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

import typer

from moiety.cli.options import OfficeFolder, opened
from moiety.cli.outcome import DONE, NO_MATCH, AsJson, Outcome
from moiety.cli.progress import bar

if TYPE_CHECKING:
    from moiety.identity.notice import Activity

app = typer.Typer(help="The register of what is done with people's data.", no_args_is_help=True)


class Processing(TypedDict):
    """One purpose, as Article 30(1) of the GDPR asks, (a) to (g). `open` names what its document does not say and only
    the controller can."""

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


class Register(TypedDict):
    """What `register show` answers."""

    activities: list[Processing]


@app.command()
def show(office: OfficeFolder = None, as_json: AsJson = False) -> Outcome[Register]:
    """The register that Article 30 of the GDPR asks for, of every purpose, from the documents of the purposes.

    What only the controller can say is said in a document's table [told]; what is missing there is named, and the exit
    status is 1.

    \b
    Examples:
      moiety register show
      moiety register show --office deployment --json
    """
    with bar() as progress, opened(office, progress) as m:
        found = m.register()
    rows = [_processing(one) for one in found]
    lines = [line for one in found for line in _lines(one)] or ["no purpose yet: `moiety purpose add` adds one"]
    return Outcome({"activities": rows}, lines, NO_MATCH if any(one.open for one in found) else DONE)


def _processing(one: Activity) -> Processing:
    return {
        "purpose": one.purpose,
        "controller": one.controller,
        "contact": one.contact,
        "officer": one.officer,
        "description": one.description,
        "articles": list(one.articles),
        "people": one.people,
        "data": list(one.data),
        "recipients": one.recipients,
        "transfers": one.transfers,
        "erased_after_days": one.erased_after_days,
        "security": list(one.security),
        "open": list(one.open),
    }


def _lines(one: Activity) -> list[str]:
    said = [
        ("controller", one.controller),
        ("contact", one.contact),
        ("protection officer", one.officer),
        ("purpose", one.description),
        ("grounds", ", ".join(one.articles)),
        ("people", one.people),
        ("data", ", ".join(one.data)),
        ("recipients", one.recipients),
        ("transfers", one.transfers),
        ("erased after", f"{one.erased_after_days} days"),
        ("security", "; ".join(one.security)),
    ]
    return [one.purpose, *(f"  {name:<20}{text or 'open: say it in the table [told]'}" for name, text in said)]
