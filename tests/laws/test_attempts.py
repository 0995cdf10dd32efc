"""What an attempt refuses, and the attacks behind each refusal, carried out."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from moiety.matching.bits import Bits
from moiety.matching.channel import Keys, agree
from moiety.matching.distance import partial_rows, weights
from moiety.matching.header import CIRCUITS, Circuit
from moiety.matching.opening import Opening, for_gateway, opened
from moiety.matching.prefix import at_least_zero
from moiety.matching.refusals import Disagreement, MalformedProbe, UnequalParts
from moiety.matching.rounds import Exchange, Rounds, lockstep
from moiety.matching.search import Side, attempt
from moiety.matching.words import quantise
from moiety.sharing.encode import encode
from moiety.sharing.ring import POINTS, inverse, multiply, scale
from moiety.sharing.seat import SEATS, Seat, next_seat
from moiety.sharing.split import combine, split
from moiety.sharing.streams import Stream

from .tapped import tapped
from .three import Three, header, table

DIM = 64
ROWS = 128
EVERYONE = np.ones(ROWS, dtype=bool)


def faces(count: int, seed: int = 1) -> NDArray[np.int16]:
    rng = np.random.default_rng(seed)
    return np.array([quantise(row) for row in rng.standard_normal((count, DIM))])


@pytest.fixture
def templates() -> NDArray[np.int16]:
    return faces(ROWS)


@pytest.fixture
def parts(templates: NDArray[np.int16]) -> dict[Seat, NDArray[np.uint16]]:
    return split(templates.view(np.uint16), os.urandom)


def sides_for(
    probe32: NDArray[np.int32], parts: dict[Seat, NDArray[np.uint16]], threshold: int = 9_000
) -> dict[Seat, Side]:
    three = Three()
    shares = split(probe32.view(np.uint32), os.urandom)
    head = header(ROWS, len(probe32), DIM, threshold)
    return {seat: three.side(seat, shares[seat], parts[seat], EVERYONE, head) for seat in SEATS}


# A side that does not fit its own header.


@pytest.mark.parametrize(
    ("rows", "mask"),
    [(ROWS, 1), (ROWS, 3), (ROWS + 1, 2), (ROWS + 63, 2), (0, 1)],
)
def test_a_mask_has_a_bit_for_every_row_in_whole_words(
    parts: dict[Seat, NDArray[np.uint16]], rows: int, mask: int
) -> None:
    """Before anything is sent: a short mask would be stretched over rows that it says nothing of."""
    good = sides_for(faces(1).astype(np.int32), parts)["a"]
    wrong = replace(good, header=replace(good.header, rows=rows), mask=np.ones(mask, dtype=np.uint64))
    with pytest.raises(ValueError, match="one bit a row"):
        next(attempt(wrong))


@pytest.mark.parametrize(
    ("count", "dim", "dtype"),
    [(2, DIM, np.uint32), (1, DIM - 2, np.uint32), (1, DIM, np.uint64), (1, DIM, np.int32)],
)
def test_a_probe_has_the_headers_shape_in_words_of_32_bits(
    parts: dict[Seat, NDArray[np.uint16]], count: int, dim: int, dtype: type
) -> None:
    good = sides_for(faces(1).astype(np.int32), parts)["a"]
    with pytest.raises(ValueError, match="32-bit words"):
        next(attempt(replace(good, probe=np.zeros((count, dim), dtype=dtype))))
    next(attempt(good))


# A probe that is not a face.


def unchecked(side: Side) -> Rounds[Opening]:
    """The plain twin of `attempt`: the same protocol by one who left the checks out."""
    channel = yield from agree(side.keys, side.header.digest(), bytes(32))
    products = side.distances(weights(side.probe, side.keys.seat)).whole().reshape(-1)
    if side.keys.seat == "a":
        products = products - np.uint16(side.header.threshold % 2**16)
    bits = yield from at_least_zero(side.keys.seat, products, *channel.streams("threshold"))
    return for_gateway(bits)


def oracle(coordinate: int, bit: int) -> NDArray[np.int32]:
    """The malformed probe that moves one bit of one coordinate of every row to the sign."""
    probe = np.zeros((1, DIM), dtype=np.int32)
    probe[0, coordinate] = 1 << (15 - bit)
    return probe


def test_without_the_checks_malformed_probes_read_templates(
    templates: NDArray[np.int16], parts: dict[Seat, NDArray[np.uint16]]
) -> None:
    """The attack works on the twin: sixteen searches read a coordinate of every row exactly."""
    coordinate = 5
    read = np.zeros(ROWS, dtype=np.uint16)
    for bit in range(16):
        sides = sides_for(oracle(coordinate, bit), parts, threshold=0)
        at_least = table(opened(lockstep({seat: unchecked(sides[seat]) for seat in SEATS}), 1), 1, ROWS)[0]
        read |= (~at_least).astype(np.uint16) << np.uint16(bit)
    assert (read.view(np.int16) == templates[:, coordinate]).all()


@pytest.mark.parametrize("bit", range(16))
def test_with_the_checks_the_same_probes_are_refused(bit: int, parts: dict[Seat, NDArray[np.uint16]]) -> None:
    sides = sides_for(oracle(5, bit), parts, threshold=0)
    with pytest.raises(MalformedProbe):
        lockstep({seat: attempt(sides[seat]) for seat in SEATS})


def hidden_in_the_upper_halves() -> NDArray[np.int32]:
    """An oracle whose 32-bit norm is in bounds, because the sender chose the upper halves: the range check's prey."""
    wanted = 16_000
    probe = np.zeros((1, DIM), dtype=np.int64)
    probe[0, 5] = 1 << 12
    # Squares of multiples of 2^16 vanish mod 2^32, so the low halves decide the norm: 4096^2 = 2^24 must be made up.
    for k in range(DIM):
        if k == 5:
            continue
        left = (wanted - int(np.sum(probe * probe))) % 2**32
        probe[0, k] = min(int(np.sqrt(left)), 65_535)
    norm = int(np.sum(probe * probe)) % 2**32
    assert 15_600 <= norm <= 16_700
    return probe.astype(np.uint32).view(np.int32)


