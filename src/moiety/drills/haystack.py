"""Searching stolen bytes for many needles at once. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from moiety.drills.canaries import SHORTEST

_RUNS_AT_ONCE: Final = 1 << 20
_SIEVE_BITS: Final = 22
_SPREAD: Final = np.uint64(0x9E3779B97F4A7C15)
"""2^64 over the golden ratio, odd: the top bits of a product with it depend on all eight bytes (Knuth 6.4)."""


class Haystack:
    """Some files' bytes, in which needles are looked for at every place."""

    def __init__(self, parts: Sequence[bytes]) -> None:
        self._bytes = b"\0".join([*parts, bytes(SHORTEST)])
        self.size = len(self._bytes)

    def holds(self, needles: Sequence[bytes]) -> NDArray[np.bool_]:
        """Which of the needles, of eight bytes or more, stand somewhere in the files: bool (n,)."""
        starts = np.frombuffer(b"".join(needle[:SHORTEST] for needle in needles), "<u8")
        if len(starts) != len(needles):
            raise ValueError("a needle is too short")
        runs, places = self._met(np.unique(starts))
        first, last = np.searchsorted(runs, starts, "left"), np.searchsorted(runs, starts, "right")
        found = np.zeros(len(needles), bool)
        for one in np.flatnonzero(first < last).tolist():
            needle = needles[one]
            found[one] = any(self._bytes.startswith(needle, at) for at in places[first[one] : last[one]].tolist())
        return found

    def _met(self, starts: NDArray[np.uint64]) -> tuple[NDArray[np.uint64], NDArray[np.intp]]:
        """Where any of these runs of eight bytes (ascending) stand in the files: the runs, ascending, and the places.

        A sieve passes few others, so a gigabyte is read in a minute and nothing of its size is kept.
        """
        sieve = np.zeros(1 << _SIEVE_BITS, bool)
        sieve[_sieved(starts)] = True
        runs = np.ndarray((self.size - SHORTEST + 1,), "<u8", self._bytes, strides=(1,))
        places = [np.empty(0, np.intp)]
        for at in range(0, len(runs), _RUNS_AT_ONCE):
            some = runs[at : at + _RUNS_AT_ONCE]
            passed = np.flatnonzero(sieve[_sieved(some)])
            kept = some[passed]
            known = starts[np.searchsorted(starts, kept).clip(max=len(starts) - 1)] == kept
            places.append(at + passed[known])
        where = np.concatenate(places)
        order = np.argsort(runs[where], kind="stable")
        return runs[where[order]], where[order]

    def accident(self, needles: int) -> float:
        """A bound on the probability that so many needles meet one hit in random bytes of this size."""
        return needles * self.size * 256.0**-SHORTEST


def _sieved(runs: NDArray[np.uint64]) -> NDArray[np.uint64]:
    return (runs * _SPREAD) >> np.uint64(64 - _SIEVE_BITS)
