"""Searching stolen bytes for many needles at once. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from moiety.drills.canaries import SHORTEST


class Haystack:
    """Some files' bytes, indexed by every run of eight bytes in them."""

    def __init__(self, parts: Sequence[bytes]) -> None:
        self._bytes = b"\0".join([*parts, bytes(SHORTEST)])
        self.size = len(self._bytes)
        runs = np.ndarray((self.size - SHORTEST + 1,), "<u8", self._bytes, strides=(1,))
        self._runs = np.unique(runs)

    def holds(self, needles: Sequence[bytes]) -> NDArray[np.bool_]:
        """Which of the needles, of eight bytes or more, stand somewhere in the files: bool (n,)."""
        starts = np.frombuffer(b"".join(needle[:SHORTEST] for needle in needles), "<u8")
        if len(starts) != len(needles):
            raise ValueError("a needle is too short")
        places = np.searchsorted(self._runs, starts).clip(max=len(self._runs) - 1)
        found = np.asarray(self._runs[places] == starts)
        for place in np.flatnonzero(found).tolist():
            found[place] = needles[place] in self._bytes
        return found

    def accident(self, needles: int) -> float:
        """A bound on the probability that so many needles meet one hit in random bytes of this size."""
        return needles * self.size * 256.0**-SHORTEST
