"""Attack: epoch. The thief copied a store, log and all, before a refresh, and comes back for its root keys after it.

The old copy's root was destroyed when all three had entered the next epoch, so nothing of the old epoch opens. Its twin
is the same copy with the old root kept, as a custodian keeps it that does not destroy what it promised to.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from moiety.custody.store.token import ROOT_BYTES
from moiety.drills import sql
from moiety.drills.loot import Loot
from moiety.drills.scene import Scene
from moiety.drills.verdict import Trial

_ACCIDENT: Final = 2.0**-128
"""The probability with which a row opens under a key that is not its own (a tag of 16 bytes)."""


def copied_before(scene: Scene, rng: np.random.Generator) -> tuple[Trial, Trial]:
    """How many people's rows in the copy open with the roots of after the refresh, and with those of before too."""
    before, after = scene.erased.stores[scene.seat], scene.refreshed.stores[scene.seat]
    database = {name: content for name, content in before.files.items() if name not in _keys(before)}
    later = database | _keys(after)
    return _opens(scene, later), _opens(scene, later | {f"kept/{name}": key for name, key in _keys(before).items()})


def _opens(scene: Scene, files: Mapping[str, bytes]) -> Trial:
    slots = scene.erased.slots[scene.seat][scene.staying]
    try:
        opened = np.isin(slots, sql.rows(files, scene.erased.gallery).slots)
    except LookupError:
        opened = np.zeros(len(slots), np.bool_)
    return Trial(float(opened.mean()), 0.0, _ACCIDENT if opened.any() else 1.0, len(slots))


def _keys(loot: Loot) -> dict[str, bytes]:
    """What may be a root key: a thief tries every file of that length."""
    return {name: content for name, content in loot.files.items() if len(content) == ROOT_BYTES}
