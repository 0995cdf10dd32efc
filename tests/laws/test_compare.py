"""The comparison by itself, as chain and as tree: every width, the edges of the word, rows in several passes, numbers
that come late; and what each costs, in rounds and bytes.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from moiety.matching import compare, prefix
from moiety.matching.bits import Bits
from moiety.matching.channel import agree
from moiety.matching.rounds import Rounds, lockstep
from moiety.sharing.seat import SEATS, Seat, next_seat, previous_seat
from moiety.sharing.streams import Room, Stream

from .tapped import tapped
from .three import Three

WIDTHS = {16: np.uint16, 32: np.uint32, 64: np.uint64}
CIRCUITS = {"chain": compare.at_least, "prefix": prefix.at_least}


def shared(numbers: NDArray[Any], rng: np.random.Generator) -> dict[Seat, NDArray[Any]]:
    """Additive parts of unsigned words."""
    one, other = (
        np.frombuffer(rng.bytes(numbers.nbytes), dtype=numbers.dtype).reshape(numbers.shape) for _ in range(2)
    )
    return {"a": one, "b": other, "c": numbers - one - other}


def side(
    circuit: str, seat: Seat, bound: int, part: NDArray[Any], three: Three, pass_words: int, sent: list[bytes]
) -> Rounds[Bits]:
    """Numbers arrive when they are waited for, and not before."""
    arriving = np.full_like(part, 0x5A)

    def ready(place: int) -> None:
        arriving[:place] = part[:place]

    channel = yield from agree(three.keys(seat), bytes(32), bytes(32))
    decide = CIRCUITS[circuit]
    streams = channel.streams("law")
    return (yield from tapped(decide(bound, seat, arriving, *streams, ready, pass_words), sent, []))


def decided(
    circuit: str,
    bound: int,
    parts: dict[Seat, NDArray[Any]],
    pass_words: int = 1 << 20,
    sent: list[bytes] | None = None,
) -> NDArray[np.bool_]:
    three = Three()
    log: list[bytes] = [] if sent is None else sent
    bits = lockstep({seat: side(circuit, seat, bound, parts[seat], three, pass_words, log) for seat in SEATS})
    for seat in SEATS:
        assert (bits[seat].next == bits[next_seat(seat)].previous).all(), "a component is one thing to both who hold it"
    whole = bits["a"].next ^ bits["b"].next ^ bits["c"].next
    return np.unpackbits(whole.view(np.uint8), bitorder="little").view(np.bool_)


@pytest.mark.parametrize("circuit", CIRCUITS)
@pytest.mark.parametrize("width", WIDTHS)
@given(
    pass_words=st.sampled_from([1, 2, 3, 7]),
    words=st.integers(1, 8),
    seed=st.integers(0, 2**32),
    bound=st.sampled_from([0, 1, -1, 9_000, -16_000, 16_000]),
)
def test_the_bit_is_whether_the_number_is_at_least_the_bound(
    circuit: str, width: int, pass_words: int, words: int, seed: int, bound: int
) -> None:
    rng = np.random.default_rng(seed)
    half = 2 ** (width - 1)
    # As far from the bound as a signed word goes, and around it.
    edges = [0, 1, -1, half - 1, -half, half // 2, -half // 2]
    differences = [edges[at] for at in rng.integers(0, len(edges), 32 * words)]
    differences += [int(one) for one in rng.integers(-half, half - 1, 32 * words, dtype=np.int64, endpoint=True)]
    numbers = np.array([(bound + one) % 2**width for one in differences], dtype=WIDTHS[width])
    found = decided(circuit, bound, shared(numbers, rng), pass_words)
    assert found.tolist() == [one >= 0 for one in differences]


@pytest.mark.parametrize("circuit", CIRCUITS)
def test_all_bytes_with_all_bytes(circuit: str) -> None:
    """A carry into and out of every group: all pairs of an upper and a lower byte, in both parts of the sum."""
    one, other = np.meshgrid(np.arange(256, dtype=np.uint16) * 257, np.arange(256, dtype=np.uint16) * 257)
    parts: dict[Seat, NDArray[Any]] = {
        "a": one.reshape(-1),
        "b": other.reshape(-1),
        "c": np.repeat(np.array([0, 1, 0xFF00, 0x8000], dtype=np.uint16), 1 << 14),
    }
    number = (parts["a"] + parts["b"] + parts["c"]).view(np.int16)
    assert (decided(circuit, 0, parts) == (number >= 0)).all()


@pytest.mark.parametrize("circuit", CIRCUITS)
def test_rows_come_in_whole_words(circuit: str) -> None:
    with pytest.raises(ValueError, match="whole words"):
        decided(circuit, 0, dict.fromkeys(SEATS, np.zeros(65, dtype=np.uint16)))


# What it costs. A round is one message to each neighbour, or to one of them.

ROUNDS = {
    ("chain", 16): 17,
    ("chain", 32): 33,
    ("chain", 64): 65,
    ("prefix", 16): 6,
    ("prefix", 32): 6,
    ("prefix", 64): 7,
}
# Bits that a custodian sends for a row: two masked sums and the planes of one operand, by one role of three each; then
# an AND a bit, or the two parts of each group's G and P and the ANDs of the nodes.
SENT = {
    ("chain", 16): (2 * 16 + 16) / 3 + 15,
    ("chain", 32): (2 * 32 + 32) / 3 + 31,
    ("chain", 64): (2 * 64 + 64) / 3 + 63,
    ("prefix", 16): (2 * 16 + (5 * 7 + 1)) / 3 + 2 * 9 / 3 + 3 + 1 + 1,
    ("prefix", 32): (2 * 32 + (7 * 15 + 7 + 1)) / 3 + 2 * 15 / 3 + 7 + 3 + 1,
    ("prefix", 64): (2 * 64 + (15 * 15 + 7 + 1)) / 3 + 2 * 31 / 3 + 15 + 7 + 3 + 1,
}
# Rounds in which a custodian sends to both neighbours.
BOTH = {"chain": 1, "prefix": 2}


@pytest.mark.parametrize(("circuit", "width"), ROUNDS)
@pytest.mark.parametrize("passes", [1, 3])
def test_rounds_and_bytes_are_these(circuit: str, width: int, passes: int) -> None:
    rows = 3 * 64 * 5 * passes
    parts = shared(np.zeros(rows, dtype=WIDTHS[width]), np.random.default_rng(1))
    sent: list[bytes] = []
    decided(circuit, 0, parts, pass_words=15, sent=sent)
    assert len(sent) == 3 * passes * (ROUNDS[circuit, width] + BOTH[circuit])
    assert 8 * sum(len(message) for message in sent) == round(3 * rows * SENT[circuit, width])


def test_a_row_costs_less_than_five_bytes_as_a_tree_and_four_as_a_chain() -> None:
    assert SENT["prefix", 16] / 8 < 4.21
    assert SENT["chain", 16] / 8 < 3.88


@pytest.mark.parametrize("circuit", CIRCUITS)
def test_no_rows_no_rounds_no_bits(circuit: str) -> None:
    sent: list[bytes] = []
    assert not decided(circuit, 0, dict.fromkeys(SEATS, np.zeros(0, dtype=np.uint16)), sent=sent).size
    assert not sent


@pytest.mark.parametrize("circuit", CIRCUITS)
def test_everything_sent_is_a_coin(circuit: str) -> None:
    """Each message leaves under masks of its own: of rows that are all alike, ones are as frequent as zeros."""
    sent: list[bytes] = []
    alike = {"a": np.full(3 * 64 * 64, 7, np.uint16), "b": np.zeros(3 * 64 * 64, np.uint16)}
    decided(circuit, 0, {**alike, "c": alike["b"]}, sent=sent)
    for message in sent:
        assert len(message) >= 3 * 64 * 8
        planes = np.unpackbits(np.frombuffer(message, dtype=np.uint8)).reshape(-1, 64 * 64)
        assert (np.abs(planes.mean(axis=1) - 0.5) < 0.05).all()
    assert len(set(sent)) == len(sent)


@pytest.mark.parametrize("circuit", CIRCUITS)
@pytest.mark.parametrize("seat", SEATS)
def test_what_one_custodian_gets_is_coins_together_too(circuit: str, seat: Seat) -> None:
    """Two messages under one mask would each be coins, and their difference the number."""
    rows = 3 * 64 * 64
    three, got = Three(), dict[Seat, list[bytes]]({one: [] for one in SEATS})
    alike = {one: np.full(rows, number, np.uint16) for one, number in zip(SEATS, (7, 0, 40_000), strict=True)}

    def listening(at: Seat) -> Rounds[Bits]:
        channel = yield from agree(three.keys(at), bytes(32), bytes(32))
        decide = CIRCUITS[circuit](0, at, alike[at], *channel.streams("law"), lambda place: None, rows)
        return (yield from tapped(decide, [], got[at]))

    lockstep({at: listening(at) for at in SEATS})
    one, other = (np.frombuffer(message, np.uint16) for message in got[seat][:2])
    assert len(one) == len(other) == rows // 3, "the two masked numbers of the first round"
    for mixed in (one - other, one + other, one ^ other):
        assert len(np.unique(mixed)) > rows // 4
    planes = [plane for message in got[seat][2:] for plane in np.frombuffer(message, np.uint8).reshape(-1, 64 * 8)]
    bits = np.unpackbits(np.array(planes), axis=1)
    for at in range(1, len(bits)):
        mixed = bits[at:] ^ bits[:-at]
        assert abs(mixed.mean() - 0.5) < 6 * 0.5 / mixed.size**0.5  # six standard deviations


# All that one custodian has, at once.

THIRD = 64 * 40
"""Rows in each role: many more than there are planes of bits in a view, or every secret would be some sum of them."""


class Noted(Stream):
    """A stream whose draws somebody keeps."""

    def __init__(self, key: bytes, log: list[NDArray[Any]]) -> None:
        super().__init__(key)
        self._log = log

    def fill(self, room: Room) -> None:
        super().fill(room)
        self._log.append(room.words.copy())


def noted(side: Rounds[Bits], log: list[NDArray[Any]]) -> Rounds[Bits]:
    """The same side; what it sends, gets and ends with is noted."""
    try:
        sends = next(side)
        while True:
            log += sends.next + sends.previous
            answer = yield sends
            log += answer.next + answer.previous
            sends = side.send(answer)
    except StopIteration as stop:
        bits: Bits = stop.value
        log += [bits.previous, bits.next]
        return bits


def planes(array: NDArray[Any]) -> Iterable[int]:
    """The bits of some words a row, or planes of 64 rows a word, as one number for each plane of a third."""
    if array.dtype == np.uint64:
        return (int.from_bytes(plane.tobytes(), "little") for plane in array.reshape(-1, THIRD // 64))
    columns = array.reshape(-1, THIRD).astype(np.uint64)[:, :, None] >> np.arange(16, dtype=np.uint64) & np.uint64(1)
    return (
        int.from_bytes(np.packbits(columns[third, :, bit].astype(np.uint8), bitorder="little").tobytes(), "little")
        for third in range(len(columns))
        for bit in range(16)
    )


class Sums:
    """All sums (xor) of some planes."""

    def __init__(self, some: Iterable[int]) -> None:
        self._reduced: dict[int, int] = {}
        for plane in some:
            left = self._left(plane)
            if left:
                self._reduced[left.bit_length()] = left

    def __contains__(self, plane: int) -> bool:
        return not self._left(plane)

    def __len__(self) -> int:
        """How many of them are sums of no others."""
        return len(self._reduced)

    def _left(self, plane: int) -> int:
        while plane and (known := self._reduced.get(plane.bit_length())):
            plane ^= known
        return plane


@pytest.mark.parametrize("circuit", CIRCUITS)
def test_no_sum_of_what_one_custodian_has_is_anything_of_the_number(circuit: str) -> None:
    """Its own part, all that it draws, sends and gets, and what it ends with, in whatever third of the rows: no bit of
    the number, of another's part or of the answer is a sum of these. Of what two of them have, the answer is."""
    parts = {seat: np.frombuffer(os.urandom(2 * 3 * THIRD), dtype=np.uint16) for seat in SEATS}
    number = parts["a"] + parts["b"] + parts["c"]
    pairs = {seat: os.urandom(32) for seat in SEATS}  # with the next
    has: dict[Seat, list[NDArray[Any]]] = {seat: [parts[seat]] for seat in SEATS}

    def playing(seat: Seat) -> Rounds[Bits]:
        streams = (Noted(pairs[seat], has[seat]), Noted(pairs[previous_seat(seat)], has[seat]))
        return noted(CIRCUITS[circuit](0, seat, parts[seat], *streams, lambda place: None, 3 * THIRD), has[seat])

    lockstep({seat: playing(seat) for seat in SEATS})
    matches = list(planes(np.packbits(number.view(np.int16) >= 0, bitorder="little").view(np.uint64)))
    ones = (1 << THIRD) - 1
    views = {seat: [ones, *(plane for array in has[seat] for plane in planes(array))] for seat in SEATS}
    for seat in SEATS:
        assert 4 * len(views[seat]) < THIRD
        known = Sums(views[seat])
        assert all(plane in known for plane in planes(parts[seat]))
        secrets = [*planes(number), *matches, *(p for other in SEATS if other != seat for p in planes(parts[other]))]
        assert not [at for at, plane in enumerate(secrets) if plane in known]
    for one, other in combinations(SEATS, 2):
        together = Sums(views[one] + views[other])
        assert all(plane in together for plane in matches)


