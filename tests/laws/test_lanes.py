"""The compiled inner loops, in both of their forms, beside plain numpy."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numba import njit
from numpy.typing import NDArray

from moiety.matching import distance, lanes
from moiety.matching.distance import empty_panels, from_panels, partial, partial_all, partial_rows, to_panels


def uniform(shape: tuple[int, ...], seed: int = 0) -> NDArray[np.uint16]:
    return np.random.default_rng(seed).integers(0, 2**16, shape, dtype=np.uint16)


def by_panel(products: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """Products (B, n) in the order of panels (n / 64, B, 64)."""
    return products.reshape(len(products), -1, 64).transpose(1, 0, 2)


@pytest.mark.parametrize("dim", [2, 190, 192, 194, 386, 2_048])
@pytest.mark.parametrize("probes", [1, 3, 4, 5, 32])
def test_panels_give_what_plain_rows_give(dim: int, probes: int) -> None:
    """Around the sizes of tiles and blocks; sums wrap."""
    rows, weights = uniform((192, dim)), uniform((probes, dim), 1)
    out = uniform((3, probes, 64), 2)
    partial(weights, to_panels(rows), out)
    assert (out == by_panel(partial_rows(weights, rows))).all()


def test_panels_hold_rows_in_order() -> None:
    rows = uniform((128, 6))
    assert (from_panels(to_panels(rows)) == rows).all()
    assert empty_panels(128, 6).shape == to_panels(rows).shape


@pytest.mark.parametrize(
    "has_dot_product",
    [
        False,
        pytest.param(
            True, marks=pytest.mark.skipif(not lanes.HAS_DOT_PRODUCT, reason="this processor has no 16-bit dot product")
        ),
    ],
)
@pytest.mark.parametrize(("rows_16", "probes", "lines"), [(1, 4, 1), (4, 4, 4), (4, 1, 4)])
def test_with_and_without_the_dot_product_instruction(
    has_dot_product: bool, rows_16: int, probes: int, lines: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "HAS_DOT_PRODUCT", has_dot_product)
    tile = lanes.dot_tile(rows_16, probes, lines)

    @njit
    def run(panel, weights, stride, pairs, out, out_stride):  # type: ignore[no-untyped-def]
        tile(panel, weights, stride, pairs, out, out_stride, panel, 64)

    rows, weights = uniform((64, 48)), uniform((probes, 48), 1)
    panels, out = to_panels(rows), np.zeros((probes, 64), dtype=np.uint16)
    run(panels.ctypes.data, weights.ctypes.data, weights.strides[0], 24, out.ctypes.data, out.strides[0])
    assert (out[:, : 16 * rows_16] == partial_rows(weights, rows)[:, : 16 * rows_16]).all()


@pytest.mark.parametrize("fault", ["shape", "dtype", "order"])
def test_what_does_not_fit_is_refused_before_memory_is_touched(fault: str) -> None:
    weights, panels, out = uniform((4, 8)), to_panels(uniform((64, 8))), np.zeros((1, 4, 64), np.uint16)
    if fault == "shape":
        out = np.zeros((1, 4, 63), np.uint16)
    elif fault == "dtype":
        weights = weights.astype(np.uint32)  # type: ignore[assignment]
    else:
        weights = np.asfortranarray(weights)
    with pytest.raises(ValueError, match="weights"):
        partial(weights, panels, out)


def test_a_product_is_waited_for_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slow threads: whoever asks for a place gets everything before it, of every piece, and the whole when asked."""
    monkeypatch.setattr(distance, "_TASK_PANELS", 2)
    rows, weights = uniform((64 * 7, 4)), uniform((3, 4), 1)

    def slowly(*arguments: object) -> None:
        time.sleep(0.02)
        partial(*arguments)  # type: ignore[arg-type]

    class Slow(ThreadPoolExecutor):
        def submit(self, work, /, *arguments):  # type: ignore[no-untyped-def,override]
            return super().submit(slowly, *arguments)

    expected = by_panel(partial_rows(weights, rows))
    panels = to_panels(rows)
    pieces = [(0, panels[:5]), (5 * 64, panels[5:])]
    for panel in range(7):
        with Slow(1) as pool:
            out = np.zeros((7, 3, 64), dtype=np.uint16)
            products = partial_all(weights, pieces, out, pool)
            products.wait(panel * 3 * 64 + 1)
            assert (products.out[: panel + 1] == expected[: panel + 1]).all()
            assert (products.whole() == expected).all()
