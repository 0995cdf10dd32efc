"""Is a shared number at least zero? Three parties, semi-honest, two operands and one carry chain.

The number D = D_a + D_b + D_c is additively shared, a wrapping signed word of w = 16, 32 or 64 bits. Three roles,
rotated over thirds of the rows so that all custodians work and send alike:

    role 0 sends D_0 - F to role 2 and role 1 sends D_1 - H, F and H being known to these two
    v = F + H is known to roles 0 and 1, u = D_0 - F + D_1 - H + D_2 to role 2, and u + v = D
    v's bits are shared already: they are the component of roles 0 and 1, the others are zero
    u's bits are shared under r_20: role 2 sends u xor r_20 to role 1
    carry: c <- c xor (u_k xor c) and (v_k xor c), one AND a bit; the sign is the xor of the top bits and the carry

Bits are shared in replicated form: a secret is the xor of three components, one known to each pair of neighbours.
This custodian holds `previous` (known to it and the one before) and `next` (to it and the one after). An AND is

    z_i = x_p y_p xor x_p y_n xor x_n y_p xor zero_i

sent to the next custodian, with a fresh sharing of zero (Araki et al., CCS 2016). Bits of 64 rows are one machine
word, bit r for row r. Rounds: w + 1; sent per row: 3.9 B at w = 16.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from moiety.matching.bits import ROWS_PER_WORD, Bits, Plane
from moiety.matching.lanes import blind, planes_of
from moiety.matching.rounds import Exchange, Rounds, expect
from moiety.sharing.seat import SEATS, Seat
from moiety.sharing.streams import Room, Stream


def at_least(
    bound: int,
    seat: Seat,
    numbers: NDArray[Any],
    next_: Stream,
    previous: Stream,
    ready: Callable[[int], None],
    pass_words: int,
) -> Rounds[Bits]:
    """Components of the bit "D >= bound" for additive parts `numbers` (64 m,), uint16, uint32 or uint64.

    `next_` and `previous` are the streams shared with the two neighbours, drawn from by nothing else meanwhile.
    `ready(place)` returns when all numbers before that place may be read. Words of 64 rows are compared `pass_words`
    at a time, w + 1 rounds a pass.
    """
    return in_passes(_pass, bound, seat, numbers, next_, previous, ready, pass_words)


OnePass = Callable[[Seat, NDArray[Any], Any, Stream, Stream], Rounds[Bits]]
"""Components of the bit "numbers - less >= 0", for numbers (64 m,) of which m is a multiple of 3: `Bits` of m words."""


def in_passes(
    one_pass: OnePass,
    bound: int,
    seat: Seat,
    numbers: NDArray[Any],
    next_: Stream,
    previous: Stream,
    ready: Callable[[int], None],
    pass_words: int,
) -> Rounds[Bits]:
    """Whatever `one_pass` decides of some numbers, for all of them, as `at_least` says."""
    words = len(numbers) // ROWS_PER_WORD
    if numbers.ndim != 1 or len(numbers) % ROWS_PER_WORD:
        raise ValueError("rows come in whole words of 64")
    # Only custodian a takes the bound off.
    less = numbers.dtype.type(bound % 2 ** (8 * numbers.dtype.itemsize) if seat == "a" else 0)
    out = Bits(np.empty(words, dtype=np.uint64), np.empty(words, dtype=np.uint64))
    for start in range(0, words, pass_words):
        stop = min(start + pass_words, words)
        ready(stop * ROWS_PER_WORD)
        here = numbers[start * ROWS_PER_WORD : stop * ROWS_PER_WORD]
        missing = (start - stop) % 3  # the roles rotate over thirds
        if missing:
            here = np.concatenate([here, np.zeros(missing * ROWS_PER_WORD, numbers.dtype)])
        bits = yield from one_pass(seat, here, less, next_, previous)
        out.previous[start:stop] = bits.previous[: stop - start]
        out.next[start:stop] = bits.next[: stop - start]
    return out


def _pass(seat: Seat, numbers: NDArray[Any], less: Any, next_: Stream, previous: Stream) -> Rounds[Bits]:
    bits = 8 * numbers.dtype.itemsize
    operands = yield from shared_operands(seat, numbers, less, next_, previous, bits, _masked_bits)
    third = operands.key_0.shape[1]
    carry_previous = np.zeros((3, third), dtype=np.uint64)
    carry_next = np.zeros((3, third), dtype=np.uint64)
    received = np.zeros((3, third), dtype=np.uint64)
    # Fresh for every bit, drawn just before it is used, while it still lies in the cache.
    zero_next, zero_previous = Room.of((3, third), np.uint64), Room.of((3, third), np.uint64)
    for plane in range(bits - 1):
        next_.fill(zero_next)
        previous.fill(zero_previous)
        product = np.empty((3, third), dtype=np.uint64)
        _carry(
            plane, *thirds(seat), *operands, carry_previous, carry_next,
            received, zero_next.words, zero_previous.words, product,
        )  # fmt: skip
        answer = yield Exchange(next=(product,))
        received = expect(answer.previous, (3, third), np.uint64)
    carry_previous ^= received
    add_top_bits(seat, operands, carry_previous, carry_next)
    return complement(seat, Bits(carry_previous.reshape(-1), carry_next.reshape(-1)))


def thirds(seat: Seat) -> tuple[int, int, int]:
    """In which third of the rows this custodian plays roles 0, 1 and 2."""
    at = SEATS.index(seat)
    return at, (at - 1) % 3, (at - 2) % 3


def complement(seat: Seat, signs: Bits) -> Bits:
    """ "At least zero" from the sign, in place: the component that a and b hold is flipped, at both."""
    if seat == "a":
        np.invert(signs.next, out=signs.next)
    if seat == "b":
        np.invert(signs.previous, out=signs.previous)
    return signs


class Operands(NamedTuple):
    """The components of u and of v that are not zero, planes uint64 (count, words), by the role in which this custodian
    has them. Those of v are its bits, top bit last; those of u are of whatever u's planes are, top bit last.

    role    u previous     u next        v previous    v next
    0       key_0                                      v_0
    1                      masked_1      v_1
    2       masked_2       key_2
    """

    key_0: Plane
    v_0: Plane
    masked_1: Plane
    v_1: Plane
    masked_2: Plane
    key_2: Plane


def add_top_bits(seat: Seat, operands: Operands, previous: Plane, next_: Plane) -> None:
    """Add (xor) the top bits of u and of v to a shared bit (3, words), in place."""
    first, second, last = thirds(seat)
    previous[first] ^= operands.key_0[-1]
    next_[first] ^= operands.v_0[-1]
    previous[second] ^= operands.v_1[-1]
    next_[second] ^= operands.masked_1[-1]
    previous[last] ^= operands.masked_2[-1]
    next_[last] ^= operands.key_2[-1]


Masked = Callable[[NDArray[Any], NDArray[Any], Any, Plane], Plane]
"""(numbers, others, less, key (count, m)) -> planes of numbers + others - less, xor the key."""


def shared_operands(
    seat: Seat,
    numbers: NDArray[Any],
    less: Any,
    next_: Stream,
    previous: Stream,
    count: int,
    masked: Masked,
) -> Rounds[Operands]:
    """Two rounds: `count` planes of u, and the bits of v, shared, for numbers in three thirds of whole words."""
    rows, dtype = len(numbers) // 3, numbers.dtype
    bits, shape = 8 * dtype.itemsize, (count, rows // ROWS_PER_WORD)
    in_role = [numbers[third * rows : (third + 1) * rows] for third in thirds(seat)]
    # What this custodian draws with the next as role 0 (then 2), the next draws with it as role 1 (then 0).
    first_0, second_0, key_2 = (
        next_.words((rows,), dtype),
        next_.words((rows,), dtype),
        next_.words(shape, np.uint64),
    )
    first_1, second_1, key_0 = (
        previous.words((rows,), dtype),
        previous.words((rows,), dtype),
        previous.words(shape, np.uint64),
    )
    v_0, v_1 = (np.empty((bits, shape[1]), dtype=np.uint64) for _ in range(2))
    planes_of(first_0, second_0, dtype.type(0), v_0)
    planes_of(first_1, second_1, dtype.type(0), v_1)
    # Role 0 sends to role 2, which is the one before it; role 1 sends to role 2, the one after. The masks are taken off
    # where they lie: they are needed no more.
    for number, mask in ((in_role[0], first_0), (in_role[1], second_1)):
        np.subtract(number, mask, out=mask)
        if less:
            mask -= less
    answer = yield Exchange(next=(second_1,), previous=(first_0,))
    others = np.add(expect(answer.previous, (rows,), dtype), expect(answer.next, (rows,), dtype), out=second_0)
    masked_2 = masked(in_role[2], others, less, key_2)
    answer = yield Exchange(previous=(masked_2,))
    return Operands(key_0, v_0, expect(answer.next, shape, np.uint64), v_1, masked_2, key_2)


def _masked_bits(numbers: NDArray[Any], others: NDArray[Any], less: Any, key: Plane) -> Plane:
    out = np.empty_like(key)
    blind(numbers, others, less, key, out)
    return out


@njit(
    "void(intp, intp, intp, intp, {w}, {w}, {r}, {w}, {w}, {w}, {w}, {w}, {r}, {w}, {w}, {w})".format(
        w="uint64[:, ::1]", r="Array(uint64, 2, 'C', readonly=True)"
    ),
    nogil=True,
    cache=True,
)
def _carry(  # type: ignore[no-untyped-def]
    plane, first, second, last, key_0, v_0, masked_1, v_1, masked_2, key_2,
    carry_previous, carry_next, received, zero_next, zero_previous, product,
):  # fmt: skip
    """One step of the carry chain: take in the last product's missing component, multiply, add the carry."""
    for m in range(product.shape[1]):
        c_p = carry_previous[first, m] ^ received[first, m]
        c_n = carry_next[first, m]
        z = ((key_0[plane, m] ^ c_p) & (c_p ^ v_0[plane, m] ^ c_n)) ^ (c_n & c_p)
        z ^= zero_next[first, m] ^ zero_previous[first, m]
        product[first, m] = z
        carry_previous[first, m] = c_p
        carry_next[first, m] = c_n ^ z
    for m in range(product.shape[1]):
        c_p = carry_previous[second, m] ^ received[second, m]
        c_n = carry_next[second, m]
        y_p = v_1[plane, m] ^ c_p
        z = (c_p & (y_p ^ c_n)) ^ ((masked_1[plane, m] ^ c_n) & y_p)
        z ^= zero_next[second, m] ^ zero_previous[second, m]
        product[second, m] = z
        carry_previous[second, m] = c_p
        carry_next[second, m] = c_n ^ z
    for m in range(product.shape[1]):
        c_p = carry_previous[last, m] ^ received[last, m]
        c_n = carry_next[last, m]
        z = ((masked_2[plane, m] ^ c_p) & (c_p ^ c_n)) ^ ((key_2[plane, m] ^ c_n) & c_p)
        z ^= zero_next[last, m] ^ zero_previous[last, m]
        product[last, m] = z
        carry_previous[last, m] = c_p
        carry_next[last, m] = c_n ^ z
