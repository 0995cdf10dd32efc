"""`moiety enrol`: one person from pictures, or many from folders."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, TypeAlias, TypedDict

import typer

from moiety.cli.delivery import deliver, remark
from moiety.cli.files import MapWriter, map_file, people
from moiety.cli.interruption import put_off
from moiety.cli.options import OfficeFolder, PurposeName, opened
from moiety.cli.outcome import DONE, NO_MATCH, AsJson, Outcome
from moiety.cli.progress import bar
from moiety.cli.request import ApprovedBy, Requested, RequestTo, carried, written
from moiety.errors import Refused
from moiety.identity.pseudonym import Pseudonym
from moiety.identity.results import Enrolled

if TYPE_CHECKING:
    from moiety.identity.office import PurposeOffice

People: TypeAlias = "list[tuple[str, list[Path]]]"
"""Everybody of a folder: a name, and pictures."""

Progress: TypeAlias = Callable[[str, int, int], None]


class EnrolOneOrMany(Refused):
    code: ClassVar[str] = "enrol_one_or_many"
    advice: ClassVar[str] = (
        "give the pictures of one person, or --folders DIR together with --map FILE or --request FILE; "
        "--approved goes with --folders, and --person with pictures"
    )


class EnrolledAnswer(TypedDict):
    """What `enrol PURPOSE PICTURES...` answers; `expires` is the first day (UTC) without a match, `advice` what
    the pictures could have better."""

    pseudonym: str
    expires: str
    advice: list[str]


class RefusedPerson(TypedDict):
    """Somebody who was not enrolled: `number` counts the people of the folder by name, from 1."""

    number: int
    code: str
    advice: str


class AdvisedPerson(TypedDict):
    """Somebody who was enrolled from pictures that could be better, by the same `number`."""

    number: int
    advice: list[str]


class EnrolledMany(TypedDict):
    """What `enrol PURPOSE --folders DIR --map FILE` answers."""

    enrolled: int
    refusals: list[RefusedPerson]
    advice: list[AdvisedPerson]


def enrol(
    purpose: PurposeName,
    pictures: Annotated[list[Path] | None, typer.Argument(metavar="PICTURE", help="Pictures of one person.")] = None,
    *,
    grounds: Annotated[
        str, typer.Option("--grounds", metavar="KEY", help="The legal grounds, as the purpose names them.")
    ],
    folders: Annotated[
        Path | None,
        typer.Option("--folders", metavar="DIR", help="Enrol many: one sub-folder, or one loose picture, a person."),
    ] = None,
    map_to: Annotated[
        Path | None,
        typer.Option("--map", metavar="FILE", help="Where to write folder,pseudonym for the operator only (CSV)."),
    ] = None,
    person: Annotated[
        str | None,
        typer.Option("--person", metavar="PSEUDONYM", help="Whose face it is, of somebody whose record is kept."),
    ] = None,
    office: OfficeFolder = None,
    request: RequestTo = None,
    approved: ApprovedBy = None,
    as_json: AsJson = False,
) -> Outcome[EnrolledAnswer] | Outcome[EnrolledMany] | Outcome[Requested]:
    """Enrol one person from one picture or several, or many people from folders.

    Prints the pseudonym, which is the only name that the office knows; names of files and folders are stored
    nowhere but in the map. With --folders, whoever is refused is listed on stderr by number (in the order of
    names) and code, and the exit status is 1. A run that is cut off leaves the map so far in FILE.unfinished.

    With --person the face has the pseudonym of the record, and ends with it.

    Ctrl-C waits until whoever is being enrolled is written down, or is taken back. Only a run that is killed
    (kill -9, a power cut) may leave one person whose pseudonym nobody has, and who expires like anybody.

    Where the purpose names bulk for four eyes, a folder is one enrolment: everybody is written down first, and
    then all are enrolled or nobody. Two people sign a request for it if it is of more than the purpose says.

    \b
    Examples:
      moiety enrol door anna-1.jpg anna-2.jpg --grounds consent
      moiety enrol door anna-1.jpg --grounds consent --json
      moiety enrol hotel anna-1.jpg --grounds consent --person "$WHO"
      moiety enrol door --folders staff --map staff.csv --grounds consent
      moiety enrol door --folders staff --grounds consent --request request.json
      moiety enrol door --folders staff --map staff.csv --grounds consent --approved request.json
    """
    signed = carried(request, approved)
    if folders is not None and person is not None:
        raise EnrolOneOrMany
    if folders is not None and request is not None and not pictures:
        with bar() as progress, opened(office, progress) as m:
            return written(request, m.purpose(purpose).request_enrolment(len(people(folders))))
    if folders is not None and map_to is not None and not pictures:
        return _many(purpose, folders, map_to, grounds, office, signed)
    if folders is None and map_to is None and request is None and approved is None and pictures:
        return _one(purpose, pictures, grounds, person, office, as_json)
    raise EnrolOneOrMany


def _one(
    purpose: str, pictures: list[Path], grounds: str, person: str | None, office: Path | None, as_json: bool
) -> Outcome[EnrolledAnswer]:
    with ExitStack() as until_told:
        with bar() as progress:
            desk = until_told.enter_context(opened(office, progress)).purpose(purpose)
            outcomes = desk.enrol_many([pictures], grounds=grounds)  # loads the model, which Ctrl-C may still end
            waiting = until_told.enter_context(put_off())
            enrolled = next(outcomes) if person is None else desk.enrol(pictures, grounds=grounds, person=person)
        if isinstance(enrolled, Refused):
            raise enrolled
        answer: EnrolledAnswer = {
            "pseudonym": str(enrolled.pseudonym),
            "expires": enrolled.expires.isoformat(),
            "advice": list(enrolled.advice),
        }
        lines = [answer["pseudonym"]]
        try:
            if waiting:
                raise KeyboardInterrupt
            # Once the bar is gone, which draws on the same terminal, and while the office is still open.
            deliver(answer if as_json else lines)
        except BaseException:
            desk.erase(enrolled.pseudonym)
            raise
        waiting.clear()  # what comes once the answer was given comes too late
    for advice in [] if as_json else answer["advice"]:
        remark(f"{advice}\n")
    return Outcome(answer, lines, said=True)


def _many(
    purpose: str, folders: Path, map_to: Path, grounds: str, office: Path | None, signed: bytes | None
) -> Outcome[EnrolledMany]:
    everybody = people(folders)
    refusals: list[RefusedPerson] = []
    advised: list[AdvisedPerson] = []
    with bar() as progress, opened(office, progress) as m:
        desk = m.purpose(purpose)
        desk.require_approved(len(everybody), approved=signed)
        way = _together if desk.document.signs_bulk else _one_by_one
        for number, outcome in enumerate(way(desk, everybody, map_to, grounds, signed, progress), 1):
            if isinstance(outcome, Refused):
                refusals.append({"number": number, "code": outcome.code, "advice": outcome.text})
            elif outcome.advice:
                advised.append({"number": number, "advice": list(outcome.advice)})
    for refusal in refusals:
        remark(f"person {refusal['number']}: {refusal['advice']} [{refusal['code']}]\n")
    for person in advised:
        remark(f"person {person['number']}, enrolled: {'; '.join(person['advice'])}\n")
    enrolled = len(everybody) - len(refusals)
    line = f"enrolled {enrolled} of {len(everybody)}"
    return Outcome(
        {"enrolled": enrolled, "refusals": refusals, "advice": advised}, [line], NO_MATCH if refusals else DONE
    )


def _one_by_one(
    desk: PurposeOffice,
    everybody: People,
    map_to: Path,
    grounds: str,
    signed: bytes | None,
    progress: Progress,
) -> Iterator[Enrolled | Refused]:
    """Each is enrolled and written down before the next is looked at."""
    outcomes = desk.enrol_many((pictures for _, pictures in everybody), grounds=grounds, approved=signed)
    with map_file(map_to) as rows:
        for number, (name, _) in enumerate(everybody, 1):
            with put_off():
                outcome = next(outcomes)
                if isinstance(outcome, Enrolled):
                    _write_down(rows, name, outcome.pseudonym, desk)
            yield outcome
            progress("enrolling", number, len(everybody))


def _together(
    desk: PurposeOffice,
    everybody: People,
    map_to: Path,
    grounds: str,
    signed: bytes | None,
    progress: Progress,
) -> Iterator[Enrolled | Refused]:
    """Everybody is written down before all are enrolled, or nobody."""
    from moiety.custody.trust.denials import ApprovalRefused

    def shown() -> Iterator[list[Path]]:
        for number, (_, pictures) in enumerate(everybody, 1):
            yield pictures
            progress("looking", number, len(everybody))

    def write_down(outcomes: Sequence[Enrolled | Refused]) -> None:
        for (name, _), outcome in zip(everybody, outcomes, strict=True):
            if isinstance(outcome, Enrolled):
                rows.add(name, str(outcome.pseudonym))

    outcomes = desk.enrol_many(shown(), grounds=grounds, approved=signed, before=write_down)
    with map_file(map_to) as rows:
        try:
            yield from list(outcomes)
        except ApprovalRefused:  # whatever else goes wrong leaves the list: they may be enrolled
            rows.discard()
            raise


def _write_down(rows: MapWriter, name: str, pseudonym: Pseudonym, desk: PurposeOffice) -> None:
    """Write a row of the map, or forget the person again: nobody may be enrolled whom no list names."""
    try:
        rows.add(name, str(pseudonym))
    except BaseException:
        desk.erase(pseudonym)
        raise
