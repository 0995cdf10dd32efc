"""`moiety drill`."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal, TypedDict

import typer

from moiety import settings
from moiety.cli.options import OfficeFolder
from moiety.cli.outcome import DONE, NO_MATCH, AsJson, Outcome
from moiety.cli.progress import bar
from moiety.drills import FEWEST_PEOPLE, MOST_PEOPLE

if TYPE_CHECKING:
    from rich.table import Table

    from moiety.drills.verdict import Measured


class DrillRow(TypedDict):
    """One attack: how far it got with what was stolen, by guessing, and on a plain twin. All in `unit`, 0 to 1."""

    name: str
    stores: list[str]
    success: float
    chance: float
    plain_twin: float
    unit: str
    n: int
    expected: Literal["chance", "bounded", "budgeted", "everything"]
    passed: bool


class DrillHour(TypedDict):
    """What one gateway's account of `unit` leaves who stole it in an hour: as `drilled`, so that a drill meets it, and
    by the budget of a custodian that sets none, `default`."""

    attack: str
    unit: str
    drilled: int
    default: int


class Drilled(TypedDict):
    """What `drill` answers. All rows share one verdict: an honest store fails in at most 1 % of seeds. `hours` is empty
    where no gateway was stolen."""

    attacks: list[DrillRow]
    seed: int
    people: int
    hours: list[DrillHour]


_WIDEST: Final = 120
_NARROWEST: Final = 80
_NAME_WIDTH: Final = 30
_FIGURE_WIDTH: Final = 10

Store = Literal["custodian-a", "custodian-b", "custodian-c", "records", "gateway-store"]


def drill(
    store: Annotated[Store, typer.Option("--store", help="Whose bytes the thief has.")],
    people: Annotated[
        int, typer.Option("--people", min=FEWEST_PEOPLE, max=MOST_PEOPLE, help="Made-up people to enrol.")
    ] = 200,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Repeats a drill exactly; another one varies it.")] = 1,
    office: OfficeFolder = None,
    as_json: AsJson = False,
) -> Outcome[Drilled]:
    """Steal a store and attack it. Exit status 1 if anything was found.

    Sets up real deployments in a temporary folder and enrols made-up people, whose face vectors spread as those of
    photographs do. Then it copies one custodian's bytes and attacks the copy: reading, matching, linking. It also
    steals a gateway, and asks what no honest one asks. Of a record store it tries identity numbers, lengths, two
    purposes side by side, and old copies; of what a gateway keeps, keys, words of clients and inputs of jobs too. The
    same code attacks a plain database of the same people, and custodians
    without the one defence, where it has to succeed. Your own office is not touched, but for a note (drills.json in
    its folder) that this was run and how it ended, which the overview of its console shows.

    \b
    Examples:
      moiety drill --store custodian-a
      moiety drill --store custodian-b --people 400 --seed 7
      moiety drill --store records --json
      moiety drill --store gateway-store --office /srv/office
    """
    folder = office or settings.office_folder()
    if office is not None and not folder.is_dir():
        from moiety.custody.refusals import NoOffice

        raise NoOffice
    settings.require_tls_13()
    with bar() as progress:
        from moiety.drills.run import rob_and_attack

        measured = rob_and_attack(store.removeprefix("custodian-"), people, seed, progress)
    outcome = drilled(measured, seed=seed, people=people, width=shutil.get_terminal_size((110, 50)).columns)
    if not folder.is_dir():
        return outcome
    return replace(outcome, lines=[*outcome.lines, _noted(folder, store, outcome.answer)])


def _noted(folder: Path, store: str, answer: Drilled) -> str:
    """Note in the office's folder that this was run; what is said of that."""
    from moiety.gateway.drilled import FILE, Drill, note

    failed = tuple(row["name"] for row in answer["attacks"] if not row["passed"])
    count = len(answer["attacks"])
    drill = Drill(
        at=datetime.now(UTC).replace(microsecond=0),
        program=version("moiety"),
        people=answer["people"],
        seed=answer["seed"],
        attacks=count,
        failed=failed,
    )
    written = note(folder, store, drill)
    return f"Noted in {folder / FILE}." if written else f"It could not be noted in {folder / FILE}."


def drilled(measured: Sequence[Measured], *, seed: int, people: int, width: int) -> Outcome[Drilled]:
    """The verdict over all rows of one drill, for programs and, `width` columns wide, for people."""
    from moiety.drills.verdict import level, passed

    alpha = level(measured)
    rows = [drill_row(one, passed(one, alpha)) for one in measured]
    hours = drill_hours() if any(row["expected"] == "budgeted" for row in rows) else []
    answer: Drilled = {"attacks": rows, "seed": seed, "people": people, "hours": hours}
    good = all(row["passed"] for row in rows)
    return Outcome(answer, _screen(measured, answer, width), DONE if good else NO_MATCH)


