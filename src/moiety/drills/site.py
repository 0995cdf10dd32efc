"""Builds what is robbed: real deployments in temporary folders, with real custodians and real files, and plain twins.

People are enrolled through the stories, from folders that carry their names and files that carry their numbers, over
several days of a calendar that the drill turns.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import ceil
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from moiety.custody.custodian import Custodian
from moiety.custody.gateway import book
from moiety.custody.gateway.book import BOOK
from moiety.custody.gateway.embedded import WARNING, Embedded
from moiety.custody.gateway.together import Together
from moiety.custody.store.lock import OfficeLock
from moiety.drills import parties
from moiety.drills.algebra import combine_bytes
from moiety.drills.certificate import stolen_hours
from moiety.drills.loot import Loot, steal
from moiety.drills.malformed import probed
from moiety.drills.parties import Believing, Entropies
from moiety.drills.people import People, Vectors
from moiety.drills.reception import checked_in
from moiety.drills.retry import retried
from moiety.drills.scene import NOBODY, PLAIN, Arrival, Scene, Theft
from moiety.drills.standin import MODEL, Models, photograph, portrait
from moiety.drills.twin import PlainTwin
from moiety.drills.wrecking import lost_by_mending
from moiety.identity.office import Office
from moiety.identity.ports import Newcomer, Progress, silent
from moiety.identity.pseudonym import Pseudonym
from moiety.identity.results import Enrolled
from moiety.matching.words import quantise
from moiety.sharing.seat import SEATS, Seat
from moiety.vault.shelf import Shelf

GALLERY: Final = "door"
DAYS: Final = 5
"""Days over which people are enrolled: rows of one day must be alike, and 200 people make forty a day."""
WATCHED: Final = 16
"""Arrivals after which somebody looks at the stores."""
ERASED_SHARE: Final = 0.1
GUESTS: Final = 200
"""Whose records are kept besides, at most: they resolve a success of 0.6 from chance."""
_FIRST_DAY: Final = datetime(2025, 1, 6, 9, tzinfo=UTC)
_UNIX: Final = datetime(1970, 1, 1, 9, tzinfo=UTC)
_RETENTION_DAYS: Final = 365
_GROUNDS: Final = "consent"
_PSEUDONYM_BYTES: Final = 16
_PURPOSE: Final = f"""
name = "{GALLERY}"
controller = "A drill"
description = "Somebody opens a door"
retention_days = {_RETENTION_DAYS}
model = "{MODEL}"

[targets]
fmr = 1e-3
fpir = 1e-2

