"""Is a shared number at least zero, in as few rounds as can be: the comparison of `compare`, with a tree for its chain.

u and v, whose sum's sign is asked, are shared as there. Their bits below the sign are taken in groups of k = 2 or 4,
and each group is asked two things: does it carry (G), does it pass a carry on (P)?

    P = (u_0 xor v_0) ... (u_k-1 xor v_k-1)     G = xor over i of u_i v_i times P of the bits above i

Multiplied out, both are sums of products of u's bits alone with v's bits alone. Role 0 knows all of v and role 2 all
of u: they share the products of their own bits too, 2^k - 1 planes a group, and then G and P are sums of products of
two shared bits, one message each whatever k is (a sum of products is masked and sent as one product is). Each role has
one AND a product to do: role 0 v and its key for u, role 1 the two things that it holds, role 2 the same.

Groups are then combined in pairs, low and high, until one is left, whose G is the carry into the sign:

    G = G_high xor P_high and G_low             P = P_high and P_low

The lowest group's P is never asked for, and that of a group of one bit is a sum. At w = 16 in pairs: 25 ANDs, 6 rounds,
5.7 B a row sent by each custodian. At 32 and 64 bits in fours: 6 and 7 rounds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from moiety.matching.compare import (
    Bits,
    Plane,
    Planes,
    add_operands,
    blinded,
    complement,
    in_passes,
    shared_planes,
    thirds,
)
from moiety.matching.rounds import Exchange, Rounds, expect
from moiety.sharing.seat import Seat
from moiety.sharing.streams import Stream

# Bits in a group, by the bits of a word. Rows come as 16-bit words, many, and pairs send the fewest bytes; what comes
# in wider words is few, and fours have a round less.
_GROUP_BITS = {16: 2, 32: 4, 64: 4}


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

    def products_of_bits(own: NDArray[Any], other: NDArray[Any], sign: int, less: Any, key: Plane) -> Plane:
        out = np.empty_like(key)
        bits = np.zeros((below + 1, key.shape[1]), dtype=np.uint64)
        _monomials(size, blinded(own, other, sign, less, bits), key, out)
        return out

    planes = yield from shared_planes(seat, numbers, less, next_, previous, count, products_of_bits)
    carries = yield from _leaves(seat, planes, size, groups, rest, next_, previous)
    while len(carries.g_next) > 1:
        carries = yield from _joined(carries, next_, previous)
    add_operands(seat, planes, count - 1, carries.g_previous[0], carries.g_next[0])
    return complement(seat, Bits(carries.g_previous[0].reshape(-1), carries.g_next[0].reshape(-1)))


class _Carries(NamedTuple):
    """The components of groups' two bits, lowest group first: G uint64 (n, 3, words), P (n - 1, 3, words), no first."""

    g_previous: Plane
    g_next: Plane
    p_previous: Plane
    p_next: Plane


def _leaves(
    seat: Seat, planes: Planes, size: int, groups: int, rest: int, next_: Stream, previous: Stream
) -> Rounds[_Carries]:
    """One round: every group's G, then every P but the first group's, from the products of their own bits."""
    third = planes.key_v_0.shape[1]
    # One bit's P is no product.
    multiplied = groups - 1 - (rest == 1)
    shape = (groups + multiplied, 3, third)
    zero_next, zero_previous = next_.words(shape, np.uint64), previous.words(shape, np.uint64)
    product = np.empty(shape, dtype=np.uint64)
    mine = (planes.key_u_0, planes.blinded_v ^ planes.key_v_0)
    held, both = (planes.received_u, planes.key_v_1), (planes.blinded_u, planes.received_v)
    for third_of_rows, (of_u, of_v) in zip(thirds(seat), (mine, held, both), strict=True):
        _leaf_products(size, groups, rest, third_of_rows, of_u, of_v, zero_next, zero_previous, product)
    answer = yield Exchange(next=(product,))
    received = expect(answer.previous, shape, np.uint64)
    p_previous, p_next = (np.zeros((groups - 1, 3, third), dtype=np.uint64) for _ in range(2))
    p_previous[:multiplied], p_next[:multiplied] = received[groups:], product[groups:]
    for group in range(1, groups):
        # All of u's bits times none of v's, and none times all.
        full = group * (2**size - 1) + 2 ** (size if group < groups - 1 else rest) - 2
        add_operands(seat, planes, full, p_previous[group - 1], p_next[group - 1])
    return _Carries(received[:groups], product[:groups], p_previous, p_next)


