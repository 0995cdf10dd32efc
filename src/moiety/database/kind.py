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
    small for what writes a few small ones at a time.

    Raises `ValueError` where the name is not 1 to 32 small letters and underscores.
    """

    name: str
    format: int
    tables: MetaData
    page_bytes: int = 16_384

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
