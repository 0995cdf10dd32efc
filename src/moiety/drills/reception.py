"""Builds what is robbed of records: two purposes that keep the same guests, at real custodians and in a real record
store, their faces under the same pseudonyms, and a plain twin."""

from __future__ import annotations

import tempfile
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from moiety.custody.custodian import Custodian
from moiety.custody.gateway import book
from moiety.custody.gateway.book import BOOK
from moiety.custody.gateway.deployment import home
from moiety.custody.gateway.embedded import WARNING, Embedded
from moiety.custody.store.lock import OfficeLock
from moiety.drills import parties, twin_register
from moiety.drills.guests import Guest, invite
from moiety.drills.loot import Loot, steal
from moiety.drills.parties import Entropies
from moiety.drills.people import invent
from moiety.drills.register import CLINIC, HOTEL, RECORDS, Register
from moiety.drills.scene import PLAIN
from moiety.drills.standin import MODEL, Models
from moiety.errors import Refused
from moiety.identity.office import Office, PurposeOffice
from moiety.identity.ports import Entropy, Newcomer, Progress, silent
from moiety.identity.pseudonym import Pseudonym
from moiety.matching.words import quantise
from moiety.sharing.seat import SEATS
from moiety.vault.shelf import Shelf

ERASED: Final = 8
"""Guests who are destroyed: each takes a tenth of a second."""

_DIM: Final = 64
_DAY: Final = datetime(2025, 1, 6, 9, tzinfo=UTC)
_UNIX: Final = datetime(1970, 1, 1, 9, tzinfo=UTC)
_RETENTION_DAYS: Final = 365
_STEPS: Final = 4
_PURPOSE: Final = """
name = "{name}"
controller = "A drill"
description = "A register of people who do not exist"
retention_days = {days}
model = "{model}"

[targets]
fmr = 1e-3
fpir = 1e-2

[grounds.consent]
article_6 = "6(1)(a)"
article_9 = "9(2)(a)"
notice = "These people do not exist"

[records]
country = "CN"
index = ["name", "birth_date"]

[records.reveal]
officer = ["birth", "contact", "document", "photo"]
"""


def checked_in(store: str, people: int, entropies: Entropies, rng: np.random.Generator, progress: Progress) -> Register:
    """Set up a register of so many guests in a temporary folder, use it, and rob it twice. `store` is `RECORDS` or a
    seat."""
    with tempfile.TemporaryDirectory(prefix="moiety-drill-") as folder:
        return _robbed(store, people, Path(folder), partial(_named, entropies), rng, progress)


def _robbed(
    store: str, people: int, folder: Path, entropies: Entropies, rng: np.random.Generator, progress: Progress
) -> Register:
    guests, strangers = invite(people, rng), invite(people, rng)
    faces = np.stack([quantise(vector) for vector in invent(people, _DIM, rng).enrolled])
    erased = np.sort(rng.choice(people, ERASED, replace=False))
    with closing(_Reception(folder, entropies)) as reception:
        pseudonyms = {}
        for done, purpose in enumerate((HOTEL, CLINIC)):
            progress("checking guests in", done, _STEPS)
            # Nobody comes to two places in one order.
            order = rng.permutation(people)
            pseudonyms[purpose] = reception.keep(purpose, guests, faces, order)
        twin_register.write(folder / PLAIN, {HOTEL: guests, CLINIC: [guests[at] for at in rng.permutation(people)]})
        before = reception.rob()
        progress("checking guests in", 2, _STEPS)
        reception.erase(pseudonyms[HOTEL][erased])
        progress("checking guests in", 3, _STEPS)
        after = reception.rob()
        revived = reception.revived(before[RECORDS], pseudonyms[HOTEL][erased])
    progress("checking guests in", _STEPS, _STEPS)
    return Register(store, guests, strangers, pseudonyms, faces, erased, revived, before, after)


class _Reception:
    """An office with a record store, in use while it is robbed."""

    def __init__(self, folder: Path, entropies: Entropies) -> None:
        self._folder = folder
        self._place = folder / "office"
        self._entropy = entropies("gateway")
        Embedded.create(self._place, self._entropy)
        three = parties.three(self._place, Custodian, self._now, entropies)
        office = three.custodians["a"].standing().office
        written = book.opened(self._place / BOOK, office, clock=self._now, entropy=self._entropy)
        self._custodians = Embedded(three, OfficeLock(self._place), written, self._now, self._entropy, silent, WARNING)
        self._office = self._opened(Shelf(folder / RECORDS))
        for purpose in (HOTEL, CLINIC):
            self._office.add_purpose(_PURPOSE.format(name=purpose, days=_RETENTION_DAYS, model=MODEL).encode())

    def keep(
        self, purpose: str, guests: list[Guest], faces: NDArray[np.int16], order: NDArray[np.intp]
    ) -> NDArray[np.uint8]:
        """Everybody's record, with a photograph in the hotel alone, and everybody's face; their pseudonyms (n, 16)."""
        values = [guests[at].values(pictured=purpose == HOTEL) for at in order]
        pseudonyms = np.empty((len(guests), 16), np.uint8)
        for at, outcome in zip(
            order, self._office.purpose(purpose).people().add_many(values, grounds="consent"), strict=True
        ):
            if isinstance(outcome, Refused):
                raise outcome
            pseudonyms[at] = np.frombuffer(outcome.pseudonym.value, np.uint8)
        expires = (_DAY - _UNIX).days + _RETENTION_DAYS
        self._custodians.enrol(purpose, [Newcomer(faces[at], pseudonyms[at].tobytes(), expires, 0) for at in order])
        return pseudonyms

    def erase(self, people: NDArray[np.uint8]) -> None:
        """These people of the hotel, at once."""
        for person in people:
            self._office.purpose(HOTEL).person(Pseudonym(HOTEL, person.tobytes())).erase(now=True)

    def rob(self) -> dict[str, Loot]:
        """Every store as it is now."""
        found = {seat: steal(home(self._place, seat)) for seat in SEATS}
        return found | {RECORDS: steal(self._folder / RECORDS), PLAIN: steal(self._folder / PLAIN)}

    def revived(self, records: Loot, people: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Whose record opens when this record store is put beside the custodians as they are: bool (n,)."""
        old = self._folder / "old"
        for name, content in records.files.items():
            (old / name).parent.mkdir(parents=True, exist_ok=True)
            (old / name).write_bytes(content)
        with closing(Shelf(old)) as shelf:
            door = self._opened(shelf).purpose(HOTEL)
            return np.array([_opens(door, person) for person in people])

    def close(self) -> None:
        """Close the office and its record store."""
        self._office.close()

    def _opened(self, shelf: Shelf) -> Office:
        return Office(self._custodians, Models(_DIM), shelf, clock=self._now, entropy=self._entropy)

    @staticmethod
    def _now() -> datetime:
        return _DAY


def _opens(door: PurposeOffice, person: NDArray[np.uint8]) -> bool:
    try:
        door.person(Pseudonym(HOTEL, person.tobytes()), role="officer").reveal(["name"], reason="drill")
    except Refused:
        return False
    return True


def _named(entropies: Entropies, party: str) -> Entropy:
    return entropies(f"register {party}")
