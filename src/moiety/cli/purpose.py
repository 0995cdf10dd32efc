"""`moiety purpose add | show | notice`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypedDict

import typer

from moiety.cli.options import OfficeFolder, PurposeName, opened
from moiety.cli.outcome import DONE, NO_MATCH, AsJson, Outcome
from moiety.cli.progress import bar
from moiety.cli.request import ApprovedBy, Requested, RequestTo, carried, written

app = typer.Typer(help="Add a purpose document, show one, or what people are told of it.", no_args_is_help=True)


class Added(TypedDict):
    """What `purpose add` answers; `fmr` and `fpir` are the document's targets, `not_yet` those of its four-eyes
    operations that this version does not have, so that custodians refuse them."""

    purpose: str
    model: str
    grounds: list[str]
    retention_days: int
    fmr: float
    fpir: float
    not_yet: list[str]


class Shown(Added):
    """What `purpose show` answers; `document` is the TOML as it was added."""

    document: str


class Posted(TypedDict):
    """What `purpose notice` answers: the text to post, and which of the controller's own words are missing in it, by
    their names in the table [told] of a document."""

    purpose: str
    language: str
    text: str
    open: list[str]


@app.command()
def add(
    document: Annotated[Path, typer.Argument(metavar="FILE", help="A purpose document (TOML).")],
    office: OfficeFolder = None,
    request: RequestTo = None,
    approved: ApprovedBy = None,
    as_json: AsJson = False,
) -> Outcome[Added] | Outcome[Requested]:
    """Add a purpose, or replace the document of one.

    Its model has to be installed. A purpose that is replaced keeps its model and its grounds, and
    while anybody's record is there, its fields and its index: it may add fields. Everything else
    may change. Custodians that run apart want two officers' signatures.

    \b
    Examples:
      moiety purpose add office/purpose.toml
      moiety purpose add purpose.toml --office /srv/office --json
      moiety purpose add purpose.toml --office deployment --request request.json
      moiety purpose add purpose.toml --office deployment --approved request.json
    """
    with bar() as progress:
        from moiety.cli.files import beginning
        from moiety.identity.purpose import DOCUMENT_LIMIT, not_yet

        content = beginning(document, DOCUMENT_LIMIT + 1)  # one byte too many is refused with the rest
        signed = carried(request, approved)
        with opened(office, progress) as m:
            if request is not None:
                return written(request, m.request_purpose(content))
            purpose = m.add_purpose(content, approved=signed)
    answer: Added = {
        "purpose": purpose.name,
        "model": purpose.model,
        "grounds": list(purpose.grounds),
        "retention_days": purpose.retention_days,
        "fmr": purpose.targets.fmr,
        "fpir": purpose.targets.fpir,
        "not_yet": not_yet(purpose),
    }
    line = f"{purpose.name}: {purpose.model}, {purpose.retention_days} days, on {', '.join(purpose.grounds)}"
    return Outcome(answer, [line, *_missing(answer["not_yet"])])


@app.command()
def show(name: PurposeName, office: OfficeFolder = None, as_json: AsJson = False) -> Outcome[Shown]:
    """Show a purpose document as it was added, comments and all.

    A last comment names what it has two people sign and this version does not do.

    \b
    Examples:
      moiety purpose show door
      moiety purpose show door --json
    """
    from moiety.identity.purpose import not_yet

    with bar() as progress, opened(office, progress) as m:
        purpose, document = m.purpose(name).document, m.document(name).decode("utf-8")
    answer: Shown = {
        "purpose": purpose.name,
        "model": purpose.model,
        "grounds": list(purpose.grounds),
        "retention_days": purpose.retention_days,
        "fmr": purpose.targets.fmr,
        "fpir": purpose.targets.fpir,
        "not_yet": not_yet(purpose),
        "document": document,
    }
    return Outcome(answer, [*document.splitlines(), *(f"# {line}" for line in _missing(answer["not_yet"]))])


@app.command()
def notice(
    name: PurposeName,
    language: Annotated[str, typer.Option("--language", metavar="en|de|zh", help="In which language.")] = "en",
    office: OfficeFolder = None,
    as_json: AsJson = False,
) -> Outcome[Posted]:
    """The text to post for a purpose: what people are told, as Articles 13 and 14 of the GDPR ask.

    It follows from the purpose's document. What only the controller can say is said in the document's table [told];
    what is missing there stands in brackets, is named, and the exit status is 1.

    \b
    Examples:
      moiety purpose notice door
      moiety purpose notice door --language zh > notice.txt
      moiety purpose notice door --json
    """
    with bar() as progress, opened(office, progress) as m:
        told = m.purpose(name).notice(language)
    answer: Posted = {"purpose": name, "language": told.language, "text": told.text, "open": list(told.open)}
    if told.open and not as_json:  # beside the text, which is to be posted
        typer.echo(f"open, for the table [told]: {', '.join(told.open)}", err=True)
    return Outcome(answer, told.text.splitlines(), NO_MATCH if told.open else DONE)


def _missing(names: list[str]) -> list[str]:
    """What to know before relying on it."""
    if not names:
        return []
    return [f"{', '.join(names)}: not in this version, so custodians refuse it, whoever signs"]
