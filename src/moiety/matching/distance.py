"""A custodian's share of every inner product: one wrapping 16-bit dot product a row.

Once per probe, custodian p turns its probe share into weights: with (c0, c1) = lambda_p * share, they are
(c0 + 2 c1, 2 c0 - 3 c1). Then d_p = sum over k of weight[k] * row[k] mod 2^16, and d_a + d_b + d_c is the inner
product of probe and template as a signed word.

Rows lie in *panels* of 64: (pairs, 64 rows, 2 words), so that one load brings sixteen rows' next two words and no
sum has to be folded across lanes. Memory is read once, in order, whatever the number of probes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from moiety.matching.lanes import HAS_DOT_PRODUCT, PANEL_LANES, PANEL_ROWS, dot_tile
from moiety.sharing.ring import POINTS, Element, Words, lagrange, scale
from moiety.sharing.seat import SEATS, Seat

# How many probes share one load of rows, and how many rows one load of weights: as many accumulators as the vector
# registers hold, thirty-two of 512 bits or sixteen of 256.
_TILE_PROBES = 4
_TILE_LANES = 4 if HAS_DOT_PRODUCT else 1

# A block of a panel that stays in the first-level cache while all probes go over it, and the next one comes: 16 KiB.
_BLOCK_PAIRS = 64

_PAIR_BYTES = PANEL_ROWS * 4
_PAIR_LINES = _PAIR_BYTES // 64

# With one probe the memory is the limit, and the processor's own read-ahead stops at every page of 4 KiB.
_AHEAD_BYTES = 4_096

# Small enough that threads finish together, large enough that handing out costs nothing.
_TASK_PANELS = 1_024

_four_probes = dot_tile(_TILE_LANES, _TILE_PROBES, 1)
_four_of_few = dot_tile(_TILE_LANES, _TILE_PROBES, _PAIR_LINES)
_one_probe = dot_tile(PANEL_LANES, 1, _PAIR_LINES)


def zero_weight(seat: Seat) -> Element:
    """lambda_p: the weight of custodian p's share when a product of two sharings (degree 2) is opened at 0."""
    others = tuple(POINTS[other] for other in SEATS if other != seat)
    return lagrange((0, 0), POINTS[seat], others)


def product_weights(share: Words, seat: Seat) -> Words:
    """Weights (B, d) such that their dot product with another share is an additive part of the inner product."""
    weighted = scale(zero_weight(seat), share)
    low, high = weighted[..., 0::2], weighted[..., 1::2]
    two, three = weighted.dtype.type(2), weighted.dtype.type(3)
    out = np.empty_like(weighted)
    out[..., 0::2] = low + two * high
    out[..., 1::2] = two * low - three * high
    return out


def weights(share: NDArray[np.uint32], seat: Seat) -> NDArray[np.uint16]:
    """The working weights uint16 (B, d) of a probe share uint32 (B, d): reduction to 16 bits is a homomorphism."""
    return product_weights(share.astype(np.uint16), seat)


