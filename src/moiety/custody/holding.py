"""Where a custodian stands, as SQL has it, and what of that is in memory, in numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from moiety.custody.gallery import Gallery
from moiety.custody.store import tables
from moiety.custody.store.slots import Phase, Staging
from moiety.custody.store.sql import Store
from moiety.custody.verbs import GalleryStanding, Standing


@dataclass(frozen=True)
class Held:
    """How many galleries there are, are not in memory though they have rows, are closed, and are not answered for
    before a check; how many slots are in memory."""

    galleries: int
    unloaded: int
    closed: int
    unchecked: int
    slots: int


def held(standing: Standing, galleries: Mapping[str, Gallery]) -> Held:
    """What is held of these galleries; nothing is read for it."""
    loaded = {name: gallery for name, gallery in galleries.items() if gallery.loaded}
    closed = {name for name, gallery in standing.galleries.items() if gallery.damaged}
    closed |= {name for name, gallery in loaded.items() if gallery.damaged}
    filled = {name for name, gallery in standing.galleries.items() if gallery.pages}
    slots = sum(gallery.matrix.slots for gallery in loaded.values())
    unchecked = {name for name in filled if not standing.galleries[name].sound}
    return Held(len(standing.galleries), len(filled - set(loaded)), len(closed), len(unchecked), slots)


def standing(store: Store) -> Standing:
    """Where the custodian of a store stands, in one consistent view."""
    with store.reading() as connection:
        own = tables.custodian(connection)
        galleries = {
            row.name: GalleryStanding(
                terms=row.terms,
                document=row.document,
                version=row.version,
                phase=Phase(row.phase),
                pages=row.pages,
                checked=row.checked,
                damaged=bool(row.damaged),
                sound=row.checked,
            )
            for row in tables.galleries(connection)
        }
    return Standing(own.seat, own.office, own.epoch, Staging(own.staging), galleries)
