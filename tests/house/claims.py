"""Tables of claims in Markdown, and whether the tests and files that they name exist."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TEST = re.compile(r"`(tests/[\w/]+\.py)(?:::([\w:]+))?`")
FILE = re.compile(r"`((?:src|tests|tools|docs|examples|\.ci)/[\w/.*-]+|Makefile|[\w-]+\.(?:md|txt|toml))`")


@dataclass(frozen=True)
class Row:
    """One line of a table: its cells by the heading of their column."""

    line: int
    cells: dict[str, str]


def table(text: str, heading: str) -> list[Row]:
    """Rows of every table whose first column has this heading."""
    rows: list[Row] = []
    columns: list[str] | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith("|"):
            columns = None
            continue
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]
        if cells[0] == heading:
            columns = cells
        elif columns is not None and not set(line) <= set("|-: "):
            rows.append(Row(number, dict(zip(columns, cells, strict=False))))
    return rows


def missing_tests(root: Path, cell: str) -> Iterator[str]:
    """Tests that a cell names and that are not there."""
    for path, name in TEST.findall(cell):
        file = root / path
        if not file.is_file():
            yield f"{path} is not there"
        elif name and name.split("::")[-1] not in _functions(file):
            yield f"{path} has no {name}"


def missing_files(root: Path, cell: str) -> Iterator[str]:
    """Files that a cell names and that are not there; a star stands for any name."""
    for name in FILE.findall(cell):
        found = any(root.glob(name)) if "*" in name else (root / name).exists()
        if not found:
            yield f"{name} is not there"


def _functions(file: Path) -> set[str]:
    return {
        node.name
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name.lower().startswith("test")
    }
