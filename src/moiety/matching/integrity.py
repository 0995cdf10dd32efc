"""Do the three custodians' parts of a gallery still belong together?

Thirty-two random combinations of all rows, coefficients 0, 1, x, 1 + x from a common coin, must lie on a line: the
degree-2 coefficient of the three parts, masked, opens as zero. A row whose parts no longer fit passes one
combination with probability 1/4 at most, hence all with 2^-64. Run at start, after recovery and refresh, and daily.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from moiety.matching.channel import Keys, agree
from moiety.matching.checks import degree_weight
from moiety.matching.coin import toss
from moiety.matching.header import Header
from moiety.matching.opening import open_sum
from moiety.matching.rounds import Rounds
from moiety.matching.subsets import combinations
from moiety.sharing.ring import scale

COMBINATIONS = 32


@dataclass(frozen=True)
class Gallery:
    """What one custodian brings: its rows in slot order, as chunks uint16 (n, d), n summing to header.rows.

    `public` is what the three must hold alike about the rows, `coin` 32 fresh bytes, and `done` is told the number of
    rows behind it.
    """

    keys: Keys
    header: Header
    coin: bytes
    rows: Callable[[], Iterable[NDArray[np.uint16]]]
    public: bytes
    done: Callable[[int], None]


def attempt(side: Gallery) -> Rounds[bool]:
    """Whether all rows' parts lie on a line. Raises Disagreement where the three do not hold the same gallery."""
    header = side.header
    channel = yield from agree(side.keys, header.digest(), hashlib.sha256(side.public).digest())
    coin = yield from toss(channel.seat, side.coin, "integrity")
    totals = np.zeros((COMBINATIONS, header.dim), dtype=np.uint16)
    seen = 0
    for chunk in side.rows():
        coefficients = coin.words((len(chunk), COMBINATIONS // 4), np.uint8)
        combinations(np.ascontiguousarray(chunk), coefficients, totals)
        seen += len(chunk)
        side.done(seen)
    if seen != header.rows:
        raise ValueError("a gallery has as many rows as its header says")
    bent = yield from open_sum(scale(degree_weight(channel.seat), totals), *channel.streams("degree"))
    return not np.any(bent)