def test_a_norm_alone_would_not_stop_it(parts: dict[Seat, NDArray[np.uint16]]) -> None:
    probe = hidden_in_the_upper_halves()
    sides = sides_for(probe, parts)
    with pytest.raises(MalformedProbe):
        lockstep({seat: attempt(sides[seat]) for seat in SEATS})


@pytest.mark.parametrize(
    ("value", "fits"), [(127, True), (-128, True), (128, False), (-129, False), (2**31 - 1, False), (-(2**31), False)]
)
def test_the_range_has_both_edges(value: int, fits: bool, parts: dict[Seat, NDArray[np.uint16]]) -> None:
    probe = np.zeros((1, DIM), dtype=np.int64)
    probe[0, 0] = value
    _fill_to(probe, 16_200)
    assert refused(probe, parts) is not fits


@pytest.mark.parametrize(("norm", "fits"), [(15_600, True), (16_700, True), (15_599, False), (16_701, False)])
def test_the_norm_has_both_edges(norm: int, fits: bool, parts: dict[Seat, NDArray[np.uint16]]) -> None:
    probe = np.zeros((1, DIM), dtype=np.int64)
    _fill_to(probe, norm)
    assert refused(probe, parts) is not fits


def _fill_to(probe: NDArray[np.int64], norm: int) -> None:
    """Give the free coordinates small squares until the self product is `norm`, where that can be."""
    left = norm - int(np.sum(probe * probe))
    for k in range(1, DIM):
        if left <= 0:
            return
        probe[0, k] = min(int(np.sqrt(left)), 60)
        left -= int(probe[0, k]) ** 2


def refused(probe: NDArray[np.int64], parts: dict[Seat, NDArray[np.uint16]]) -> bool:
    sides = sides_for(probe.astype(np.int32), parts)
    try:
        lockstep({seat: attempt(sides[seat]) for seat in SEATS})
    except MalformedProbe:
        return True
    return False


@pytest.mark.parametrize("seat", SEATS)
@pytest.mark.parametrize("bit", [0, 15, 16, 31])
def test_a_share_off_the_line_is_refused(seat: Seat, bit: int, parts: dict[Seat, NDArray[np.uint16]]) -> None:
    """A gateway that gives one custodian another share, in the low or the high half, is found by the degree."""
    sides = sides_for(faces(1, 7).astype(np.int32), parts)
    bent = sides[seat].probe.copy()
    bent[0, 3] ^= np.uint32(1 << bit)
    sides[seat] = replace(sides[seat], probe=bent)
    with pytest.raises(MalformedProbe):
        lockstep({s: attempt(sides[s]) for s in SEATS})


