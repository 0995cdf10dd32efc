"""How many rows matched? Summed under the sharing, and shown to the three custodians alone: the number, nothing else.

It goes on where a search ended, after the openings have left, so that each custodian can charge what was found to a
budget without learning which rows, or at which probe.

    1  adders      three words of weight w become one of weight w (their xor) and one of weight 2 w (their majority),
                   bit by bit: a full adder, one AND. A third of the words is gone after each round, until few are left.
    2  convert     the bits that are left, x = x_ab xor x_bc xor x_ca, become additive parts mod 2^32. The custodian in
                   the middle (roles rotate over thirds) knows y = x_ab xor x_bc, the other two z = x_ca, and
                   x = y + z - 2 y z. The middle one splits y into a stream that it shares with the one before it, and
                   the rest, which it sends to the one after: each multiplies its part with z.
    3  open        every custodian adds its parts up, each times its weight, and the three sums are opened, masked by a
                   sharing of zero, to the custodians.

What is sent in 1 is masked by a fresh sharing of zero, in 2 by a stream that the receiver lacks; in 3 two masked sums
come in that are uniform but for the total. So a custodian sees uniform words and the total, and could have made up the
former. Sent by each: a bit a row and probe, and 88 kB at most.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from moiety.matching.bits import ROWS_PER_WORD, Bits, Plane
from moiety.matching.channel import Channel
from moiety.matching.opening import open_sum
from moiety.matching.rounds import Exchange, Rounds, expect
from moiety.sharing.seat import SEATS
from moiety.sharing.streams import Stream

# Each further halving of what is left takes a round or two, and halves what is sent to convert it: 87 kB here.
_LEFT_WORDS = 1024
_MOST_WORDS = 2**32 // ROWS_PER_WORD - 1


def tally(channel: Channel, bits: Bits) -> Rounds[int]:
    """How many of the shared bits are one, the same number at all three. To be asked once of a channel.

    Up to 2^32 - 64 bits, in whole words; of 1,000,000 in 9 rounds, of 32,000,000 in 18.
    """
    if bits.previous.shape != bits.next.shape or bits.next.ndim != 1 or len(bits.next) > _MOST_WORDS:
        raise ValueError("bits come in words, fewer than 2^32 of them")
    left, weights = yield from _added(bits, *channel.streams("tally: adders"))
    part = yield from _converted(channel, left, weights)
    total = yield from open_sum(part, *channel.streams("tally: sum"))
    return int(total[0])


def _added(bits: Bits, next_: Stream, previous: Stream) -> Rounds[tuple[Bits, NDArray[np.uint32]]]:
    """Few words that count as much as many, and their weights (m,); a round at a time."""
    # Words lie by rising weight, 1, 2, 4 and so on: so many of each.
    counts = np.array([len(bits.next)], dtype=np.int64)
    while counts.sum() > _LEFT_WORDS:
        adders = counts // 3
        count = int(adders.sum())
        zero_next, zero_previous = next_.words((count,), np.uint64), previous.words((count,), np.uint64)
        product = np.empty(count, dtype=np.uint64)
        _majorities(counts, bits.previous, bits.next, zero_next, zero_previous, product)
        answer = yield Exchange(next=(product,))
        received = expect(answer.previous, (count,), np.uint64)
        bits = Bits(_sums_and_carries(counts, bits.previous, received), _sums_and_carries(counts, bits.next, product))
        counts = np.append(counts - 2 * adders, 0) + np.append(0, adders)
    weights: NDArray[np.uint32] = np.left_shift(1, np.arange(len(counts), dtype=np.uint32), dtype=np.uint32)
    return bits, weights.repeat(counts)


def _sums_and_carries(counts: NDArray[np.int64], words: Plane, products: Plane) -> Plane:
    """One component of the words after a round of adders."""
    out = np.empty(len(words) - len(products), dtype=np.uint64)
    _add(counts, words, products, out)
    return out


_READS = "Array(uint64, 1, 'C', readonly=True)"


@njit(f"void(int64[::1], {_READS}, {_READS}, uint64[::1], uint64[::1], uint64[::1])", nogil=True, cache=True)
def _majorities(counts, words_previous, words_next, zero_next, zero_previous, product):  # type: ignore[no-untyped-def]
    """The product that is in the majority of three words: (one xor third) and (other xor third)."""
    start, place = 0, 0
    for column in range(len(counts)):
        adders = counts[column] // 3
        for m in range(adders):
            one, other, third = start + m, start + adders + m, start + 2 * adders + m
            x_previous, x_next = words_previous[one] ^ words_previous[third], words_next[one] ^ words_next[third]
            y_previous, y_next = words_previous[other] ^ words_previous[third], words_next[other] ^ words_next[third]
            z = (x_previous & (y_previous ^ y_next)) ^ (x_next & y_previous)
            product[place + m] = z ^ zero_next[place + m] ^ zero_previous[place + m]
        start += counts[column]
        place += adders


@njit(f"void(int64[::1], {_READS}, {_READS}, uint64[::1])", nogil=True, cache=True)
def _add(counts, words, products, out):  # type: ignore[no-untyped-def]
    """Of every column the sums of three, the words left over, and what the column below carries: product xor third."""
    start, place, at = 0, 0, 0
    below, adders_below = 0, 0
    for column in range(len(counts) + 1):
        count = counts[column] if column < len(counts) else 0
        adders = count // 3
        for m in range(adders):
            out[at + m] = words[start + m] ^ words[start + adders + m] ^ words[start + 2 * adders + m]
        at += adders
        for m in range(3 * adders, count):
            out[at] = words[start + m]
            at += 1
        for m in range(adders_below):
            out[at + m] = products[place + m] ^ words[below + 2 * adders_below + m]
        at += adders_below
        place += adders_below
        below, adders_below = start, adders
        start += count


def _converted(channel: Channel, bits: Bits, weights: NDArray[np.uint32]) -> Rounds[NDArray[np.uint32]]:
    """One round: this custodian's additive part of the weighted sum of the bits, weights (m,) a word: uint32 (1,)."""
    third = -(-len(weights) // 3)
    lacking = (0, 3 * third - len(weights))
    weighted = np.pad(weights, lacking).repeat(ROWS_PER_WORD).reshape(3, third * ROWS_PER_WORD)
    from_previous, from_next = (
        np.unpackbits(np.pad(words, lacking).view(np.uint8), bitorder="little")
        .reshape(weighted.shape)
        .astype(np.uint32)
        for words in (bits.previous, bits.next)
    )
    next_, previous = channel.streams("tally: convert")
    # In one third of the words this custodian is in the middle, in one the middle is before it, in one after it.
    at = SEATS.index(channel.seat)
    middle, before, after = at, (at - 1) % 3, (at + 1) % 3
    count = (weighted.shape[1],)
    y = from_previous[middle] ^ from_next[middle]
    answer = yield Exchange(next=(y - previous.words(count, np.uint32),))
    rest = expect(answer.previous, count, np.uint32)
    drawn = next_.words(count, np.uint32)
    two = np.uint32(2)
    z_before, z_after = from_next[before], from_previous[after]
    terms = weighted[middle] * y
    terms -= weighted[before] * (two * rest * z_before)
    terms += weighted[after] * (z_after - two * drawn * z_after)
    part: NDArray[np.uint32] = np.sum(terms, dtype=np.uint32, keepdims=True)
    return part
