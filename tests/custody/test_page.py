"""Pages: a fixed vector, and what the digest notices."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moiety.custody import page
from moiety.custody.page import Place
from moiety.custody.slots import SLOTS, State

HERE = Place("b", "door", 7)


def filled(dim: int, count: int = 1) -> page.Pages:
    size = page.layout(dim).itemsize
    random = np.array([at * 31 % 251 for at in range(count * size)], dtype=np.uint8)
    return page.from_random(random, page.layout(dim))


def test_a_stored_page_never_changes_its_form() -> None:
    """Written by hand from the layout in the module's text, not by `seal`."""
    grounds, expires = bytes(range(64)), b"".join((20_000 + slot).to_bytes(4, "little") for slot in range(64))
    handles = b"".join(bytes([slot]) * 16 for slot in range(64))
    pseudonyms = b"".join(bytes([255 - slot]) * 16 for slot in range(64))
    parts = b"".join(
        (1000 * pair + 10 * slot + word).to_bytes(2, "little")
        for pair in range(2)
        for slot in range(64)
        for word in range(2)
    )
    body = b"\x01" + grounds + expires + handles + pseudonyms + parts
    place = b"b" + (7).to_bytes(8, "little") + (4).to_bytes(2, "little") + b"door"
    digest = hashlib.sha256(b"moiety page 1" + place + (3).to_bytes(8, "little") + body).digest()
    assert digest.hex() == "64a8a34e2eb02f15c9fd31a29b5606af68cefe89df8647fcbf9b118c8069795f"

    [loaded] = [page.load([body + digest], page.layout(4))]
    assert page.intact(loaded, HERE, [3]).all()
    assert page.rows(loaded)[5].tolist() == [50, 51, 1050, 1051]
    assert loaded["expires"][0, 9] == 20_009
    assert loaded["handles"][0, 63].tobytes() == bytes([63]) * 16
    assert bytes(page.seal(loaded, HERE, [3])[0]) == body + digest


def test_stored_states_never_change_their_form() -> None:
    body = b"\x01" + bytes(slot % 4 for slot in range(64)) + bytes(32)
    place = b"b" + (7).to_bytes(8, "little") + (4).to_bytes(2, "little") + b"door"
    digest = hashlib.sha256(b"moiety states 1" + place + (3).to_bytes(8, "little") + body).digest()
    assert digest.hex() == "52c8b802df0dced69a31a13bdb5b53d3274c73719030a9430ee724962a9737ba"
    loaded = page.load([body + digest], page.STATES)
    assert page.intact(loaded, HERE, [3]).all()
    assert [State(value) for value in loaded["states"][0, :4]] == list(State)
    assert bytes(page.seal(loaded, HERE, [3])[0]) == body + digest


@pytest.mark.parametrize("kind", [page.layout(6), page.STATES], ids=["page", "states"])
@given(seed=st.integers(0, 2**32), data=st.data())
def test_any_flipped_bit_is_noticed(kind: np.dtype[np.void], seed: int, data: st.DataObject) -> None:
    random = np.random.default_rng(seed).integers(0, 256, 2 * kind.itemsize, dtype=np.uint8)
    rows = [bytes(row) for row in page.seal(page.from_random(random, kind), HERE, [0, 1])]
    bit = data.draw(st.integers(0, 8 * kind.itemsize - 1))
    altered = bytearray(rows[1])
    altered[bit // 8] ^= 1 << bit % 8
    assert page.intact(page.load(rows, kind), HERE, [0, 1]).tolist() == [True, True]
    assert page.intact(page.load([rows[0], bytes(altered)], kind), HERE, [0, 1]).tolist() == [True, False]


@pytest.mark.parametrize(
    "elsewhere", [Place("a", "door", 7), Place("b", "gate", 7), Place("b", "door", 8)], ids=["seat", "gallery", "epoch"]
)
def test_a_page_counts_only_where_it_belongs(elsewhere: Place) -> None:
    rows = [bytes(row) for row in page.seal(filled(4), HERE, [3])]
    assert page.intact(page.load(rows, page.layout(4)), HERE, [3]).all()
    assert not page.intact(page.load(rows, page.layout(4)), elsewhere, [3]).any()
    assert not page.intact(page.load(rows, page.layout(4)), HERE, [4]).any()


def test_a_row_of_another_length_or_version_is_not_a_page() -> None:
    [row] = page.seal(filled(4), HERE, [0])
    for wrong in (b"", bytes(row)[:-1], bytes(row) + b"x"):
        assert not page.intact(page.load([wrong], page.layout(4)), HERE, [0]).any()
    other = filled(4)
    other["version"] = page.VERSION + 1
    rows = [bytes(row) for row in page.seal(other, HERE, [0])]
    assert not page.intact(page.load(rows, page.layout(4)), HERE, [0]).any()


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
