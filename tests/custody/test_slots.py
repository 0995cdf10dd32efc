"""Which slot a newcomer gets: uniform, agreed, and never one that is taken."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moiety.custody.store.slots import BLOCK, allot, blocks_needed, draw

COIN = bytes(32)


def test_a_draw_never_changes() -> None:
    """Custodians of different versions must draw alike."""
    assert draw(np.arange(100), 5, COIN).tolist() == [69, 92, 94, 72, 60]


@given(st.integers(0, 50), st.binary(min_size=32, max_size=32), st.data())
def test_every_drawn_slot_was_free_and_none_is_drawn_twice(wanted: int, coin: bytes, data: st.DataObject) -> None:
    free = np.array(sorted(data.draw(st.sets(st.integers(0, 10_000), min_size=wanted, max_size=80))), dtype=np.int64)
    drawn = draw(free, wanted, coin)
    assert len(set(drawn.tolist())) == wanted
    assert set(drawn.tolist()) <= set(free.tolist())
    assert np.array_equal(drawn, draw(free, wanted, coin))


def test_no_slot_is_preferred() -> None:
    """4,000 draws of one of eight slots: chi-squared with seven degrees of freedom exceeds 29.9 once in 10,000."""
    coins = [number.to_bytes(32, "big") for number in range(4_000)]
    counts = np.bincount([int(draw(np.arange(8), 1, coin)[0]) for coin in coins], minlength=8)
    assert ((counts - 500) ** 2 / 500).sum() < 29.9


def test_newcomers_are_placed_in_random_order() -> None:
    drawn = draw(np.arange(1_000), 1_000, COIN)
    assert abs(np.corrcoef(drawn, np.arange(1_000))[0, 1]) < 0.15


@pytest.mark.parametrize(
    ("free", "wanted", "blocks"), [(0, 0, 0), (0, 1, 1), (1, 1, 0), (1, BLOCK + 2, 2), (0, BLOCK, 1)]
)
def test_blocks_are_added_only_when_they_are_needed(free: int, wanted: int, blocks: int) -> None:
    assert blocks_needed(free, wanted) == blocks


def test_a_large_batch_leaves_free_slots_in_its_last_block_alone() -> None:
    free = np.array([3, 77, 500])
    slots, added = allot(free, 2 * BLOCK, 2 * BLOCK, COIN)
    assert added == 2 * BLOCK
    assert len(set(slots.tolist())) == 2 * BLOCK
    assert {3, 77, 500} <= set(slots.tolist())
    left = set(range(2 * BLOCK, 4 * BLOCK)) - set(slots.tolist())
    assert len(left) == 3
    assert min(left) >= 3 * BLOCK


def test_more_newcomers_than_free_slots_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="more newcomers"):
        draw(np.arange(3), 4, COIN)
