"""Attack: dig. What was deleted is looked for in the bytes that a database leaves behind: free pages, write-ahead log.

The thief knows the bytes from an earlier copy of the same store, or would know them when he sees them. An ordinary
database still has in its file the rows that it deleted and what it wrote anew, which is what the twin shows: nothing
that is looked for there is in a row any more.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from moiety.drills import canaries, read
from moiety.drills.scene import PLAIN, Scene, Theft
from moiety.drills.verdict import Trial


def erased(scene: Scene, rng: np.random.Generator) -> tuple[Trial, Trial]:
    """Rows of erased people, right after the erasure."""
    return _both(scene, scene.gone, scene.erased, rng)


def old_epoch(scene: Scene, rng: np.random.Generator) -> tuple[Trial, Trial]:
    """Rows as they were before the refresh, right after it; on the twin, before they were written anew."""
    return _both(scene, scene.staying, scene.refreshed, rng)


def _both(scene: Scene, people: NDArray[np.intp], later: Theft, rng: np.random.Generator) -> tuple[Trial, Trial]:
    def on(store: str) -> Trial:
        theft = scene.enrolled
        if store == PLAIN:
            stored = [canaries.vector(vector) for vector in scene.people.enrolled[people]]
        else:
            raw = theft.stores[store].footprints(theft.gallery, theft.slots[store][people])
            # A log is text: what it says of a row stands in it in digits.
            stored = [[*one, *(window.hex().encode() for window in one)] for one in raw]
        never = [list(canaries.windows(rng.bytes(canaries.WINDOW * len(one)))) for one in stored]
        return read.search(later.stores[store].haystack, stored, never, rng)

    return on(scene.seat), on(PLAIN)