def drill_hours() -> list[DrillHour]:
    """The hours of the two attacks that budgets bound."""
    from moiety.custody.net.reckoning import of_an_hour
    from moiety.custody.trust.limits import Limits, Scope, Unit
    from moiety.drills.certificate import HOUR

    limits = Limits()
    return [
        {
            "attack": attack,
            "unit": unit.value,
            "drilled": of_an_hour(HOUR),
            "default": of_an_hour(limits.of(Scope.GATEWAY, unit)),
        }
        for attack, unit in (("drain", Unit.MATCHES), ("wreck", Unit.ERASURES))
    ]


def said_hours(hours: Sequence[DrillHour]) -> str:
    """The same in a sentence."""
    drilled = " and ".join(f"{hour['drilled']:,} {hour['unit']}" for hour in hours)
    default = " and ".join(f"{hour['default']:,} {hour['unit']}" for hour in hours)
    return (
        f"The budget of this drill is tight, {drilled} in an hour, so that few people meet it. A custodian whose "
        f"limits nobody sets, as those that `moiety up` starts, leaves {default} in an hour."
    )


def drill_row(one: Measured, good: bool) -> DrillRow:
    """One attack as programs see it; `good` says whether it came out as designed."""
    return {
        "name": one.name,
        "stores": list(one.stores),
        "success": round(one.split.success, 4),
        "chance": round(one.split.chance, 4),
        "plain_twin": round(one.plain.success, 4),
        "unit": one.unit,
        "n": one.split.trials,
        "expected": one.expected,
        "passed": good,
    }


_EXPECTED: Final = {
    "chance": "What one thief should get: nothing. Each attack does no better than guessing.",
    "bounded": "What he may learn: on which day a row expires, which of four lengths a field has, and nothing finer.",
    "budgeted": "What who steals a gateway gets in an hour: what the budgets of the custodians leave him.",
    "everything": "What two custodians get together: everything. Against that there is no defence.",
}

_WITH_THE_ROOT: Final = "What the store and root.key give together: what was sealed. Against that there is no defence."


def _screen(measured: Sequence[Measured], answer: Drilled, width: int) -> list[str]:
    from io import StringIO

    from rich.console import Console

    from moiety.drills.counter import GATEWAY_STORE
    from moiety.drills.register import RECORDS

    drawn = StringIO()
    console = Console(file=drawn, width=min(_WIDEST, max(_NARROWEST, width)), highlight=False, markup=False)
    stolen = answer["attacks"][0]["stores"][0]
    apart = ", but for root.key" if stolen == GATEWAY_STORE else ""
    console.print(f"A thief has copied {stolen}: its database, its log, every byte of its folder{apart}.")
    console.print(
        "In it are keys, jobs and the words of clients about made-up people, 60 at most, kept for two purposes "
        f"(seed {answer['seed']})."
        if stolen == GATEWAY_STORE
        else f"In it are the records of {answer['people']} made-up people (seed {answer['seed']}), kept for two "
        "purposes."
        if stolen == RECORDS
        else f"Enrolled were {answer['people']} made-up people, whose face vectors spread as those of photographs do "
        f"(seed {answer['seed']}; no photographs were used)."
    )
    for expected, words in _EXPECTED.items():
        shown = [
            (one, row) for one, row in zip(measured, answer["attacks"], strict=True) if row["expected"] == expected
        ]
        if shown:
            beside = expected == "everything" and stolen == GATEWAY_STORE
            console.print(f"\n{_WITH_THE_ROOT if beside else words}\n")
            console.print(_table(shown))
        if shown and expected == "budgeted":
            console.print(f"\n{said_hours(answer['hours'])}")
    failed = sum(not row["passed"] for row in answer["attacks"])
    console.print(
        f"\n{failed} of {len(measured)} attacks did not come out as designed."
        if failed
        else f"\nAll {len(measured)} attacks came out as designed."
    )
    console.print(
        "Figures: what was found or read, or the share of wrong rows that rank below the right one (0.5 is guessing, 1 "
        "is always first). 'plain' is the same attack, by the same code, on an ordinary database of the same people, "
        "or on custodians without the one defence. All are judged together at 99 %: an honest store fails with one "
        "seed in a hundred at most."
    )
    return [line.rstrip() for line in drawn.getvalue().splitlines()]


def _table(shown: Sequence[tuple[Measured, DrillRow]]) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("attack", min_width=_NAME_WIDTH)
    for heading in ("here", "guessing", "plain"):
        table.add_column(heading, justify="right", min_width=_FIGURE_WIDTH, no_wrap=True)
    table.add_column("which means")
    for one, row in shown:
        words = one.sentence if row["passed"] else f"FINDING, this is not so: {one.sentence}"
        figures = (_figure(one, trial) for trial in (one.split.success, one.split.chance, one.plain.success))
        table.add_row(row["name"], *figures, words)
    return table


def _figure(one: Measured, share: float) -> str:
    from moiety.drills.run import RANKED

    return f"{share:.2f}" if one.unit == RANKED else f"{round(share * one.split.trials)} of {one.split.trials}"