[grounds.{_GROUNDS}]
article_6 = "6(1)(a)"
article_9 = "9(2)(a)"
notice = "These people do not exist"
"""


class Deployment:
    """Three custodians and a plain twin with the same people, all in use while they are robbed."""

    def __init__(
        self, folder: Path, people: People, vectors: Vectors, entropies: Entropies, rng: np.random.Generator
    ) -> None:
        self._folder = folder
        self.office = folder / "office"
        self._day = 0
        folder.mkdir()
        self._entropy = entropies(f"{folder.name} gateway")
        self._custodians = self._opened(entropies)
        models, records = Models(vectors.shape[1]), Shelf(folder / "records")
        self._office = Office(self._custodians, models, records, clock=self.now, entropy=self._entropy)
        self._twin = PlainTwin(folder / PLAIN)
        self._office.add_purpose(_PURPOSE.encode())
        self.days = np.arange(len(people)) * DAYS // len(people)
        files = [photograph(portrait(vector, rng), name) for vector, name in zip(vectors, people.names, strict=True)]
        self.photographs = files
        self._people = people
        self._vectors = vectors
        self._rng = rng
        self._ids = np.empty(0, np.int64)
        self.arrivals: list[Arrival] = []

    def enrol(self, progress: Progress) -> None:
        """Everybody, one after the other in order, from a file each: some on each day. Now and then somebody looks."""
        door = self._office.purpose(GALLERY)
        watched = set(_watched(self.days).tolist())
        pseudonyms: list[bytes] = []
        for day in range(DAYS):
            self._day = day
            paths = [[self._written(person)] for person in np.flatnonzero(self.days == day)]
            for outcome in door.enrol_many(paths, grounds=_GROUNDS):
                if not isinstance(outcome, Enrolled):
                    raise outcome
                pseudonyms.append(outcome.pseudonym.value)
                if len(pseudonyms) - 1 in watched:
                    self._keep(pseudonyms)
                    self.arrivals.append(self._look(len(pseudonyms) - 1))
                progress("enrolling people", len(pseudonyms), len(self._people))
        self._keep(pseudonyms)

    def enrol_together(self) -> None:
        """Everybody, straight into the custodians' hands: a batch on each day."""
        pseudonyms = [self._entropy(_PSEUDONYM_BYTES) for _ in self.days]
        for day in range(DAYS):
            expires = (_FIRST_DAY - _UNIX).days + day + _RETENTION_DAYS
            newcomers = [
                Newcomer(quantise(self._vectors[person]), pseudonyms[person], expires, 0)
                for person in np.flatnonzero(self.days == day)
            ]
            self._day = day
            self._custodians.enrol(GALLERY, newcomers)
        self._keep(pseudonyms)

    def _keep(self, pseudonyms: Sequence[bytes]) -> None:
        """Bring the twin up to date with everybody who has come."""
        self.pseudonyms = np.frombuffer(b"".join(pseudonyms), np.uint8).reshape(-1, _PSEUDONYM_BYTES)
        new = slice(len(self._ids), len(pseudonyms))
        who = self._people
        ids = self._twin.enrol(
            who.names[new],
            who.numbers[new],
            self.pseudonyms[new],
            self.photographs[new],
            self._vectors[new],
            self.days[new],
        )
        self._ids = np.concatenate([self._ids, ids])

    def _look(self, person: int) -> Arrival:
        stores: dict[str, Loot] = {PLAIN: steal(self._folder / PLAIN)} | {seat: self._stolen(seat) for seat in SEATS}
        return Arrival(person, {store: loot.seen(GALLERY) for store, loot in stores.items()})

    def _stolen(self, seat: Seat) -> Loot:
        """One custodian's folder as it is now."""
        return steal(self.office / f"custodian-{seat}")

    def erase(self, people: NDArray[np.intp]) -> None:
        """These people, at all three custodians and in the twin."""
        door = self._office.purpose(GALLERY)
        for person in people:
            door.erase(Pseudonym(GALLERY, self.pseudonyms[person].tobytes()))
        self._twin.erase(self._ids[people])
        self._ids[people] = NOBODY

    def refresh(self) -> None:
        """The custodians' rows; in the twin, rows are written anew from another photograph of each.

        It is the nearest that an ordinary database has. No row of it holds the old vector then, in any form (a picture
        of the stand-in carries one too): what the twin still has of that, it left behind.
        """
        self._office.refresh()
        staying = np.flatnonzero(self._ids != NOBODY)
        between = self._people.enrolled[staying] + self._people.elsewhere[staying]
        newer = between / np.linalg.norm(between, axis=1, keepdims=True)
        files = [
            photograph(portrait(vector, self._rng), self._people.names[person])
            for person, vector in zip(staying, newer, strict=True)
        ]
        self._twin.rewrite(self._ids[staying], files, newer)

    def rob(self) -> Theft:
        """Every store as it is now, byte for byte, and where each person's row lies in it."""
        stores: dict[str, Loot] = {seat: self._stolen(seat) for seat in SEATS}
        pair = {seat: stores[seat].rows(GALLERY) for seat in SEATS[:2]}
        if not np.array_equal(pair["a"].slots, pair["b"].slots):
            raise RuntimeError("two custodians of one deployment do not hold the same slots")
        found = combine_bytes({seat: rows.pseudonyms for seat, rows in pair.items()})
        slot_of = {name.tobytes(): slot for name, slot in zip(found, pair["a"].slots.tolist(), strict=True)}
        slots = np.array([slot_of.get(name.tobytes(), NOBODY) for name in self.pseudonyms])
        if np.count_nonzero(slots != NOBODY) != len(slot_of) or not np.array_equal(
            slots == NOBODY, self._ids == NOBODY
        ):
            raise RuntimeError("the rows of a deployment are not those of its people")
        stores[PLAIN] = steal(self._folder / PLAIN)
        return Theft(GALLERY, stores, dict.fromkeys(SEATS, slots) | {PLAIN: self._ids.copy()})

    def close(self) -> None:
        """Close the office and its plain twin."""
        self._office.close()
        self._twin.close()

    def _opened(self, entropies: Entropies) -> Together:
        """As `Embedded.open`, but with randomness for each custodian: threads would share one out anew each time."""
        Embedded.create(self.office, self._entropy)
        three = parties.three(self.office, Custodian, self.now, lambda seat: entropies(f"{self._folder.name} {seat}"))
        office = three.custodians["a"].standing().office
        written = book.opened(self.office / BOOK, office, clock=self.now, entropy=self._entropy)
        return Embedded(three, OfficeLock(self.office), written, self.now, self._entropy, silent, WARNING)

    def now(self) -> datetime:
        """Nine o'clock on the day of the drill."""
        return _FIRST_DAY + timedelta(days=self._day)

    def _written(self, person: np.intp) -> Path:
        path = self._folder / "pictures" / self._people.names[person] / f"{self._people.numbers[person]}.png"
        path.parent.mkdir(parents=True)
        path.write_bytes(self.photographs[person])
        return path


