"""Templates before their rows are active, and galleries: what is malformed or no longer fits together is found."""

from __future__ import annotations

import math
import os
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from moiety.matching import admission, integrity
from moiety.matching.refusals import Disagreement, MalformedTemplate
from moiety.matching.rounds import lockstep
from moiety.matching.words import quantise
from moiety.sharing.ring import POINTS, multiply, scale
from moiety.sharing.seat import SEATS, Seat
from moiety.sharing.split import split

from .three import Three, header

DIM = 48


def faces(count: int) -> NDArray[np.int64]:
    rng = np.random.default_rng(2)
    return np.array([quantise(row) for row in rng.standard_normal((count, DIM))], dtype=np.int64).reshape(count, DIM)


def admit(templates: NDArray[np.int64], bend: tuple[Seat, int, int, int] | None = None, public: bytes = b"") -> None:
    parts = split(templates.view(np.uint64), os.urandom)
    if bend is not None:
        seat, row, word, bit = bend
        parts[seat][row, word] ^= np.uint64(1 << bit)
    admit_parts(parts, public)


def pseudonyms(count: int) -> dict[Seat, NDArray[np.uint16]]:
    return split(np.frombuffer(os.urandom(16 * count), dtype=np.uint16).reshape(count, 8), os.urandom)


def admit_parts(
    parts: dict[Seat, NDArray[np.uint64]], public: bytes = b"", also: dict[Seat, NDArray[np.uint16]] | None = None
) -> dict[Seat, bytes]:
    three, head = Three(), header(len(parts["a"]), 0, DIM, 0, "enrol")
    others = pseudonyms(len(parts["a"])) if also is None else also
    return lockstep(
        {
            seat: admission.attempt(
                admission.Candidates(
                    three.keys(seat), head, os.urandom(32), parts[seat], others[seat], b"" if seat == "a" else public
                )
            )
            for seat in SEATS
        }
    )


@pytest.mark.parametrize("count", [0, 1, 999, 1_000, 1_001])
def test_quantised_faces_are_admitted(count: int) -> None:
    admit(faces(count))


def test_the_longest_face_in_every_row_is_admitted() -> None:
    """All coordinates of one sign add up to the largest sums that honest rows can have."""
    flat = np.full((1_000, DIM), 18, dtype=np.int64)
    flat[:, :4] = 20
    assert 15_600 <= int(np.sum(flat[0] * flat[0])) <= 16_700
    admit(flat)


@pytest.mark.parametrize("seat", SEATS)
@pytest.mark.parametrize("bit", [0, 15, 16, 33, 63])
def test_a_part_off_the_line_is_refused(seat: Seat, bit: int) -> None:
    with pytest.raises(MalformedTemplate):
        admit(faces(1_500), bend=(seat, 1_201, 7, bit))


@pytest.mark.parametrize("seat", SEATS)
@pytest.mark.parametrize("bit", [0, 15])
def test_a_pseudonym_off_the_line_is_refused(seat: Seat, bit: int) -> None:
    """Else one bent row closes the gallery: its check cannot say whose it is."""
    others = pseudonyms(1_500)
    others[seat][1_201, 7] ^= np.uint16(1 << bit)
    with pytest.raises(MalformedTemplate):
        admit_parts(split(faces(1_500).view(np.uint64), os.urandom), also=others)


