"""The handles of a gallery in order: who is looked for among millions is found at once, also while others come and go.

Sorting takes as long as hundreds of look-ups, so what changes afterwards is kept beside what was sorted, page by page,
and looked through. Of whoever was erased nothing stays in either.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from moiety.custody.store.slots import SLOTS

PAGES: Final = 512
"""Pages that are kept beside: 256 KB, looked through in 10 us. As many changes later, all are sorted again."""

Prefixes = NDArray[np.uint64]


class Order:
    """The prefixes of `n` slots, uint64 (n,), as they were, and those of the pages that were written since."""

    def __init__(self, found: Prefixes) -> None:
        order = np.argsort(found, kind="stable")
        self._prefixes = found[order]
        self._slots = order.astype(np.uint32)
        self._beside: dict[int, int] = {}
        self._numbers = np.empty(0, dtype=np.int64)
        self._late = np.empty((0, SLOTS), dtype=np.uint64)

    @property
    def nbytes(self) -> int:
        """Bytes allocated."""
        return self._prefixes.nbytes + self._slots.nbytes + self._numbers.nbytes + self._late.nbytes

    def put(self, numbers: Sequence[int], before: Prefixes, after: Prefixes) -> bool:
        """Take in pages that are written, (pages, 64) before and after; whether there was room for them. Where there
        was none, it is in order no more."""
        if len(self._beside.keys() | set(numbers)) > PAGES:
            return False
        if not len(self._late):
            self._numbers = np.empty(PAGES, dtype=np.int64)
            self._late = np.empty((PAGES, SLOTS), dtype=np.uint64)
        for number, old, new in zip(numbers, before, after, strict=True):
            if number not in self._beside:
                self._forget(number, old)
                self._beside[number] = len(self._beside)
            at = self._beside[number]
            self._numbers[at], self._late[at] = number, new
        return True

    def of(self, prefix: np.uint64) -> list[int]:
        """The slots with this prefix, in ascending order."""
        first, end = np.searchsorted(self._prefixes, prefix), np.searchsorted(self._prefixes, prefix, "right")
        slots = [slot for slot in self._slots[first:end].tolist() if slot // SLOTS not in self._beside]
        used = len(self._beside)
        places, at = np.nonzero(self._late[:used] == prefix)
        return sorted([*slots, *(self._numbers[places] * SLOTS + at).tolist()])

    def _forget(self, number: int, old: Prefixes) -> None:
        """Put their neighbours' prefixes in place of a page's, which are sorted as before then."""
        firsts, ends = np.searchsorted(self._prefixes, old), np.searchsorted(self._prefixes, old, "right")
        for first, end in sorted(zip(firsts.tolist(), ends.tolist(), strict=True)):
            for at in range(first, end):
                page = int(self._slots[at]) // SLOTS
                if page == number or page in self._beside:  # also where one of this page's was put in place of another
                    self._prefixes[at] = self._prefixes[at - 1] if at else 0
