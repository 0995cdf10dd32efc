"""Is a shared number at least zero, in as few rounds as can be: the comparison of `compare`, with a tree for its chain.

u and v, whose sum's sign is asked, are as there: role 2 knows u, roles 0 and 1 know v. Their bits below the sign are
taken in groups of k = 3 or 4, and each group is asked two things: does it carry (G), does it pass a carry on (P)?

    P = (u_0 xor v_0) ... (u_k-1 xor v_k-1)     G = xor over i of u_i v_i times P of the bits above i

Multiplied out, both are sums of products of u's bits alone, each times products of v's bits alone. Role 2 shares the
products of u's bits as it shares the bits: 2^k - 1 planes a group. One component is then role 0's and the other role
1's, both of whom know v: so each computes its own part of G and of P, alone, and the sum of the two parts is shared
out. The components that role 2 has a hand in are drawn, the third is what the two send each other:

    of roles 2 and 0   r_20, drawn         of roles 1 and 2   r_12, drawn
    of roles 0 and 1   (part_0 xor r_20) xor (part_1 xor r_12), one message each way

Groups are then combined in pairs, low and high, until one is left, whose G is the carry into the sign:

    G = G_high xor P_high and G_low             P = P_high and P_low

The lowest group's P is never asked for. At w = 16 in threes: five groups, 6 rounds, 4.2 B a row sent by each custodian.
At 32 and 64 bits in fours: 6 and 7 rounds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from moiety.matching.bits import Bits, Plane
from moiety.matching.compare import (
    Operands,
    add_top_bits,
    complement,
    in_passes,
    shared_operands,
    thirds,
)
from moiety.matching.lanes import planes_of
from moiety.matching.rounds import Exchange, Rounds, expect
from moiety.sharing.seat import Seat
from moiety.sharing.streams import Stream

# Bits in a group, by the bits of a word. Rows come as 16-bit words, many, and threes send the fewest bytes; what comes
# in wider words is few, and fours have a round less.
_GROUP_BITS = {16: 3, 32: 4, 64: 4}
_ALL = np.uint64(2**64 - 1)


def at_least_zero(seat: Seat, numbers: NDArray[Any], next_: Stream, previous: Stream) -> Rounds[Bits]:
    """As `at_least`, for zero and numbers that are there, all in one pass."""
    return at_least(0, seat, numbers, next_, previous, lambda place: None, max(1, len(numbers)))


def at_least(
    bound: int,
    seat: Seat,
    numbers: NDArray[Any],
    next_: Stream,
    previous: Stream,
    ready: Callable[[int], None],
    pass_words: int,
) -> Rounds[Bits]:
    """As `compare.at_least`, bit for bit; 6 rounds a pass at 16 and 32 bits, 7 at 64."""
    return in_passes(_pass, bound, seat, numbers, next_, previous, ready, pass_words)


def _pass(seat: Seat, numbers: NDArray[Any], less: Any, next_: Stream, previous: Stream) -> Rounds[Bits]:
    size = _GROUP_BITS[8 * numbers.dtype.itemsize]
    below = 8 * numbers.dtype.itemsize - 1
    groups, rest = -(-below // size), below % size or size
    # The products of every group's own bits, 2^size - 1 of them, and the top bit, whose product with nothing it is.
    count = (groups - 1) * (2**size - 1) + 2**rest

    def masked_products(numbers: NDArray[Any], others: NDArray[Any], less: Any, key: Plane) -> Plane:
        bits = np.empty((below + 1, key.shape[1]), dtype=np.uint64)
        planes_of(numbers, others, less, bits)
        out = np.empty_like(key)
        _monomials(size, bits, key, out)
        return out

    operands = yield from shared_operands(seat, numbers, less, next_, previous, count, masked_products)
    carries = yield from _leaves(seat, operands, size, groups, next_, previous)
    while len(carries.g_next) > 1:
        carries = yield from _joined(carries, next_, previous)
    add_top_bits(seat, operands, carries.g_previous[0], carries.g_next[0])
    return complement(seat, Bits(carries.g_previous[0].reshape(-1), carries.g_next[0].reshape(-1)))


class _Carries(NamedTuple):
    """The components of groups' two bits, lowest group first: G uint64 (n, 3, words), P (n - 1, 3, words), no first."""

    g_previous: Plane
    g_next: Plane
    p_previous: Plane
    p_next: Plane