def test_the_degree_sees_what_range_and_norm_do_not(parts: dict[Seat, NDArray[np.uint16]]) -> None:
    """2^31 times the square of each point, added to one word: the value at 0 and the norm stay what they were."""
    sides = sides_for(faces(1, 7).astype(np.int32), parts)
    for seat in SEATS:
        bend = np.zeros((1, DIM), dtype=np.uint32)
        bend[0, 4] = 1 << 31
        bent = sides[seat].probe + scale(multiply(POINTS[seat], POINTS[seat]), bend)
        sides[seat] = replace(sides[seat], probe=bent)
    with pytest.raises(MalformedProbe):
        lockstep({seat: attempt(sides[seat]) for seat in SEATS})


def test_one_bad_probe_refuses_its_whole_batch(parts: dict[Seat, NDArray[np.uint16]]) -> None:
    batch = np.concatenate([faces(3, 9).astype(np.int32), oracle(1, 3), faces(2, 8).astype(np.int32)])
    sides = sides_for(batch, parts)
    with pytest.raises(MalformedProbe):
        lockstep({seat: attempt(sides[seat]) for seat in SEATS})


@pytest.mark.parametrize("circuit", CIRCUITS)
def test_nothing_of_a_match_leaves_before_the_checks_have_ended(
    circuit: Circuit, templates: NDArray[np.int16], parts: dict[Seat, NDArray[np.uint16]]
) -> None:
    """The comparison goes on beside the checks, but a probe that fails them ends the attempt at all three at once."""
    ended: list[Seat] = []

    def until_refused(seat: Seat, side: Side) -> Rounds[Opening]:
        try:
            return (yield from attempt(side))
        except MalformedProbe:
            ended.append(seat)
            yield Exchange()
            raise

    shares = split(oracle(5, 3).view(np.uint32), os.urandom)
    head = header(ROWS, 1, DIM, 0, circuit=circuit, pass_words=1)
    three = Three()
    sides = {seat: three.side(seat, shares[seat], parts[seat], EVERYONE, head) for seat in SEATS}
    with pytest.raises(MalformedProbe):
        lockstep({seat: until_refused(seat, sides[seat]) for seat in SEATS})
    assert ended == [*SEATS]


# What it costs.


@pytest.mark.parametrize(("circuit", "pass_words", "rounds"), [
    ("chain", 4, 18), ("prefix", 4, 8), ("chain", 2, 35), ("prefix", 2, 13),
])  # fmt: skip
def test_a_search_has_so_many_rounds(
    circuit: Circuit, pass_words: int, rounds: int, parts: dict[Seat, NDArray[np.uint16]]
) -> None:
    """Handshake and checks included: the checks travel with the comparison."""
    three = Three()
    sides = three.sides(faces(2), parts, EVERYONE, header(ROWS, 2, DIM, 9_000, circuit=circuit, pass_words=pass_words))
    counted = [0]

    def side(seat: Seat) -> Rounds[Opening]:
        running, answer = attempt(sides[seat]), None
        try:
            while True:
                sends = running.send(answer)  # type: ignore[arg-type]
                counted[0] += 1
                answer = yield sends
        except StopIteration as stop:
            opening: Opening = stop.value
            return opening

    lockstep({seat: side(seat) for seat in SEATS})
    assert counted == [3 * rounds]


# Disagreement.


def without_comparing(side: Side, mask: NDArray[np.uint64]) -> Rounds[Opening]:
    """The twin that compares nothing first, and blanks by its own mask."""
    channel = yield from agree(side.keys, bytes(32), bytes(32))
    products = side.distances(weights(side.probe, side.keys.seat)).whole().reshape(-1)
    if side.keys.seat == "a":
        products = products - np.uint16(side.header.threshold % 2**16)
    bits = yield from at_least_zero(side.keys.seat, products, *channel.streams("threshold"))
    return for_gateway(Bits(bits.previous & mask, bits.next & mask))


def test_one_flipped_bit_in_a_row_would_be_a_coin_flip(
    templates: NDArray[np.int16], parts: dict[Seat, NDArray[np.uint16]]
) -> None:
    """Why galleries are checked: with a bit of one part flipped in every row, strangers match about half the time."""
    bent = {seat: part.copy() for seat, part in parts.items()}
    bent["b"][:, 4] ^= np.uint16(0x4000)
    found = 0
    for number in range(20):
        sides = sides_for(faces(1, 100 + number).astype(np.int32), bent)
        found += len(opened(lockstep({seat: attempt(sides[seat]) for seat in SEATS}), 1))
    assert 0.2 < found / (20 * ROWS) < 0.8


