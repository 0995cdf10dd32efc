"""Is a shared number at least zero? Three parties, semi-honest, two operands and one carry chain.

The number D = D_a + D_b + D_c is additively shared, a wrapping signed word of w = 16, 32 or 64 bits. Three roles,
rotated over thirds of the rows so that all custodians work and send alike:

    role 1 sends D_1 + F to role 2, F being known to roles 0 and 1
    v = D_0 - F is known to role 0, u = D_1 + D_2 + F to role 2, and u + v = D
    v's bits are shared under r_01: role 0 sends v xor r_01 to role 2
    u's bits are shared under r_20: role 2 sends u xor r_20 to role 1
    carry: c <- c xor (u_k xor c) and (v_k xor c), one AND a bit; the sign is the xor of the top bits and the carry

Bits are shared in replicated form: a secret is the xor of three components, one known to each pair of neighbours.
This custodian holds `previous` (known to it and the one before) and `next` (to it and the one after). An AND is

    z_i = x_p y_p xor x_p y_n xor x_n y_p xor zero_i

sent to the next custodian, with a fresh sharing of zero (Araki et al., CCS 2016). Bits of 64 rows are one machine
word, bit r for row r. Rounds: w + 1; sent per row: 4 B at w = 16.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from moiety.matching.lanes import PANEL_ROWS, bit_plane
from moiety.matching.rounds import Exchange, Rounds, expect
from moiety.sharing.seat import SEATS, Seat
from moiety.sharing.streams import Stream

ROWS_PER_WORD = PANEL_ROWS
# Rows are compared in passes: few enough rows that their planes stay in the processor's cache, and at least some
# passes, so that one is compared while the distances of the next are computed; but not so few rows that the rounds
# cost more than the bits.
_MOST_WORDS = 18_432
_LEAST_WORDS = 1_536
_LEAST_PASSES = 5

Plane = NDArray[np.uint64]


@dataclass(frozen=True)
class Bits:
    """One custodian's two components of a shared bit per row: uint64 words, bit r of word m for row 64 m + r."""

    previous: Plane
    next: Plane


def at_least_zero(seat: Seat, numbers: NDArray[Any], next_: Stream, previous: Stream) -> Rounds[Bits]:
    """As `at_least`, for zero and numbers that are there."""
    return at_least(0, seat, numbers, next_, previous, lambda place: None)


def at_least(
    bound: int, seat: Seat, numbers: NDArray[Any], next_: Stream, previous: Stream, ready: Callable[[int], None]
) -> Rounds[Bits]:
    """Components of the bit "D >= bound" for additive parts `numbers` (64 m,), uint16, uint32 or uint64.

    `next_` and `previous` are the streams shared with the two neighbours, drawn from by nothing else meanwhile.
    `ready(place)` returns when all numbers before that place may be read.
    """
    words = len(numbers) // ROWS_PER_WORD
    bound_word = numbers.dtype.type(bound % 2 ** (8 * numbers.dtype.itemsize) if seat == "a" else 0)
    pass_words = _pass_words(words)
    if numbers.ndim != 1 or len(numbers) % ROWS_PER_WORD:
        raise ValueError("rows come in whole words of 64")
    out = Bits(np.empty(words, dtype=np.uint64), np.empty(words, dtype=np.uint64))
    for start in range(0, words, pass_words):
        stop = min(start + pass_words, words)
        ready(stop * ROWS_PER_WORD)
        here = numbers[start * ROWS_PER_WORD : stop * ROWS_PER_WORD] - bound_word
        bits = yield from _pass(seat, here, next_, previous)
        out.previous[start:stop] = bits.previous
        out.next[start:stop] = bits.next
    return out


