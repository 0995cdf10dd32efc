"""The independent vectors of the protocol: made with plain whole numbers by a program that shares no code with ours."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from moiety.matching.checks import norm_partial
from moiety.matching.distance import empty_products, partial, to_panels, weights
from moiety.sharing import ring, split
from moiety.sharing.seat import SEATS

_SHARED = Path(os.environ.get("MOIETY_SHARED", Path(__file__).parents[3] / "shared"))
_FILE = _SHARED / "vectors" / "sharing.json"

pytestmark = pytest.mark.skipif(not _FILE.is_file(), reason="the independent vectors lie outside the project")


@pytest.fixture(scope="module")
def vectors() -> dict[str, Any]:
    return json.loads(_FILE.read_text())


def test_constants(vectors: dict[str, Any]) -> None:
    assert {seat: list(point) for seat, point in ring.POINTS.items()} == vectors["points"]
    kappa = vectors["kappa"]
    assert kappa["mod_2_64"] == ring.KAPPA
    for bits in (16, 32):
        assert ring.KAPPA % 2**bits == kappa[f"mod_2_{bits}"]
        assert ring.KAPPA_INVERSE % 2**bits == kappa[f"inverse_mod_2_{bits}"]
    assert (ring.KAPPA**2 + 7) % 2**64 == 0


@pytest.mark.parametrize("bits", [16, 32])
def test_degree_two_weights(vectors: dict[str, Any], bits: int) -> None:
    from moiety.matching.checks import degree_weight
    from moiety.matching.distance import zero_weight

    for seat in SEATS:
        assert [c % 2**bits for c in zero_weight(seat)] == vectors["lagrange_degree_2_at_0"][f"mod_2_{bits}"][seat]
        assert [c % 2**bits for c in degree_weight(seat)] == vectors["degree_check"][f"mod_2_{bits}"][seat]


def test_degree_one_weights(vectors: dict[str, Any]) -> None:
    for pair, expected in vectors["lagrange_degree_1_mod_2_16"].items():
        one, other = (ring.POINTS[seat] for seat in pair)
        missing = ring.POINTS[next(seat for seat in SEATS if seat not in pair)]
        for at, name in (((0, 0), "at_0"), (missing, "at_missing")):
            got = [ring.lagrange(at, one, (other,)), ring.lagrange(at, other, (one,))]
            assert [[c % 2**16 for c in element] for element in got] == expected[name]


@pytest.mark.parametrize("number", range(3))
def test_case(vectors: dict[str, Any], number: int) -> None:
    case = vectors["cases"][number]
    template = np.array(case["template"], dtype=np.int16).view(np.uint16)
    parts = split.split_with(template, np.array(case["template_mask"], dtype=np.uint16))
    probe = np.array(case["probe"], dtype=np.int32).view(np.uint32)
    shares = split.split_with(probe, np.array(case["probe_mask_32"], dtype=np.uint32))
    total = np.zeros((1, 64), dtype=np.uint16)
    for seat in SEATS:
        assert parts[seat].tolist() == case["template_shares"][seat]
        assert shares[seat].tolist() == case["probe_shares_32"][seat]
        weight = weights(shares[seat][None, :], seat)
        assert weight[0].tolist() == case["probe_weights_16"][seat]
        rows = np.zeros((64, len(template)), dtype=np.uint16)
        rows[17] = parts[seat]
        out = empty_products(64, 1)
        partial(weight, to_panels(rows), out)
        assert out[0, 0, 17] == case["partial_products_16"][seat]
        assert norm_partial(shares[seat][None, :], seat).tolist() == [case["norm_partial_products_32"][seat]]
        total += out[0]
    assert total.view(np.int16)[0, 17] == case["inner_product"]
    for missing in SEATS:
        two = {seat: part for seat, part in parts.items() if seat != missing}
        assert (split.combine(two) == template).all()
