"""`moiety person erase`."""

from __future__ import annotations

from typing import Annotated, TypedDict

import typer

from moiety.cli.options import OfficeFolder, opened
from moiety.cli.outcome import DONE, NO_MATCH, AsJson, Outcome
from moiety.cli.progress import bar
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
    as_json: AsJson = False,
) -> Outcome[ErasedAnswer]:
    """Overwrite a person's row at all three custodians. Exit status 1 if there was nobody.

    \b
    Examples:
      moiety person erase door-7Q2M-K3PX-9V4T-8HAB-CD0E-FGJK-MNPQ
      moiety person erase "$WHO" --json
    """
    person = Pseudonym.parse(pseudonym)
    with bar() as progress, opened(office, progress) as m:
        erased = m.purpose(person.purpose).erase(person)
    line = "erased at all three custodians" if erased.found else "nobody is enrolled by this pseudonym"
    return Outcome({"erased": erased.found}, [line], DONE if erased.found else NO_MATCH)
