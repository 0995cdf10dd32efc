"""What `moiety person` does: add, find, show, reveal, correct, restrict, lift, erase, restore; the others: `basis`,
`sweeping`."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypedDict

import typer

from moiety.cli.basis import HowGiven, TextVersion, Who, basis, consent, how_of, person_of, withdraw
from moiety.cli.options import OfficeFolder, PurposeName, opened
from moiety.cli.outcome import DONE, NO_MATCH, AsJson, Outcome
from moiety.cli.progress import bar
from moiety.cli.request import ApprovedBy, Requested, RequestTo, carried, written
from moiety.cli.sweeping import clock, doubt, sweep
from moiety.cli.values import read_values, reserved
from moiety.errors import Refused
from moiety.identity.pseudonym import Pseudonym

if TYPE_CHECKING:
    from moiety.identity.person import Leaving

app = typer.Typer(help="Keep a person's record, find, open, correct and erase it.", no_args_is_help=True)

Values = Annotated[
    Path,
    typer.Option(
        "--from",
        metavar="FILE",
        help='A JSON object of fields, {"name": "…"}; "-" reads it from stdin. Never on the command line, where others '
        "see it.",
    ),
]
Photo = Annotated[Path | None, typer.Option("--photo", metavar="FILE", help="The file of the field photo.")]
RoleName = Annotated[
    str, typer.Option("--role", metavar="ROLE", help="operator or officer; custodians apart go by who signs.")
]


class PhotoNowhere(Refused):
    code: ClassVar[str] = "photo_nowhere"
    advice: ClassVar[str] = "a photograph is not printed: name a new file for it with --photo-to; nothing was opened"


class Added(TypedDict):
    """What `person add` answers; `expires` is the last day on which the record is kept. `warning` says what the clock
    has to do with it, where it is not believed."""

    pseudonym: str
    expires: str
    warning: str | None


class Found(TypedDict):
    """What `person find` answers: who has this number, or these values of the purpose's index."""

    pseudonyms: list[str]


class Shown(TypedDict):
    """What `person show` and `person reveal` answer: fields, masked or in the clear, a photograph in base64; `state` is
    active, restricted or erasing."""

    pseudonym: str
    state: str
    fields: dict[str, str]


class Changed(TypedDict):
    """What `person correct` answers: which fields were written anew."""

    pseudonym: str
    corrected: list[str]


class Standing(TypedDict):
    """What `person restrict`, `person lift` and `person restore` answer."""

    pseudonym: str
    restricted: bool


class ErasedAnswer(TypedDict):
    """What `person erase` answers: whether there was anybody until now, whether nothing is left of
    them already, when nothing is (ISO 8601, UTC), or was, and the salt of the receipt that was asked for."""

    erased: bool
    destroyed: bool
    at: str | None
    salt: str | None


@app.command()
def add(
    purpose: PurposeName,
    values: Values,
    grounds: Annotated[str, typer.Option("--grounds", metavar="KEY", help="On which grounds, by their key.")],
    photo: Photo = None,
    how: HowGiven = "office",
    text: TextVersion = "1",
    office: OfficeFolder = None,
    as_json: AsJson = False,
) -> Outcome[Added]:
    """Keep a person's record: each field sealed under a key that exists in parts at the custodians.

    \b
    Examples:
      moiety person add hotel --from guest.json --grounds register
      moiety person add hotel --from - --photo guest.jpg --grounds consent --how paper --json
    """
    given: dict[str, Any] = read_values(values, photo)
    with bar() as progress, opened(office, progress) as m:
        people = m.purpose(purpose).people()
        added = people.add(given, grounds=grounds, how=how_of(how), text=text)
        warning = doubt(people, purpose)
    answer: Added = {"pseudonym": str(added.pseudonym), "expires": added.expires.isoformat(), "warning": warning}
    return Outcome(answer, [str(added.pseudonym)])


@app.command()
def find(
    purpose: PurposeName,
    values: Values,
    office: OfficeFolder = None,
    as_json: AsJson = False,
) -> Outcome[Found]:
    """Who has this number, or these values of the purpose's index? Exit status 1 if nobody has.

    About whoever is being erased nobody is answered: until that is over, `restore` takes their pseudonym.
    The number is the one by which the purpose knows people: national_id, unless its document says another.

    \b
    Examples:
      moiety person find hotel --from number.json
      echo '{"national_id": "11010519491231002X"}' | moiety person find hotel --from -
      moiety person find hotel --from name-and-birth-date.json --json
    """
    given = read_values(values, None)
    with bar() as progress, opened(office, progress) as m:
        people = m.purpose(purpose).people()
        if set(given) == {number := people.schema().number}:
            one = people.find(given[number] or "")
            found = [] if one is None else [one]
        else:
            found = people.look_up(given)
    names = sorted(str(person.pseudonym) for person in found)
    answer: Found = {"pseudonyms": names}
    return Outcome(answer, names or ["nobody is kept who has these"], DONE if names else NO_MATCH)


