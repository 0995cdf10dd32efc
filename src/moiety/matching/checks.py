"""Is a probe a face at all? Opened among the custodians: values that are constant for every honest probe.

A malformed probe is an oracle: 2^(15-b) * e_k reads bit b of coordinate k of every row. So the probe is shared once,
over R_32, and its low halves are the working share; before match parts leave, the custodians check

    degree  the three shares of every word lie on a line (their degree-2 coefficient is zero);
    range   every coordinate lies in -128..127, as a 32-bit number;
    norm    the self product lies in 15,600..16,700; after the range check it cannot have wrapped.

A norm alone would not do: the sender chooses the upper halves.

The few signs that this takes are compared in the fewest rounds, by the tree, whatever the rows are compared by.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from moiety.matching.bits import ROWS_PER_WORD
from moiety.matching.channel import Channel
from moiety.matching.distance import zero_weight
from moiety.matching.opening import open_bits, open_sum
from moiety.matching.prefix import at_least_zero
from moiety.matching.rounds import Rounds, beside
from moiety.matching.words import NORM_HIGH, NORM_LOW, WORD_HIGH, WORD_LOW
from moiety.sharing.encode import decode
from moiety.sharing.ring import POINTS, Element, Words, inverse, multiply, scale, subtract
from moiety.sharing.seat import SEATS, Seat


def degree_weight(seat: Seat) -> Element:
    """mu_p: the weights for which sum mu_p * share_p is the degree-2 coefficient of the three shares, modulo 2^64.

    Zero exactly where they lie on a line.
    """
    others = [POINTS[other] for other in SEATS if other != seat]
    weight: Element = (1, 0)
    for other in others:
        weight = multiply(weight, inverse(subtract(POINTS[seat], other)))
    return weight[0] % 2**64, weight[1] % 2**64


def norm_partial(share: Words, seat: Seat) -> Words:
    """This custodian's additive part of every row's self product: (B, d) -> (B,), same dtype."""
    out: Words = np.empty(len(share), dtype=share.dtype)
    a0, a1 = (share.dtype.type(c % 2 ** (8 * share.dtype.itemsize)) for c in zero_weight(seat))
    _norm(a0, a1, np.ascontiguousarray(share), out)
    return out


@njit(
    [f"void({word}, {word}, Array({word}, 2, 'C', readonly=True), {word}[::1])" for word in ("uint32", "uint64")],
    nogil=True,
    cache=True,
)
def _norm(a0, a1, shares, out):  # type: ignore[no-untyped-def]
    """`product_weights` and its dot product with the share itself, in one pass."""
    for row in range(shares.shape[0]):
        total = a0 - a0
        for k in range(0, shares.shape[1], 2):
            low, high = shares[row, k], shares[row, k + 1]
            product = a1 * high
            c0 = a0 * low - product
            c1 = a0 * high + a1 * low - product
            total += (c0 + c1 + c1) * low + (c0 + c0 - c1 - c1 - c1) * high
        out[row] = total


def additive(share: Words, seat: Seat) -> Words:
    """This custodian's additive part of the words behind a sharing: decoding is linear, so it is done locally."""
    return decode(scale(zero_weight(seat), share))


def within(seat: Seat, numbers: NDArray[Any], low: int | NDArray[Any], high: int | NDArray[Any]) -> NDArray[Any]:
    """Additive parts of (number - low) and (high - number), to be compared with zero: (n,) -> (2 n,).

    Only custodian a adds the constants.
    """
    mine = 1 if seat == "a" else 0
    dtype = numbers.dtype
    lows = np.broadcast_to(np.asarray(low, dtype=np.int64).astype(dtype), numbers.shape)
    highs = np.broadcast_to(np.asarray(high, dtype=np.int64).astype(dtype), numbers.shape)
    one = dtype.type(mine)
    return np.concatenate([numbers - one * lows, one * highs - numbers])


def all_at_least_zero(channel: Channel, step: str, numbers: NDArray[Any]) -> Rounds[bool]:
    """Whether every one of the shared numbers (n,) is at least zero; each sign is shown to the three custodians."""
    count = len(numbers)
    padded = np.zeros(-(-count // ROWS_PER_WORD) * ROWS_PER_WORD, dtype=numbers.dtype)
    padded[:count] = numbers  # the rest are sharings of zero, which is at least zero
    bits = yield from at_least_zero(channel.seat, padded, *channel.streams(step))
    shown = yield from open_bits(bits)
    return bool(np.all(shown == np.uint64(2**64 - 1)))


def are_faces(channel: Channel, shares: NDArray[np.uint32]) -> Rounds[bool]:
    """Whether shares uint32 (B, d) over R_32 are of quantised faces, all of them."""
    seat = channel.seat
    degrees = open_sum(scale(degree_weight(seat), shares), *channel.streams("degree"))
    coordinates = within(seat, additive(shares, seat).reshape(-1), WORD_LOW, WORD_HIGH)
    norms = within(seat, norm_partial(shares, seat), NORM_LOW, NORM_HIGH)
    # One batch: a probe that fails one of them is refused, whichever it is.
    signs = all_at_least_zero(channel, "range and norm", np.concatenate([coordinates, norms]))
    bent, fits = yield from beside(degrees, signs)
    return fits and not np.any(bent)
