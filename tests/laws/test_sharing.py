"""Laws of sharing: any two parts combine, one part alone is noise, refresh and recovery keep what is shared."""

from __future__ import annotations

import os
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from moiety.sharing import recover, refresh, ring, split
from moiety.sharing.encode import decode, encode
from moiety.sharing.seat import SEATS
from moiety.sharing.streams import Room, Stream, derive

WORDS = [np.uint16, np.uint32, np.uint64]


@st.composite
def words(draw: st.DrawFn) -> NDArray[np.unsignedinteger]:
    dtype = draw(st.sampled_from(WORDS))
    shape = (draw(st.integers(0, 3)), 2 * draw(st.integers(1, 40)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    return np.frombuffer(rng.bytes(int(np.prod(shape)) * np.dtype(dtype).itemsize), dtype=dtype).reshape(shape)


@given(words())
def test_any_two_parts_combine(secret: NDArray[np.unsignedinteger]) -> None:
    parts = split.split(secret, os.urandom)
    for pair in combinations(SEATS, 2):
        assert (split.combine({seat: parts[seat] for seat in pair}) == secret).all()


@given(words())
def test_decoding_undoes_encoding(secret: NDArray[np.unsignedinteger]) -> None:
    assert (decode(encode(secret)) == secret).all()


@given(words())
def test_the_low_halves_of_a_sharing_are_a_sharing(secret: NDArray[np.unsignedinteger]) -> None:
    parts = split.split(secret, os.urandom)
    low = {seat: part.astype(np.uint16) for seat, part in parts.items()}
    assert (split.combine(low) == secret.astype(np.uint16)).all()


@given(words())
def test_a_split_is_the_encoded_secret_plus_the_mask_times_each_point(secret: NDArray[np.unsignedinteger]) -> None:
    """The compiled pass does what its parts do one by one."""
    mask = np.frombuffer(os.urandom(secret.nbytes), dtype=secret.dtype).reshape(secret.shape)
    for seat, part in split.split_with(secret, mask).items():
        assert (part == encode(secret) + ring.scale(ring.POINTS[seat], mask)).all()


@given(st.binary(max_size=200))
def test_byte_strings(data: bytes) -> None:
    parts = split.split_bytes(data, os.urandom)
    for pair in combinations(SEATS, 2):
        assert split.combine_bytes({seat: parts[seat] for seat in pair}, len(data)) == data


def test_one_part_is_uniform_whatever_the_secret() -> None:
    """Each byte value of each custodian's part of one constant secret is as frequent as the others (chi-squared)."""
    secret = np.zeros((4_000, 64), dtype=np.uint16)
    for part in split.split(secret, os.urandom).values():
        counts = np.bincount(part.view(np.uint8).reshape(-1), minlength=256)
        expected = part.nbytes / 256
        statistic = float(np.sum((counts - expected) ** 2) / expected)
        # 255 degrees of freedom: mean 255, deviation 22.6; eight deviations are never seen by chance.
        assert abs(statistic - 255) < 8 * 22.6


def test_every_split_draws_a_fresh_seed() -> None:
    """32 fresh bytes a split: with one seed twice, two splits of a row would differ by the secrets alone."""
    drawn: list[int] = []

    def entropy(count: int) -> bytes:
        drawn.append(count)
        return os.urandom(count)

    secret = np.zeros((3, 8), dtype=np.uint32)
    one, other = split.split(secret, entropy), split.split(secret, entropy)
    assert drawn == [32, 32]
    assert not (one["a"] == other["a"]).any()
    constant = [split.split(secret, lambda count: bytes(count))["a"] for _ in range(2)]
    assert (constant[0] == constant[1]).all()


def test_a_part_does_not_carry_the_others_along() -> None:
    """No two parts lie in one piece of memory, as rows of one array would."""
    parts = split.split(np.zeros((3, 8), dtype=np.uint32), os.urandom)
    for one, other in combinations(SEATS, 2):
        assert not np.shares_memory(parts[one], parts[other])
        bases = [parts[seat] if parts[seat].base is None else parts[seat].base for seat in (one, other)]
        assert bases[0] is not bases[1]


def test_the_mask_fills_the_ring() -> None:
    """Every bit of every word of a mask is a coin: a mask of fewer bits would leave some of them constant."""
    secret = np.zeros((2_000, 8), dtype=np.uint32)
    part = split.split(secret, os.urandom)["a"]  # custodian a sits at 1: its part of zero is the mask itself
    for bit in range(32):
        share = float(np.mean((part >> np.uint32(bit)) & np.uint32(1)))
        assert abs(share - 0.5) < 0.04


def test_units_have_inverses_and_other_elements_have_none() -> None:
    for element in ((1, 0), (0, 1), (3, 7), (2, 5), (2**63 + 1, 4)):
        product = ring.multiply(element, ring.inverse(element))
        assert tuple(c % 2**64 for c in product) == (1, 0)
    with pytest.raises(ZeroDivisionError):
        ring.inverse((2, 4))


@given(words().filter(lambda secret: secret.dtype == np.uint16))
def test_refresh_keeps_the_secret_and_changes_every_part(secret: NDArray[np.uint16]) -> None:
    parts = split.split(secret, os.urandom)
    seeds = (os.urandom(32), os.urandom(32), os.urandom(32))
    new = {seat: refresh.apply(parts[seat], seat, seeds, b"door, epoch 2") for seat in SEATS}
    for pair in combinations(SEATS, 2):
        assert (split.combine({seat: new[seat] for seat in pair}) == secret).all()


@pytest.mark.parametrize("changed", range(3))
def test_every_custodians_seed_counts(changed: int) -> None:
    """Two custodians that know two seeds do not know the third one's shift."""
    part = np.zeros((50, 64), dtype=np.uint16)
    seeds = [os.urandom(32) for _ in range(3)]
    one = refresh.apply(part, "a", (seeds[0], seeds[1], seeds[2]), b"2")
    seeds[changed] = os.urandom(32)
    other = refresh.apply(part, "a", (seeds[0], seeds[1], seeds[2]), b"2")
    assert np.count_nonzero(one == other) < 20  # 0.05 expected among 3,200


def test_an_old_part_and_a_new_one_of_another_custodian_are_noise() -> None:
    """Combined, they give words that are right no more often than chance."""
    secret = np.full((500, 64), 77, dtype=np.uint16)
    old = split.split(secret, os.urandom)
    seeds = (os.urandom(32), os.urandom(32), os.urandom(32))
    new_b = refresh.apply(old["b"], "b", seeds, b"2")
    mixed = split.combine({"a": old["a"], "b": new_b})
    assert np.count_nonzero(mixed == secret) < 20  # 0.5 expected among 32,000
    other_rows = refresh.apply(old["b"], "b", seeds, b"3")
    assert np.count_nonzero(other_rows == new_b) < 20


@pytest.mark.parametrize("lost", SEATS)
def test_recovery_is_bit_identical_and_masked(lost: str) -> None:
    secret = np.frombuffer(os.urandom(64 * 32 * 2), dtype=np.uint16).reshape(64, 32)
    parts = split.split(secret, os.urandom)
    one, other = (seat for seat in SEATS if seat != lost)
    key = os.urandom(32)
    sent = {seat: recover.contribution(parts[seat], seat, lost, key, b"door 3") for seat in (one, other)}
    assert (recover.recovered(sent[one], sent[other]) == parts[lost]).all()
    # An unmasked contribution is the helper's own part times a unit: undoing the unit must not give the part back.
    for helper, partner in ((one, other), (other, one)):
        points = ring.POINTS
        weight = ring.lagrange(points[lost], points[helper], (points[partner],))
        undone = ring.scale(ring.inverse(weight), sent[helper])
        assert np.count_nonzero(undone == parts[helper]) < 20
    again = recover.contribution(parts[one], one, lost, os.urandom(32), b"door 3")
    assert np.count_nonzero(again == sent[one]) < 20


def test_one_secret_masks_every_set_of_rows_and_every_loss_otherwise() -> None:
    """The difference of two contributions under one mask is the difference of the helper's own rows."""
    key, nothing = os.urandom(32), np.zeros((50, 64), dtype=np.uint16)
    masks = [recover.contribution(nothing, "a", lost, key, at) for lost in ("b", "c") for at in (b"door 3", b"door 4")]
    for one, other in combinations(masks, 2):
        assert np.count_nonzero(one == other) < 20  # 0.05 expected among 3,200
    again = recover.contribution(nothing, "a", "b", key, b"door 3")
    assert (again == masks[0]).all()


def test_a_custodian_does_not_help_itself() -> None:
    with pytest.raises(ValueError, match="does not help itself"):
        recover.contribution(np.zeros((1, 2), dtype=np.uint16), "a", "a", bytes(32), b"door 3")


@pytest.mark.parametrize("length", [0, 16, 31])
def test_a_secret_that_could_be_guessed_is_no_key(length: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        derive(bytes(length), b"x")
    assert len(derive(bytes(32), b"x")) == 32


def test_streams_agree_at_both_ends_and_with_nothing_else() -> None:
    key = os.urandom(32)
    bound = [(b"a",), (b"b",), (b"", b"a"), (b"a", b"")]
    drawn = {parts: Stream(derive(key, *parts)).words((1_000,), np.uint16).tobytes() for parts in bound}
    assert len(set(drawn.values())) == len(bound)
    assert Stream(derive(key, b"a")).words((1_000,), np.uint16).tobytes() == drawn[(b"a",)]


def test_two_ends_that_draw_alike_get_the_same_words() -> None:
    """Long draws and short ones, into new arrays and into one again and again; an end that draws otherwise is lost."""
    key = derive(os.urandom(32), b"x")
    sizes = (8, 399_992, 1, 300_000)
    one, other, odd = Stream(key), Stream(key), Stream(key)
    drawn = [one.words((size,), np.uint16) for size in sizes]
    for words, size in zip(drawn, sizes, strict=True):
        room = Room.of((size,), np.uint16)
        other.fill(room)
        assert (room.words == words).all()
    odd.words((4,), np.uint16)
    assert (odd.words((8,), np.uint16) != drawn[0]).any()


def test_no_two_draws_of_a_stream_have_a_block_in_common() -> None:
    """Sixteen bytes are a block of the cipher: were a nonce used twice, blocks would come again."""
    stream = Stream(derive(os.urandom(32), b"x"))
    room = Room.of((1 << 17, 4), np.uint32)
    blocks = []
    for _ in range(3):
        stream.fill(room)
        blocks.append(room.words.copy())
    together = np.concatenate([*blocks, stream.words((1 << 15, 4), np.uint32)])
    assert len(np.unique(together, axis=0)) == len(together)