@app.command()
def show(who: Who, role: RoleName = "operator", office: OfficeFolder = None, as_json: AsJson = False) -> Outcome[Shown]:
    """Every field that the role may have opened, masked. It is an opening, and written down as one.

    \b
    Examples:
      moiety person show "$WHO"
      moiety person show "$WHO" --role officer --json
    """
    with bar() as progress, opened(office, progress) as m:
        person = person_of(m, who, role)
        state, fields = person.state().name.lower(), dict(person.show())
    answer: Shown = {"pseudonym": str(person.pseudonym), "state": state, "fields": fields}
    return Outcome(answer, [f"state           {state}", *_lines(fields)])


@app.command()
def reveal(
    who: Who,
    fields: Annotated[list[str], typer.Argument(metavar="FIELD...", help="Which fields.")],
    reason: Annotated[str, typer.Option("--reason", metavar="WORD", help="Why: one word, which is written down.")],
    photo_to: Annotated[
        Path | None, typer.Option("--photo-to", metavar="FILE", help="Write the photograph to a new file.")
    ] = None,
    role: RoleName = "operator",
    office: OfficeFolder = None,
    as_json: AsJson = False,
) -> Outcome[Shown]:
    """Open fields of a record. Two custodians check that the purpose lets this role have them, and write it down.

    A photograph goes into the file that --photo-to names; with --json it may stand in the answer alone.

    \b
    Examples:
      moiety person reveal "$WHO" address employer --reason parcel
      moiety person reveal "$WHO" photo --reason at_the_desk --role officer --photo-to guest.jpg
    """
    with bar() as progress, opened(office, progress) as m:
        person = person_of(m, who, role)
        pictured = any(person.is_photo(name) for name in fields)
        if pictured and photo_to is None and not as_json:
            raise PhotoNowhere
        # Before, since an opening stays written down whether or not there was a place for what it opened.
        with reserved(photo_to if pictured else None) as write:
            found = person.reveal(fields, reason=reason)
            for value in found.values.values():
                if isinstance(value, bytes) and write is not None:
                    write(value)
        state = person.state().name.lower()
    told = {
        name: base64.b64encode(value).decode() if isinstance(value, bytes) else value
        for name, value in found.values.items()
    }
    answer: Shown = {"pseudonym": str(person.pseudonym), "state": state, "fields": told}
    pictures = {name for name, value in found.values.items() if isinstance(value, bytes)}
    lines = {name: "(a photograph: in its file)" if name in pictures else value for name, value in told.items()}
    return Outcome(answer, _lines(lines))


@app.command()
def correct(
    who: Who,
    values: Values,
    photo: Photo = None,
    role: RoleName = "operator",
    office: OfficeFolder = None,
    as_json: AsJson = False,
) -> Outcome[Changed]:
    """Put values in place of what was there, under new keys; null empties a field.

    \b
    Examples:
      moiety person correct "$WHO" --from changes.json
      echo '{"address": "1 New Street"}' | moiety person correct "$WHO" --from -
      moiety person correct "$WHO" --from - --photo new.jpg --role officer --json
    """
    given = read_values(values, photo)
    with bar() as progress, opened(office, progress) as m:
        person = person_of(m, who, role)
        person.correct(given)
    answer: Changed = {"pseudonym": str(person.pseudonym), "corrected": sorted(given)}
    return Outcome(answer, [f"written anew: {', '.join(sorted(given))}"])


@app.command()
def restrict(who: Who, office: OfficeFolder = None, as_json: AsJson = False) -> Outcome[Standing]:
    """Keep a person and use nothing of them: nothing opens and no face matches until `lift`.

    \b
    Examples:
      moiety person restrict "$WHO"
      moiety person restrict "$WHO" --json
    """
    with bar() as progress, opened(office, progress) as m:
        person = person_of(m, who)
        person.restrict()
    answer: Standing = {"pseudonym": str(person.pseudonym), "restricted": True}
    return Outcome(answer, ["kept, and used for nothing"])


