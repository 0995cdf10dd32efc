"""Pages: how rows lie in them, and what their seal notices."""

from __future__ import annotations

import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moiety.custody.store import page, seal
from moiety.custody.store.page import Place
from moiety.custody.store.seal import DataKey
from moiety.custody.store.slots import SLOTS

OFFICE = bytes(range(16))
HERE = Place(OFFICE, "b", "door", 7)
KEY = DataKey.of(bytes(range(32)))


def filled(dim: int, count: int = 1) -> page.Pages:
    size = page.layout(dim).itemsize
    random = np.array([at * 31 % 251 for at in range(count * size)], dtype=np.uint8)
    return page.from_random(random, page.layout(dim))


def sealed(pages: page.Pages, numbers: list[int], key: DataKey = KEY) -> list[bytes]:
    return [bytes(row) for row in seal.seal(pages, HERE, numbers, key, os.urandom)]


def intact(rows: list[bytes], kind: np.dtype[np.void], numbers: list[int], place: Place = HERE) -> list[bool]:
    found: list[bool] = seal.unseal(rows, kind, place, numbers, KEY)[1].tolist()
    return found


@pytest.mark.parametrize("kind", [page.layout(6), page.STATES], ids=["page", "states"])
@given(seed=st.integers(0, 2**32), data=st.data())
def test_any_flipped_bit_is_noticed(kind: np.dtype[np.void], seed: int, data: st.DataObject) -> None:
    random = np.random.default_rng(seed).integers(0, 256, 2 * kind.itemsize, dtype=np.uint8)
    rows = sealed(page.from_random(random, kind), [0, 1])
    bit = data.draw(st.integers(0, 8 * kind.itemsize - 1))
    altered = bytearray(rows[1])
    altered[bit // 8] ^= 1 << bit % 8
    assert intact(rows, kind, [0, 1]) == [True, True]
    opened, good = seal.unseal([rows[0], bytes(altered)], kind, HERE, [0, 1], KEY)
    assert good.tolist() == [True, False]
    assert opened[1].tobytes() == bytes(kind.itemsize), "what does not open is not believed in part"


@pytest.mark.parametrize(
    "elsewhere",
    [
        Place(OFFICE, "a", "door", 7),
        Place(OFFICE, "b", "gate", 7),
        Place(OFFICE, "b", "door", 8),
        Place(bytes(16), "b", "door", 7),
    ],
    ids=["seat", "gallery", "epoch", "office"],
)
def test_a_page_counts_only_where_it_belongs(elsewhere: Place) -> None:
    kind = page.layout(4)
    rows = sealed(filled(4), [3])
    assert intact(rows, kind, [3]) == [True]
    assert intact(rows, kind, [3], elsewhere) == [False]
    assert intact(rows, kind, [4]) == [False]


def test_states_are_not_taken_for_a_page() -> None:
    """A dimension at which both would be as long does not exist; their kinds differ all the same."""
    states = page.blank_states(1)
    [row] = sealed(states, [3])
    assert not seal.unseal([row], np.dtype([("all", "u1", (len(row),))]), HERE, [3], KEY)[1].any()


def test_a_row_of_another_length_version_or_key_is_not_a_page() -> None:
    kind = page.layout(4)
    [row] = sealed(filled(4), [0])
    for wrong in (b"", row[:1], row[:-1], row + b"x", bytes([page.VERSION - 1]) + row[1:]):
        assert intact([wrong], kind, [0]) == [False]
    assert intact(sealed(filled(4), [0], DataKey.of(bytes(32))), kind, [0]) == [False]


def test_nothing_of_a_page_stands_in_its_row_and_no_write_is_like_another() -> None:
    """What one write has in common with the next, beside its length, is the version."""
    pages = filled(64)
    plain = pages.tobytes()
    [one], [other] = sealed(pages, [0]), sealed(pages, [0])
    common = sum(a == b for a, b in zip(one[1:], other[1:], strict=True)) / len(one)
    assert common < 0.01
    assert not any(plain[at : at + 8] in one for at in range(page.HEAD_BYTES, len(plain) - page.TAG_BYTES, 8))


def test_a_page_is_named_by_its_write() -> None:
    pages = filled(4, 3)
    rows = sealed(pages, [0, 1, 2])
    named = page.identities(pages)
    assert [bytes(one) for one in named] == [row[1:13] + row[-16:] for row in rows]
    opened, _ = seal.unseal(rows, page.layout(4), HERE, [0, 1, 2], KEY)
    assert np.array_equal(page.identities(opened), named)
    assert opened.tobytes() == pages.tobytes()


@given(st.integers(1, 3), st.sampled_from([2, 4, 10]), st.data())
def test_parts_are_found_by_slot_wherever_they_lie(count: int, dim: int, data: st.DataObject) -> None:
    pages = filled(dim, count)
    before = page.rows(pages)
    slots = np.array(data.draw(st.lists(st.integers(0, count * SLOTS - 1), min_size=1, unique=True)))
    parts = np.arange(len(slots) * dim, dtype=np.uint16).reshape(-1, dim) * 37
    page.put_rows(pages, slots // SLOTS, slots % SLOTS, parts)
    expected = before.copy()
    expected[slots] = parts
    assert np.array_equal(page.rows(pages), expected)
    assert np.array_equal(page.get_rows(pages, slots // SLOTS, slots % SLOTS), parts)
