"""`moiety person erase`."""

from __future__ import annotations

from typing import Annotated, TypedDict

import typer

from moiety.cli.options import OfficeFolder, opened
from moiety.cli.outcome import DONE, NO_MATCH, AsJson, Outcome
from moiety.cli.progress import bar
from moiety.cli.request import ApprovedBy, Requested, RequestTo, carried, written
from moiety.identity.pseudonym import Pseudonym

app = typer.Typer(help="Erase a person.", no_args_is_help=True)


class ErasedAnswer(TypedDict):
    """What `person erase` answers: whether anybody was enrolled by that pseudonym until now."""

    erased: bool


@app.callback()
def _person() -> None:
    """Keeps `erase` a command of its own: Typer would fold a group of one."""


@app.command()
def erase(
    pseudonym: Annotated[str, typer.Argument(metavar="PSEUDONYM", help="Who is to be forgotten.")],
    office: OfficeFolder = None,
    request: RequestTo = None,
    approved: ApprovedBy = None,
    as_json: AsJson = False,
) -> Outcome[ErasedAnswer] | Outcome[Requested]:
    """Overwrite a person's row at all three custodians. Exit status 1 if there was nobody.

    Where the purpose names early_erasure for four eyes, two people sign a request first, in which
    nothing names the person.

    \b
    Examples:
      moiety person erase door-7Q2M-K3PX-9V4T-8HAB-CD0E-FGJK-MNPQ
      moiety person erase "$WHO" --json
      moiety person erase "$WHO" --office deployment --request request.json
      moiety person erase "$WHO" --office deployment --approved request.json
    """
    person = Pseudonym.parse(pseudonym)
    signed = carried(request, approved)
    with bar() as progress, opened(office, progress) as m:
        desk = m.purpose(person.purpose)
        if request is not None:
            return written(request, desk.request_erasure(person))
        erased = desk.erase(person, approved=signed)
    line = "erased at all three custodians" if erased.found else "nobody is enrolled by this pseudonym"
    answer: ErasedAnswer = {"erased": erased.found}
    return Outcome(answer, [line], DONE if erased.found else NO_MATCH)
