"""From a file of labelled pairs and a folder of photographs to a report."""

from __future__ import annotations

from pathlib import Path

from moiety.evaluation import pairs as labelled
from moiety.evaluation.embed import embed
from moiety.evaluation.report import Report, judge
from moiety.face.progress import Progress


def measure(pairs: Path, images: Path, *, model: str, data: Path, workers: int, progress: Progress) -> Report:
    """Read the pairs, turn each photograph that they name into a template once, and judge.

    `data` is the folder of the installed models. Raises the refusals of `evaluation.refusals`, before any
    work is done, and what `Recogniser.open` raises.
    """
    known = labelled.read(pairs)
    named = labelled.distinct(known)
    vectors = embed(labelled.locate(named, images), model, data, workers, progress)
    return judge(known, dict(zip(named, vectors, strict=True)), model)
