"""The number of matches: it is the clear count, it is all that is shown, and no mask serves twice."""

from __future__ import annotations

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from moiety.matching.bits import Bits
from moiety.matching.channel import Channel, agree
from moiety.matching.header import CIRCUITS, Circuit
from moiety.matching.opening import opened
from moiety.matching.rounds import Rounds, lockstep
from moiety.matching.search import Side, matches
from moiety.matching.tally import tally
from moiety.matching.words import quantise
from moiety.sharing.seat import SEATS, Seat
from moiety.sharing.split import split

from .tapped import tapped
from .three import Three, header

Shares = dict[Seat, Bits]
Views = dict[Seat, list[bytes]]


def shared(words: NDArray[np.uint64]) -> Shares:
    """Components of bits in words (m,): one for a and b, one for b and c, one for c and a."""
    ab, bc = (np.frombuffer(os.urandom(words.nbytes), dtype=np.uint64) for _ in range(2))
    ca = words ^ ab ^ bc
    return {"a": Bits(ca, ab), "b": Bits(ab, bc), "c": Bits(bc, ca)}


def counted(shares: Shares, three: Three | None = None, sent: Views | None = None, heard: Views | None = None) -> int:
    parties = three or Three()
    logs: list[Views] = [log if log is not None else {seat: [] for seat in SEATS} for log in (sent, heard)]

    def side(seat: Seat) -> Rounds[int]:
        channel = yield from agree(parties.keys(seat), bytes(32), bytes(32))
        return (yield from tapped(tally(channel, shares[seat]), logs[0][seat], logs[1][seat]))

    totals = lockstep({seat: side(seat) for seat in SEATS})
    assert totals["a"] == totals["b"] == totals["c"]
    return totals["a"]


def drawn(words: int, share: float, rng: np.random.Generator) -> NDArray[np.uint64]:
    """Words of bits that are one with this probability."""
    return np.packbits(rng.random(64 * words) < share, bitorder="little").view(np.uint64)


def ones(words: NDArray[np.uint64]) -> int:
    return int(np.unpackbits(words.view(np.uint8)).sum())


@settings(max_examples=60)
@given(
    words=st.one_of(st.integers(1, 1_000), st.integers(1_025, 6_000)),
    share=st.sampled_from([0.0, 1e-4, 0.01, 0.5, 1.0]),
    seed=st.integers(0, 2**32),
)
def test_the_total_is_the_clear_count(words: int, share: float, seed: int) -> None:
    bits = drawn(words, share, np.random.default_rng(seed))
    assert counted(shared(bits)) == ones(bits)


def test_no_words_no_matches() -> None:
    assert counted(shared(np.empty(0, dtype=np.uint64))) == 0


@pytest.mark.parametrize("place", [0, 1, 63, 64 * 1_500, 64 * 3_000 - 1])
def test_one_match_counts_wherever_it_is(place: int) -> None:
    bits = np.zeros(64 * 3_000, dtype=np.uint8)
    bits[place] = 1
    assert counted(shared(np.packbits(bits, bitorder="little").view(np.uint64))) == 1


def test_more_than_32_bits_can_say_is_an_error() -> None:
    many = np.broadcast_to(np.uint64(0), (1 << 26,))
    with pytest.raises(ValueError, match=r"fewer than 2\^32"):
        counted(dict.fromkeys(SEATS, Bits(many, many)))


# After a search.


@pytest.mark.parametrize("circuit", CIRCUITS)
def test_after_a_search_the_three_know_how_many_matched(circuit: Circuit) -> None:
    """On the same channel, once the openings have left; rows outside the mask are not counted."""
    rng = np.random.default_rng(3)
    templates = np.array([quantise(row) for row in rng.standard_normal((192, 16))], dtype=np.int16)
    mask = rng.random(192) < 0.5
    three = Three()
    sides = three.sides(
        templates[:5],
        split(templates.view(np.uint16), os.urandom),
        mask,
        header(192, 5, 16, 4_000, circuit=circuit, pass_words=4),
    )
    openings, totals = {}, []

    def side(seat: Seat, own: Side) -> Rounds[None]:
        found = yield from matches(own)
        openings[seat] = found.opening()
        totals.append((yield from tally(found.channel, found.bits)))

    lockstep({seat: side(seat, sides[seat]) for seat in SEATS})
    inner = templates[:5].astype(np.int64) @ templates.astype(np.int64).T
    expected = int(((inner >= 4_000) & mask).sum())
    assert totals == [expected] * 3
    assert len(opened(openings, 5)) == expected > 5


# What is seen.


def view(bits: NDArray[np.uint64], three: Three | None = None) -> Views:
    heard: Views = {seat: [] for seat in SEATS}
    counted(shared(bits), three, heard=heard)
    return heard