def _watched(days: NDArray[np.int64]) -> NDArray[np.intp]:
    """After whose arrival somebody looks: never after the first of a day, whom the day alone tells."""
    later: NDArray[np.intp] = np.flatnonzero(np.diff(days, prepend=-1) == 0)
    return later[np.unique(np.linspace(0, len(later) - 1, min(len(later), WATCHED)).astype(np.intp))]


def build(
    seat: str, people: People, strangers: People, entropies: Entropies, rng: np.random.Generator, progress: Progress
) -> Scene:
    """Set up two deployments with the same people in temporary folders, use them, and rob them at four moments."""
    with tempfile.TemporaryDirectory(prefix="moiety-drill-") as folder:
        return _robbed(seat, people, strangers, Path(folder), entropies, rng, progress)


def _robbed(
    seat: str,
    people: People,
    strangers: People,
    folder: Path,
    entropies: Entropies,
    rng: np.random.Generator,
    progress: Progress,
) -> Scene:
    with closing(Deployment(folder / "first", people, people.enrolled, entropies, rng)) as first:
        first.enrol(progress)
        enrolled = first.rob()
        first.erase(rng.choice(len(people), ceil(ERASED_SHARE * len(people)), replace=False))
        erased = first.rob()
        first.refresh()
        refreshed = first.rob()
    with closing(Deployment(folder / "second", people, people.elsewhere, entropies, rng)) as second:
        second.enrol_together()
        elsewhere = second.rob()
        office, now, names = second.office, second.now(), second.pseudonyms
    progress("sending what is no face", 0, 2)
    retrying = retried(office, GALLERY, now, seat, elsewhere, people.elsewhere, entropies)
    progress("sending what is no face", 1, 2)
    slots = elsewhere.slots[seat]
    probing = probed(office, GALLERY, now, slots, people.elsewhere, strangers.fresh, entropies, rng)
    progress("sending what is no face", 2, 2)
    lost = {kind: lost_by_mending(office, GALLERY, now, names, kind, entropies) for kind in (Custodian, Believing)}
    progress("stealing a certificate", 0, 2)
    budgeted = stolen_hours(folder / "third", people, entropies, budgeted=True)
    progress("stealing a certificate", 1, 2)
    unbudgeted = stolen_hours(folder / "fourth", people, entropies, budgeted=False)
    progress("stealing a certificate", 2, 2)
    register = checked_in(seat, min(len(people), GUESTS), entropies, rng, progress)
    return Scene(
        seat=seat,
        people=people,
        strangers=strangers,
        photographs=first.photographs,
        pseudonyms=first.pseudonyms,
        days=first.days,
        enrolled=enrolled,
        erased=erased,
        refreshed=refreshed,
        elsewhere=elsewhere,
        arrivals=first.arrivals,
        budgeted=replace(budgeted, lost=lost[Custodian]),
        unbudgeted=replace(unbudgeted, lost=lost[Believing]),
        probing=probing,
        retrying=retrying,
        register=register,
    )
