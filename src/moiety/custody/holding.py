"""What a custodian has in memory, in numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from moiety.custody.gallery import Gallery
from moiety.custody.verbs import Standing


@dataclass(frozen=True)
class Held:
    """How many galleries there are, are not in memory though they have rows, and are closed; how many slots are in
    memory."""

    galleries: int
    unloaded: int
    closed: int
    slots: int


def held(standing: Standing, galleries: Mapping[str, Gallery]) -> Held:
    """What is held of these galleries; nothing is read for it."""
    loaded = {name: gallery for name, gallery in galleries.items() if gallery.loaded}
    closed = {name for name, gallery in standing.galleries.items() if gallery.damaged}
    closed |= {name for name, gallery in loaded.items() if gallery.damaged}
    filled = {name for name, gallery in standing.galleries.items() if gallery.pages}
    slots = sum(gallery.matrix.slots for gallery in loaded.values())
    return Held(len(standing.galleries), len(filled - set(loaded)), len(closed), slots)
