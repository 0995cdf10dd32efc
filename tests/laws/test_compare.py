"""The comparison by itself: every width, the edges of the word, rows in several passes, numbers that come late."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from moiety.matching import compare
from moiety.matching.channel import agree
from moiety.matching.compare import Bits, at_least
from moiety.matching.rounds import Rounds, lockstep
from moiety.sharing.seat import SEATS, Seat, next_seat

from .three import Three

WIDTHS = {16: np.uint16, 32: np.uint32, 64: np.uint64}


def shared(numbers: NDArray[Any], rng: np.random.Generator) -> dict[Seat, NDArray[Any]]:
    """Additive parts of unsigned words."""
    one, other = (
        np.frombuffer(rng.bytes(numbers.nbytes), dtype=numbers.dtype).reshape(numbers.shape) for _ in range(2)
    )
    return {"a": one, "b": other, "c": numbers - one - other}


def side(seat: Seat, bound: int, part: NDArray[Any], three: Three) -> Rounds[Bits]:
    """Numbers arrive when they are waited for, and not before."""
    arriving = np.full_like(part, 0x5A)

    def ready(place: int) -> None:
        arriving[:place] = part[:place]

    channel = yield from agree(three.keys(seat), bytes(32), bytes(32))
    return (yield from at_least(bound, seat, arriving, *channel.streams("law"), ready))


def decided(bound: int, parts: dict[Seat, NDArray[Any]]) -> NDArray[np.bool_]:
    three = Three()
    bits = lockstep({seat: side(seat, bound, parts[seat], three) for seat in SEATS})
    for seat in SEATS:
        assert (bits[seat].next == bits[next_seat(seat)].previous).all(), "a component is one thing to both who hold it"
    whole = bits["a"].next ^ bits["b"].next ^ bits["c"].next
    return np.unpackbits(whole.view(np.uint8), bitorder="little").view(np.bool_)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("pass_words", [1, 2, 3, 7])
@given(words=st.integers(1, 8), seed=st.integers(0, 2**32), bound=st.sampled_from([0, 1, -1, 9_000, -16_000, 16_000]))
def test_the_bit_is_whether_the_number_is_at_least_the_bound(
    width: int, pass_words: int, words: int, seed: int, bound: int
) -> None:
    rng = np.random.default_rng(seed)
    half = 2 ** (width - 1)
    # As far from the bound as a signed word goes, and around it.
    edges = [0, 1, -1, half - 1, -half, half // 2, -half // 2]
    differences = [edges[at] for at in rng.integers(0, len(edges), 32 * words)]
    differences += [int(one) for one in rng.integers(-half, half - 1, 32 * words, dtype=np.int64, endpoint=True)]
    numbers = np.array([(bound + one) % 2**width for one in differences], dtype=WIDTHS[width])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compare, "_PASS_WORDS", pass_words)
        found = decided(bound, shared(numbers, rng))
    assert found.tolist() == [one >= 0 for one in differences]


def test_rows_come_in_whole_words() -> None:
    with pytest.raises(ValueError, match="whole words"):
        decided(0, dict.fromkeys(SEATS, np.zeros(65, dtype=np.uint16)))


def test_no_rows_no_bits() -> None:
    assert not decided(0, dict.fromkeys(SEATS, np.zeros(0, dtype=np.uint16))).size