def carried(circuit: str, u: NDArray[np.uint16], v: NDArray[np.uint16]) -> Iterable[int]:
    """What is computed of two operands on the way: every carry, or whether threes carry and pass a carry on."""
    if circuit == "chain":
        bits = [(u & np.uint16(2**k - 1)) + (v & np.uint16(2**k - 1)) >> np.uint16(k) for k in range(1, 16)]
    else:
        threes = [(u >> np.uint16(low) & np.uint16(7), v >> np.uint16(low) & np.uint16(7)) for low in range(0, 15, 3)]
        bits = [one + other >> np.uint16(3) for one, other in threes]
        bits += [(one ^ other == 7).astype(np.uint16) for one, other in threes[1:]]
    packed = (np.packbits(bit.astype(np.uint8), bitorder="little").tobytes() for bit in bits)
    return (int.from_bytes(one, "little") for one in packed)


@pytest.mark.parametrize("circuit", CIRCUITS)
def test_what_one_custodian_has_confirms_no_guess(circuit: str) -> None:
    """Who guesses a number and knows one of its operands knows all that is computed of them. No sum of that over any
    rows is a sum of what one custodian has, and its operands: two values blinded by one draw would be."""
    parts = {seat: np.frombuffer(os.urandom(2 * 3 * THIRD), dtype=np.uint16) for seat in SEATS}
    number = (parts["a"] + parts["b"] + parts["c"]).reshape(3, THIRD)
    pairs = {seat: os.urandom(32) for seat in SEATS}
    has: dict[Seat, list[NDArray[Any]]] = {seat: [parts[seat]] for seat in SEATS}

    def playing(seat: Seat) -> Rounds[Bits]:
        streams = (Noted(pairs[seat], has[seat]), Noted(pairs[previous_seat(seat)], has[seat]))
        return noted(CIRCUITS[circuit](0, seat, parts[seat], *streams, lambda place: None, 3 * THIRD), has[seat])

    lockstep({seat: playing(seat) for seat in SEATS})
    v = {compare.thirds(seat)[0]: has[seat][1] + has[seat][2] for seat in SEATS}  # drawn first, by role 0 with role 1
    secrets = [plane for third in range(3) for plane in carried(circuit, number[third] - v[third], v[third])]
    secrets += planes(number)
    assert len(Sums(secrets)) == len(secrets)
    for seat in SEATS:
        first, second, last = compare.thirds(seat)
        operands = [v[first], v[second], number[last] - v[last]]
        view = [(1 << THIRD) - 1, *(plane for array in (*has[seat], *operands) for plane in planes(array))]
        assert len(Sums([*view, *secrets])) == len(Sums(view)) + len(secrets)