def test_what_is_opened_of_pseudonyms_is_nought_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not how often their shares wrapped, which would depend on them."""
    seen: list[NDArray[np.uint16]] = []
    opening = admission.open_sum

    def heard(part: Any, *streams: Any) -> Any:
        total = yield from opening(part, *streams)
        seen.append(total)
        return total

    monkeypatch.setattr(admission, "open_sum", heard)
    admit(faces(30))
    assert len(seen) == 6
    assert {total.dtype.itemsize for total in seen} == {2, 8}
    assert not any(total.any() for total in seen)


def test_the_degree_sees_what_sums_and_norms_do_not() -> None:
    """2^63 times the square of each point, added to one word: values and norms stay what they were."""
    parts = split(faces(1_500).view(np.uint64), os.urandom)
    for seat in SEATS:
        bend = np.zeros_like(parts[seat])
        bend[1_201, 6] = 1 << 63
        parts[seat] += scale(multiply(POINTS[seat], POINTS[seat]), bend)
    with pytest.raises(MalformedTemplate):
        admit_parts(parts)


@pytest.mark.parametrize("added", [1 << 16, 1 << 32, 1 << 40, -(1 << 62), 200])
def test_a_coordinate_that_is_no_coordinate_is_refused(added: int) -> None:
    templates = faces(1_100)
    templates[1_050, 3] += added
    with pytest.raises(MalformedTemplate):
        admit(templates)


def test_a_norm_that_wraps_is_refused() -> None:
    """An oracle row whose self product is in bounds mod 2^64, made up by coordinates near 2^32: the sums see those."""
    templates = faces(10)
    row = [0] * DIM
    row[5] = 1 << 14
    for k in (k for k in range(DIM) if k != 5):
        row[k] = math.isqrt((16_000 - sum(u * u for u in row)) % 2**64)
    assert 15_600 <= sum(u * u for u in row) % 2**64 <= 16_700
    templates[4] = np.array(row, dtype=np.uint64).view(np.int64)
    with pytest.raises(MalformedTemplate):
        admit(templates)


def test_a_coordinate_whose_square_vanishes_is_refused() -> None:
    """2^63 added to a coordinate changes no square mod 2^64."""
    templates = faces(1_100)
    templates[1_050, 3] ^= np.int64(-(2**63))
    with pytest.raises(MalformedTemplate):
        admit(templates)


def test_rows_that_make_up_for_each_other_are_refused() -> None:
    """2^40 more in one row and less in another, where both had nothing: squares vanish and so does their sum, over
    everything. Who sends rows cannot know over which of them is summed."""
    templates = faces(1_000)
    templates[[7, 901]] = 0
    templates[[7, 901], :17] = 31
    templates[7, 20] = 1 << 40
    templates[901, 20] = -(1 << 40)
    assert {int(norm) for norm in (templates * templates).sum(axis=1)[[7, 901]]} == {17 * 31 * 31}
    with pytest.raises(MalformedTemplate):
        admit(templates)
    templates[[7, 901], 20] = 0
    admit(templates)


def test_what_is_left_of_the_coin_is_the_same_for_all_three_and_new_each_time() -> None:
    """Slots are drawn by it: who enrols somebody twice does not choose where."""
    parts = split(faces(3).view(np.uint64), os.urandom)
    left = [admit_parts(parts) for _ in range(2)]
    assert [len(set(some.values())) for some in left] == [1, 1]
    assert left[0]["a"] != left[1]["a"]
    assert {len(some["a"]) for some in left} == {32}


@pytest.mark.parametrize("kind", [np.uint32, np.int64])
def test_parts_have_the_headers_shape_in_words_of_64_bits(kind: type) -> None:
    for parts in (np.zeros((3, DIM), dtype=kind), np.zeros((2, DIM), np.uint64), np.zeros((3, DIM + 2), np.uint64)):
        head = header(3, 0, DIM, 0, "enrol")
        also = pseudonyms(len(parts))["a"]
        side = admission.Candidates(Three().keys("a"), head, os.urandom(32), parts, also, b"")  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="64-bit words"):
            next(admission.attempt(side))


@pytest.mark.parametrize("factor", [0, 2])
def test_rows_of_another_length_are_refused(factor: int) -> None:
    templates = faces(10)
    templates[9] *= factor
    with pytest.raises(MalformedTemplate):
        admit(templates)


def test_what_the_three_say_of_the_rows_must_be_the_same() -> None:
    with pytest.raises(Disagreement):
        admit(faces(3), public=b"other slots")


def fits(parts: dict[Seat, NDArray[np.uint16]], *, rows: int | None = None, public: bytes = b"") -> set[bool]:
    three, head = Three(), header(len(parts["a"]) if rows is None else rows, 0, DIM, 0, "integrity")
    sides = {
        seat: integrity.attempt(
            integrity.Gallery(
                three.keys(seat),
                head,
                os.urandom(32),
                lambda seat=seat: (parts[seat][at : at + 100] for at in range(0, len(parts[seat]), 100)),
                public if seat == "b" else b"",
                lambda done: None,
            )
        )
        for seat in SEATS
    }
    return set(lockstep(sides).values())


@pytest.mark.parametrize("rows", [0, 64, 640])
def test_a_gallery_that_fits_passes(rows: int) -> None:
    secret = np.frombuffer(os.urandom(rows * DIM * 2), dtype=np.uint16).reshape(rows, DIM)
    assert fits(split(secret, os.urandom)) == {True}


@pytest.mark.parametrize("seat", SEATS)
def test_one_flipped_bit_in_one_row_of_one_custodian_is_found(seat: Seat) -> None:
    secret = np.frombuffer(os.urandom(640 * DIM * 2), dtype=np.uint16).reshape(640, DIM)
    for bit in (0, 15):
        parts = split(secret, os.urandom)
        parts[seat][17, 5] ^= np.uint16(1 << bit)
        assert fits(parts) == {False}


def test_a_gallery_that_the_three_hold_differently_is_not_checked() -> None:
    """Who is in it, and until when: rows that lie on a line say nothing of that."""
    parts = split(np.zeros((64, DIM), dtype=np.uint16), os.urandom)
    with pytest.raises(Disagreement):
        fits(parts, public=b"others")


@pytest.mark.parametrize("rows", [0, 63, 65])
def test_a_gallery_is_checked_to_its_last_row(rows: int) -> None:
    parts = split(np.zeros((64, DIM), dtype=np.uint16), os.urandom)
    with pytest.raises(ValueError, match="as many rows"):
        fits(parts, rows=rows)
