"""Attack: match. A photograph of somebody against the stolen rows: which of them is that person's?

The scoring rule is the best that can be learned from people whose rows the thief knows; it is judged on the others.
"""

from __future__ import annotations

import numpy as np

from moiety.drills.guess import guess
from moiety.drills.people import Vectors, quantised
from moiety.drills.scene import PLAIN, Scene
from moiety.drills.verdict import Trial
from moiety.drills.views import photograph_and_row


def another_photograph(scene: Scene, rng: np.random.Generator) -> tuple[Trial, Trial]:
    """With a photograph that the store has never seen."""
    return _both(scene, scene.people.fresh, rng)


def same_photograph(scene: Scene, rng: np.random.Generator) -> tuple[Trial, Trial]:
    """With the very photograph that was enrolled: any trace of it in a row would show."""
    return _both(scene, scene.people.enrolled, rng)


def _both(scene: Scene, photographs: Vectors, rng: np.random.Generator) -> tuple[Trial, Trial]:
    def on(store: str) -> Trial:
        rows = scene.enrolled.rows(store, scene.everybody)
        return guess(photograph_and_row(quantised(photographs), rows.words, rows.seat), rng)

    return on(scene.seat), on(PLAIN)
