"""An office with people in it, whose custodians a stolen gateway asks while they run."""

from __future__ import annotations

import shutil
from contextlib import closing
from functools import partial
from pathlib import Path

import numpy as np

from moiety.drills import malformed, retry
from moiety.drills.people import invent
from moiety.drills.run import ATTACKS, attack, seeded
from moiety.drills.scene import Probing, Retrying, Scene
from moiety.drills.site import GALLERY, Deployment
from moiety.drills.verdict import level, passed
from moiety.identity.ports import silent
from tests.drills.conftest import DIM, SEED

PEOPLE = 40


class Running:
    """The office, robbed once."""

    def __init__(self, folder: Path) -> None:
        self._rng = np.random.default_rng(SEED)
        self._people, self._strangers = invent(PEOPLE, DIM, self._rng), invent(PEOPLE, DIM, self._rng)
        self._entropies = partial(seeded, SEED)
        with closing(
            Deployment(folder / "running", self._people, self._people.elsewhere, self._entropies, self._rng)
        ) as made:
            made.enrol_together()
            self._theft, self._office, self._now = made.rob(), made.office, made.now()

    def probed(self, copy: Path) -> Probing:
        """What malformed probes get; a copy of the office is made for it."""
        shutil.copytree(self._office, copy)
        slots = self._theft.slots["a"]
        return malformed.probed(
            copy, GALLERY, self._now, slots, self._people.elsewhere, self._strangers.fresh, self._entropies, self._rng
        )

    def retried(self, seat: str) -> Retrying:
        """What an attempt that is made to run again gives to who listens at this seat."""
        return retry.retried(
            self._office, GALLERY, self._now, seat, self._theft, self._people.elsewhere, self._entropies
        )


def findings(scene: Scene, *names: str) -> set[str]:
    """Of these attacks those that did not come out as designed, judged as in a whole drill."""
    rows = attack(scene, SEED, silent, tuple(row for row in ATTACKS if row.name in names))
    assert len(rows) == len(names)
    return {row.name for row in rows if not passed(row, level(ATTACKS))}
