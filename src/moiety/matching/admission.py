"""Are these templates faces? Checked in bulk before their rows become active, at a cost of a few words a row.

Templates are shared over R_64 and kept in their low 16 bits. For every thousand rows the custodians toss a coin and
take 64 sums of ring elements over random subsets of all the rows' elements:

    degree  every sum's three shares lie on a line; a bent share passes with probability 2^-64;
    range   every sum's two words lie within +- 1,000 sqrt(d) 129: a quantised face has |u|_1 <= sqrt(d) |u|_2, so
            this is constant for honest rows, and a coordinate above 2^24 passes with probability 2^-64;
    norm    each row's self product, exact because no coordinate is large, lies in 15,600..16,700.

The norm then bounds each coordinate by 129, so that no inner product can wrap.

What else of a row is shared, over R_16, has a degree and no more: one bent row would fail the gallery's check, which
cannot say whose it is, and close the gallery for everybody.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from moiety.matching.channel import Keys, agree
from moiety.matching.checks import additive, all_at_least_zero, degree_weight, norm_partial, within
from moiety.matching.coin import COIN_BYTES, toss
from moiety.matching.header import Header
from moiety.matching.opening import open_sum
from moiety.matching.refusals import MalformedTemplate
from moiety.matching.rounds import Rounds, beside
from moiety.matching.subsets import element_sums
from moiety.matching.words import NORM_HIGH, NORM_LOW
from moiety.sharing.ring import scale
from moiety.sharing.streams import Stream

GROUP_ROWS = 1_000
_SUMS = 64


@dataclass(frozen=True)
class Candidates:
    """What one custodian brings: its part of the templates over R_64, uint64 (n, d), its part of what else is shared of
    each row over R_16, uint16 (n, k) with an even k, and 32 fresh bytes for the coin.

    `public` is everything else about the rows that the three must hold alike: slots, expiry, in any fixed encoding.
    """

    keys: Keys
    header: Header
    coin: bytes
    parts: NDArray[np.uint64]
    also: NDArray[np.uint16]
    public: bytes


def words_alone(keys: Keys, header: Header, coin: bytes, words: NDArray[np.uint16], public: bytes) -> Rounds[bytes]:
    """As `attempt`, for rows of which it is checked alone that the three have parts of one thing each: words over R_16,
    uint16 (n, k) with an even k, as `Candidates.also`."""
    if len(words) != header.rows or words.dtype != np.uint16:
        raise ValueError("what is shared has 16-bit words, in as many rows as the header says")
    channel = yield from agree(keys, header.digest(), hashlib.sha256(public).digest())
    tossed = yield from toss(channel.seat, coin, "admission")
    sums = np.stack([_sums(words[start : start + GROUP_ROWS], tossed) for start in range(0, header.rows, GROUP_ROWS)])
    off = yield from open_sum(scale(degree_weight(channel.seat), sums), *channel.streams("degree of the rest"))
    if np.any(off):
        raise MalformedTemplate()
    left: bytes = tossed.words((COIN_BYTES,), np.uint8).tobytes()
    return left


def _sums(words: NDArray[np.uint16], coin: Stream) -> NDArray[np.uint16]:
    """Over random subsets, modulo 2^16 before anything is opened: what is above says how often shares wrapped."""
    some = words.astype(np.uint64)
    return element_sums(some, coin.words((len(some), some.shape[1] // 2), np.uint64)).astype(np.uint16)


def attempt(side: Candidates) -> Rounds[bytes]:
    """32 bytes of the coin that were not used, for what is drawn next.

    Raises Disagreement or MalformedTemplate; nothing is said about which row it was.
    """
    header = side.header
    if side.parts.shape != (header.rows, header.dim) or side.parts.dtype != np.uint64:
        raise ValueError("template parts have 64-bit words, as the header says")
    if len(side.also) != header.rows or side.also.dtype != np.uint16:
        raise ValueError("what is shared beside the templates has 16-bit words, in as many rows")
    channel = yield from agree(side.keys, header.digest(), hashlib.sha256(side.public).digest())
    seat = channel.seat
    coin = yield from toss(seat, side.coin, "admission")
    groups = range(0, header.rows, GROUP_ROWS)
    sums = np.empty((len(groups), _SUMS, 2), dtype=np.uint64)
    others = np.empty((len(groups), _SUMS, 2), dtype=np.uint16)
    for group, start in enumerate(groups):
        rows = side.parts[start : start + GROUP_ROWS]
        sums[group] = element_sums(rows, coin.words((len(rows), header.dim // 2), np.uint64))
        others[group] = _sums(side.also[start : start + GROUP_ROWS], coin)
    degrees = open_sum(scale(degree_weight(seat), sums), *channel.streams("degree"))
    off = open_sum(scale(degree_weight(seat), others), *channel.streams("degree of the rest"))
    bound = math.isqrt(GROUP_ROWS**2 * header.dim * NORM_HIGH) + 1
    totals = within(seat, additive(sums, seat).reshape(-1), -bound, bound)
    norms = within(seat, norm_partial(side.parts, seat), NORM_LOW, NORM_HIGH)
    signs = all_at_least_zero(channel, "range and norm", np.concatenate([totals, norms]))
    (bent, astray), fits = yield from beside(beside(degrees, off), signs)
    if not fits or np.any(bent) or np.any(astray):
        raise MalformedTemplate()
    left: bytes = coin.words((COIN_BYTES,), np.uint8).tobytes()
    return left
