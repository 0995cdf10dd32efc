"""What a custodian does for records: it opens its parts of one person's keys, and keeps somebody without answering.

A row of a keys' gallery is what `store.kinds` says. No custodian learns a pseudonym, a field or a key by it: it gives
its own part, to whom its own copy of the purpose lets have it, of the classes that it lets have.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from moiety.custody import answering, leaving, life
from moiety.custody.admitting import Offers
from moiety.custody.changing import Changes
from moiety.custody.gallery import Gallery
from moiety.custody.keys import Acquaintance
from moiety.custody.pseudonyms import Pseudonyms
from moiety.custody.refusals import GalleryUnknown
from moiety.custody.store import page
from moiety.custody.store.kinds import ACCESS, OPEN_WORDS, SECRETS, is_keys
from moiety.custody.store.noise import Entropy
from moiety.custody.store.slots import SLOTS, State
from moiety.custody.store.sql import Store
from moiety.custody.store.stored import fetch
from moiety.custody.turns import Turns
from moiety.custody.unopened import ClassRefused, NobodyThere
from moiety.custody.verbs import SECONDS_A_DAY, Clock, Evaluated, Unlocked
from moiety.matching.header import Header
from moiety.matching.rounds import Rounds
from moiety.sharing.seat import Seat

_WORDS = OPEN_WORDS
"""Words of one secret: 32 bytes."""


class Records:
    """One custodian's side of records. Safe for threads."""

    def __init__(
        self,
        seat: Seat,
        store: Store,
        offers: Offers,
        gallery: Callable[[str], Gallery],
        turns: Turns,
        changes: Changes,
        acquaintance: Acquaintance,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        self._store = store
        self._offers = offers
        self._gallery = gallery
        self._turns = turns
        self._changes = changes
        self._clock = clock
        self._pseudonyms = Pseudonyms(seat, store, gallery, turns, acquaintance, clock, entropy)

    def agree_key(self, name: str, header: Header) -> Rounds[bytes]:
        """See `Pseudonyms.agree_key`."""
        return (yield from self._pseudonyms.agree_key(name, header))

    def evaluate(self, name: str, pair: tuple[Seat, Seat], elements: bytes, proven: bool) -> Evaluated:
        """See `Pseudonyms.evaluate`."""
        return self._pseudonyms.evaluate(name, pair, elements, proven)

    def unlock(self, name: str, handle: bytes, secrets: Sequence[str], role: str, reason: str) -> Unlocked:
        """This custodian's parts of these secrets of whoever has this handle.

        Raises `NobodyThere` where nobody may be answered about under it (nobody ever, erased, expired and restricted
        look alike), and `ClassRefused` for what the purpose does not let this role have opened.
        """
        gallery = self._gallery(name)
        if not is_keys(name):
            raise GalleryUnknown
        with self._turns.shared():
            current = gallery.usable()
            allowed = {ACCESS, *dict(current.terms.reveal or ()).get(role, ())}
            if not secrets or not set(secrets) <= allowed & set(SECRETS):
                raise ClassRefused
            day = int(self._clock().timestamp()) // SECONDS_A_DAY
            alive = gallery.alive(current, day)
            for slot in answering.locate(gallery, current, handle):
                if alive.mask[slot // SLOTS] >> np.uint64(slot % SLOTS) & np.uint64(1):
                    return Unlocked(current.epoch, _taken(gallery, slot, secrets))
        raise NobodyThere

    def carry(self, name: str, attempt: bytes, handle: bytes, secrets: Sequence[str]) -> None:
        """Put this custodian's own parts of these secrets, of whoever has this handle, in place of those that one
        newcomer of this attempt was offered with: a record that is written anew in part keeps its other keys, and
        nobody learns them by it. The person's public key is kept along. Raises `NobodyThere`, `NotAdmitted`."""
        gallery = self._gallery(name)
        if not is_keys(name) or not set(secrets) <= set(SECRETS):
            raise ClassRefused
        with self._turns.shared():
            current = gallery.usable()
            for slot in answering.locate(gallery, current, handle):
                row = _taken(gallery, slot, SECRETS)
                self._offers.carry(attempt, handle, [SECRETS.index(name) for name in secrets], row)
                return
        raise NobodyThere

    def is_due(self, name: str, handle: bytes) -> bool:
        """Whether whoever has this handle may be destroyed and nobody has to sign for it: see `leaving`. So may who
        expired: they were to be kept until then."""
        if leaving.is_due(self._store, name, handle, self._clock):
            return True
        gallery = self._gallery(name)
        with self._turns.shared():
            current = gallery.usable()
            day = int(self._clock().timestamp()) // SECONDS_A_DAY
            return any(_expired(gallery, slot, day) for slot in answering.locate(gallery, current, handle))

    def restrict(self, name: str, header: Header, handle: bytes, on: bool) -> Rounds[None]:
        """This custodian's side of keeping whoever has this handle and answering nobody about them, or of answering
        again."""
        gallery = self._gallery(name)
        current = gallery.usable()
        slots = np.array(answering.locate(gallery, current, handle), dtype=np.int64)
        do = lambda: life.restrict(gallery, slots, handle, self._clock() if on else None)  # noqa: E731
        yield from self._changes.side(
            "restrict", gallery, current, header, len(slots), (slots.tobytes(), bytes([on])), do
        )


def _expired(gallery: Gallery, slot: int, day: int) -> bool:
    """Whether a slot holds somebody who would be answered about, were it not for the day."""
    with gallery.store.reading() as connection:
        pages, states = fetch(connection, gallery.current(connection), [slot // SLOTS])
    return bool(states["states"][0, slot % SLOTS] == State.ACTIVE and pages["expires"][0, slot % SLOTS] <= day)


def _taken(gallery: Gallery, slot: int, secrets: Sequence[str]) -> NDArray[np.uint16]:
    """The words of these secrets, uint16 (n + 1, 16), and last what all three hold alike."""
    with gallery.store.reading() as connection:
        current = gallery.current(connection)
        pages, states = fetch(connection, current, [slot // SLOTS])
    if states["states"][0, slot % SLOTS] != State.ACTIVE:
        raise NobodyThere
    row = page.get_rows(pages, np.zeros(1, dtype=np.int64), np.array([slot % SLOTS]))[0]
    taken: NDArray[np.uint16] = row.reshape(-1, _WORDS)[[*(SECRETS.index(name) for name in secrets), len(SECRETS)]]
    return taken