@pytest.mark.parametrize("seat", SEATS)
@pytest.mark.parametrize(
    "change",
    ["mask", "attempt", "operation", "gallery", "version", "epoch", "threshold", "at", "circuit", "pass_words"],
)
def test_any_disagreement_is_refused_before_anything_else_is_sent(
    seat: Seat, change: str, parts: dict[Seat, NDArray[np.uint16]]
) -> None:
    sides = sides_for(faces(1, 3).astype(np.int32), parts)
    side = sides[seat]
    if change == "mask":
        mask = side.mask.copy()
        mask[1] ^= np.uint64(1 << 17)
        sides[seat] = replace(side, mask=mask)
    else:
        other: dict[str, object] = {
            "attempt": bytes(15) + b"x", "operation": "verify", "gallery": "desk", "version": 2,
            "epoch": 2, "threshold": 9_001, "at": 1_700_000_001, "circuit": "prefix", "pass_words": 1,
        }  # fmt: skip
        sides[seat] = replace(side, header=replace(side.header, **{change: other[change]}))  # type: ignore[arg-type]
    sent: list[bytes] = []
    with pytest.raises(Disagreement):
        lockstep({s: tapped(attempt(sides[s]), sent, []) for s in SEATS})
    # Three custodians, two neighbours each: nonces, digests and names of pair keys, nothing derived from a part.
    assert [len(message) for message in sent] == [128] * 6


@pytest.mark.parametrize(("seat", "pair"), [(seat, pair) for seat in SEATS for pair in ("pair_next", "pair_previous")])
def test_pair_keys_that_are_not_one_are_refused(seat: Seat, pair: str) -> None:
    """Each of two neighbours has reconnected but for one side of it: their masks would not cancel."""
    three = Three()
    keys = {one: three.keys(one) for one in SEATS}
    keys[seat] = replace(keys[seat], **{pair: os.urandom(32)})  # type: ignore[arg-type]
    sent: list[bytes] = []
    with pytest.raises(Disagreement):
        lockstep({one: tapped(agree(keys[one], bytes(32), bytes(32)), sent, []) for one in SEATS})
    assert [len(message) for message in sent] == [128] * 6


# Masks.


def test_two_steps_draw_from_different_streams() -> None:
    """And two neighbours from one in each of them."""
    three = Three()
    channels = lockstep({seat: agree(three.keys(seat), bytes(32), bytes(32)) for seat in SEATS})
    drawn = {}
    for step in ("threshold", "range"):
        for seat in SEATS:
            to_next, to_previous = channels[seat].streams(step)
            drawn[seat, step, "next"] = to_next.words((4,), np.uint64).tobytes()
            drawn[seat, step, "previous"] = to_previous.words((4,), np.uint64).tobytes()
        for seat in SEATS:
            assert drawn[seat, step, "next"] == drawn[next_seat(seat), step, "previous"]
    assert len(set(drawn.values())) == 2 * len(SEATS)
    with pytest.raises(ValueError, match="once"):
        channels["a"].streams("range")


Drawn = dict[str, bytes]
PAIRS = {"ab": ("a", "b"), "bc": ("b", "c"), "ca": ("c", "a")}


def streams_of(keys: dict[Seat, Keys], headers: bytes = bytes(32), masks: bytes = bytes(32), step: str = "x") -> Drawn:
    """What each pair draws first, where the three are given these."""
    channels = lockstep({seat: agree(keys[seat], headers, masks) for seat in SEATS})
    drawn = {seat: [some.words((4,), np.uint64).tobytes() for some in channels[seat].streams(step)] for seat in SEATS}
    for pair in PAIRS.values():
        assert drawn[pair[0]][0] == drawn[pair[1]][1]
    return {pair: drawn[one][0] for pair, (one, _) in PAIRS.items()}


def changed(one: Drawn, other: Drawn) -> set[str]:
    return {pair for pair in PAIRS if one[pair] != other[pair]}


@pytest.mark.parametrize("seat", SEATS)
def test_a_pairs_masks_come_from_both_ends_nonces(seat: Seat) -> None:
    """One end that was put back, and says the nonce of before again, draws nothing again: the other's is fresh."""
    three = Three()
    keys = {one: three.keys(one) for one in SEATS}
    fresh = keys | {seat: replace(keys[seat], nonce=os.urandom(32))}
    assert changed(streams_of(keys), streams_of(keys)) == set()
    assert changed(streams_of(keys), streams_of(fresh)) == {pair for pair, ends in PAIRS.items() if seat in ends}


