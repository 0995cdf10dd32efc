"""The demo from beginning to end, with nothing but real parts, in a folder that the caller throws away."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from moiety.demo import attacks, crowd, theft
from moiety.demo.attacks import Spoils
from moiety.demo.cast import Cast
from moiety.demo.premises import Premises
from moiety.demo.questions import Answers, Tried, ask, tried
from moiety.demo.theft import PARTNER, THIEF, Haul
from moiety.drills.algebra import SEATS
from moiety.drills.people import People, quantised
from moiety.drills.scene import PLAIN, Theft
from moiety.drills.verdict import Measured
from moiety.identity.ports import Clock, Entropy, Models, Progress, silent

_FIRST: Final = 0
_SECOND: Final = 1


@dataclass(frozen=True)
class Renewal:
    """A refresh of `rows` rows. `mixed` is the place of the second person's row, for the very photograph enrolled, in
    the thief's old file beside another custodian's new one; `unmixed` the same with both files old."""

    seconds: float
    rows: int
    mixed: int
    unmixed: int


@dataclass(frozen=True)
class Played:
    """Everything that the demo measured: `screen` shows it, and `moiety demo --json` prints a part of it.

    `after` are all photographs of the first person once they were erased.
    """

    cast: Cast
    model: str
    random_rows: int
    enrol_s: float
    answers: Answers
    haul: Haul
    names_found: dict[str, int]
    after: list[Tried]
    renewal: Renewal
    drill: list[Measured]
    passed: list[bool]

    @property
    def good(self) -> bool:
        """Whether everybody was found who should be, nobody who should not, and every attack came out as designed."""
        strangers = [*self.answers.impostors, *self.after]
        found = all(one.matched for one in self.answers.genuine)
        return found and not any(one.mistaken for one in strangers) and all(self.passed)


def play(
    cast: Cast, rows: int, folder: Path, models: Models, *, clock: Clock, entropy: Entropy, progress: Progress
) -> Played:
    """Play it in `folder`, which must exist; whatever is told is measured now.

    `rows` random rows are enrolled beside the two people. Raises what the stories raise.
    """
    seed = int.from_bytes(entropy(8), "big")
    first, second = cast.first, cast.second
    names = (first.name, second.name)
    with (
        closing(Premises(folder / "here", models, clock, entropy)) as here,
        closing(Premises(folder / "there", models, clock, entropy)) as there,
    ):
        vectors = crowd.invent(rows, here.dim, np.random.default_rng(seed))
        here.enrol([(first, first.enrolled), (second, second.enrolled)], vectors, progress)
        few = vectors[: attacks.JUDGED - len(names)].copy()
        del vectors  # with many rows it is large, and `here.templates` has it
        there.enrol([(first, first.others[0]), (second, second.enrolled)], few, silent)
        answers = ask(cast, here)
        enrolled, elsewhere = here.rob(), there.rob()
        photograph = quantised(here.recogniser.probe(first.others[-1]).vector)
        haul = theft.haul(enrolled, elsewhere, _FIRST, photograph, here.pseudonyms)
        here.erase(_FIRST)
        after = [tried(cast, here, photograph, None) for photograph in first.photographs]
        erased = here.rob_again(enrolled, (THIEF, PLAIN), _FIRST)
        started = time.perf_counter()
        here.refresh(progress)
        refresh_s = time.perf_counter() - started
        refreshed = here.rob_again(enrolled, SEATS, _FIRST)
        spoils = Spoils(enrolled, elsewhere, erased, refreshed)
        named, names_found = attacks.read_names(enrolled, names, seed)
        drill = [named, *attacks.carry_out(spoils, _judged(here, there), here.pseudonyms, seed, progress)]
        return Played(
            cast=cast,
            model=here.model,
            random_rows=rows,
            enrol_s=here.crowd_s,
            answers=answers,
            haul=haul,
            names_found=names_found,
            after=after,
            renewal=_renewal(enrolled, refreshed, here, refresh_s),
            drill=drill,
            passed=attacks.passed(drill),
        )


def _judged(here: Premises, there: Premises) -> People:
    """Who is in both offices, for the attacks; the thief has the very vectors that were enrolled here."""
    count = len(there.templates)
    nameless = ("",) * count
    return People(nameless, nameless, here.templates[:count], there.templates, here.templates[:count])


def _renewal(old: Theft, new: Theft, here: Premises, seconds: float) -> Renewal:
    staying = np.arange(_SECOND, len(here.pseudonyms))
    photograph = quantised(here.templates[_SECOND])
    mine = old.rows(THIEF, staying)
    mixed, unmixed = (theft.together(mine, other.rows(PARTNER, staying)) for other in (new, old))
    return Renewal(
        seconds=seconds,
        rows=len(staying),
        mixed=theft.place(photograph, mixed, 0),
        unmixed=theft.place(photograph, unmixed, 0),
    )