def _joined(carries: _Carries, next_: Stream, previous: Stream) -> Rounds[_Carries]:
    """One round: groups joined two by two; they are 16, 8, 4 or 2."""
    joined, words = len(carries.g_next) // 2, carries.g_next.shape[1:]
    shape = (2 * joined - 1, *words)
    zero_next, zero_previous = next_.words(shape, np.uint64), previous.words(shape, np.uint64)
    product = np.empty(shape, dtype=np.uint64)
    _node_products(*carries, zero_next, zero_previous, product)
    answer = yield Exchange(next=(product,))
    received = expect(answer.previous, shape, np.uint64)
    # In new arrays: what was sent is not written to, and may still be read by who got it.
    out = _Carries(*(np.empty((n, *words), dtype=np.uint64) for n in (joined, joined, joined - 1, joined - 1)))
    _take(carries.g_previous, received, out.g_previous, out.p_previous)
    _take(carries.g_next, product, out.g_next, out.p_next)
    return out


_WRITES, _READS = "uint64[:, :, ::1]", "Array(uint64, 3, 'C', readonly=True)"
_PLANES_READ = "Array(uint64, 2, 'C', readonly=True)"
# Words of a plane gone through at a time: a group's planes stay in the first-level cache meanwhile.
_BLOCK = 256


@njit("void(intp, uint64[:, ::1], uint64[:, ::1], uint64[:, ::1])", nogil=True, cache=True)
def _monomials(size, bits, key, out):  # type: ignore[no-untyped-def]
    """The products of the bits of each group, subset by subset from 1 on, and the top bit, xor a key: into out."""
    below = bits.shape[0] - 1
    top = out.shape[0] - 1
    for m in range(out.shape[1]):
        out[top, m] = bits[below, m] ^ key[top, m]
    product = np.empty((1 << size, _BLOCK), dtype=np.uint64)
    for start in range(0, out.shape[1], _BLOCK):
        length = min(_BLOCK, out.shape[1] - start)
        for low in range(0, below, size):
            group = low // size * ((1 << size) - 1) - 1
            for subset in range(1, 1 << min(size, below - low)):
                lowest = 0
                while not subset >> lowest & 1:
                    lowest += 1
                others = subset & (subset - 1)
                for m in range(length):
                    value = bits[low + lowest, start + m]
                    if others:
                        value &= product[others, m]
                    product[subset, m] = value
                    out[group + subset, start + m] = value ^ key[group + subset, start + m]


@njit(
    f"void(intp, intp, intp, intp, {_PLANES_READ}, {_PLANES_READ}, {_WRITES}, {_WRITES}, {_WRITES})",
    nogil=True,
    cache=True,
)
def _leaf_products(  # type: ignore[no-untyped-def]
    size, groups, rest, third, of_u, of_v, zero_next, zero_previous, product
):
    """Each group's G and P as the sums of products that they are, in one role: into product[:, third]."""
    for place in range(product.shape[0]):
        out, one, other = product[place, third], zero_next[place, third], zero_previous[place, third]
        for m in range(len(out)):
            out[m] = one[m] ^ other[m]
    for start in range(0, product.shape[2], _BLOCK):
        block = slice(start, min(start + _BLOCK, product.shape[2]))
        for number in range(groups):
            bits = size if number < groups - 1 else rest
            full = (1 << bits) - 1
            group = number * ((1 << size) - 1) - 1
            g = product[number, third, block]
            for bit in range(bits):
                above = full >> (bit + 1) << (bit + 1)
                # Each of the higher bits is one of u's or one of v's.
                for chosen in range(0, above + 1, 1 << (bit + 1)):
                    one = of_u[group + (chosen | 1 << bit), block]
                    other = of_v[group + (above ^ chosen | 1 << bit), block]
                    for m in range(len(g)):
                        g[m] ^= one[m] & other[m]
            if number == 0 or bits == 1:
                continue
            p = product[groups + number - 1, third, block]
            for chosen in range(1, full):
                one, other = of_u[group + chosen, block], of_v[group + (full ^ chosen), block]
                for m in range(len(p)):
                    p[m] ^= one[m] & other[m]


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


@njit(f"void({_READS}, {_READS}, {_WRITES}, {_WRITES})", nogil=True, cache=True)
def _take(g, products, g_out, p_out):  # type: ignore[no-untyped-def]
    """One component of every two neighbours becomes one: G_high xor the first product, the second product."""
    for pair in range(g_out.shape[0]):
        first = max(0, 2 * pair - 1)
        for third in range(3):
            out, high, product = g_out[pair, third], g[2 * pair + 1, third], products[first, third]
            for m in range(len(out)):
                out[m] = high[m] ^ product[m]
        if pair:
            p_out[pair - 1] = products[first + 1]
