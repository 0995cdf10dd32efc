"""Searches with somebody who is enrolled: each custodian takes its own part of their row as its part of the probe.

A row's part is what a probe's part is, modulo 2^16: split and encoded alike. So nothing is put together and nothing of
a face comes through the gateway, which names the person by each custodian's own handle. That all three mean the same
row is agreed on before anything else is sent; and the row itself does not match.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import numpy as np

from moiety.custody import noting
from moiety.custody.answering import Answers, all_distances, claimed, row, searched
from moiety.custody.changing import noted
from moiety.custody.chronicle import Chronicle
from moiety.custody.gallery import Gallery
from moiety.custody.keys import Acquaintance
from moiety.custody.refusals import HeaderRefused
from moiety.custody.store.slots import SLOTS
from moiety.custody.turns import Turns
from moiety.custody.verbs import Clock
from moiety.matching import search
from moiety.matching.header import Header
from moiety.matching.opening import Opening
from moiety.matching.rounds import Rounds
from moiety.matching.search import Matches, Side

_MEANT: Final = b"moiety row 1"
_SLOT_BYTES: Final = 8


class ByRow:
    """One custodian's sides of searches with its own rows. Safe for threads."""

    def __init__(
        self,
        gallery: Callable[[str], Gallery],
        turns: Turns,
        acquaintance: Acquaintance,
        answers: Answers,
        chronicle: Chronicle,
        clock: Clock,
    ) -> None:
        self._gallery = gallery
        self._turns = turns
        self._acquaintance = acquaintance
        self._answers = answers
        self._chronicle = chronicle
        self._clock = clock

    def identify(self, name: str, header: Header, handle: bytes) -> Rounds[Opening]:
        """This custodian's side of a search of all others with whoever has this handle.

        Raises `NobodyThere` of nobody, who is erased, expired, restricted or another purpose's among them, and as
        `Custodian.identify`.
        """
        return (yield from self.search(name, header, handle)).opening()

    def search(self, name: str, header: Header, handle: bytes) -> Rounds[Matches]:
        """The same, with what it takes to count the matches afterwards."""
        with self._turns.shared():
            gallery, keys = self._gallery(name), self._acquaintance.keys()
            current, alive = searched(gallery, header, self._clock)
            _require_one(header)
            slot, part = row(gallery, current, alive, header, handle)
            mask = alive.mask.copy()
            mask[slot // SLOTS] &= ~(np.uint64(1) << np.uint64(slot % SLOTS))
            self._answers.remember(header.attempt, name, mask, header.epoch)
            side = Side(keys, header, mask, part, all_distances(gallery), _meant(slot), enrolled=True)
            note = partial(noting.recognised, self._chronicle, header)
            return (yield from noted(search.matches(side), note))

    def verify(self, name: str, header: Header, handle: bytes, claim: bytes) -> Rounds[Opening]:
        """This custodian's side of comparing whoever has this handle with the holder of another, of whom as of anybody
        claimed nothing is said. Raises as `identify` of the first."""
        with self._turns.shared():
            gallery, keys = self._gallery(name), self._acquaintance.keys()
            current, alive, other = claimed(gallery, header, claim, self._clock)
            _require_one(header)
            slot, part = row(gallery, current, alive, header, handle)
            meant = _meant(slot, other.slot)
            side = Side(keys, header, other.mask, part, other.distances, meant, enrolled=True)
            note = partial(noting.recognised, self._chronicle, header)
            return (yield from noted(search.attempt(side), note))


def _require_one(header: Header) -> None:
    if header.probes != 1:
        raise HeaderRefused


def _meant(*slots: int) -> bytes:
    """Which rows are meant, as the three compare it: in no form that a search with a probe has."""
    return _MEANT + b"".join(slot.to_bytes(_SLOT_BYTES, "big") for slot in slots)
