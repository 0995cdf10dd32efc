"""The law of searches with a row: three custodians decide as the clear reference does, and mean one row or refuse."""

from __future__ import annotations

import os

import numpy as np
import pytest
from numpy.typing import NDArray

from moiety.matching import reference
from moiety.matching.header import CIRCUITS, Circuit
from moiety.matching.opening import opened
from moiety.matching.refusals import Disagreement
from moiety.matching.rounds import lockstep
from moiety.matching.search import Side, attempt
from moiety.matching.words import quantise
from moiety.sharing.seat import SEATS, Seat
from moiety.sharing.split import split

from .three import Three, header, table

ROWS, DIM = 64, 32


def gallery(seed: int) -> NDArray[np.int16]:
    rng = np.random.default_rng(seed)
    centre = rng.standard_normal(DIM)
    return np.array([quantise(centre + 0.7 * rng.standard_normal(DIM)) for _ in range(ROWS)])


def sides(
    templates: NDArray[np.int16], rows: dict[Seat, int], threshold: int, mask: NDArray[np.bool_], circuit: Circuit
) -> dict[Seat, Side]:
    parts = split(templates.view(np.uint16), os.urandom)
    some, three = header(ROWS, 1, DIM, threshold, circuit=circuit), Three()
    found = {}
    for seat in SEATS:
        plain = three.side(seat, np.zeros((1, DIM), np.uint32), parts[seat], mask, some)
        own = parts[seat][[rows[seat]]]
        meant = b"row" + bytes([rows[seat]])
        found[seat] = Side(plain.keys, some, plain.mask, own, plain.distances, meant, enrolled=True)
    return found


@pytest.mark.parametrize("circuit", CIRCUITS)
@pytest.mark.parametrize("seed", range(6))
def test_a_row_decides_as_the_reference_does_ties_included(circuit: Circuit, seed: int) -> None:
    templates = gallery(seed)
    products = templates.astype(np.int64) @ templates[seed].astype(np.int64)
    tie = int(np.sort(products)[ROWS // 2])
    mask = np.arange(ROWS) % 3 != 1
    for threshold in (tie - 1, tie, tie + 1):
        found = lockstep(
            {
                seat: attempt(side)
                for seat, side in sides(templates, dict.fromkeys(SEATS, seed), threshold, mask, circuit).items()
            }
        )
        expected = reference.decide(templates[seed], templates, threshold, mask)
        assert (table(opened(found, 1), 1, ROWS)[0] == expected).all()
        assert 0 < expected.sum() < mask.sum()


@pytest.mark.parametrize("odd", SEATS)
def test_parts_of_two_rows_are_no_probe(odd: Seat) -> None:
    rows = dict.fromkeys(SEATS, 3) | {odd: 4}
    with pytest.raises(Disagreement):
        lockstep(
            {
                seat: attempt(side)
                for seat, side in sides(gallery(1), rows, 0, np.ones(ROWS, dtype=bool), "chain").items()
            }
        )


def test_what_no_row_is_meant_by_is_not_searched_with() -> None:
    side = sides(gallery(1), dict.fromkeys(SEATS, 3), 0, np.ones(ROWS, dtype=bool), "chain")["a"]
    with pytest.raises(ValueError, match="mean alike"):
        next(attempt(Side(side.keys, side.header, side.mask, side.probe, side.distances, b"", enrolled=True)))
