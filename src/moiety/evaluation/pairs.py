"""Labelled pairs of photographs, read from a CSV file.

Columns are found by the header: `image_a`, `image_b` (paths relative to the folder of images), `same` (1, 0,
true or false) and, if there is one, `fold`. Others are ignored.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TextIO

from moiety.evaluation.refusals import (
    ColumnMissing,
    ImageMissing,
    ImageOutside,
    LabelUnclear,
    PairsTooMany,
    PairsUnreadable,
    RowIncomplete,
)
from moiety.face.card_refusals import FileRefused
from moiety.face.content import opened

# A pair takes about 300 bytes in memory, so the most that is read is about 1.5 GB.
PAIRS_LIMIT = 5_000_000

# Two paths as long as Linux allows, and further columns that nobody looks at.
LINE_LIMIT = 65_536

_LABELS = {"1": True, "true": True, "0": False, "false": False}


@dataclass(frozen=True, slots=True)
class Pair:
    """Two photographs and whether they show one person; `line` is where the file says so."""

    image_a: str = field(repr=False)
    image_b: str = field(repr=False)
    same: bool
    fold: str | None
    line: int


def read(path: Path) -> list[Pair]:
    """Every pair of the file, in its order.

    Raises the refusals of `evaluation.refusals`; none of them quotes the file.
    """
    try:
        with opened(path) as file, io.TextIOWrapper(file, encoding="utf-8-sig", newline="") as text:
            return list(parse(_bounded(text)))
    except (OSError, UnicodeDecodeError, csv.Error, FileRefused):
        raise PairsUnreadable() from None


def _bounded(text: TextIO) -> Iterator[str]:
    """The lines of a text, of which none is read further than `LINE_LIMIT`, nor more than that many for the pairs."""
    for _ in range(2 * PAIRS_LIMIT):
        line = text.readline(LINE_LIMIT + 1)
        if not line:
            return
        if len(line) > LINE_LIMIT:
            raise PairsUnreadable()
        yield line
    raise PairsTooMany(limit=PAIRS_LIMIT)


def parse(lines: Iterable[str]) -> Iterator[Pair]:
    """The pairs in the lines of a CSV text, header first; blank lines are skipped."""
    rows = csv.reader(lines, strict=True)
    header = [name.strip() for name in next(rows, [])]
    if any(header.count(name) != 1 for name in ("image_a", "image_b", "same")) or header.count("fold") > 1:
        raise ColumnMissing()
    columns = [header.index(name) for name in ("image_a", "image_b", "same")]
    fold_column = header.index("fold") if "fold" in header else None
    read_so_far = 0
    for row in rows:
        if not row:
            continue
        if read_so_far == PAIRS_LIMIT:
            raise PairsTooMany(limit=PAIRS_LIMIT)
        read_so_far += 1
        yield _pair(row, len(header), columns, fold_column, rows.line_num)


def _pair(row: Sequence[str], width: int, columns: Sequence[int], fold_column: int | None, line: int) -> Pair:
    if len(row) != width:
        raise RowIncomplete(line=line)
    image_a, image_b, label = (row[column].strip() for column in columns)
    fold = None if fold_column is None else row[fold_column].strip()
    if not image_a or not image_b or fold == "":
        raise RowIncomplete(line=line)
    same = _LABELS.get(label.lower())
    if same is None:
        raise LabelUnclear(line=line)
    if _leaves(image_a) or _leaves(image_b):
        raise ImageOutside(line=line)
    return Pair(image_a, image_b, same, fold, line)


def _leaves(image: str) -> bool:
    """Whether a path could name something outside the folder that it is relative to, on any system."""
    if "\0" in image:
        return True
    return any(pure.anchor != "" or ".." in pure.parts for pure in (PurePosixPath(image), PureWindowsPath(image)))


def distinct(pairs: Iterable[Pair]) -> dict[str, int]:
    """Each photograph that the pairs name, once, in the order of naming, and the line that names it first."""
    lines: dict[str, int] = {}
    for pair in pairs:
        lines.setdefault(pair.image_a, pair.line)
        lines.setdefault(pair.image_b, pair.line)
    return lines


def locate(named: dict[str, int], images: Path) -> list[Path]:
    """Where each photograph lies. A file that is absent is a mistake in the list, not a failure to see a
    face.

    Raises `ImageMissing` before any work is done.
    """
    paths = [images / name for name in named]
    missing = [line for path, line in zip(paths, named.values(), strict=True) if not _is_file(path)]
    if missing:
        raise ImageMissing(missing=len(missing), named=len(paths), line=missing[0])
    return paths


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name longer than the system knows
        return False
