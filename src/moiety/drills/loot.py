"""What a thief carries away: a store's bytes, and the rows that he reads out of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from moiety.drills import sql
from moiety.drills.haystack import Haystack
from moiety.drills.sql import Rows


@dataclass(frozen=True)
class Seen:
    """What a store tells of its occupied rows beside their contents: slots and expires int64 (n,), columns (n, c)."""

    slots: NDArray[np.int64]
    expires: NDArray[np.int64]
    columns: NDArray[np.int64] = field(repr=False)


@dataclass(frozen=True)
class Loot:
    """A store's folder, byte for byte: relative path -> content, whatever the files are."""

    files: Mapping[str, bytes] = field(repr=False)

    def parts(self) -> list[bytes]:
        """Every byte of it, file names included, and everything once more that its own keys open."""
        return [*(part for name, content in self.files.items() for part in (name.encode(), content)), *self._opened]

    @cached_property
    def haystack(self) -> Haystack:
        """Every byte of it, ready to be searched."""
        return Haystack(self.parts())

    @cached_property
    def _opened(self) -> list[bytes]:
        return sql.opened(self.files)

    def rows(self, gallery: str) -> Rows:
        """The occupied rows of a gallery, write-ahead log included. Raises LookupError where there are none."""
        return sql.rows(self.files, gallery)

    def seen(self, gallery: str) -> Seen:
        """Every column that may carry time, the write-ahead log's own order included. Raises LookupError."""
        rows, since = self.rows(gallery), self.occupied_since(gallery)
        columns = [rows.slots, rows.expires, rows.grounds, *rows.marks.T]
        if len(since):
            columns.append(since[rows.slots])
        return Seen(rows.slots, rows.expires, np.stack(columns, axis=1))

    def footprints(self, gallery: str, slots: NDArray[np.int64]) -> list[list[bytes]]:
        """For each slot, every sixteen bytes that hold some of its two secret columns, as they lie and opened."""
        return sql.footprints(self.files, gallery, slots)

    def occupied_since(self, gallery: str) -> NDArray[np.int64]:
        """For every slot, how many of the changes in the write-ahead log it has been occupied for: int64 (slots,)."""
        return sql.occupied_since(self.files, gallery)


def steal(folder: Path) -> Loot:
    """Copy every file of a store's folder, in use or not: what a thief of the machine or of its backup gets."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return Loot({path.relative_to(folder).as_posix(): path.read_bytes() for path in files})


def nearest_first(photograph: NDArray[np.int16], rows: Rows) -> NDArray[np.int64]:
    """The slots of stolen rows, the likeliest first, by the plain dot product with a quantised photograph (d,).

    In a database in the clear the person's own row stands first; among parts its place is anybody's guess.
    """
    scores = rows.words.view(np.int16).astype(np.int64) @ photograph.astype(np.int64)
    return rows.slots[np.argsort(-scores, kind="stable")]