def test_masks_come_from_the_header_the_public_mask_and_the_step() -> None:
    """With nonces and keys of the lines that are the same: another request under them draws other masks."""
    three = Three()
    keys = {seat: three.keys(seat) for seat in SEATS}
    others = (
        streams_of(keys, headers=os.urandom(32)),
        streams_of(keys, masks=os.urandom(32)),
        streams_of(keys, step="y"),
    )
    assert [changed(streams_of(keys), other) for other in others] == [set(PAIRS)] * 3


@pytest.mark.parametrize("pair", PAIRS)
def test_masks_come_from_the_key_of_their_own_line(pair: str) -> None:
    three = Three()
    nonces = {seat: os.urandom(32) for seat in SEATS}
    before = {seat: replace(three.keys(seat), nonce=nonces[seat]) for seat in SEATS}
    three.pairs[pair] = os.urandom(32)
    after = {seat: replace(three.keys(seat), nonce=nonces[seat]) for seat in SEATS}
    assert changed(streams_of(before), streams_of(after)) == {pair}


def test_three_pairs_draw_differently_whatever_they_have_alike() -> None:
    """Who is next to whom is said as well: with one key and one nonce for all, masks would cancel in one's hands."""
    key, nonce = os.urandom(32), os.urandom(32)
    drawn = streams_of({seat: Keys(seat, key, key, nonce) for seat in SEATS})
    assert len(set(drawn.values())) == 3


@pytest.mark.parametrize("short", ["pair_next", "pair_previous", "nonce"])
@pytest.mark.parametrize("count", [0, 16, 31, 33])
def test_keys_and_nonces_have_32_bytes(short: str, count: int) -> None:
    """Before anything is sent."""
    keys = replace(Three().keys("a"), **{short: bytes(count)})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="have 32 bytes"):
        next(agree(keys, bytes(32), bytes(32)))


def traffic(three: Three, sides: dict[Seat, Side]) -> set[bytes]:
    """Every message of an attempt beyond the handshake, in pieces of 32 bytes."""
    sent: list[bytes] = []
    lockstep({seat: tapped(attempt(sides[seat]), sent, []) for seat in SEATS})
    return {message[at : at + 32] for message in sent for at in range(0, len(message) - 31, 32) if len(message) != 128}


def same_request(parts: dict[Seat, NDArray[np.uint16]]) -> tuple[Three, dict[Seat, Side]]:
    """One request with its shares: what a gateway would send again, byte by byte."""
    three = Three()
    return three, three.sides(faces(1, 3), parts, EVERYONE, header(ROWS, 1, DIM, 9_000))


def test_a_retry_repeats_no_mask(parts: dict[Seat, NDArray[np.uint16]]) -> None:
    """The same header, shares and pair keys again: no piece of any message is sent twice."""
    three, sides = same_request(parts)
    first = traffic(three, sides)
    for _ in range(3):
        sides = {seat: replace(side, keys=three.keys(seat)) for seat, side in sides.items()}
        again = traffic(three, sides)
        assert not first & again
        first |= again


def test_with_a_repeated_nonce_masks_would_repeat(parts: dict[Seat, NDArray[np.uint16]]) -> None:
    """The twin: nonces kept over the retry give the very same messages, so the test above can fail."""
    three, sides = same_request(parts)
    assert traffic(three, sides) == traffic(three, sides)


def test_repeated_masks_give_templates_away(
    templates: NDArray[np.int16], parts: dict[Seat, NDArray[np.uint16]]
) -> None:
    """What a repeated mask costs: custodian c, who knows the photograph asked with, reads every template.

    b sends d_b + F to c. From the probe and its own share, c knows b's share, hence b's weights; retries with fresh
    shares under one F leave a linear system for b's rows, and with its own rows c combines the templates.
    """
    key, retries = os.urandom(32), DIM + 12
    probe = np.repeat(faces(1, 5).astype(np.int32).view(np.uint32), retries, axis=0)
    shares = split(probe, os.urandom)
    heard = partial_rows(weights(shares["b"], "b"), parts["b"]) + Stream(key).words((ROWS,), np.uint16)

    mask = scale(inverse(POINTS["c"]), shares["c"] - encode(probe))
    known = weights(encode(probe) + scale(POINTS["b"], mask), "b")
    rows_b = solved(known[1:] - known[0], heard[1:] - heard[0]).T
    assert (combine({"b": np.ascontiguousarray(rows_b), "c": parts["c"]}).view(np.int16) == templates).all()


