"""One gallery in one custodian's hands: its pages in SQL, opened as they are read, and its cache."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from threading import Lock

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from moiety.custody.crew import cores, crew
from moiety.custody.doubts import GalleryUnchecked
from moiety.custody.looking import Seen, look_through, mark, nothing
from moiety.custody.matrix import Matrix
from moiety.custody.refusals import GalleryDamaged, GalleryUnknown, HeaderRefused
from moiety.custody.store import kinds, page, seal, tables
from moiety.custody.store.keyring import keyring
from moiety.custody.store.page import IDENTITY_BYTES, Pages, Place
from moiety.custody.store.slots import MOST_SLOTS, SLOTS, Staging
from moiety.custody.store.sql import Store
from moiety.custody.store.stored import Change, Current, fetch_states
from moiety.custody.store.tables import GalleryRow
from moiety.custody.verbs import Progress, silent
from moiety.matching.policy import Terms
from moiety.sharing.seat import Seat


@dataclass(frozen=True)
class Alive:
    """Who may match on one day: the public mask, uint64 (slots / 64,), bit r % 64 of word r // 64, and how many."""

    mask: NDArray[np.uint64]
    count: int


class Gallery:
    """The rows of one gallery at one custodian, and whether it is answered for: `sound`. `changed` hears of every
    change within its transaction. Its callers hold the office lock."""

    def __init__(
        self,
        store: Store,
        seat: Seat,
        name: str,
        sound: Callable[[GalleryRow], bool],
        changed: Callable[[Connection], None],
    ) -> None:
        self._sound = sound
        self._changed = changed
        self.store = store
        self.seat: Seat = seat
        self.name = name
        self.matrix = Matrix(2)
        # As many as processors for each custodian: three threads on two would leave one of them alone at the end.
        self.crew = crew(f"distances-{seat}", cores())
        self.damaged: set[int] = set()
        # What the three must hold alike, as everything that was last read had it.
        self.public = b""
        self._bringing_up_to_date = Lock()
        self._cached: tuple[int, int] | None = None
        self._read: tuple[int, Current] | None = None
        self._latest_day = 0
        self._papers: tuple[bytes, Terms] | None = None
        self._identities = np.empty((0, IDENTITY_BYTES), dtype=np.uint8)
        self._alive: tuple[tuple[int, int, int], Alive] | None = None

    def current(self, connection: Connection) -> Current:
        """Raises `GalleryUnknown`, and `GalleryDamaged` where the file says what cannot be."""
        row = tables.gallery(connection, self.name)
        if row is None:
            raise GalleryUnknown
        if not 0 <= row.pages * SLOTS <= MOST_SLOTS:
            raise GalleryDamaged
        own = tables.custodian(connection)
        place = Place(own.office, self.seat, self.name, own.epoch)
        key = keyring(connection).key(connection, own, own.epoch)
        return Current(row, own.epoch, place, self._terms(row.terms), key, Staging(own.staging))

    def _terms(self, papers: bytes) -> Terms:
        """Read once, and not at every operation."""
        kept = self._papers
        if kept is None or kept[0] != papers:
            kept = self._papers = papers, kinds.read_papers(self.name, papers)
        return kept[1]

    def now(self) -> Current:
        """As `current`, in a transaction of its own; the cache stays as it is."""
        with self.store.reading() as connection:
            return self.current(connection)

    @contextmanager
    def changing(self, step: str) -> Iterator[Change]:
        """One durable change: all of it, or nothing. Its commit point is called `step`.

        Raises `HeaderRefused` while the next epoch is staged: it would come without this change, so that somebody who
        was erased would be there again, and whoever was enrolled would not.
        """
        with self.store.writing(step) as connection:
            current = self.current(connection)
            if current.staging.beside:
                raise HeaderRefused
            change = Change(connection, current, current.row.pages)
            yield change
            self._changed(connection)
        self._follow(change)

    def read(self, progress: Progress = silent) -> Current:
        """Bring the cache up to date with SQL, and note pages that are not intact.

        Writers exclude readers, so what a search reads from the cache meanwhile does not change.
        """
        with self._bringing_up_to_date:
            stamp = self.store.stamp()
            kept = self._read
            if kept is None or kept[0] != stamp:
                # Until all of it was read, the cache is neither the old state nor the new one.
                self._read = None
                try:
                    kept = (stamp, self._bring_up_to_date(progress))
                except BaseException:
                    self._cached = None
                    raise
                self._read = kept
            return kept[1]

    def _bring_up_to_date(self, progress: Progress) -> Current:
        with self.store.reading() as connection:
            current = self.current(connection)
            key = (current.epoch, current.row.version)
            if self._cached is None or self._cached[0] != current.epoch:
                self._cached = None
                # What is opened one by one is read from SQL, and never lies in memory all together.
                self.matrix = Matrix(0 if kinds.is_keys(self.name) else current.terms.dim)
                self._read_all(connection, current, progress)
            elif self._cached != key:
                self._catch_up(connection, current)
            self._cached = key
            return current

    def look(self, progress: Progress = silent) -> Seen:
        """Read everything again from SQL, beside the cache, from which searches are answered meanwhile."""
        with self.store.reading() as connection:
            current = self.current(connection)
            return look_through(connection, current, nothing, nothing, self._heard(current, progress))

    def believe(self, seen: Seen) -> bool:
        """Take over what `look` found, and read the cache anew when it is next asked for if it was read from other
        pages, or from one that was not intact and is now; whether it is. The caller has its turn alone, and nothing has
        changed since."""
        with self._bringing_up_to_date:
            anew = not self.damaged <= seen.damaged or self.mark() != seen.mark
            if anew:
                self._read = self._cached = None
            self.damaged, self.public = set(seen.damaged), seen.public
            return anew

    @property
    def loaded(self) -> bool:
        """Whether its rows are in memory; changes that come later are followed when it is read."""
        return self._cached is not None

    def usable(self, progress: Progress = silent) -> Current:
        """As `read`; raises `GalleryDamaged` where a page is not intact or the last check failed, and
        `GalleryUnchecked` where a check is due before anything else."""
        current = self.read(progress)
        if self.damaged or current.row.damaged:
            raise GalleryDamaged
        if not self._sound(current.row):
            raise GalleryUnchecked
        return current

    def mark(self) -> bytes:
        """See `looking.mark`, of what is in the cache."""
        return mark(self.matrix.states(), self._identities)

    def alive(self, current: Current, day: int) -> Alive:
        """Which slots hold somebody who is valid on this unix day, in the cache that `read` brought to `current`.

        Days do not come back, see `latest`.
        """
        day = self.latest(day)
        key = (current.epoch, current.row.version, day)
        kept = self._alive
        if kept is None or kept[0] != key:
            valid = self.matrix.alive(day)
            mask = np.packbits(valid, bitorder="little").view(np.uint64)
            kept = (key, Alive(mask, int(np.count_nonzero(valid))))
            self._alive = kept
        return kept[1]

    def latest(self, day: int) -> int:
        """This unix day, or the latest that was asked for before: a clock that is set back brings nobody back."""
        self._latest_day = max(day, self._latest_day)
        return self._latest_day

    def states(self) -> NDArray[np.uint8]:
        """The state of every slot, read from SQL alone: uint8 (slots,)."""
        with self.store.reading() as connection:
            current = self.current(connection)
            return fetch_states(connection, current, range(current.row.pages))["states"].reshape(-1)

    def _read_all(self, connection: Connection, current: Current, progress: Progress) -> None:
        self._alive = None
        self._resize(current.row.pages)
        seen = look_through(
            connection, current, self._take_states, self.matrix.put_parts, self._heard(current, progress)
        )
        self.damaged, self.public = set(seen.damaged), seen.public

    def _heard(self, current: Current, progress: Progress) -> Callable[[int], None]:
        def heard(done: int) -> None:
            progress(f"custodian {self.seat}: reading {self.name}", done, current.row.pages * SLOTS)

        return heard

    def _catch_up(self, connection: Connection, current: Current) -> None:
        """Read the pages that another process rewrote: they were sealed anew."""
        before = self._identities
        self._resize(current.row.pages)
        kept = min(len(before), len(self._identities))
        self.damaged |= self._read_states(connection, current)
        stale = (self._identities[:kept] != before[:kept]).any(axis=1)
        wanted = [*np.flatnonzero(stale).tolist(), *range(kept, len(self._identities))]
        missing = set(wanted)
        for numbers, rows in tables.named(connection, tables.PAGE, current.row.id, current.epoch, wanted):
            missing.difference_update(numbers)
            self._take(current, numbers, rows)
        self.damaged |= missing

    def _follow(self, change: Change) -> None:
        """Take what this process itself made durable into a cache that was up to date before."""
        epoch, version = change.current.epoch, change.current.row.version
        if self._cached != (epoch, version):
            return
        self._cached = None
        self._resize(change.pages)
        for numbers, pages, states in change.written:
            self._take_states(numbers, states)
            if pages is not None:
                self.matrix.put_parts(numbers, pages)
        self._cached = (epoch, change.version)

    def _resize(self, pages: int) -> None:
        self.matrix.resize(pages * SLOTS)
        identities = np.zeros((pages, IDENTITY_BYTES), dtype=np.uint8)
        kept = min(pages, len(self._identities))
        identities[:kept] = self._identities[:kept]
        self._identities = identities

    def _read_states(self, connection: Connection, current: Current) -> set[int]:
        """Take in all states; the numbers of the pages whose states are not intact."""
        count = current.row.pages
        bad = set(range(count))
        found = tables.every(connection, tables.STATES, current.row.id, current.epoch, count)
        with closing(found):
            for numbers, rows in found:
                states, good = seal.unseal(rows, page.STATES, current.place, numbers, current.key)
                self._take_states(numbers, states)
                bad.difference_update(number for number, fine in zip(numbers, good, strict=True) if fine)
        return bad

    def _take_states(self, numbers: Sequence[int], states: Pages) -> None:
        self.matrix.put_states(numbers, states)
        self._identities[numbers] = states["page"]

    def _take(self, current: Current, numbers: Sequence[int], rows: Sequence[bytes]) -> None:
        pages, good = seal.unseal(rows, page.layout(current.terms.dim), current.place, numbers, current.key)
        good &= (page.identities(pages) == self._identities[numbers]).all(axis=1)
        self.damaged |= {number for number, fine in zip(numbers, good, strict=True) if not fine}
        self.matrix.put_parts(numbers, pages)
