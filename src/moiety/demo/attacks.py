"""The rows of the drill that the demo carries out on its own files, by the drill's own code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from moiety.demo.theft import THIEF
from moiety.drills import canaries, read, verdict
from moiety.drills.people import People, invent
from moiety.drills.run import ATTACKS, attack
from moiety.drills.scene import PLAIN, Scene, Theft
from moiety.drills.verdict import Measured
from moiety.identity.ports import Progress

JUDGED: Final = 160
"""People among whom guesses are judged; half of them teach the thief's rule. Half a second an attack."""
FEWEST_JUDGED: Final = 40
"""With fewer, even an attack that works would not be told from luck."""
STRICTER: Final = 10
"""The drill calls an honest store leaky once in 100 runs; a demo that is shown around does so once in 1,000."""

_READ_NAMES: Final = "read names"
_DIG: Final = "dig for the erased"
_GUESS: Final = ("match the enrolled photograph", "link two deployments", "mix epochs: match", "together: match")


@dataclass(frozen=True)
class Spoils:
    """Everything stolen in the demo: with all enrolled, from another office, after an erasure, after a refresh."""

    enrolled: Theft
    elsewhere: Theft
    erased: Theft
    refreshed: Theft


def carry_out(
    spoils: Spoils, people: People, names: Sequence[str], pseudonyms: NDArray[np.uint8], seed: int, progress: Progress
) -> list[Measured]:
    """Attack what was stolen, judged on `people`, who are the first rows of every store.

    `names` are of the first of them; `pseudonyms` is (rows, 16). With fewer than `FEWEST_JUDGED` people, guesses are
    left out.
    """
    some = len(people)
    strangers = invent(some, people.enrolled.shape[1], np.random.default_rng(seed))
    scene = Scene(
        seat=THIEF,
        people=people,
        strangers=strangers,
        photographs=(),
        pseudonyms=pseudonyms[:some],
        days=np.zeros(some, np.int64),
        enrolled=spoils.enrolled,
        erased=_of_first(spoils.erased, some),
        refreshed=spoils.refreshed,
        elsewhere=spoils.elsewhere,
    )
    wanted = {_DIG, *_GUESS} if some >= FEWEST_JUDGED else {_DIG}
    rows = attack(scene, seed, progress, tuple(row for row in ATTACKS if row.name in wanted))
    return [_read_names(spoils.enrolled, names, strangers.names[: len(names)], seed), *rows]


def passed(rows: Sequence[Measured]) -> list[bool]:
    """For each row whether it came out as designed."""
    alpha = verdict.level(rows) / STRICTER
    return [verdict.passed(row, alpha) for row in rows]


def _read_names(theft: Theft, names: Sequence[str], others: Sequence[str], seed: int) -> Measured:
    """The drill reads four thefts at once; here one must do, since the files are large."""
    row = next(row for row in ATTACKS if row.name == _READ_NAMES)
    wanted, decoys = ([canaries.text(name) for name in some] for some in (names, others))
    rng = np.random.default_rng(seed)
    split, plain = (read.search(theft.stores[store].haystack, wanted, decoys, rng) for store in (THIEF, PLAIN))
    return Measured(row.name, (f"custodian-{THIEF}",), split, plain, row.unit, row.expected, row.sentence)


def _of_first(theft: Theft, some: int) -> Theft:
    """A theft about whoever is judged: a scene takes from it who has gone and who is staying."""
    return Theft(theft.gallery, theft.stores, {store: slots[:some] for store, slots in theft.slots.items()})
