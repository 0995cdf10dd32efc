"""What an attack on records may use: the stores of a register of guests, stolen before and after some were erased."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from moiety.drills.guests import Guest, conceded
from moiety.drills.haystack import Haystack
from moiety.drills.loot import Loot
from moiety.drills.scene import PLAIN
from moiety.drills.twin_register import hashed

RECORDS: Final = "records"
"""The name of the record store among the stores; the others are seats, and the plain twin."""

HOTEL: Final = "hotel"
CLINIC: Final = "clinic"
"""Two purposes that keep the same people, each for itself."""


@dataclass(frozen=True)
class Register:
    """One drill's material on records. `store` is what was stolen: `RECORDS` or a seat.

    `guests` were kept for both purposes, and `strangers` for none; `pseudonyms` uint8 (guests, 16) are theirs in each
    purpose, and `templates` int16 (guests, dim) the faces that were enrolled under those of the hotel. `erased` (m,)
    are those whom the hotel destroyed between `before` and `after`, by number; `revived` bool (m,) says whose record
    opened when the record store of before was put back beside the custodians of after.
    """

    store: str
    guests: Sequence[Guest]
    strangers: Sequence[Guest]
    pseudonyms: Mapping[str, NDArray[np.uint8]]
    templates: NDArray[np.int16] = field(repr=False)
    erased: NDArray[np.intp]
    revived: NDArray[np.bool_]
    before: Mapping[str, Loot]
    after: Mapping[str, Loot]

    @property
    def stolen(self) -> tuple[str, ...]:
        """What the thief has, as answers call it."""
        return (self.store if self.store == RECORDS else f"custodian-{self.store}",)

    def names(self, store: str, purpose: str) -> NDArray[np.uint8]:
        """Under what each guest is kept in a record store or its twin: uint8 (guests, 16)."""
        if store != PLAIN:
            return self.pseudonyms[purpose]
        return np.frombuffer(b"".join(hashed(guest.number) for guest in self.guests), np.uint8).reshape(-1, 16)

    @cached_property
    def conceded(self) -> NDArray[np.int64]:
        """What lengths may tell of each guest, as the number of a group (guests,)."""
        return conceded(self.guests)

    def haystack(self, store: str) -> Haystack:
        """Every byte stolen from one store, before and after."""
        return self._haystacks[store]

    @cached_property
    def _haystacks(self) -> dict[str, Haystack]:
        return {
            # What did not change in between is searched once.
            store: Haystack([*dict.fromkeys([*self.before[store].parts(), *self.after[store].parts()])])
            for store in (self.store, PLAIN)
        }