@app.command()
def lift(who: Who, office: OfficeFolder = None, as_json: AsJson = False) -> Outcome[Standing]:
    """End a restriction.

    \b
    Examples:
      moiety person lift "$WHO"
      moiety person lift "$WHO" --json
    """
    with bar() as progress, opened(office, progress) as m:
        person = person_of(m, who)
        person.lift()
    answer: Standing = {"pseudonym": str(person.pseudonym), "restricted": False}
    return Outcome(answer, ["not restricted any more"])


@app.command()
def restore(who: Who, office: OfficeFolder = None, as_json: AsJson = False) -> Outcome[Standing]:
    """Take an erasure back that nobody wanted, within its 72 hours.

    \b
    Examples:
      moiety person restore "$WHO"
      moiety person restore "$WHO" --json
    """
    with bar() as progress, opened(office, progress) as m:
        person = person_of(m, who)
        person.restore()
    answer: Standing = {"pseudonym": str(person.pseudonym), "restricted": False}
    return Outcome(answer, ["kept and answered about as before"])


@app.command()
def erase(
    pseudonym: Annotated[str, typer.Argument(metavar="PSEUDONYM", help="Who is to be forgotten.")],
    now: Annotated[bool, typer.Option("--now", help="Destroy a record at once, and not after 72 hours.")] = False,
    receipt: Annotated[
        Path | None, typer.Option("--receipt", metavar="FILE", help="With --now: write what custodians signed of it.")
    ] = None,
    office: OfficeFolder = None,
    request: RequestTo = None,
    approved: ApprovedBy = None,
    as_json: AsJson = False,
) -> Outcome[ErasedAnswer] | Outcome[Requested]:
    """Erase a person at all three custodians. Exit status 1 if there was nobody.

    A face is overwritten at once. A record answers nobody from now on, and is destroyed after 72
    hours; at once with --now, for which two officers of custodians apart sign a request first. So do
    two people for a face where the purpose names early_erasure. Nothing in a request names the person.
    Where this was interrupted when the record was gone already, --receipt again writes the receipt.

    \b
    Examples:
      moiety person erase door-7Q2M-K3PX-9V4T-8HAB-CD0E-FGJK-MMHS
      moiety person erase "$WHO" --now --receipt erased.json --json
      moiety person erase "$WHO" --office deployment --request request.json
      moiety person erase "$WHO" --office deployment --now --approved request.json
    """
    from moiety.ledger.receipt import RECEIPT_MAX

    person = Pseudonym.parse(pseudonym)
    signed = carried(request, approved)
    with bar() as progress, opened(office, progress) as m:
        desk = m.purpose(person.purpose)
        if desk.keeps(person) or (receipt is not None and desk.owes(person)):
            record = desk.people().person(person)
            if request is not None:
                return written(request, record.request_erasure())
            # Before, its room on the disk too, and not when all that it would say is gone.
            with reserved(receipt, RECEIPT_MAX) as write:
                take = None if write is None else lambda signed_of: write(signed_of.file)
                return _left(record.erase(now=now, approved=signed, take=take), receipted=write is not None)
        if request is not None:
            return written(request, desk.request_erasure(person))
        erased = desk.erase(person, approved=signed)
    line = "erased at all three custodians" if erased.found else "nobody is enrolled by this pseudonym"
    answer: ErasedAnswer = {"erased": erased.found, "destroyed": erased.found, "at": None, "salt": None}
    return Outcome(answer, [line], DONE if erased.found else NO_MATCH)


app.command()(basis)
app.command()(consent)
app.command()(withdraw)
app.command()(sweep)
app.command()(clock)


def _left(leaving: Leaving, *, receipted: bool = False) -> Outcome[ErasedAnswer]:
    at, salt = leaving.at.isoformat(), None
    line = "destroyed at all three custodians"
    if not leaving.destroyed:
        line = f"answers nobody any more; destroyed from {at} on"
    lines = [line] if leaving.destroyed else [line, f"until then: moiety person restore {leaving.pseudonym}"]
    if receipted and leaving.receipt is not None:
        salt = leaving.receipt.salt.hex()
        lines.append(f"salt of the receipt: {salt}")
    elif receipted:
        lines.append(
            f"no receipt: {'the keys were destroyed before' if leaving.destroyed else 'nothing is destroyed yet'}"
        )
    answer: ErasedAnswer = {"erased": True, "destroyed": leaving.destroyed, "at": at, "salt": salt}
    return Outcome(answer, lines)


def _lines(fields: dict[str, str]) -> list[str]:
    return [f"{name:<16}{value}" for name, value in fields.items()]
