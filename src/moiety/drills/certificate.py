"""Attacks: drain and wreck. A gateway was stolen: its certificate, and the caller's key that lies beside it.

For an hour the thief asks three served custodians, over their own wire and with everything signed, for all that they
give: who is on the pictures that he has, and then that everybody be erased. What comes of it is bounded by the budgets
that each custodian keeps on its own host. The twin is the same deployment without budgets. What he destroys without
erasing it, `wrecking` tries.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic, sleep
from typing import Final

import numpy as np
from numpy.typing import NDArray

from moiety.custody.gateway import searching, trial
from moiety.custody.gateway.apart import Apart
from moiety.custody.gateway.deployment import DEPLOYMENT
from moiety.custody.gateway.three import Headers, unheard
from moiety.custody.net.config import Deployment
from moiety.custody.net.server import served
from moiety.custody.refusals import AnswerUnknown, CustodianDown
from moiety.custody.store.handles import handles
from moiety.custody.store.sql import unobserved
from moiety.custody.trust.limits import Limit, Scope, Unit
from moiety.custody.trust.spending import BudgetSpent
from moiety.custody.verbs import Clock
from moiety.drills.people import People
from moiety.drills.scene import Hours, Scene
from moiety.drills.verdict import Trial
from moiety.identity.ports import Entropy, Newcomer, silent
from moiety.matching.header import ATTEMPT_BYTES
from moiety.matching.policy import Rate, Terms
from moiety.matching.words import quantise
from moiety.sharing.seat import SEATS, Seat

HOUR: Final = Limit(burst=4, daily=48)
"""Of matches and of erasures: small, so that a drill meets them. An hour gives the burst and a twenty-fourth more."""

MOST: Final = HOUR.burst + HOUR.daily // 24

_FREE: Final = Limit(burst=10**9, daily=10**11)
_STEP: Final = timedelta(minutes=5)
_ASKED: Final = 13
"""Times in an hour, at its beginning and at its end too."""
_GREEDY: Final = (4, 4)
_PATIENT: Final = (1, 1)
"""Searches at once, and people in each. The greedy thief halves what is refused, and may get nothing at all: where two
searches overlap and the custodians disagree on which of them came within the budget, he is told neither. The patient
one asks for one person after the other."""
_NIGHT: Final = timedelta(hours=23)
_BEGIN: Final = datetime(2025, 1, 6, 9, tzinfo=UTC)
_UNIX: Final = datetime(1970, 1, 1, 9, tzinfo=UTC)
_VALID_DAYS: Final = 30
_PAUSE_S: Final = 0.05
_STARTING_S: Final = 30.0
_GALLERY: Final = "door"
_PSEUDONYM_BYTES: Final = 16
_ACCIDENT: Final = 1e-9
"""The probability that a count exceeds its bound by chance: there is no chance in it."""


class _Moved:
    """The clock of everybody in it, which the thief's hour moves."""

    def __init__(self) -> None:
        self.now = _BEGIN

    def __call__(self) -> datetime:
        return self.now


def drain(scene: Scene, rng: np.random.Generator) -> tuple[Trial, Trial]:
    """How many of the people on his pictures the thief had named, and how many the budget lets him have."""
    with_them, without = scene.budgeted, scene.unbudgeted
    return _trial(with_them, with_them.named, MOST), _trial(without, without.named, MOST)


def wreck(scene: Scene, rng: np.random.Generator) -> tuple[Trial, Trial]:
    """How many people he had erased, or lost to a custodian by mending, and how many the budget lets him have.

    The twin falls if it falls to both.
    """
    with_them, without = scene.budgeted, scene.unbudgeted
    gone = with_them.erased + with_them.lost
    return _trial(with_them, gone, MOST), _trial(without, min(without.erased, without.lost), MOST)


def stolen_hours(folder: Path, people: People, entropy: Callable[[str], Entropy], *, budgeted: bool) -> Hours:
    """Set up three served custodians in a folder, with everybody enrolled, and use their gateway's keys for an hour to
    name people, on two days of which the better one counts, and on another day for an hour to erase them; nobody is
    `lost` by that."""
    clock = _Moved()
    gateway = entropy(f"{folder.name} gateway")
    trial.lay_out(folder, clock(), gateway, trial.free_ports())
    with ExitStack() as undo:
        for seat in SEATS:
            undo.enter_context(_custodian(folder, seat, clock, entropy(f"{folder.name} {seat}"), budgeted))
        clock.now += timedelta(seconds=1)  # nobody is let in before the second is over in which a custodian began
        office = connected(folder, clock, gateway)
        undo.callback(office.close)
        known = _enrolled(office, people, gateway)

        named = 0
        for habit in (_GREEDY, _PATIENT):
            named = max(named, _name(office, known, clock, gateway, *habit))
            clock.now += _NIGHT
        erased = _erase(office, known, clock)
    return Hours(len(people), named, erased)


