"""The cache: one gallery's parts in memory, in panels as the searches read them. The database is the truth.

Segments are allocated in big pieces, so that growth copies nothing and 1,000,000 rows of 192 words take
little more than 384 MB. Beside the parts, each slot keeps 13 bytes: 8 of its handle, its expiry and its state; and 12
more, all handles in order (`order`), where there are no parts and many are looked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from moiety.custody.order import Order
from moiety.custody.store.handles import prefixes
from moiety.custody.store.page import HANDLE_BYTES, Pages
from moiety.custody.store.slots import BLOCK, SLOTS, State
from moiety.matching.distance import empty_panels

_GROWTH = 16
"""Room for growth is a sixteenth of what is there: few segments, and little wasted in the last."""

_LARGEST = 64 * BLOCK

_SIEVE_BITS = 20
"""1 MB of flags: it stays in the processor's cache."""


_SCANS = 512
"""Look-ups by scanning after which the handles are sorted: sorting costs as much as so many."""


@dataclass(frozen=True)
class Segment:
    """Consecutive slots from `start` on; the arrays are as long as the segment's capacity."""

    start: int
    panels: NDArray[np.uint16]
    prefixes: NDArray[np.uint64]
    expires: NDArray[np.uint32]
    states: NDArray[np.uint8]

    def blank(self, first: int) -> None:
        """Forget the slots from this one of the segment on."""
        self.panels[first // SLOTS :] = 0
        self.prefixes[first:] = 0
        self.expires[first:] = 0
        self.states[first:] = State.FREE


class Matrix:
    """Parts, states, expiry and handle prefixes of `slots` slots; of rows that nobody searches, no parts: `dim` 0."""

    def __init__(self, dim: int) -> None:
        self.dim = dim
        self.slots = 0
        self._segments: list[Segment] = []
        self._scans = 0
        self._order: Order | None = None

    @property
    def nbytes(self) -> int:
        """Bytes allocated, unused capacity included."""
        return (self._order.nbytes if self._order else 0) + sum(
            part.nbytes
            for segment in self._segments
            for part in (segment.panels, segment.prefixes, segment.expires, segment.states)
        )

    def resize(self, slots: int) -> None:
        """Grow to, or forget down to, so many slots (whole pages)."""
        if slots < self.slots:
            self._order, self._scans = None, 0
        capacity = sum(len(segment.states) for segment in self._segments)
        while capacity < slots:
            needed = -(-(slots - capacity) // BLOCK) * BLOCK
            spare = capacity // _GROWTH // BLOCK * BLOCK
            segment = _segment(capacity, min(_LARGEST, max(needed, spare)), self.dim)
            self._segments.append(segment)
            capacity += len(segment.states)
        while self._segments and self._segments[-1].start >= slots:
            self._segments.pop()
        if slots < self.slots and self._segments:
            # Whoever was there was refused: neither parts nor handles may linger behind the end.
            self._segments[-1].blank(slots - self._segments[-1].start)
        self.slots = slots

    def put_parts(self, numbers: Sequence[int], pages: Pages) -> None:
        """Take in the rows of these pages."""
        found = prefixes(pages["handles"].reshape(-1, HANDLE_BYTES)).reshape(-1, SLOTS)
        if self._order is not None and not self._order.put(numbers, self._prefixes_of(numbers), found):
            self._order = None  # too much has changed: the next who is looked for has all sorted again
        for at, (segment, inside) in enumerate(self._where(numbers)):
            if self.dim:
                segment.panels[inside.start // SLOTS] = pages["parts"][at]
            segment.expires[inside] = pages["expires"][at]
            segment.prefixes[inside] = found[at]

    def put_states(self, numbers: Sequence[int], pages: Pages) -> None:
        """Take in the states of these pages."""
        for at, (segment, inside) in enumerate(self._where(numbers)):
            segment.states[inside] = pages["states"][at]

    def states(self) -> NDArray[np.uint8]:
        """The state of every slot, uint8 (slots,): a copy."""
        columns = [np.empty(0, dtype=np.uint8), *(segment.states for segment in self._segments)]
        return np.concatenate(columns)[: self.slots]

    def expires(self) -> NDArray[np.uint32]:
        """The expiry day of every slot, uint32 (slots,): a copy; random where nobody is."""
        columns = [np.empty(0, dtype=np.uint32), *(segment.expires for segment in self._segments)]
        return np.concatenate(columns)[: self.slots]

    def free(self) -> NDArray[np.int64]:
        """The free slots in ascending order."""
        return np.flatnonzero(self.states() == State.FREE)

    def alive(self, day: int) -> NDArray[np.bool_]:
        """Which slots hold somebody who is valid on this unix day: bool (slots,)."""
        valid: NDArray[np.bool_] = (self.states() == State.ACTIVE) & (self.expires() > day)
        return valid

    def holders(self, prefix: int) -> list[int]:
        """The slots whose handle begins with this prefix; what was erased or never used has random ones."""
        wanted = np.uint64(prefix)
        order = self._order
        if order is not None:
            return order.of(wanted)
        self._scans += 1
        if self._scans > _SCANS and not self.dim:
            self._order = Order(np.concatenate([segment.prefixes for segment in self._segments])[: self.slots])
        return [
            segment.start + int(at)
            for segment in self._segments
            for at in np.flatnonzero(segment.prefixes == wanted)
            if segment.start + at < self.slots
        ]

    def _prefixes_of(self, numbers: Sequence[int]) -> NDArray[np.uint64]:
        """Those of these pages, (pages, 64): a copy."""
        return np.array([segment.prefixes[inside] for segment, inside in self._where(numbers)], dtype=np.uint64)

    def held(self, wanted: NDArray[np.uint64]) -> bool:
        """Whether a slot has one of these prefixes (n,), n > 0, or two of them are the same."""
        order = np.sort(wanted)
        if bool((order[1:] == order[:-1]).any()):
            return True
        # Nearly every slot is ruled out by the first bits of its prefix, one look into a small table.
        possible = np.zeros(1 << _SIEVE_BITS, dtype=np.bool_)
        shift = np.uint64(64 - _SIEVE_BITS)
        possible[order >> shift] = True
        for segment in self._segments:
            suspects = np.flatnonzero(possible[segment.prefixes >> shift])
            prefix = segment.prefixes[suspects]
            if bool((order[np.minimum(np.searchsorted(order, prefix), len(order) - 1)] == prefix).any()):
                return True
        return False

    def panel(self, number: int) -> NDArray[np.uint16]:
        """The parts of one page, (1, dim / 2, 64, 2): a view."""
        segment = next(held for held in reversed(self._segments) if held.start <= number * SLOTS)
        at = number - segment.start // SLOTS
        return segment.panels[at : at + 1]

    def panels(self) -> Iterator[tuple[int, NDArray[np.uint16]]]:
        """Every page's parts: (first slot, (pages, dim / 2, 64, 2)) in order; views."""
        for segment in self._segments:
            yield segment.start, segment.panels[: (self.slots - segment.start) // SLOTS]

    def _where(self, numbers: Sequence[int]) -> Iterator[tuple[Segment, slice]]:
        starts = np.array([segment.start for segment in self._segments])
        first = np.array(numbers, dtype=np.int64) * SLOTS
        for slot, at in zip(first.tolist(), np.searchsorted(starts, first, side="right").tolist(), strict=True):
            segment = self._segments[at - 1]
            yield segment, slice(slot - segment.start, slot - segment.start + SLOTS)


def _segment(start: int, size: int, dim: int) -> Segment:
    return Segment(
        start,
        empty_panels(size, dim),
        np.zeros(size, dtype=np.uint64),
        np.zeros(size, dtype=np.uint32),
        np.zeros(size, dtype=np.uint8),
    )
