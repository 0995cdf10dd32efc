"""One custodian's rows from one store into another: from SQLite into SQLite or PostgreSQL, sealed as they are.

The new store is the old one's twin, with a root key of its own: the same office, seat, epoch, galleries and rows, under
the same data key. A refresh ends that.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from moiety.custody.store import tables
from moiety.custody.store.keyring import keyring
from moiety.custody.store.slots import Phase, Staging
from moiety.custody.store.sql import Store
from moiety.custody.store.tables import GalleryRow
from moiety.custody.verbs import Progress


@dataclass(frozen=True)
class Stood:
    """What the three stores of an office have in common when nothing was left halfway."""

    office: bytes
    epoch: int
    galleries: Sequence[GalleryRow]


def stood(store: Store) -> Stood | None:
    """Where a store stands, or None where something was left halfway."""
    with store.reading() as connection:
        own, galleries = tables.custodian(connection), tables.galleries(connection)
    if own.staging != Staging.NONE or any(row.phase != Phase.SETTLED for row in galleries):
        return None
    # Ids, and the day of the last check, are each store's own affair.
    return Stood(own.office, own.epoch, [replace(row, id=0, checked=0) for row in galleries])


def transfer(source: Store, target: Store, progress: Progress) -> None:
    """Make an empty store, of the same seat and office, the twin of another one: all of it, in one transaction."""
    with source.reading() as old, target.writing("take over") as new:
        own, empty = tables.custodian(old), tables.custodian(new)
        tables.drop_key(new, empty.epoch)
        keyring(new).make(new, own.office, own.epoch, keyring(old).hand_over(own))
        tables.set_epoch(new, own.epoch, Staging.NONE)
        for row in tables.galleries(old):
            _gallery(old, new, row, own.epoch, progress)
        for kind in {kind for kind, _, _ in tables.kept(old)}:
            tables.keep(new, kind, [(name, sealed) for _, name, sealed in tables.kept(old, kind)])
    with target.reading() as connection:
        keyring(connection).retire(tables.keyed_epochs(connection))


def _gallery(old: Connection, new: Connection, row: GalleryRow, epoch: int, progress: Progress) -> None:
    tables.add_gallery(new, row.name, row.terms, row.document)
    made = next(other for other in tables.galleries(new) if other.name == row.name)
    tables.change_gallery(
        new, made.id, version=row.version, phase=row.phase, pages=row.pages, checked=row.checked, damaged=row.damaged
    )
    for table in tables.PAGED:
        with closing(tables.every(old, table, row.id, epoch, row.pages)) as pages:
            for numbers, rows in pages:
                tables.put(new, table, made.id, epoch, numbers, rows, new=True)
                progress("moving", numbers[-1] + 1, row.pages)