def test_fresh_masks_leave_nothing_to_solve(
    templates: NDArray[np.int16], parts: dict[Seat, NDArray[np.uint16]]
) -> None:
    """The same attack on what b really sends over as many retries: what c combines is noise."""
    retries = DIM + 12
    three = Three()
    probe = faces(1, 5)
    heard, known = [], []
    for _ in range(retries):
        sides = three.sides(probe, parts, EVERYONE, header(ROWS, 1, DIM, 9_000))
        received: list[bytes] = []
        taps = {seat: attempt(sides[seat]) for seat in SEATS}
        taps["c"] = tapped(taps["c"], [], received)
        lockstep(taps)
        # In the pass over one third of the rows b is role 1 and c is role 2: 64 rows of 16 bits, first third. What
        # comes from a, role 0 in another third, is noted before it, and as long.
        _, sums = [message for message in received if len(message) == 128][:2]
        heard.append(np.frombuffer(sums, dtype=np.uint16))
        known.append(weights(sides["b"].probe, "b")[0])
    steps, differences = np.array(known[1:]) - known[0], np.array(heard[1:]) - heard[0]
    rows_b = solved(steps, differences).T
    combined = combine({"b": np.ascontiguousarray(rows_b), "c": parts["c"][:64]}).view(np.int16)
    assert np.count_nonzero(combined == templates[:64]) < 30  # 0.06 expected among 4,096


def solved(matrix: NDArray[np.uint16], right: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """x with matrix x = right mod 2^16: Gauss-Jordan with odd pivots; matrix (m, n), right (m, k) -> (n, k)."""
    m = np.concatenate([matrix, right], axis=1).astype(np.int64)
    unknowns = matrix.shape[1]
    for column in range(unknowns):
        pivot = column + int(np.argmax(m[column:, column] % 2))
        assert m[pivot, column] % 2 == 1
        m[[column, pivot]] = m[[pivot, column]]
        m[column] = m[column] * pow(int(m[column, column]), -1, 2**16) % 2**16
        others = np.arange(len(m)) != column
        m[others] = (m[others] - np.outer(m[others, column], m[column])) % 2**16
    return m[:unknowns, unknowns:].astype(np.uint16)


# The gateway's end.


@pytest.mark.parametrize("seat", SEATS)
def test_unequal_parts_are_refused(seat: Seat, parts: dict[Seat, NDArray[np.uint16]]) -> None:
    sides = sides_for(faces(1, 3).astype(np.int32), parts)
    openings = lockstep({s: attempt(sides[s]) for s in SEATS})
    changed = openings[seat].part.copy()
    changed[0] ^= np.uint64(1)
    openings[seat] = replace(openings[seat], part=changed)
    with pytest.raises(UnequalParts):
        opened(openings, 1)


def test_a_row_outside_the_mask_never_matches(
    templates: NDArray[np.int16], parts: dict[Seat, NDArray[np.uint16]]
) -> None:
    mask = EVERYONE.copy()
    mask[9] = False
    three = Three()
    sides = three.sides(templates[9:11], parts, mask, header(ROWS, 2, DIM, 9_000))
    found = table(opened(lockstep({seat: attempt(sides[seat]) for seat in SEATS}), 2), 2, ROWS)
    assert not found[0].any()
    assert found[1, 10]


def test_scores_are_not_in_what_the_gateway_gets(parts: dict[Seat, NDArray[np.uint16]]) -> None:
    """An opening is one bit a row and probe, and a digest: there is no room for a score."""
    sides = sides_for(faces(2, 3).astype(np.int32), parts)
    for opening in lockstep({seat: attempt(sides[seat]) for seat in SEATS}).values():
        assert opening.part.nbytes == 2 * ROWS // 8
        assert len(opening.other_digest) == 32


def test_one_component_of_a_match_says_nothing() -> None:
    """A custodian's component of the bits of rows that all match is as often 0 as 1."""
    count = 64 * 256
    numbers = {"a": np.full(count, 5, np.uint16), "b": np.zeros(count, np.uint16), "c": np.zeros(count, np.uint16)}
    three = Three()

    def side(seat: Seat, keys: Keys) -> Rounds[Bits]:
        channel = yield from agree(keys, bytes(32), bytes(32))
        return (yield from at_least_zero(seat, numbers[seat], *channel.streams("threshold")))

    bits = lockstep({seat: side(seat, three.keys(seat)) for seat in SEATS})
    for seat in SEATS:
        for component in (bits[seat].previous, bits[seat].next):
            ones = np.unpackbits(component.view(np.uint8)).mean()
            assert abs(ones - 0.5) < 0.03
