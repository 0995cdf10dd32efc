"""The record store of one office, opened when somebody first asks for it: most commands never do."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from moiety.vault.refusals import ShelfClosed

if TYPE_CHECKING:
    from moiety.vault.sql import RecordStore


class Shelf:
    """`place` is a folder, or the URL of a PostgreSQL. Safe for threads."""

    def __init__(self, place: Path | str) -> None:
        self._place = place
        self._lock = Lock()
        self._store: RecordStore | None = None
        self._closed = False

    def store(self) -> RecordStore:
        """The store; it is made where there is none. Raises `ShelfClosed`, and what `RecordStore.open` raises."""
        from moiety.database.refusals import DatabaseMissing
        from moiety.vault.sql import RecordStore

        with self._lock:
            if self._closed:
                raise ShelfClosed
            if self._store is None:
                try:
                    self._store = RecordStore.open(self._place)
                except DatabaseMissing:
                    self._store = RecordStore.create(self._place)
            return self._store

    def close(self) -> None:
        """Close it, if it was opened; again does nothing."""
        with self._lock:
            self._closed = True
            if self._store is not None:
                self._store.close()
                self._store = None
