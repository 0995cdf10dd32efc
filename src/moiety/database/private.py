"""Whether what lies on a disk is its owner's alone."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Final

from moiety.database.refusals import DatabaseExposed

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def of_sqlite(file: str) -> tuple[str, str, str]:
    """A file of SQLite's and what lies beside it, which is made with the file's own mode and keeps the one it has."""
    return file, f"{file}-wal", f"{file}-shm"


def require_private(folder: Path, *files: str) -> None:
    """Raises `DatabaseExposed` where others may enter this folder, or read or write one of these files in it. What is
    not there is nobody's."""
    for path in (folder, *(folder / file for file in files)):
        try:
            mode = path.stat().st_mode
        except OSError:
            continue
        if mode & _OTHERS:
            raise DatabaseExposed
