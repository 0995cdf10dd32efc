"""What a database is for: its name, the format of its tables, and the tables."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from sqlalchemy import MetaData

_NAME = re.compile(r"[a-z][a-z_]{0,31}")


@dataclass(frozen=True)
class Kind:
    """One kind of database. `name` names the file (`NAME.sqlite`), the row that says whose the tables are and the lock.

    `format` counts up when the tables change. Several kinds may share one PostgreSQL database: then no two of their
    tables may have one name, so each begins with the name of its kind. `page_bytes` is SQLite's: large for large rows,
    small for what writes a few small ones at a time. `log_bytes` are those of its commits until they are moved into the
    file: few where commits are small, since a log that is written over is on the disk sooner than one that grows; many
    for what is brought in by the million.

    Raises `ValueError` where the name is not 1 to 32 small letters and underscores.
    """

    name: str
    format: int
    tables: MetaData
    page_bytes: int = 16_384
    log_bytes: int = 128 * 2**20

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError("a kind of database is named with small letters")

    @property
    def file(self) -> str:
        """The file's name in its folder."""
        return f"{self.name}.sqlite"

    @property
    def lock(self) -> int:
        """The number of its advisory lock in PostgreSQL: 64 bits, signed."""
        return int.from_bytes(hashlib.sha256(b"moiety database " + self.name.encode()).digest()[:8], "big", signed=True)