def to_panels(rows: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """Rows (n, d), n a multiple of 64 -> panels (n / 64, d / 2, 64, 2), a copy."""
    count, dim = rows.shape
    shaped = rows.reshape(count // PANEL_ROWS, PANEL_ROWS, dim // 2, 2)
    return np.ascontiguousarray(shaped.transpose(0, 2, 1, 3))


def from_panels(panels: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """Panels (m, d / 2, 64, 2) -> rows (64 m, d), a copy."""
    count, pairs, rows, _ = panels.shape
    return np.ascontiguousarray(panels.transpose(0, 2, 1, 3)).reshape(count * rows, 2 * pairs)


def empty_panels(rows: int, dim: int) -> NDArray[np.uint16]:
    """Uninitialised room for that many rows, a multiple of 64; pages of memory are taken when first written."""
    return np.empty((rows // PANEL_ROWS, dim // 2, PANEL_ROWS, 2), dtype=np.uint16)


def empty_products(rows: int, probes: int) -> NDArray[np.uint16]:
    """Uninitialised room for the products of that many rows, a multiple of 64: (rows / 64, B, 64)."""
    return np.empty((rows // PANEL_ROWS, probes, PANEL_ROWS), dtype=np.uint16)


def partial(weight: NDArray[np.uint16], panels: NDArray[np.uint16], out: NDArray[np.uint16]) -> None:
    """Write the products of weights (B, d) and panels (m, d / 2, 64, 2) to out (m, B, 64).

    All are C-contiguous. The interpreter is released, so several threads may work on several panels.
    """
    probes, dim = weight.shape
    if panels.shape[1:] != (dim // 2, PANEL_ROWS, 2) or out.shape != (len(panels), probes, PANEL_ROWS):
        raise ValueError("weights, panels and output do not fit together")
    if not (weight.flags.c_contiguous and panels.flags.c_contiguous and out.flags.c_contiguous):
        raise ValueError("weights, panels and output must be contiguous")
    if weight.dtype != np.uint16 or panels.dtype != np.uint16 or out.dtype != np.uint16:
        raise ValueError("weights, panels and output are 16-bit words")
    _partial(weight.ctypes.data, dim, panels.ctypes.data, out)


@dataclass(frozen=True)
class Products:
    """Partial products uint16 (rows / 64, B, 64) that may still be being computed.

    Panel by panel, so that the first ones can be compared, for all probes, while the next are computed. `pending`
    says from which place of the flattened array on by whom.
    """

    out: NDArray[np.uint16]
    pending: Sequence[tuple[int, Future[None]]] = ()

    def wait(self, place: int) -> None:
        """Return when everything before this place of the flattened array is there."""
        for start, future in self.pending:
            if start < place:
                future.result()

    def whole(self) -> NDArray[np.uint16]:
        """All of it, when it is there."""
        self.wait(self.out.size)
        return self.out


def partial_all(
    weight: NDArray[np.uint16],
    pieces: Iterable[tuple[int, NDArray[np.uint16]]],
    out: NDArray[np.uint16],
    pool: Executor,
) -> Products:
    """The same for many pieces (first row, panels), begun on the threads of `pool`: out (rows / 64, B, 64)."""
    pending = []
    for start, panels in pieces:
        for at in range(0, len(panels), _TASK_PANELS):
            some = panels[at : at + _TASK_PANELS]
            first = start // PANEL_ROWS + at
            future = pool.submit(partial, weight, some, out[first : first + len(some)])
            pending.append((first * len(weight) * PANEL_ROWS, future))
    return Products(out, pending)


def partial_rows(weight: NDArray[np.uint16], rows: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """The same for a few rows (n, d) as they are: (B, n), plain numpy."""
    return np.stack([np.sum(w * rows, axis=1, dtype=np.uint16) for w in weight])


@njit("void(uintp, intp, uintp, uint16[:, :, ::1])", nogil=True, cache=True)
def _partial(weights, dim, panels, out):  # type: ignore[no-untyped-def]
    probes = out.shape[1]
    whole = probes - probes % _TILE_PROBES
    row_bytes = PANEL_ROWS * 2
    for panel in range(out.shape[0]):
        out[panel, :, :] = 0
        here = out[panel].ctypes.data
        first_pair = 0
        while first_pair < dim // 2:
            pairs = min(_BLOCK_PAIRS, dim // 2 - first_pair)
            rows = panels + panel * dim * PANEL_ROWS * 2 + first_pair * _PAIR_BYTES
            weight = weights + first_pair * 4
            # While this block is gone through, tile by tile, the next one comes into the cache: evenly where the tiles
            # are enough, since the processor waits where more lines are asked for at once than it can keep track of.
            ahead = rows + pairs * _PAIR_BYTES
            stride = _PAIR_BYTES * _TILE_PROBES // max(whole, 1)
            for probe in range(0, whole, _TILE_PROBES):
                for lane in range(0, PANEL_LANES, _TILE_LANES):
                    lane_rows, lane_weights = rows + lane * 64, weight + probe * dim * 2
                    lane_out = here + probe * row_bytes + lane * 32
                    if stride > 64:
                        _four_of_few(lane_rows, lane_weights, dim * 2, pairs, lane_out, row_bytes, ahead, _PAIR_BYTES)
                    else:
                        _four_probes(lane_rows, lane_weights, dim * 2, pairs, lane_out, row_bytes, ahead, stride)
                ahead += pairs * stride if stride <= 64 else 0
            for probe in range(whole, probes):
                _one_probe(
                    rows, weight + probe * dim * 2, dim * 2, pairs,
                    here + probe * row_bytes, row_bytes, rows + _AHEAD_BYTES, _PAIR_BYTES,
                )  # fmt: skip
            first_pair += pairs
