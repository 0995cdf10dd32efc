"""Refresh: new parts of the same secrets, so that an old part and a new one of another custodian are noise.

Each custodian gives the other two a fresh 32-byte seed. rho is the sum of the three streams, bound to the rows
and the new epoch, and custodian p adds rho * point_p. Everyone learns rho, as does anyone who has an old and a
new part of one custodian: so seeds and old parts are destroyed when all three have confirmed. rho is *not* a
sharing of zero and must never serve as a mask.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from moiety.sharing.ring import POINTS, scale
from moiety.sharing.seat import Seat
from moiety.sharing.streams import Room, Stream, derive


def apply(
    part: NDArray[np.uint16], seat: Seat, seeds: tuple[bytes, bytes, bytes], context: bytes
) -> NDArray[np.uint16]:
    """The refreshed part of one custodian: shape (rows, d) -> (rows, d), d even.

    `seeds` are those of custodians a, b and c in that order; `context` names the gallery, the new epoch and the
    rows, so that no two sets of rows are shifted alike. All three custodians pass the same seeds and context.
    """
    rho = np.zeros(part.shape, dtype=np.uint16)
    drawn = Room.of(part.shape, np.uint16)
    for seed in seeds:
        Stream(derive(seed, b"moiety refresh 1", context)).fill(drawn)
        rho += drawn.words
    return part + scale(POINTS[seat], rho)
