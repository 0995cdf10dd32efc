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
from numpy.typing import NDArray

from moiety.matching.lanes import PANEL_ROWS, panel_products
from moiety.sharing.ring import POINTS, Element, Words, lagrange, scale
from moiety.sharing.seat import SEATS, Seat

# Small enough that threads finish together, large enough that handing out costs nothing.
_TASK_PANELS = 1_024


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


def weights(share: NDArray[np.uint32] | NDArray[np.uint16], seat: Seat) -> NDArray[np.uint16]:
    """The working weights uint16 (B, d) of a probe share uint32 (B, d): reduction to 16 bits is a homomorphism. Of a
    row's part uint16 (1, d), which is a share of the same kind, they are those that a probe of these words has."""
    return product_weights(share.astype(np.uint16, copy=False), seat)


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
    panel_products(weight.ctypes.data, dim, panels.ctypes.data, out)


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
