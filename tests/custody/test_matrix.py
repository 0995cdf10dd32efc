"""The cache: what memory keeps of a gallery, and how much."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moiety.custody import matrix as matrix_
from moiety.custody import order as order_
from moiety.custody.matrix import Matrix
from moiety.custody.store import page
from moiety.custody.store.handles import prefixes
from moiety.custody.store.slots import BLOCK, SLOTS, State
from moiety.matching.distance import from_panels

DIM = 8
PER_BLOCK = BLOCK // SLOTS


def pages(count: int, seed: int, dim: int = DIM) -> tuple[page.Pages, page.Pages]:
    """Random pages and states."""
    rng = np.random.default_rng(seed)
    kind = page.layout(dim)
    rows = page.from_random(rng.integers(0, 256, count * kind.itemsize, dtype=np.uint8), kind)
    states = page.blank_states(count)
    states["states"] = rng.integers(0, 4, (count, SLOTS))
    return rows, states


def held(matrix: Matrix) -> np.ndarray[tuple[int, int], np.dtype[np.uint16]]:
    """All rows in memory, by slot."""
    parts = [from_panels(panels) for _, panels in matrix.panels()]
    return np.concatenate([np.empty((0, matrix.dim), dtype=np.uint16), *parts])


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=6), st.integers(0, 1000))
def test_the_cache_holds_what_was_put_however_it_grew(sizes: list[int], seed: int) -> None:
    matrix = Matrix(DIM)
    expected_rows, expected_states = pages(0, 0)
    for turn, blocks in enumerate(sizes):
        count = blocks * PER_BLOCK
        rows, states = pages(count, seed + turn)
        kept = min(count, len(expected_rows))
        rows[:kept], states[:kept] = expected_rows[:kept], expected_states[:kept]
        matrix.resize(count * SLOTS)
        fresh = range(kept, count)
        matrix.put_states(fresh, states[kept:])
        matrix.put_parts(fresh, rows[kept:])
        expected_rows, expected_states = rows, states
    assert np.array_equal(held(matrix), page.rows(expected_rows))
    assert np.array_equal(matrix.states(), expected_states["states"].reshape(-1))
    assert np.array_equal(matrix.expires(), expected_rows["expires"].reshape(-1))
    assert [start for start, _ in matrix.panels()] == sorted({start for start, _ in matrix.panels()})


def test_a_person_is_found_by_the_prefix_of_the_handle() -> None:
    matrix = Matrix(DIM)
    rows, states = pages(2 * PER_BLOCK, 1)
    matrix.resize(2 * BLOCK)
    matrix.put_states(range(2 * PER_BLOCK), states)
    matrix.put_parts(range(2 * PER_BLOCK), rows)
    names = prefixes(rows["handles"].reshape(-1, 16))
    for slot in (0, 63, 64, BLOCK, 2 * BLOCK - 1):
        assert matrix.holders(int(names[slot])) == [slot]
        assert matrix.held(names[[slot]])
    unknown = np.arange(5, dtype=np.uint64)
    assert not matrix.held(unknown)
    assert matrix.held(np.concatenate([unknown, unknown[:1]]))
    assert matrix.held(np.concatenate([unknown, names[[77]]]))
    assert matrix.holders(12345) == []


@pytest.mark.parametrize("dim", [0, DIM])
def test_whoever_is_looked_for_is_found_in_order_as_by_scanning(dim: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of rows that nobody searches, handles are sorted once many were looked for."""
    monkeypatch.setattr(matrix_, "_SCANS", 5)
    matrix = Matrix(dim)
    rows, _ = pages(2 * PER_BLOCK, 1)
    rows["handles"][1, 7] = rows["handles"][0, 3]
    matrix.resize(2 * BLOCK)
    matrix.put_parts(range(2 * PER_BLOCK), rows)
    names = prefixes(rows["handles"].reshape(-1, 16))

    def looked_for(*slots: int) -> list[list[int]]:
        return [matrix.holders(int(names[slot])) for slot in slots]

    bare = matrix.nbytes
    expected = [[3, SLOTS + 7], [0], [2 * BLOCK - 1], [BLOCK], [BLOCK + 1]]
    for _ in range(3):
        assert looked_for(3, 0, 2 * BLOCK - 1, BLOCK, BLOCK + 1) == expected
        assert matrix.holders(12345) == []
    assert matrix.nbytes - bare == (0 if dim else 12 * 2 * BLOCK)
    other, _ = pages(1, 2)
    before = names[:SLOTS].copy()
    names[:SLOTS] = prefixes(other["handles"].reshape(-1, 16))
    matrix.put_parts([0], other)
    for _ in range(3):
        assert [matrix.holders(int(name)) for name in before[:3]] == [[]] * 3
        assert looked_for(0, 3, 2 * BLOCK - 1) == [[0], [3], [2 * BLOCK - 1]]
    matrix.resize(BLOCK)
    for _ in range(3):
        assert looked_for(0, BLOCK - 1, BLOCK, 2 * BLOCK - 1) == [[0], [BLOCK - 1], [], []]


