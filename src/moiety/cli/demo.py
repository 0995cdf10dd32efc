"""`moiety demo`."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypedDict

import typer

from moiety.cli.drill import DrillRow, drill_row
from moiety.cli.outcome import DONE, NO_MATCH, AsJson, Outcome
from moiety.cli.progress import bar

if TYPE_CHECKING:
    from moiety.demo.play import Played

_MOST_ROWS = 1_000_000
"""More would take over 10 GB of memory: the thief carries away several copies of everything."""


class Counted(TypedDict):
    """Of so many photographs tried, how many matched."""

    tried: int
    matched: int


class Demonstrated(TypedDict):
    """What `demo` answers. A photograph of `genuine` counts as matched only if verify and identify both found it, and
    one of `strangers` or `after_erasure`, who should not be found, if either did. `identify_ms` is the median from a
    photograph's file to the answer."""

    gallery_rows: int
    model: str
    genuine: Counted
    strangers: Counted
    after_erasure: Counted
    identify_ms: float
    drill: list[DrillRow]


def demo(
    rows: Annotated[
        int, typer.Option("--rows", min=0, max=_MOST_ROWS, help="Random rows beside the people: for speed alone.")
    ] = 100_000,
    as_json: AsJson = False,
) -> Outcome[Demonstrated]:
    """See it work, and see a thief fail, on one screen. Exit status 1 if anything came out otherwise than it should.

    Two public figures are enrolled from packaged photographs (`moiety models install --defaults` gets them), looked
    for, robbed, erased and refreshed, in a temporary folder with three real databases. Takes about a minute, and 3 GB
    of memory for 100,000 rows. Your own office is not touched.

    \b
    Examples:
      moiety demo
      moiety demo --rows 250000
      moiety demo --rows 1000 --json
    """
    with bar() as progress, tempfile.TemporaryDirectory(prefix="moiety-demo-") as folder:
        from moiety import settings
        from moiety.demo.cast import cast
        from moiety.demo.play import play
        from moiety.demo.screen import lines
        from moiety.face.installed import Installed

        data = settings.data_folder()
        played = play(
            cast(data),
            rows,
            Path(folder),
            Installed(data),
            clock=lambda: datetime.now(UTC),
            entropy=os.urandom,
            progress=progress,
        )
    shown = lines(
        played,
        width=shutil.get_terminal_size((100, 50)).columns,
        colour=sys.stdout.isatty(),
        encoding=sys.stdout.encoding or "ascii",
    )
    return Outcome(_answer(played), shown, DONE if played.good else NO_MATCH)


def _answer(played: Played) -> Demonstrated:
    answers = played.answers
    return {
        "gallery_rows": answers.stranger.gallery,
        "model": played.model,
        "genuine": _counted([one.matched for one in answers.genuine]),
        "strangers": _counted([one.mistaken for one in answers.impostors]),
        "after_erasure": _counted([one.mistaken for one in played.after]),
        "identify_ms": round(answers.identify_ms, 1),
        "drill": [drill_row(row, good) for row, good in zip(played.drill, played.passed, strict=True)],
    }


def _counted(matched: list[bool]) -> Counted:
    return {"tried": len(matched), "matched": sum(matched)}
