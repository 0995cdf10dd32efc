"""What an attacker holds next to what he looks for: the ways to lay two sets of words side by side. Pure.

An attack compares n things on the left with n on the right (a photograph with a row, a row with a row elsewhere), each
(n, d) of uint16, row i on the left belonging to row i on the right. Whoever knows the format tries every reading of it:
the words as stored, decoded as if no mask were there, and divided by the custodian's point, where the mask stands bare.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from moiety.drills.algebra import Words, decode, encode, over_point

_HALF_CIRCLE: Final = 0x7FFF
_STEPS: Final = (1, 2, 8)
"""Words from one to the next of an element, to the next element, and to the next block of sixteen bytes of a cipher."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to lay the two sides together: uint16 (n, d) each."""

    name: str
    left: Words
    right: Words

    def of(self, people: NDArray[np.intp]) -> Reading:
        """The same for some of the people, in that order."""
        return Reading(self.name, self.left[people], self.right[people])


def photograph_and_row(photographs: NDArray[np.int16], rows: Words, seat: str | None) -> list[Reading]:
    """Readings of quantised photographs (n, d) beside stolen rows (n, d); `seat` is None for rows in the clear."""
    plain = photographs.astype(np.uint16)
    if seat is None:
        return [Reading("as stored", plain, rows)]
    split = encode(photographs)
    return [
        Reading("as stored", plain, rows),
        Reading("as shares", split, rows),
        Reading("decoded", plain, decode(rows)),
        *_masks(over_point(split, seat), over_point(rows, seat)),
    ]


def row_and_row(left: Words, right: Words, seats: tuple[str, str] | None) -> list[Reading]:
    """Readings of two sets of stolen rows (n, d); `seats` is None for rows in the clear."""
    if seats is None:
        return [Reading("as stored", left, right)]
    return [
        Reading("as stored", left, right),
        Reading("decoded", decode(left), decode(right)),
        *_masks(over_point(left, seats[0]), over_point(right, seats[1])),
    ]


def _masks(left: Words, right: Words) -> list[Reading]:
    """Where the mask stands bare: word by word, and the steps from word to word, where a repeating one shows."""
    readings = [Reading("over the point", left, right)]
    for step in _STEPS:
        moved = (side - np.roll(side, step, axis=1) for side in (left, right))
        readings.append(Reading(f"over the point, steps of {step}", *moved))
    return readings


def in_order(name: str, left: NDArray[np.int64], right: NDArray[np.int64]) -> list[Reading]:
    """Two columns of numbers (n,), by rank and by size, spread over half the circle of words: near is alike."""
    return [
        Reading(f"{name} by rank", _spread(_ranks(left)), _spread(_ranks(right))),
        Reading(f"{name} by size", _spread(left), _spread(right)),
    ]


def _ranks(column: NDArray[np.int64]) -> NDArray[np.int64]:
    """Twice the mean rank of each number among all."""
    ordered = np.sort(column)
    return np.searchsorted(ordered, column, "left") + np.searchsorted(ordered, column, "right")


def _spread(column: NDArray[np.int64]) -> Words:
    above = (column - column.min()).astype(np.float64)
    words = (above * (_HALF_CIRCLE / max(1.0, above.max()))).astype(np.uint16)
    return np.repeat(words[:, None], 2, axis=1)
