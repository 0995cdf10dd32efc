"""Recover a lost custodian from the two others: its part comes back bit-identical, and nobody learns another's.

Each helper sends its part times its Lagrange weight at the lost custodian's point, plus z (one helper) or minus z
(the other). The mask z is known to the two helpers alone and fresh per attempt: an unmasked contribution *is* the
helper's part, because the weight is a unit, and the receiver would then hold two parts.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from moiety.sharing.ring import POINTS, lagrange, scale
from moiety.sharing.seat import SEATS, Seat
from moiety.sharing.streams import Stream, derive


def contribution(
    part: NDArray[np.uint16], helper: Seat, lost: Seat, secret: bytes, context: bytes
) -> NDArray[np.uint16]:
    """What `helper` sends to `lost`: its weighted part under a mask, same shape (rows, d).

    `secret` is 32 fresh bytes that only the two helpers know; `context` names the gallery and the rows, so one
    secret may serve many sets of rows, each once.
    """
    if helper == lost:
        raise ValueError("a custodian does not help itself")
    other = next(seat for seat in SEATS if seat not in (helper, lost))
    weighted = scale(lagrange(POINTS[lost], POINTS[helper], (POINTS[other],)), part)
    mask: NDArray[np.uint16] = Stream(derive(secret, b"moiety recover 1", lost.encode(), context)).words(
        part.shape, np.uint16
    )
    return weighted + mask if helper < other else weighted - mask


def recovered(one: NDArray[np.uint16], other: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """The lost part, from the two helpers' contributions (the masks cancel)."""
    return one + other