def connected(folder: Path, clock: Clock, entropy: Entropy) -> Apart:
    """The gateway of a deployment, once its custodians have found each other. Raises `CustodianDown`."""
    deployment, until = Deployment.read(folder / DEPLOYMENT), monotonic() + _STARTING_S
    while True:
        try:
            return Apart.connect(deployment, clock=clock, entropy=entropy, progress=silent)
        except CustodianDown:
            if monotonic() > until:
                raise
            sleep(_PAUSE_S)


def _custodian(
    folder: Path, seat: Seat, clock: Clock, entropy: Entropy, budgeted: bool
) -> AbstractContextManager[object]:
    config = trial.home(folder, seat) / trial.CONFIG
    with config.open("a") as text:
        for scope in (Scope.GATEWAY, Scope.PURPOSE, Scope.CALLER):
            text.write(f"\n[limits.{scope.value}]\n")
            for unit in Unit:
                limit = HOUR if budgeted and unit in (Unit.MATCHES, Unit.ERASURES) else _FREE
                text.write(f"{unit.value} = {{ burst = {limit.burst}, daily = {limit.daily} }}\n")
    return served(config, clock=clock, entropy=entropy, observer=unobserved, progress=silent)


def _enrolled(office: Apart, people: People, entropy: Entropy) -> list[Newcomer]:
    """Everybody, by the gateway while it was honest: who is on the thief's pictures."""
    rates = (Rate(1e-3, 0.02, 9_000), Rate(1e-5, 0.1, 11_000))
    terms = Terms("a drill's", people.enrolled.shape[1], rates, fmr=1e-3, fpir=1e-2)
    day = (_BEGIN - _UNIX).days + _VALID_DAYS
    known = [Newcomer(quantise(vector), entropy(_PSEUDONYM_BYTES), day, 0) for vector in people.enrolled]
    office.add_gallery(_GALLERY, terms, b"")
    office.enrol(_GALLERY, known)
    return known


def _name(
    office: Apart, known: list[Newcomer], clock: _Moved, entropy: Entropy, at_once: int, most_pictures: int
) -> int:
    """How many he had named in an hour, by as many searches at once, of as many pictures each, as are let in.

    He asks for the names of all slots whatever matched, and without a search at all: the gateway was told them when it
    enrolled people. Refused, he asks for those that did match. Each of his probes lies between two people and matches
    both, so that he finds more than he has asked for.
    """
    everybody, pseudonyms = _slots(office, known), {one.pseudonym for one in known}
    named: set[bytes] = set()

    def told(attempt: bytes, slots: NDArray[np.int64]) -> set[bytes]:
        try:
            return pseudonyms.intersection(searching.pseudonyms(office.three, _GALLERY, attempt, slots))
        except (AnswerUnknown, BudgetSpent):
            return set()

    def ask(some: list[Newcomer]) -> set[bytes]:
        headers = Headers(office.three.standings()["a"], clock, entropy)
        pairs = [some[at : at + 2] for at in range(0, len(some), 2)]
        words = np.stack([quantise(np.sum([one.words for one in pair], axis=0, dtype=np.float64)) for pair in pairs])
        try:
            matched = searching.search(office.three, headers, entropy, _GALLERY, words, unheard)
        except BudgetSpent:
            return set()
        slots = np.unique(matched.pairs[:, 1])
        if not len(slots):
            return set()
        return told(matched.attempt, np.union1d(slots, everybody)) or told(matched.attempt, slots)

    named |= told(entropy(ATTEMPT_BYTES), everybody)
    with ThreadPoolExecutor(at_once) as threads:
        for _ in range(_ASKED):
            pictures = most_pictures
            while pictures and len(named) < len(known):
                left = [one for one in known if one.pseudonym not in named][: pictures * at_once]
                portions = [left[at : at + pictures] for at in range(0, len(left), pictures)]
                news = set().union(*threads.map(ask, portions))
                named |= news
                pictures = pictures if news else pictures // 2
            clock.now += _STEP
    return len(named)


def _slots(office: Apart, known: list[Newcomer]) -> NDArray[np.int64]:
    """Where everybody lies, ascending."""
    found: list[int] = []
    with ExitStack() as held:
        for seat in SEATS:
            held.enter_context(office.remotes[seat].leased())
        for one in known:
            handle = handles(_GALLERY, [one.pseudonym])["a"].tobytes()
            found += office.remotes["a"].locate(_GALLERY, handle).tolist()
    return np.array(sorted(found), dtype=np.int64)


def _erase(office: Apart, known: list[Newcomer], clock: _Moved) -> int:
    """How many he had erased in an hour, trying again and again. One change at a time is let in."""
    done = 0
    for _ in range(_ASKED):
        try:
            while done < len(known):
                if not office.erase(_GALLERY, known[done].pseudonym):
                    raise RuntimeError("somebody who is enrolled is unknown")
                done += 1
        except BudgetSpent:
            clock.now += _STEP
    return done


def _trial(hours: Hours, got: int, most: int) -> Trial:
    """Within the bound nothing was found; above it, or without one, it is no accident."""
    within = got <= most < hours.people
    return Trial(got / hours.people, most / hours.people, 1.0 if within else _ACCIDENT, hours.people)
