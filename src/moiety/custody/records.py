"""What a custodian does for records: it opens its parts of one person's keys, and keeps somebody without answering.

A row of a keys' gallery is what `store.kinds` says. No custodian learns a pseudonym, a field or a key by it: it gives
its own part, to whom its own copy of the purpose lets have it, of the classes that it lets have.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from moiety.custody import answering, leaving, life, noting
from moiety.custody.admitting import Carried, Offers
from moiety.custody.changing import Changes
from moiety.custody.chronicle import asked_by
from moiety.custody.gallery import Gallery
from moiety.custody.keys import Acquaintance
from moiety.custody.own import Own
from moiety.custody.pseudonyms import Pseudonyms
from moiety.custody.refusals import GalleryUnknown
from moiety.custody.store import page
from moiety.custody.store.kinds import ACCESS, OPEN_WORDS, SECRETS, is_keys, purpose_of
from moiety.custody.store.noise import Entropy
from moiety.custody.store.slots import SLOTS, State
from moiety.custody.store.sql import Store
from moiety.custody.store.stored import Current, fetch
from moiety.custody.turns import Turns
from moiety.custody.unopened import ClassRefused, NobodyThere
from moiety.custody.verbs import SECONDS_A_DAY, UNAPPROVED, Approved, Clock, Evaluated, Ground, Unlocked
from moiety.matching.header import Header
from moiety.matching.rounds import Rounds
from moiety.sharing.seat import Seat

_ANSWERED: Final = frozenset({State.ACTIVE})
"""Who is answered about."""

_LISTED: Final = _ANSWERED | {State.RESTRICTED}
"""Who may be told what ledgers say of them."""


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
        own: Own,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        self._store = store
        self._offers = offers
        self._gallery = gallery
        self._turns = turns
        self._changes = changes
        self._clock = clock
        self._seat: Seat = seat
        self._own = own
        self._pseudonyms = Pseudonyms(seat, store, gallery, turns, acquaintance, own, clock, entropy)

    def agree_key(self, name: str, header: Header) -> Rounds[bytes]:
        """See `Pseudonyms.agree_key`."""
        return (yield from self._pseudonyms.agree_key(name, header))

    def evaluate(
        self, name: str, pair: tuple[Seat, Seat], elements: bytes, proven: bool, approved: Approved = UNAPPROVED
    ) -> Evaluated:
        """See `Pseudonyms.evaluate`. What people have signed for it is for who counts what is asked: see `guard`."""
        return self._pseudonyms.evaluate(name, pair, elements, proven)

    def key_seen(self, name: str) -> bytes:
        """See `Pseudonyms.seen`."""
        return self._pseudonyms.seen(name)

    def help(self, name: str, lost: Seat, secret: bytes) -> bytes:
        """See `Pseudonyms.help`."""
        return self._pseudonyms.help(name, lost, secret)

    def mend(self, name: str, one: bytes, other: bytes) -> None:
        """See `Pseudonyms.mend`."""
        self._pseudonyms.mend(name, one, other)

    def unlock(
        self, name: str, handle: bytes, secrets: Sequence[str], role: str, reason: str, asked: bytes
    ) -> Unlocked:
        """This custodian's parts of these secrets of whoever has this handle; `asked` are 16 bytes that name the
        question, fresh for each.

        Who is restricted is answered about in one thing alone, what ledgers say of them: by the person's own key, asked
        for by itself. That is nothing of what is kept from use, and theirs to know while it is kept.

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
            day = gallery.latest(int(self._clock().timestamp()) // SECONDS_A_DAY)
            states = _LISTED if set(secrets) == {ACCESS} else _ANSWERED
            for slot in answering.suspects(gallery, handle):
                taken = _taken(gallery, current, slot, handle, day, states)
                if taken is not None:
                    words = taken[0]
                    wanted = [*(SECRETS.index(name) for name in secrets), len(SECRETS)]
                    public = noting.public_of(words.reshape(-1))
                    minute = noting.unlocked(
                        self._own.chronicle, self._seat, asked, purpose_of(name), secrets, reason, role or None, public
                    )
                    return Unlocked(current.epoch, words[wanted], minute, asked_by(), role or None)
        raise NobodyThere

    def carry(self, name: str, attempt: bytes, handle: bytes, secrets: Sequence[str]) -> None:
        """Put this custodian's own parts of these secrets, of whoever has this handle, in place of those that one
        newcomer of this attempt was offered with: a record that is written anew in part keeps its other keys, and
        nobody learns them by it. The person's own key is carried in any case, with its public half: or what ledgers
        have of somebody would be read by another. Raises `ClassRefused`, `NobodyThere`, `NotAdmitted`."""
        gallery = self._gallery(name)
        if not is_keys(name) or ACCESS not in secrets or not set(secrets) <= set(SECRETS):
            raise ClassRefused
        with self._turns.shared():
            current = gallery.usable()
            day = gallery.latest(int(self._clock().timestamp()) // SECONDS_A_DAY)
            for slot in answering.suspects(gallery, handle):
                taken = _taken(gallery, current, slot, handle, day, _ANSWERED)
                if taken is not None:
                    row, expires = taken
                    noting.looked_up(self._own.chronicle, name, "located")  # that it is done tells who is there
                    numbers = tuple(SECRETS.index(name) for name in secrets)
                    carried = Carried(handle, slot, numbers, noting.public_of(row.reshape(-1)))
                    self._offers.carry(attempt, carried, row, expires)
                    return
        raise NobodyThere

    def instead(self, attempts: list[bytes]) -> int:
        """How many newcomers of these attempts come in place of rows that they are written anew from: see `carry`."""
        return len(self._offers.instead(attempts))

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
        again. Raises `NobodyThere` where nobody has it: whoever came under it later would be leaving already."""
        gallery = self._gallery(name)
        current = gallery.usable()
        slots = np.array(answering.locate(gallery, current, handle), dtype=np.int64)
        if not len(slots):
            raise NobodyThere
        do = lambda: life.restrict(gallery, slots, handle, self._clock() if on else None)  # noqa: E731
        public = answering.public(gallery, current, slots)
        note = lambda: noting.restricted(self._own.chronicle, header, public, on)  # noqa: E731
        yield from self._changes.side(
            "restrict", gallery, current, header, len(slots), (slots.tobytes(), bytes([on])), do, note
        )

    def ground(self, name: str, header: Header, handle: bytes, ground: Ground) -> Rounds[bytes]:
        """This custodian's side of writing down that whoever has this handle gave a ground of the law or took it back,
        whether or not anybody is answered about them: nothing else is done, and what follows from it is asked for by
        itself. The person's public key, by which the gateway writes the same. Raises `NobodyThere`."""
        gallery = self._gallery(name)
        if not is_keys(name):
            raise GalleryUnknown
        current = gallery.usable()
        slots = np.array(answering.locate(gallery, current, handle), dtype=np.int64)
        public = answering.public(gallery, current, slots)
        if public is None:
            raise NobodyThere
        note = lambda: noting.grounded(self._own.chronicle, header, ground, public)  # noqa: E731
        what = (slots.tobytes(), bytes([ground.place]), ground.text.encode(), ground.how.encode())
        return (yield from self._changes.side("ground", gallery, current, header, 1, what, lambda: public, note))


def _expired(gallery: Gallery, slot: int, day: int) -> bool:
    """Whether a slot holds somebody who would be answered about, were it not for the day."""
    with gallery.store.reading() as connection:
        pages, states = fetch(connection, gallery.current(connection), [slot // SLOTS])
    return bool(states["states"][0, slot % SLOTS] == State.ACTIVE and pages["expires"][0, slot % SLOTS] <= day)


def _taken(
    gallery: Gallery, current: Current, slot: int, handle: bytes, day: int, states: frozenset[State]
) -> tuple[NDArray[np.uint16], int] | None:
    """Everything in a slot, uint16 (secrets + 1, 16), the last held by all three alike, and the unix day from which it
    is not valid: where somebody of this handle is, in one of these states, who may be answered about on this day."""
    number, place = divmod(slot, SLOTS)
    if number >= current.row.pages:
        return None
    with gallery.store.reading() as connection:
        pages, found = fetch(connection, current, [number])
    known = hmac.compare_digest(pages["handles"][0, place].tobytes(), handle)
    state = found["states"][0, place]
    # Who is restricted is kept whatever the day, until somebody lifts that.
    if not known or state not in states or (state == State.ACTIVE and pages["expires"][0, place] <= day):
        return None
    row = page.get_rows(pages, np.zeros(1, dtype=np.int64), np.array([place]))
    words: NDArray[np.uint16] = row.reshape(-1, OPEN_WORDS)
    return words, int(pages["expires"][0, place])
