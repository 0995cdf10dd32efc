"""Templates on their way in: offered, checked to be faces by all three, and kept until they are prepared."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from moiety.custody.gallery import Gallery
from moiety.custody.headers import check_header
from moiety.custody.refusals import NotAdmitted, TooMany, WordsWrong
from moiety.custody.store.kinds import is_keys, open_words
from moiety.custody.verbs import OFFERED_TOGETHER, Batch
from moiety.matching import admission
from moiety.matching.channel import Keys
from moiety.matching.header import Header
from moiety.matching.rounds import Rounds


@dataclass(frozen=True, slots=True)
class Carried:
    """What one newcomer has from the row of this handle in this slot: these secrets, by number, and the 32 bytes that
    all three hold alike."""

    handle: bytes
    slot: int
    secrets: tuple[int, ...]
    public: bytes = field(repr=False)

    @property
    def alike(self) -> bytes:
        """What the three compare, so that none of them carries something else over, or from somebody else."""
        return self.slot.to_bytes(8, "big") + self.public + bytes(self.secrets)


class Offers:
    """What this custodian has admitted and not yet prepared, by attempt."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._admitted: dict[bytes, tuple[str, Batch, bytes]] = {}
        self._instead: dict[bytes, Carried] = {}

    def admission(
        self,
        gallery: Gallery,
        batch: Batch,
        header: Header,
        keys: Keys,
        coin: bytes,
        clock: Callable[[], datetime],
    ) -> Rounds[None]:
        """Check one offer with the other two; once it is admitted its low words wait for `take`.

        Raises `HeaderRefused`, `TooMany`, `WordsWrong`, `Disagreement` and `MalformedTemplate`.
        """
        if len(batch) > OFFERED_TOGETHER:
            raise TooMany(limit=OFFERED_TOGETHER)
        check_header(header, gallery.usable(), len(batch), 0, clock)
        if batch.parts.shape[1] != header.dim:
            raise WordsWrong(dim=header.dim)
        public = batch.expires.tobytes() + batch.grounds.tobytes()
        parts = batch.parts.astype(np.uint64, copy=False)
        names = np.ascontiguousarray(batch.pseudonyms).view("<u2").astype(np.uint16, copy=False)
        low = parts.astype(np.uint16)
        if is_keys(header.gallery):  # nothing to measure: every 16-bit word may be anything
            end = low.shape[1] - open_words(header.gallery)
            alike = public + np.ascontiguousarray(low[:, end:]).tobytes()
            shared = np.concatenate([low[:, :end], names], axis=1)
            left = yield from admission.words_alone(keys, header, coin, shared, alike)
        else:
            left = yield from admission.attempt(admission.Candidates(keys, header, coin, parts, names, public))
        kept = Batch(batch.handles, batch.pseudonyms, low, batch.expires, batch.grounds)
        with self._lock:
            self._admitted[header.attempt] = (header.gallery, kept, left)

    def take(self, name: str, attempts: list[bytes]) -> tuple[Batch, bytes]:
        """Everybody admitted in these attempts, in this order, and a coin that nobody chose. Raises `NotAdmitted`."""
        with self._lock:
            held = [self._admitted.pop(attempt, None) for attempt in attempts]
        taken = [found[1:] for found in held if found is not None and found[0] == name]
        if not taken or len(taken) < len(attempts):
            raise NotAdmitted
        batches = [batch for batch, _ in taken]
        coin = hashlib.sha256(b"moiety slots 1" + b"".join(left for _, left in taken)).digest()
        together = Batch(
            np.concatenate([batch.handles for batch in batches]),
            np.concatenate([batch.pseudonyms for batch in batches]),
            np.concatenate([batch.parts for batch in batches]),
            np.concatenate([batch.expires for batch in batches]),
            np.concatenate([batch.grounds for batch in batches]),
        )
        return together, coin

    def carry(self, attempt: bytes, carried: Carried, row: NDArray[np.uint16], expires: int) -> None:
        """Take these secrets, and what is held alike, from a row, uint16 (secrets, 16), in place of what the one
        newcomer of an attempt was offered with. Raises `NotAdmitted` also where the newcomer would stay for longer than
        that row, until the unix day `expires`: nobody's time is longer for being written anew."""
        with self._lock:
            found = self._admitted.get(attempt)
            if found is None or len(found[1]) != 1 or attempt in self._instead or found[1].expires[0] > expires:
                raise NotAdmitted
            parts = found[1].parts.reshape(row.shape[0], -1)
            for at in (*carried.secrets, len(row) - 1):
                parts[at] = row[at]
            self._instead[attempt] = carried

    def instead(self, attempts: list[bytes]) -> list[Carried]:
        """What newcomers of these attempts have from rows that they were written anew from."""
        with self._lock:
            return [self._instead[attempt] for attempt in attempts if attempt in self._instead]

    def forget(self, attempts: list[bytes]) -> None:
        """Drop what was admitted in these attempts."""
        with self._lock:
            for attempt in attempts:
                self._admitted.pop(attempt, None)
                self._instead.pop(attempt, None)