def _pass_words(words: int) -> int:
    """Words in one pass: a public function of how many rows are compared, since it orders what masks are used for."""
    return max(_LEAST_WORDS, min(_MOST_WORDS, -(-words // _LEAST_PASSES)))


def _pass(seat: Seat, numbers: NDArray[Any], next_: Stream, previous: Stream) -> Rounds[Bits]:
    width = 8 * numbers.dtype.itemsize
    words = len(numbers) // ROWS_PER_WORD
    third = -(-words // 3)
    if 3 * third > words:
        numbers = np.concatenate([numbers, np.zeros((3 * third - words) * ROWS_PER_WORD, numbers.dtype)])
    thirds = numbers.reshape(3, third * ROWS_PER_WORD)
    planes = yield from _shared_planes(seat, thirds, next_, previous)
    carry_previous = np.zeros((3, third), dtype=np.uint64)
    carry_next = np.zeros((3, third), dtype=np.uint64)
    received = np.zeros((3, third), dtype=np.uint64)
    # Fresh for every bit, drawn just before it is used, while it still lies in the cache.
    zero_next = np.empty((3, third), dtype=np.uint64)
    zero_previous = np.empty((3, third), dtype=np.uint64)
    for plane in range(width - 1):
        next_.fill(zero_next)
        previous.fill(zero_previous)
        product = np.empty((3, third), dtype=np.uint64)
        for t in range(3):
            u_previous, u_next, v_previous, v_next = planes[t]
            _carry(
                u_previous[plane], u_next[plane], v_previous[plane], v_next[plane],
                carry_previous[t], carry_next[t], received[t],
                zero_next[t], zero_previous[t], product[t],
            )  # fmt: skip
        answer = yield Exchange(next=product)
        received = expect(answer.previous, (3, third), np.uint64)
    result_previous = carry_previous ^ received
    result_next = carry_next
    for t in range(3):
        u_previous, u_next, v_previous, v_next = planes[t]
        result_previous[t] ^= u_previous[-1] ^ v_previous[-1]
        result_next[t] ^= u_next[-1] ^ v_next[-1]
    # "At least zero" is the sign's complement: flip the component that a and b hold, at both.
    if seat == "a":
        np.invert(result_next, out=result_next)
    if seat == "b":
        np.invert(result_previous, out=result_previous)
    return Bits(result_previous.reshape(-1)[:words], result_next.reshape(-1)[:words])


_Planes = tuple[Plane, Plane, Plane, Plane]  # u's and v's components: u previous, u next, v previous, v next


def _shared_planes(seat: Seat, thirds: NDArray[Any], next_: Stream, previous: Stream) -> Rounds[list[_Planes]]:
    """Two rounds: the bit planes of u and v, shared, for each third of the rows."""
    rows = thirds.shape[1]
    shape = (8 * thirds.dtype.itemsize, rows // ROWS_PER_WORD)
    dtype = thirds.dtype
    roles = [(SEATS.index(seat) - t) % 3 for t in range(3)]
    place = {role: t for t, role in enumerate(roles)}
    # Both ends of a pair draw for the thirds in the same order; who plays what is public.
    adding: NDArray[Any] = np.empty(0, dtype)
    keys: dict[str, Plane] = {}
    for t, role in enumerate(roles):
        for stream, lower in ((next_, role), (previous, (role - 1) % 3)):
            if lower == 0:  # the pair of roles 0 and 1
                drawn = stream.words((rows,), dtype)
                if role == 0:
                    thirds_0 = thirds[t] - drawn
                else:
                    adding = thirds[t] + drawn
                keys[f"v{role}"] = stream.words(shape, np.uint64)
            elif lower == 2:  # the pair of roles 2 and 0
                keys[f"u{role}"] = stream.words(shape, np.uint64)
    blinded_v = np.empty(shape, dtype=np.uint64)
    _slice(thirds_0, keys["v0"], blinded_v)
    # Role 0 sends to role 2, which is the one before it; role 1 sends to role 2, the one after.
    answer = yield Exchange(next=adding, previous=blinded_v)
    received_sum = expect(answer.previous, (rows,), dtype)
    received_v = expect(answer.next, shape, np.uint64)
    blinded_u = np.empty(shape, dtype=np.uint64)
    _slice(thirds[place[2]] + received_sum, keys["u2"], blinded_u)
    answer = yield Exchange(previous=blinded_u)
    received_u = expect(answer.next, shape, np.uint64)
    nothing = np.zeros(shape, dtype=np.uint64)
    of_role: dict[int, _Planes] = {
        0: (keys["u0"], nothing, blinded_v, keys["v0"]),
        1: (nothing, received_u, keys["v1"], nothing),
        2: (blinded_u, keys["u2"], nothing, received_v),
    }
    return [of_role[role] for role in roles]


_plane_of_16 = bit_plane(16)
_plane_of_32 = bit_plane(32)
_plane_of_64 = bit_plane(64)


def _slice(numbers: NDArray[Any], key: Plane, out: Plane) -> None:
    """Write the bit planes of numbers (64 m,), xor a key, to out (bits, m)."""
    kernel = {2: _slice_16, 4: _slice_32, 8: _slice_64}[numbers.dtype.itemsize]
    kernel(np.ascontiguousarray(numbers), key, out)


@njit("void(uint16[::1], uint64[:, ::1], uint64[:, ::1])", nogil=True, cache=True)
def _slice_16(numbers, key, out):  # type: ignore[no-untyped-def]
    for word in range(out.shape[1]):
        address = numbers.ctypes.data + word * 128
        for plane in range(16):
            out[plane, word] = key[plane, word] ^ _plane_of_16(address, plane)


@njit("void(uint32[::1], uint64[:, ::1], uint64[:, ::1])", nogil=True, cache=True)
def _slice_32(numbers, key, out):  # type: ignore[no-untyped-def]
    for word in range(out.shape[1]):
        address = numbers.ctypes.data + word * 256
        for plane in range(32):
            out[plane, word] = key[plane, word] ^ _plane_of_32(address, plane)


@njit("void(uint64[::1], uint64[:, ::1], uint64[:, ::1])", nogil=True, cache=True)
def _slice_64(numbers, key, out):  # type: ignore[no-untyped-def]
    for word in range(out.shape[1]):
        address = numbers.ctypes.data + word * 512
        for plane in range(64):
            out[plane, word] = key[plane, word] ^ _plane_of_64(address, plane)


@njit(nogil=True, cache=True)
def _carry(  # type: ignore[no-untyped-def]
    u_previous, u_next, v_previous, v_next,
    carry_previous, carry_next, received, zero_next, zero_previous, product,
):  # fmt: skip
    """One step of the carry chain: take in the last product's missing component, multiply, add the carry."""
    for m in range(len(product)):
        c_p = carry_previous[m] ^ received[m]
        c_n = carry_next[m]
        x_p = u_previous[m] ^ c_p
        x_n = u_next[m] ^ c_n
        y_p = v_previous[m] ^ c_p
        y_n = v_next[m] ^ c_n
        z = (x_p & (y_p ^ y_n)) ^ (x_n & y_p) ^ zero_next[m] ^ zero_previous[m]
        product[m] = z
        carry_previous[m] = c_p
        carry_next[m] = c_n ^ z
