"""`moiety synth people`."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, ClassVar, TextIO, TypedDict

import typer

from moiety.cli.outcome import AsJson, Outcome
from moiety.cli.progress import bar
from moiety.cli.values import FileUnwritable
from moiety.errors import Refused

app = typer.Typer(help="Make people up, to try things out with.", no_args_is_help=True)


class Made(TypedDict):
    """What `synth people` answers."""

    people: int
    seed: int


class EndingUnknown(Refused):
    code: ClassVar[str] = "ending_unknown"
    advice: ClassVar[str] = "people are written as CSV or JSON lines: name a file that ends in .csv or .jsonl"


@app.callback()
def _synth() -> None:
    """Keeps `people` a command of its own: Typer would fold a group of one."""


@app.command()
def people(
    count: Annotated[int, typer.Option("--count", metavar="N", min=0, max=10_000_000, help="How many.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="A new file, .csv or .jsonl.")],
    seed: Annotated[int, typer.Option("--seed", metavar="S", min=0, max=2**63, help="Same seed, same people.")] = 1,
    as_json: AsJson = False,
) -> Outcome[Made]:
    """Make up people in the shape of a database that was found open in 2019: valid check digits, nobody real.

    \b
    Examples:
      moiety synth people --count 20000 --out people.csv
      moiety synth people --count 20000 --out people.jsonl --seed 7 --json
    """
    from moiety.vault import synth
    from moiety.vault.schema import Schema

    if out.suffix not in (".csv", ".jsonl"):
        raise EndingUnknown
    fields = [name for name in Schema.default().fields if name != "photo"]
    with bar() as progress, begun(out) as file:
        writer = csv.DictWriter(file, fields, restval="", extrasaction="ignore", lineterminator="\n")
        if out.suffix == ".csv":
            writer.writeheader()
        for number, person in enumerate(synth.people(seed, count), 1):
            if out.suffix == ".csv":
                writer.writerow(person)
            else:
                file.write(json.dumps(person, ensure_ascii=False) + "\n")
            if number % 10_000 == 0:
                progress("making people up", number, count)
    return Outcome({"people": count, "seed": seed}, [f"{count} people whom there are not"])


@contextmanager
def begun(out: Path) -> Iterator[TextIO]:
    """A new file, of which nothing is left where it does not come to its end. Raises `FileUnwritable`."""
    try:
        file = out.open("x", encoding="utf-8", newline="")
    except OSError:
        raise FileUnwritable from None
    try:
        with file:
            yield file
    except BaseException as ended:
        out.unlink(missing_ok=True)
        if isinstance(ended, OSError):
            raise FileUnwritable from None
        raise
