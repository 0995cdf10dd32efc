"""`moiety drill`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, Literal, TypedDict

import typer

from moiety.cli.outcome import DONE, NO_MATCH, AsJson, Outcome
from moiety.cli.progress import bar

if TYPE_CHECKING:
    from moiety.drills.verdict import Measured


class DrillRow(TypedDict):
    """One attack: how far it got on the stolen stores, by guessing, and on a plain database. All in `unit`, 0 to 1."""

    name: str
    stores: list[str]
    success: float
    chance: float
    plain_twin: float
    unit: str
    n: int
    expected: Literal["chance", "bounded", "everything"]
    passed: bool


class Drilled(TypedDict):
    """What `drill` answers. All rows share one verdict: an honest store fails in at most 1 % of seeds."""

    attacks: list[DrillRow]
    seed: int
    people: int


_WIDTH: Final = 150

Store = Literal["custodian-a", "custodian-b", "custodian-c"]


def drill(
    store: Annotated[Store, typer.Option("--store", help="Whose bytes the thief has.")],
    people: Annotated[int, typer.Option("--people", min=40, max=5000, help="Made-up people to enrol.")] = 200,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Repeats a drill exactly; another one varies it.")] = 1,
    as_json: AsJson = False,
) -> Outcome[Drilled]:
    """Steal a store and attack it. Exit status 1 if anything was found.

    Sets up real deployments in a temporary folder and enrols made-up people, whose face vectors spread as those of
    photographs do. Then it copies one custodian's bytes and attacks the copy: reading, matching, linking. The same code
    attacks a plain database of the same people, where it has to succeed. Your own office is not touched.

    \b
    Examples:
      moiety drill --store custodian-a
      moiety drill --store custodian-b --people 400 --seed 7
      moiety drill --store custodian-c --json
    """
    from moiety.drills.run import rob_and_attack
    from moiety.drills.verdict import level, passed

    with bar() as progress:
        measured = rob_and_attack(store.removeprefix("custodian-"), people, seed, progress)
    alpha = level(measured)
    rows = [_row(one, passed(one, alpha)) for one in measured]
    good = all(row["passed"] for row in rows)
    answer: Drilled = {"attacks": rows, "seed": seed, "people": people}
    return Outcome(answer, _lines(store, people, measured, rows), DONE if good else NO_MATCH)


def _row(one: Measured, good: bool) -> DrillRow:
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


def _lines(store: str, people: int, measured: list[Measured], rows: list[DrillRow]) -> list[str]:
    from io import StringIO

    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"A thief copied {store}: {people} made-up people", title_justify="left")
    for heading in ("attack", "here", "guessing", "plain database", "expected", ""):
        table.add_column(heading, justify="right" if heading in ("here", "guessing", "plain database") else "left")
    for one, row in zip(measured, rows, strict=True):
        figures = (f"{row[key]:.3f}" for key in ("success", "chance", "plain_twin"))
        table.add_row(
            row["name"],
            *figures,
            row["expected"],
            one.sentence if row["passed"] else f"FINDING: not so: {one.sentence}",
        )
    drawn = StringIO()
    Console(file=drawn, width=_WIDTH).print(table)
    return drawn.getvalue().splitlines()
