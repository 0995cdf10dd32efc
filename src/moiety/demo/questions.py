"""What is asked of the office in the demo: does this photograph show the first person, and whom does it show?"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from moiety.demo.cast import Cast
from moiety.demo.premises import GALLERY, Premises
from moiety.identity.results import Candidates
from moiety.matching.words import quantise

_SEARCHES: Final = 5
"""Searches of which the median is told."""


@dataclass(frozen=True, slots=True)
class Tried:
    """One photograph, asked both ways: was it verified as the first person, and whom did it identify?

    `shows` is who of those enrolled is in it, if anybody; `found` are the names of those found, in no order.
    """

    photograph: str
    shows: str | None
    verified: bool
    found: tuple[str, ...]

    @property
    def matched(self) -> bool:
        """Whether verify and identify both found the first person, who is there."""
        return self.verified and self.shows in self.found

    @property
    def mistaken(self) -> bool:
        """Whether a photograph that does not show the first person was believed to, or anybody found who is not
        there."""
        return self.verified or any(name != self.shows for name in self.found)


@dataclass(frozen=True)
class Answers:
    """`genuine` are the first person's other photographs; `impostors` the second person's and the stranger's, each of
    which claims to be the first. `identify_ms` is from a photograph's file to the answer, `search_ms` of that the
    search at the custodians: medians. `stranger` is what is answered about somebody who is not enrolled.
    """

    genuine: list[Tried]
    impostors: list[Tried]
    stranger: Candidates
    verify_fmr: float
    identify_ms: float
    search_ms: float


def ask(cast: Cast, at: Premises) -> Answers:
    """Ask about every photograph that was not enrolled, and the second person's, who has no other."""
    genuine = [tried(cast, at, photograph, cast.first.name) for photograph in cast.first.others]
    impostors = [
        tried(cast, at, cast.second.enrolled, cast.second.name),
        tried(cast, at, cast.stranger.enrolled, None),
    ]
    times = []
    for photograph in (*cast.first.others, cast.second.enrolled, cast.stranger.enrolled):
        started = time.perf_counter()
        answer = at.door.identify(photograph)
        times.append(time.perf_counter() - started)
    return Answers(
        genuine=genuine,
        impostors=impostors,
        stranger=answer,
        verify_fmr=at.door.verify(cast.stranger.enrolled, claimed=at.pseudonym(0)).fmr,
        identify_ms=1e3 * median(times),
        search_ms=1e3 * _search_s(cast.stranger.enrolled, at),
    )


def tried(cast: Cast, at: Premises, photograph: Path, shows: str | None) -> Tried:
    """Ask both questions about one photograph; the first person enrolled is the one it claims to show."""
    names = {at.pseudonym(row): person.name for row, person in enumerate((cast.first, cast.second))}
    verdict = at.door.verify(photograph, claimed=at.pseudonym(0))
    found = tuple(names.get(pseudonym, "a random row") for pseudonym in at.door.identify(photograph))
    return Tried(photograph.name, shows, bool(verdict), found)


def _search_s(photograph: Path, at: Premises) -> float:
    probe = quantise(at.recogniser.probe(photograph).vector)[None]
    times = []
    for _ in range(_SEARCHES):
        started = time.perf_counter()
        at.custodians.identify(GALLERY, probe)
        times.append(time.perf_counter() - started)
    return median(times)
