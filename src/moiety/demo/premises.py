"""One office of the demo, and beside it a plain database of the same people, as such systems commonly keep them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

import numpy as np

from moiety.custody.gateway.embedded import Embedded
from moiety.demo import crowd, theft
from moiety.demo.cast import Person
from moiety.drills.people import Vectors
from moiety.drills.scene import PLAIN, Theft
from moiety.drills.twin import PlainTwin
from moiety.identity.examples import DOOR
from moiety.identity.office import Office
from moiety.identity.ports import Clock, Entropy, Models, Progress
from moiety.identity.pseudonym import Pseudonym
from moiety.vault.shelf import Shelf

GALLERY: Final = "door"
"""The purpose of `identity.examples.DOOR`."""
_GROUNDS: Final = "consent"


class Premises:
    """Three custodians in `folder`/office and a plain database in `folder`/plain. Close it after use.

    `templates` (rows, d) and `pseudonyms` uint8 (rows, 16) are of everybody enrolled: first the people, then random
    rows, which took `crowd_s` seconds. They tell the judge what no store tells.
    """

    def __init__(self, folder: Path, models: Models, clock: Clock, entropy: Entropy) -> None:
        self._folder = folder
        self._clock = clock
        self._entropy = entropy
        folder.mkdir()
        Embedded.create(folder / "office", entropy)
        self.custodians = Embedded.open(folder / "office", clock=clock, entropy=entropy)
        self._office = Office(self.custodians, models, Shelf(folder / "records"), clock=clock, entropy=entropy)
        self._plain = PlainTwin(folder / PLAIN)
        self._office.add_purpose(DOOR.encode())
        self.door = self._office.purpose(GALLERY)
        self.model = self.door.document.model
        self.dim = self.custodians.gallery(GALLERY).terms.dim
        self.recogniser = models.recogniser(self.model)

    def enrol(self, people: Sequence[tuple[Person, Path]], vectors: Vectors, progress: Progress) -> None:
        """Enrol each person from one photograph, then random rows from prepared templates `vectors` (n, d)."""
        enrolled = [self.door.enrol([photograph], grounds=_GROUNDS) for _, photograph in people]
        named = [self.recogniser.template([photograph]).vector for _, photograph in people]
        started = time.perf_counter()
        rows = crowd.enrol(
            vectors,
            self.custodians,
            GALLERY,
            valid=timedelta(days=self.door.document.retention_days),
            now=self._clock(),
            entropy=self._entropy,
            progress=progress,
        )
        self.crowd_s = time.perf_counter() - started
        self.templates = np.concatenate([np.stack(named), vectors])
        self.pseudonyms = np.concatenate([[np.frombuffer(one.pseudonym.value, np.uint8) for one in enrolled], rows])
        self._enrol_plainly(people, progress)

    def _enrol_plainly(self, people: Sequence[tuple[Person, Path]], progress: Progress) -> None:
        stage, rows = "the same rows into a plain database", len(self.templates)
        progress(stage, 0, rows)
        others = rows - len(people)
        names = tuple(person.name for person, _ in people) + tuple(f"random row {row}" for row in range(others))
        pictures = [photograph.read_bytes() for _, photograph in people] + [b""] * others
        days = np.zeros(rows, np.int64)
        self._ids = self._plain.enrol(names, ("",) * rows, self.pseudonyms, pictures, self.templates, days)
        progress(stage, rows, rows)

    def pseudonym(self, row: int) -> Pseudonym:
        """What the person of a row was given."""
        return Pseudonym(GALLERY, self.pseudonyms[row].tobytes())

    def erase(self, row: int) -> None:
        """Erase one person here, and delete their row from the plain database."""
        self.door.erase(self.pseudonym(row))
        self._plain.erase(self._ids[[row]])

    def refresh(self, progress: Progress) -> None:
        """A new epoch at the custodians; the plain database has nothing of the kind."""
        self._office.refresh(lambda stage, done, total: progress("refreshing", done, total))

    def rob(self) -> Theft:
        """Copy every store as it is now, in use or not."""
        return theft.rob(self._folder / "office", self._folder / PLAIN, GALLERY, self.pseudonyms)

    def rob_again(self, before: Theft, stores: Sequence[str], gone: int) -> Theft:
        """Copy some stores once more, when the person of one row was erased."""
        return theft.rob_again(before, self._folder / "office", self._folder / PLAIN, stores, gone)

    def close(self) -> None:
        """Close both; what is on the disk is the caller's to throw away."""
        self._office.close()
        self._plain.close()
