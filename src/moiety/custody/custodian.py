"""One custodian: every step that a gateway can ask of it, and what each makes durable (the table is in `slots`).

Every method takes and returns plain values (bytes, numbers, arrays) and none assumes that the other two custodians
are in this process. A custodian never sees a pseudonym, or a part that is not its own. The caller holds the lock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from moiety.custody import answering, checking, epochs, life, mending, noting, own, papers, recovery, stepping
from moiety.custody.admitting import Offers
from moiety.custody.answering import Answers
from moiety.custody.auditing import Auditing
from moiety.custody.by_row import ByRow
from moiety.custody.changing import Changes, noted
from moiety.custody.chronicle import GALLERY
from moiety.custody.destroyed import Destroyed
from moiety.custody.epochs import SEED_BYTES, Renewal
from moiety.custody.gallery import Gallery
from moiety.custody.headers import check_day, check_instant
from moiety.custody.holding import Held, held, standing
from moiety.custody.keys import Acquaintance
from moiety.custody.own import Own
from moiety.custody.records import Records
from moiety.custody.refusals import GalleryUnknown, NotStaged
from moiety.custody.soundness import Soundness
from moiety.custody.store import tables
from moiety.custody.store.keeping import Keeping
from moiety.custody.store.kept import StoreKeeping
from moiety.custody.store.noise import Entropy
from moiety.custody.store.rooted import keyring_of
from moiety.custody.store.slots import COIN_BYTES, Phase, Staging
from moiety.custody.store.sql import Observer, Store
from moiety.custody.store.token import Token
from moiety.custody.turns import Turns
from moiety.custody.verbs import Batch, Clock, Help, Progress, Slots, Standing, Survey
from moiety.ledger.operation import ID_BYTES
from moiety.matching.header import Header
from moiety.matching.opening import Opening
from moiety.matching.rounds import Rounds, barrier
from moiety.matching.search import Matches
from moiety.sharing.seat import Seat


class Custodian:
    """One custodian over one folder. Open it with `create` or `open`; safe for threads."""

    def __init__(self, store: Store, seat: Seat, own: Own, clock: Clock, entropy: Entropy) -> None:
        self.seat: Seat = seat
        self._store = store
        self._clock, self._entropy = clock, entropy
        self._own = own
        self.acquaintance = Acquaintance(seat, entropy)
        self._answers, self._offers, self._drawn, self._lock = Answers(), Offers(), mending.Drawn(entropy), Lock()
        self._galleries: dict[str, Gallery] = {}
        self._stood: tuple[int, Standing] | None = None
        self._sound = Soundness(clock)
        self._turns = Turns()
        self._changes = Changes(self._turns, self.acquaintance, clock)
        mine = (self._gallery, self._turns, self._changes, self.acquaintance)
        self.records = Records(seat, store, self._offers, *mine, self._own, clock, entropy)
        self.rows = ByRow(self._gallery, self._turns, self.acquaintance, self._answers, own.chronicle, clock)
        self.audit = Auditing(own.chronicle, seat, Destroyed(store, clock), own, self._turns, self.acquaintance, clock)
        self._renewal: Renewal | None = None
        self._staged: Renewal | None = None

    @classmethod
    def create(
        cls,
        folder: Path,
        seat: Seat,
        office: bytes,
        entropy: Entropy,
        *,
        database: str | None = None,
        token: Token | None = None,
    ) -> None:
        """Make the store of a new custodian; `office` (16 bytes) names the three that belong together.

        `database` is the URL of an empty PostgreSQL; without one, the rows lie in the folder too, in SQLite. `token`
        holds the root keys; without one, they are files in the folder. Raises `DatabaseTaken`, `DatabaseWrong`.
        """
        Store.create(folder, seat, office, keyring_of(folder, seat, entropy, token), url=database).close()

    @classmethod
    def open(
        cls,
        folder: Path,
        seat: Seat,
        *,
        clock: Clock,
        entropy: Entropy,
        observer: Observer,
        database: str | None = None,
        token: Token | None = None,
    ) -> Custodian:
        """Open what `create` made, by the same `database` and `token`. An older format is brought up to date.

        Raises `NoOffice`, `NotOneOffice` (another seat's), `FormatUnknown`, `StoreUnreadable`, `StoreTaken`, and
        `RootMissing`, `RootExposed` or `RootWrong` where the key of its epoch cannot be had.
        """
        store = Store.open(folder, seat, keyring_of(folder, seat, entropy, token), observer, database)
        try:
            return cls(store, seat, own.opened(store, folder, seat, clock, entropy), clock, entropy)
        except BaseException:
            store.close()
            raise

    def close(self) -> None:
        """Close the store and forget the keys."""
        for gallery in self._galleries.values():
            gallery.crew.shutdown()
        self._own.chronicle.close()
        self._store.close()

    # What the three compare.

    def standing(self) -> Standing:
        """Where this custodian stands, in one consistent view; SQL is read again only after a commit."""
        stamp = self._store.stamp()
        kept = self._stood
        if kept is None or kept[0] != stamp:
            kept = self._stood = (stamp, standing(self._store))
        return self._sound.told(kept[1])

    def insist(self) -> None:
        """From now on answer only for galleries that all three find good from now on, see `soundness`."""
        self._sound.insist()

    # Galleries.

    def add_gallery(self, name: str, terms: bytes, document: bytes) -> None:
        """Add an empty gallery, and one for keys beside it where the terms say so; again with the same terms and
        document does nothing.

        Raises `GalleryExists`, `GalleryNameWrong` for a name of no or more than 64 bytes, and `MessageRefused` for
        terms that are none.
        """
        papers.require_name(name, terms)
        chronicle = self._own.chronicle
        with self._turns.alone(), self._store.writing("add gallery") as connection:
            if papers.add(connection, name, terms, document):
                noting.adopted(chronicle, self._entropy(ID_BYTES), chronicle.now(), name, terms, document)

    def drop_gallery(self, name: str) -> None:
        """Take away an empty gallery that no other custodian has: adding it was interrupted."""
        with self._turns.alone(), self._store.writing("drop gallery") as connection:
            tables.drop_gallery(connection, name)

    def replace_document(self, name: str, header: Header, terms: bytes, document: bytes) -> Rounds[None]:
        """This custodian's side of replacing a purpose's terms and document; raises as `papers.require_fitting`."""
        yield from stepping.replace(self._gallery(name), self._changes, self._own.chronicle, header, terms, document)

    def load(self, name: str, progress: Progress) -> None:
        """Bring a gallery's cache up to date with SQL. Raises `GalleryDamaged`."""
        with self._turns.shared():
            self._gallery(name).usable(progress)

    def look(self, name: str, progress: Progress) -> None:
        """As `load`, for a gallery that may be damaged or closed: nothing is said of it yet."""
        with self._turns.shared():
            self._gallery(name).read(progress)

    def alive(self, name: str, day: int) -> int:
        """How many people of a gallery are valid on this unix day. Raises `HeaderRefused` for one that is to come."""
        check_day(day, self._clock)
        with self._turns.shared():
            gallery = self._gallery(name)
            return gallery.alive(gallery.read(), day).count

    def nbytes(self, name: str) -> int:
        """Bytes that the cache of a gallery takes."""
        return self._gallery(name).matrix.nbytes

    # Enrolment and erasure: see the table.

    def offer(self, name: str, batch: Batch, header: Header) -> Rounds[None]:
        """This custodian's side of checking that templates are faces; those that are wait for `prepare`."""
        with self._turns.shared():
            keys = self.acquaintance.keys()
            yield from self._offers.admission(self._gallery(name), batch, header, keys, self._coin(), self._clock)

    def prepare(self, name: str, header: Header, attempts: list[bytes]) -> Rounds[Slots]:
        """This custodian's side of writing as PENDING, in this order, those who were admitted in these attempts: their
        slots, int64 (n,)."""
        gallery, chronicle = self._gallery(name), self._own.chronicle
        return (
            yield from stepping.prepare(
                gallery, self._changes, chronicle, header, self._offers, attempts, self._entropy
            )
        )

    def forget(self, attempts: list[bytes]) -> None:
        """Drop what was admitted in these attempts and not prepared."""
        self._offers.forget(attempts)

    def activate(self, name: str, header: Header, slots: Slots) -> Rounds[None]:
        """This custodian's side of letting PENDING rows match."""
        yield from stepping.activate(self._gallery(name), self._changes, header, slots)

    def locate(self, name: str, handle: bytes) -> Slots:
        """Where the person of this handle lies: int64 (0 or 1,)."""
        gallery = self._gallery(name)
        noting.looked_up(self._own.chronicle, name, "located")
        return np.array(answering.locate(gallery, gallery.usable(), handle), dtype=np.int64)

    def erase(self, name: str, header: Header, handle: bytes) -> Rounds[None]:
        """This custodian's side of overwriting whoever has this handle, in SQL and in memory, if anybody has. Whoever
        asks scrubs before it acknowledges."""
        gallery, chronicle = self._gallery(name), self._own.chronicle
        yield from stepping.erase(gallery, self._changes, chronicle, header, handle, self._clock, self._entropy)

    def scrub(self, step: str = "scrub") -> None:
        """Leave no old bytes in the database's files; `step` is what the observer hears."""
        self._store.scrub(step)

    # Searches.

    def identify(self, name: str, header: Header, probe: NDArray[np.uint32]) -> Rounds[Opening]:
        """This custodian's side of a search with its share of the probes, uint32 (B, dim)."""
        return (yield from self.search(name, header, probe)).opening()

    def search(self, name: str, header: Header, probe: NDArray[np.uint32]) -> Rounds[Matches]:
        """The same, with what it takes to count the matches afterwards."""
        with self._turns.shared():
            gallery, keys = self._gallery(name), self.acquaintance.keys()
            mask, side = answering.identify_side(gallery, header, probe, keys, self._clock)
            self._answers.remember(header.attempt, name, mask, header.epoch)
            return (yield from noted(side, partial(noting.recognised, self._own.chronicle, header)))

    def verify(self, name: str, header: Header, probe: NDArray[np.uint32], handle: bytes) -> Rounds[Opening]:
        """This custodian's side of comparing its share of one probe, uint32 (1, dim), with the holder of a handle."""
        with self._turns.shared():
            gallery, keys = self._gallery(name), self.acquaintance.keys()
            side = answering.verify_side(gallery, header, probe, handle, keys, self._clock)
            return (yield from noted(side, partial(noting.recognised, self._own.chronicle, header)))

    def release(self, name: str, attempt: bytes, slots: Slots) -> NDArray[np.uint8]:
        """Parts of the pseudonyms of rows that matched, uint8 (n, 16): once after each search. Raises `AnswerUnknown`,
        and `HeaderRefused` where they are gone since."""
        with self._turns.shared():
            epoch = self._answers.spend(attempt, name, slots)
            return answering.release(self._gallery(name), slots, epoch)

    # Refresh.

    def renew(self, header: Header) -> Rounds[None]:
        """This custodian's side of agreeing on a refresh: the three exchange seeds, which nobody else sees."""
        check_instant(header, self._clock)
        seed = self._entropy(SEED_BYTES)
        renewal = yield from epochs.agreed(self.acquaintance.keys(), header, seed, self.standing().epoch)
        noting.refreshed(self._own.chronicle, header)
        self._renewal = renewal

    def stage(self, progress: Progress) -> None:
        """Write the epoch that was agreed on beside this one, complete when this returns. Raises `GalleryDamaged`."""
        with self._turns.whole():
            renewal, self._renewal = self._renewal, None
            if renewal is None:
                raise NotStaged
            galleries = [self._gallery(name) for name in self.standing().galleries]
            epochs.stage(self._store, galleries, renewal, self._entropy, progress)
            self._staged = renewal

    def switch(self, header: Header) -> Rounds[None]:
        """This custodian's side of entering the epoch that all three have staged; the old one's key is destroyed when
        all three have. Raises `NotStaged`, and `Disagreement` where another has not staged it, or another refresh."""
        check_instant(header, self._clock)
        with self._turns.whole():
            staged = self._staged  # not what an earlier process staged: which refresh that was, nobody knows any more
            if self.standing().staging != Staging.COMPLETE or staged is None:
                raise NotStaged
            yield from epochs.together(self.acquaintance.keys(), header, staged)
            self.enter()
            yield from barrier()
            self.retire()
        self.scrub()  # of its own accord: whoever asked for this may be told that another custodian is down

    def enter(self) -> None:
        """Enter the staged epoch and delete the old one; its root stays until all three have switched."""
        with self._turns.alone():
            epochs.switch(self._store, self._clock())
            self._sound.entered()

    def retire(self) -> None:
        """Destroy the roots of epochs that are over: all three have switched. Again does nothing."""
        epochs.retire(self._store)

    def discard(self) -> None:
        """Delete what is staged, and destroy its root."""
        epochs.discard(self._store)

    # The gallery check and mending.

    def survey(self, name: str, progress: Progress) -> Survey:
        """Read a gallery from SQL again, while searches go on: what is not intact closes it, and how many people."""
        found = checking.survey(self._gallery(name), self._turns, progress, partial(self._sound.found, name, None))
        return replace(found, key=self.records.key_seen(name))

    def integrity(self, name: str, header: Header, progress: Progress) -> Rounds[bool]:
        """This custodian's side of the algebraic check, right after `survey`, whose outcome it keeps."""
        with self._turns.shared():
            gallery, keys = self._gallery(name), self.acquaintance.keys()
            good = yield from checking.side(gallery, header, keys, self._coin(), self._clock, progress)
        with self._turns.alone():
            checking.record(gallery, header.at if good else None)
            self._sound.found(name, header.at if good else None)
        return good

    def helping(self) -> bytes:
        """This custodian's nonce for helping once, see `assist`."""
        return self._drawn.draw()

    def assist(self, name: str, lost: Seat, numbers: list[int], nonces: Mapping[Seat, bytes]) -> Help:
        """This custodian's contribution to pages that `lost` lost, masked and sealed for it. Raises `HelpRefused`."""
        key, gallery = partial(self.records.help, name, lost), self._gallery(name)
        return mending.assist(gallery, self.acquaintance, self.seat, lost, numbers, nonces, self._drawn, key)

    def pseudonym_parts(self, name: str, numbers: list[int]) -> NDArray[np.uint8]:
        """This custodian's parts of the pseudonyms of these pages, to make a lost custodian's handles from."""
        noting.looked_up(self._own.chronicle, self._gallery(name).name, "pseudonyms")
        return mending.pseudonym_parts(self._gallery(name), numbers)

    def unknown(self, name: str, numbers: list[int], states: NDArray[np.uint8]) -> int:
        """Of how many people in these pages this custodian has lost the handle, see `mending.unknown`."""
        return mending.unknown(self._gallery(name), numbers, states)

    def mend(self, name: str, numbers: list[int], one: Help, other: Help, handles: NDArray[np.uint8]) -> None:
        """Write this custodian's lost pages, and its lost part of a key, from the other two's help. Raises
        `Disagreement`, `HelpRefused`, and `HandlesRefused` where other people's handles come than it has."""
        with self._turns.alone():
            keys = mending.mend(self._gallery(name), self.acquaintance, numbers, one, other, handles, self._entropy)
            self.records.mend(name, *keys)

    # Recovery.

    def reconcile(self, header: Header) -> Rounds[list[str]]:
        """This custodian's side of `recovery.side`: the names of the galleries that had been interrupted."""
        check_instant(header, self._clock)
        with self._turns.whole():
            return (yield from recovery.side(self, self.acquaintance.keys(), header))

    def states(self, name: str) -> NDArray[np.uint8]:
        """The state of every slot, uint8 (slots,), from SQL."""
        return self._gallery(name).states()

    def level(self, name: str, version: int) -> None:
        """Begin to settle: whatever the states are, the gallery's version is this."""
        gallery = self._gallery(name)
        with self._turns.alone(), self._store.writing("level") as connection:
            row = gallery.current(connection).row
            tables.change_gallery(connection, row.id, version=version, phase=Phase.SETTLING)

    def settle(self, name: str, states: NDArray[np.uint8], terms: bytes, document: bytes) -> None:
        """Take these states and papers, uint8 (slots,); what is ERASED in them is overwritten."""
        with self._turns.alone():
            life.settle(self._gallery(name), states, terms, document, self._clock(), self._entropy)

    # What it keeps for itself.

    def held(self) -> Held:
        """What of its galleries is in memory, and which are closed: counts alone."""
        with self._lock:
            return held(self.standing(), self._galleries)

    def terms(self, name: str) -> bytes | None:
        """Its own copy of a gallery's terms, or None."""
        held = self.standing().galleries.get(name)
        return None if held is None else held.terms

    def refused(self, code: str) -> None:
        """Write down that something was refused: once a minute for each caller, purpose and code."""
        noting.refused(self._own.chronicle, code, noting.asked_about(self.terms))

    def keeping(self) -> Keeping:
        """Where small things are kept, sealed: see `kept`."""
        return StoreKeeping(self._store)

    def _coin(self) -> bytes:
        """This custodian's part of a common coin."""
        return self._entropy(COIN_BYTES)

    def _gallery(self, name: str) -> Gallery:
        GALLERY.set(name)
        with self._lock:
            if name not in self._galleries:
                if name not in self.standing().galleries:  # names that somebody makes up take no memory
                    raise GalleryUnknown
                self._galleries[name] = Gallery(self._store, self.seat, name, self._sound.covers, self._own.grown)
            return self._galleries[name]
