"""The rows of the drill that the demo carries out on its own files, by the drill's own code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from moiety.demo.theft import PARTNER, THIEF, TOGETHER
from moiety.drills import canaries, read, verdict
from moiety.drills.haystack import Haystack
from moiety.drills.people import People, invent
from moiety.drills.run import ATTACKS, attack
from moiety.drills.scene import PLAIN, Scene, Theft
from moiety.drills.verdict import Measured, by_decoys
from moiety.identity.ports import Progress

JUDGED: Final = 240
"""People among whom guesses are judged; half of them teach the thief's rule. A second an attack."""
FEWEST_JUDGED: Final = 40
"""With fewer, even an attack that works would not be told from luck."""
STRICTER: Final = 10
"""The drill calls an honest store leaky once in 100 runs; a demo that is shown around does so once in 1,000."""

_ANY_DIM: Final = 2
_READ_NAMES: Final = "read names"
DIG: Final = "dig for the erased"
ALONE: Final = "match the enrolled photograph"
BOTH: Final = "together: match"
_GUESS: Final = (ALONE, "link two deployments", "mix epochs: match", BOTH)


@dataclass(frozen=True)
class Spoils:
    """Everything stolen in the demo: with all enrolled, from another office, after an erasure, after a refresh."""

    enrolled: Theft
    elsewhere: Theft
    erased: Theft
    refreshed: Theft


def carry_out(
    spoils: Spoils, people: People, pseudonyms: NDArray[np.uint8], seed: int, progress: Progress
) -> list[Measured]:
    """Attack what was stolen, judged on `people`, who are the first rows of every store.

    `pseudonyms` is (rows, 16). With fewer than `FEWEST_JUDGED` people, guesses are left out.
    """
    some = len(people)
    scene = Scene(
        seat=THIEF,
        people=people,
        strangers=invent(some, people.enrolled.shape[1], np.random.default_rng(seed)),
        photographs=(),
        pseudonyms=pseudonyms[:some],
        days=np.zeros(some, np.int64),
        enrolled=spoils.enrolled,
        erased=_of_first(spoils.erased, some),
        refreshed=spoils.refreshed,
        elsewhere=spoils.elsewhere,
        arrivals=(),
    )
    wanted = {DIG, *_GUESS} if some >= FEWEST_JUDGED else {DIG}
    return attack(scene, seed, progress, tuple(row for row in ATTACKS if row.name in wanted))


def read_names(theft: Theft, names: Sequence[str], seed: int) -> tuple[Measured, dict[str, int]]:
    """Look for names in every encoding: the drill's row, and how many stand in each store.

    The drill reads four thefts at once. Here one must do, since the files are large, and each is read once.
    """
    row = next(row for row in ATTACKS if row.name == _READ_NAMES)
    rng = np.random.default_rng(seed)
    wanted, decoys = (
        [canaries.text(name) for name in some] for some in (names, invent(len(names), _ANY_DIM, rng).names)
    )
    found, trials = {}, {}
    for store in (PLAIN, THIEF, PARTNER):
        haystack = Haystack(theft.stores[store].parts())
        hits = read.found(haystack, [*wanted, *decoys])
        found[store], others = hits[: len(names)], hits[len(names) :]
        trials[store] = by_decoys(found[store], others, haystack.accident(sum(map(len, wanted))), rng)
    found[TOGETHER] = found[THIEF] | found.pop(PARTNER)
    measured = Measured(
        row.name, (f"custodian-{THIEF}",), trials[THIEF], trials[PLAIN], row.unit, row.expected, row.sentence
    )
    return measured, {store: int(some.sum()) for store, some in found.items()}


def passed(rows: Sequence[Measured]) -> list[bool]:
    """For each row whether it came out as designed."""
    alpha = verdict.level(rows) / STRICTER
    return [verdict.passed(row, alpha) for row in rows]


def _of_first(theft: Theft, some: int) -> Theft:
    """A theft about whoever is judged: a scene takes from it who has gone and who is staying."""
    return Theft(theft.gallery, theft.stores, {store: slots[:some] for store, slots in theft.slots.items()})