def pair() -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """As many matches, elsewhere: all in the first rows, and spread."""
    one, other = np.zeros(64 * 1_500, dtype=np.uint8), np.zeros(64 * 1_500, dtype=np.uint8)
    one[:700] = 1
    other[np.random.default_rng(1).permutation(len(other))[:700]] = 1
    return tuple(np.packbits(bits, bitorder="little").view(np.uint64) for bits in (one, other))  # type: ignore[return-value]


def test_two_inputs_of_equal_totals_look_alike_to_each_custodian() -> None:
    """As many messages of the same lengths, and every bit of them a coin; the numbers opened add up to the total."""
    one, other = (view(bits) for bits in pair())
    for seat in SEATS:
        assert [len(message) for message in one[seat]] == [len(message) for message in other[seat]]
        for messages in (one[seat], other[seat]):
            for message in messages[:-2]:
                assert abs(np.unpackbits(np.frombuffer(message, dtype=np.uint8)).mean() - 0.5) < 0.05
            assert [len(message) for message in messages[-2:]] == [4, 4]


def test_what_is_opened_is_uniform_but_for_the_total() -> None:
    """Each custodian's masked sum alone is a coin in every bit; with its own and the other's it is the total.

    Of components that are the same each time, so that no coin is theirs.
    """
    bits = drawn(5, 0.5, np.random.default_rng(2))
    nothing = np.zeros_like(bits)
    same: Shares = {"a": Bits(nothing, bits), "b": Bits(bits, nothing), "c": Bits(nothing, nothing)}
    sums: list[list[int]] = []
    for _ in range(300):
        sent: Views = {seat: [] for seat in SEATS}
        counted(same, sent=sent)
        shown = [int.from_bytes(sent[seat][-1], "little") for seat in SEATS]
        assert all(sent[seat][-1] == sent[seat][-2] for seat in SEATS), "both neighbours hear the same"
        assert sum(shown) % 2**32 == ones(bits)
        sums.append(shown)
    for seat in range(3):
        coins = np.array([[number[seat] >> bit & 1 for bit in range(32)] for number in sums])
        assert (np.abs(coins.mean(axis=0) - 0.5) < 0.15).all()


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_what_is_sent_to_convert_is_uniform(share: float) -> None:
    """Of bits that are all alike, too: a custodian's part of a bit leaves under a word that the receiver lacks."""
    sent: Views = {seat: [] for seat in SEATS}
    counted(shared(drawn(900, share, np.random.default_rng(0))), sent=sent)
    for seat in SEATS:
        [rest, *_] = sent[seat]
        assert len(rest) == 300 * 64 * 4
        bits = np.unpackbits(np.frombuffer(rest, dtype=np.uint8)).reshape(-1, 32)
        assert (np.abs(bits.mean(axis=0) - 0.5) < 0.03).all()


# Masks.


def test_a_retry_repeats_no_mask() -> None:
    """The same components again: no piece of any message is sent twice, by anybody, in any attempt."""
    three, shares = Three(), shared(pair()[0])
    seen: list[bytes] = []
    for _ in range(3):
        sent: Views = {seat: [] for seat in SEATS}
        counted(shares, three, sent=sent)
        long = [message for seat in SEATS for message in sent[seat] if len(message) > 32]
        seen += [message[at : at + 32] for message in long for at in range(0, len(message) - 31, 32)]
    assert len(set(seen)) == len(seen) > 3_000


def test_a_channel_gives_no_stream_twice() -> None:
    """So neither a search nor a tally can be continued twice over the same masks."""
    shares = shared(pair()[0])

    def side(seat: Seat, three: Three) -> Rounds[Channel]:
        channel = yield from agree(three.keys(seat), bytes(32), bytes(32))
        yield from tally(channel, shares[seat])
        return channel

    three = Three()
    channels = lockstep({seat: side(seat, three) for seat in SEATS})
    for seat in SEATS:
        with pytest.raises(ValueError, match="drawn from once"):
            next(tally(channels[seat], shares[seat]))


# What it costs.


@pytest.mark.parametrize(
    ("words", "messages", "sent_bytes"),
    [
        # A third of what is left, 64 bits as 32-bit words each; before it a word for every one that an adder saves.
        (1, 1, 1 * 256),
        (1_024, 1, 342 * 256),
        (1_025, 2, 341 * 8 + 228 * 256),
        (15_625, 8, (15_625 - 918) * 8 + 306 * 256),
    ],
)
def test_rounds_and_bytes_are_these(words: int, messages: int, sent_bytes: int) -> None:
    sent: Views = {seat: [] for seat in SEATS}
    counted(shared(np.zeros(words, dtype=np.uint64)), sent=sent)
    for seat in SEATS:
        *before, one, other = sent[seat]
        assert len(one) == len(other) == 4
        assert len(before) == messages
        assert sum(len(message) for message in before) == sent_bytes