def _leaves(
    seat: Seat, operands: Operands, size: int, groups: int, next_: Stream, previous: Stream
) -> Rounds[_Carries]:
    """One round: every group's G, then every P but the first group's."""
    first, second, last = thirds(seat)
    shape = (2 * groups - 1, operands.key_0.shape[1])
    # This custodian as role 1 draws with the next as role 2, and as role 2 with the next as role 0.
    drawn_1, drawn_2 = next_.words(shape, np.uint64), next_.words(shape, np.uint64)
    drawn_2_too, drawn_0 = previous.words(shape, np.uint64), previous.words(shape, np.uint64)
    part_0, part_1 = np.empty(shape, dtype=np.uint64), np.empty(shape, dtype=np.uint64)
    # A product of no bits is one: all of it is role 0's part.
    _leaf_parts(size, _ALL, operands.key_0, operands.v_0, drawn_0, part_0)
    _leaf_parts(size, np.uint64(0), operands.masked_1, operands.v_1, drawn_1, part_1)
    answer = yield Exchange(next=(part_0,), previous=(part_1,))
    own_previous, own_next = (np.empty((shape[0], 3, shape[1]), dtype=np.uint64) for _ in range(2))
    own_previous[:, first], own_next[:, first] = drawn_0, part_0 ^ expect(answer.next, shape, np.uint64)
    own_previous[:, second], own_next[:, second] = part_1 ^ expect(answer.previous, shape, np.uint64), drawn_1
    own_previous[:, last], own_next[:, last] = drawn_2_too, drawn_2
    return _Carries(own_previous[:groups], own_next[:groups], own_previous[groups:], own_next[groups:])


