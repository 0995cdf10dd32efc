"""`moiety evaluate pairs`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypedDict

import typer

from moiety.cli.outcome import AsJson, Outcome
from moiety.cli.progress import bar

if TYPE_CHECKING:
    from moiety.evaluation.report import Report

app = typer.Typer(help="Measure error rates on labelled pictures.", no_args_is_help=True)


class Evaluated(TypedDict):
    """What `evaluate pairs` answers; null where the pairs cannot tell. `fnmr` has a key like `1e-2` for each
    false match rate that the pairs support: the rate and the ends of its 95 % interval."""

    pairs: int
    failed: int
    accuracy: float | None
    accuracy_by_fold: dict[str, float | None]
    eer: float | None
    fnmr: dict[str, list[float]]
    decisions_differing: float | None
    model: str


@app.callback()
def main() -> None:
    """Measure error rates on labelled pictures."""


@app.command()
def pairs(
    pairs: Annotated[
        Path, typer.Argument(metavar="PAIRS.csv", help="Columns image_a, image_b, same and, if need be, fold.")
    ],
    images: Annotated[
        Path, typer.Option("--images", metavar="DIR", help="The folder to which the pictures' paths are relative.")
    ],
    model: Annotated[
        str, typer.Option("--model", metavar="NAME", help="An installed model; `moiety models list` shows them.")
    ] = "mobilefacenet-192",
    workers: Annotated[
        int | None,
        typer.Option("--workers", metavar="N", help="Processes, 1 to 64. Without it: as many as there are cores."),
    ] = None,
    as_json: AsJson = False,
) -> Outcome[Evaluated]:
    """How often are pairs of photographs told apart rightly?

    Where a photograph shows several faces, the one nearest its centre is taken; a photograph without a face
    counts as an error in each of its pairs. Each fold is decided at the threshold that did best on the other
    folds; pairs without a fold are dealt into ten, the same way each time.

    \b
    Examples:
      moiety evaluate pairs pairs.csv --images photographs
      moiety evaluate pairs pairs.csv --images photographs --model faceplugin-512 --workers 4 --json
    """
    from moiety import settings
    from moiety.evaluation.embed import usual_workers
    from moiety.evaluation.measure import measure

    with bar() as progress:
        report = measure(
            pairs,
            images,
            model=model,
            data=settings.data_folder(),
            workers=usual_workers() if workers is None else workers,
            progress=progress,
        )
    return Outcome(_answer(report), _lines(report))


def _answer(report: Report) -> Evaluated:
    from moiety.evaluation.report import target_name

    return {
        "pairs": report.pairs,
        "failed": report.failed,
        "accuracy": report.accuracy,
        "accuracy_by_fold": report.accuracy_by_fold,
        "eer": report.eer,
        "fnmr": {target_name(target): list(rate) for target, rate in report.fnmr.items()},
        "decisions_differing": report.decisions_differing,
        "model": report.model,
    }


_CANNOT_TELL = "these pairs cannot tell"


def _lines(report: Report) -> list[str]:
    folds = [accuracy for accuracy in report.accuracy_by_fold.values() if accuracy is not None]
    dealt = "as given" if report.folds_given else "dealt at random, the same way each time"
    lines = [
        f"model               {report.model}",
        f"pairs               {report.pairs:,}, of which {report.failed:,} with a photograph that gave no template",
        f"accuracy            {_percent(report.accuracy)}",
    ]
    if folds:
        lines.append(
            f"  by fold           {_percent(min(folds))} to {_percent(max(folds))} in {len(folds)} folds, {dealt}"
        )
    lines.append(f"equal error rate    {_percent(report.eer)}")
    for target, (value, low, high) in report.fnmr.items():
        lines.append(f"FNMR at FMR {target:<7g} {_percent(value)}; 95 % interval {_percent(low)} to {_percent(high)}")
    if not report.fnmr:
        lines.append(
            f"FNMR                {_CANNOT_TELL}: it takes 1,000 pairs of different people, and one of the same"
        )
    lines += [
        f"decisions differing {_percent(report.decisions_differing, places=3)}, floats against shared words",
        "",
        "FMR: how often strangers match. FNMR: how often the same person does not (ISO/IEC 19795-1). A photograph",
        "without a face counts as an error. Intervals: people drawn anew 1,000 times (subset bootstrap), and at",
        "least Wilson's.",
    ]
    return lines


def _percent(share: float | None, places: int = 2) -> str:
    return _CANNOT_TELL if share is None else f"{100 * share:.{places}f} %"