CHANGES = st.lists(
    st.tuples(st.sampled_from(["put", "put", "put", "grow", "shrink"]), st.lists(st.integers(0, 200), min_size=1)),
    max_size=12,
)


@settings(max_examples=100, deadline=None)
@given(CHANGES, st.integers(0, 1000), st.integers(1, 9))
def test_the_order_says_what_a_scan_says_whatever_changes(
    changes: list[tuple[str, list[int]]], seed: int, room: int
) -> None:
    """With few different prefixes, so that several slots have one; and with room for few pages beside what is sorted.
    What is gone is nowhere in the order any more."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matrix_, "_SCANS", 0)
        patch.setattr(order_, "PAGES", room)
        rng, matrix, blocks, seen = np.random.default_rng(seed), Matrix(0), 1, set[int]()

        def put(numbers: list[int]) -> None:
            rows, _ = pages(len(numbers), int(rng.integers(2**32)), 0)
            rows["handles"] = 0
            rows["handles"][:, :, 0] = rng.integers(0, 256, (len(numbers), SLOTS))
            rows["handles"][:, :, 1] = rng.integers(0, 3, (len(numbers), SLOTS))
            matrix.put_parts(numbers, rows)

        matrix.resize(BLOCK)
        put(list(range(PER_BLOCK)))
        for what, numbers in changes:
            if what != "put":
                blocks = max(1, blocks + (1 if what == "grow" else -1))
                before = matrix.slots
                matrix.resize(blocks * BLOCK)
                fresh = list(range(before // SLOTS, blocks * PER_BLOCK))
                if fresh:
                    put(fresh)
            else:
                put(sorted({number % (blocks * PER_BLOCK) for number in numbers}))
            names = np.concatenate([segment.prefixes for segment in matrix._segments])[: matrix.slots]
            seen |= set(names.tolist())
            for wanted in rng.choice(np.array(sorted(seen), dtype=np.uint64), 20):
                assert matrix.holders(int(wanted)) == np.flatnonzero(names == wanted).tolist()
            order = matrix._order
            assert order is not None
            assert set(order._prefixes.tolist()) <= set(names.tolist()) | {0}
            assert (np.diff(order._prefixes.astype(object)) >= 0).all()


def test_whoever_was_beyond_the_end_is_forgotten() -> None:
    """A batch that was refused takes its blocks away again; its people may be enrolled afterwards."""
    matrix = Matrix(DIM)
    rows, states = pages(40 * PER_BLOCK, 2)
    states["states"] = State.PENDING
    matrix.resize(40 * BLOCK)
    matrix.put_states(range(40 * PER_BLOCK), states)
    matrix.put_parts(range(40 * PER_BLOCK), rows)
    names = prefixes(rows["handles"].reshape(-1, 16))
    matrix.resize(39 * BLOCK)
    assert not matrix.held(names[39 * BLOCK :])
    assert matrix.holders(int(names[-1])) == []
    assert matrix.held(names[:1])
    assert all(not segment.panels[-PER_BLOCK:].any() for segment in matrix._segments[-1:])
    matrix.resize(40 * BLOCK)
    assert (matrix.states()[39 * BLOCK :] == State.FREE).all()


@pytest.mark.parametrize("dim", [192, 512])
@pytest.mark.parametrize("step", [BLOCK, 12 * BLOCK, 244 * BLOCK])
def test_memory_stays_within_the_bound(dim: int, step: int) -> None:
    """1.15 x rows x dim x 2 bytes, once blocks are small beside the gallery, however it grew."""
    matrix = Matrix(dim)
    slots = 0
    while slots + step <= 244 * BLOCK:
        slots += step
        matrix.resize(slots)
        if slots >= 16 * BLOCK:
            assert matrix.nbytes <= 1.15 * slots * dim * 2
    assert len(matrix._segments) < 80
    assert slots >= 240 * BLOCK


def test_who_is_alive_is_active_and_not_expired() -> None:
    matrix = Matrix(DIM)
    rows, states = pages(PER_BLOCK, 3)
    rows["expires"] = 10
    rows["expires"][0, :4] = [9, 10, 11, 12]
    states["states"] = State.FREE
    states["states"][0, :8] = [2, 2, 2, 2, 0, 1, 3, 2]
    matrix.resize(BLOCK)
    matrix.put_states(range(PER_BLOCK), states)
    matrix.put_parts(range(PER_BLOCK), rows)
    assert np.flatnonzero(matrix.alive(10)).tolist() == [2, 3]
    assert np.flatnonzero(matrix.alive(9)).tolist() == [1, 2, 3, 7]
    assert len(matrix.free()) == (BLOCK - 7)