def _joined(carries: _Carries, next_: Stream, previous: Stream) -> Rounds[_Carries]:
    """One round: groups joined two by two, from the lowest on; of an odd number the highest waits."""
    count, words = len(carries.g_next), carries.g_next.shape[1:]
    shape = (2 * (count // 2) - 1, *words)
    zero_next, zero_previous = next_.words(shape, np.uint64), previous.words(shape, np.uint64)
    product = np.empty(shape, dtype=np.uint64)
    _node_products(*carries, zero_next, zero_previous, product)
    answer = yield Exchange(next=(product,))
    received = expect(answer.previous, shape, np.uint64)
    # In new arrays: what was sent is not written to, and may still be read by who got it.
    left = count - count // 2
    out = _Carries(*(np.empty((n, *words), dtype=np.uint64) for n in (left, left, left - 1, left - 1)))
    _take(carries.g_previous, carries.p_previous, received, out.g_previous, out.p_previous)
    _take(carries.g_next, carries.p_next, product, out.g_next, out.p_next)
    return out


_WRITES, _READS = "uint64[:, :, ::1]", "Array(uint64, 3, 'C', readonly=True)"
_PLANES, _PLANES_READ = "uint64[:, ::1]", "Array(uint64, 2, 'C', readonly=True)"
# Words of a plane gone through at a time: a group's products stay in the first-level cache meanwhile.
_BLOCK = 256


@njit("void(uint64[::1], uint64[::1], uint64[::1])", nogil=True, cache=True)
def _xor_into(out, one, other):  # type: ignore[no-untyped-def]
    for m in range(len(out)):
        out[m] = one[m] ^ other[m]


@njit("void(uint64[::1], uint64[::1], uint64[::1])", nogil=True, cache=True)
def _and_into(out, one, other):  # type: ignore[no-untyped-def]
    for m in range(len(out)):
        out[m] = one[m] & other[m]


@njit(f"void(intp, {_PLANES}, {_PLANES}, {_PLANES})", nogil=True, cache=True)
def _monomials(size, bits, key, out):  # type: ignore[no-untyped-def]
    """The products of the bits of each group, subset by subset from 1 on, and the top bit, xor a key: into out."""
    below = bits.shape[0] - 1
    _xor_into(out[out.shape[0] - 1], bits[below], key[out.shape[0] - 1])
    products = np.empty((1 << size, _BLOCK), dtype=np.uint64)
    for start in range(0, out.shape[1], _BLOCK):
        block = slice(start, min(start + _BLOCK, out.shape[1]))
        length = block.stop - start
        for low in range(0, below, size):
            first = low // size * ((1 << size) - 1) - 1
            for bit in range(min(size, below - low)):
                alone = bits[low + bit, block]
                products[1 << bit, :length] = alone
                for subset in range(1, 1 << bit):
                    _and_into(products[subset | 1 << bit, :length], products[subset, :length], alone)
            for subset in range(1, 1 << min(size, below - low)):
                place = first + subset
                _xor_into(out[place, block], products[subset, :length], key[place, block])


_READ = "Array(uint64, 1, 'C', readonly=True)"


@njit(f"void(uint64[::1], {_READ}, {_READ})", nogil=True, cache=True)
def _add_product(out, one, other):  # type: ignore[no-untyped-def]
    for m in range(len(out)):
        out[m] ^= one[m] & other[m]


@njit(f"void(uint64[::1], {_READ}, {_READ})", nogil=True, cache=True)
def _fold(folded, product, bit):  # type: ignore[no-untyped-def]
    for m in range(len(folded)):
        folded[m] = product[m] ^ (folded[m] & bit[m])


@njit(f"void(intp, uint64, {_PLANES_READ}, {_PLANES}, {_PLANES}, {_PLANES})", nogil=True, cache=True)
def _leaf_parts(size, one, of_u, v, drawn, out):  # type: ignore[no-untyped-def]
    """One role's part of each group's G and P, xor what is drawn: into out. `one` is its part of a product of no bits.

    A group's products of u's bits are folded, from its highest bit i down: those over the bits below i, times
    (u_i xor v_i), are those with i, xor v_i times those without. What lies at {i} alone then is u_i times P of the bits
    above, which times v_i is this bit's share in G; what is left at nothing, at the end, is P.
    """
    below = v.shape[0] - 1
    groups = (out.shape[0] + 1) // 2
    out[:] = drawn
    folded = np.empty((1 << size, _BLOCK), dtype=np.uint64)
    for start in range(0, out.shape[1], _BLOCK):
        block = slice(start, min(start + _BLOCK, out.shape[1]))
        length = block.stop - start
        for number in range(groups):
            low = number * size
            bits = min(size, below - low)
            first = number * ((1 << size) - 1) - 1
            folded[0, :length] = one
            for subset in range(1, 1 << bits):
                folded[subset, :length] = of_u[first + subset, block]
            for bit in range(bits - 1, -1, -1):
                plane = v[low + bit, block]
                _add_product(out[number, block], folded[1 << bit, :length], plane)
                for subset in range(1 << bit):
                    _fold(folded[subset, :length], folded[subset | 1 << bit, :length], plane)
            if number:
                _xor_into(out[groups + number - 1, block], folded[0, :length], drawn[groups + number - 1, block])


@njit(f"void({', '.join([_READS] * 4)}, {', '.join([_WRITES] * 3)})", nogil=True, cache=True)
def _node_products(  # type: ignore[no-untyped-def]
    g_previous, g_next, p_previous, p_next, zero_next, zero_previous, product
):
    """P_high and G_low, P_high and P_low, for every two neighbours; the first two have no P."""
    for third in range(3):
        for place in range(product.shape[0]):
            low = (place + 1) // 2 * 2
            x_previous, x_next = p_previous[low, third], p_next[low, third]  # the P of low + 1
            if place % 2 or place == 0:
                y_previous, y_next = g_previous[low, third], g_next[low, third]
            else:
                y_previous, y_next = p_previous[low - 1, third], p_next[low - 1, third]
            out, one, other = product[place, third], zero_next[place, third], zero_previous[place, third]
            for m in range(len(out)):
                out[m] = (x_previous[m] & (y_previous[m] ^ y_next[m])) ^ (x_next[m] & y_previous[m]) ^ one[m] ^ other[m]


@njit(f"void({_READS}, {_READS}, {_READS}, {_WRITES}, {_WRITES})", nogil=True, cache=True)
def _take(g, p, products, g_out, p_out):  # type: ignore[no-untyped-def]
    """One component of every two neighbours becomes one: G_high xor the first product, the second product."""
    for pair in range(g.shape[0] // 2):
        first = max(0, 2 * pair - 1)
        for third in range(3):
            out, high, product = g_out[pair, third], g[2 * pair + 1, third], products[first, third]
            for m in range(len(out)):
                out[m] = high[m] ^ product[m]
        if pair:
            p_out[pair - 1] = products[first + 1]
    if g.shape[0] % 2:
        g_out[-1] = g[-1]
        p_out[-1] = p[-1]
