"""One attempt of matching probes against rows, as one custodian's side of it, and the gateway's end.

    1  agree       headers and masks compared, nonces exchanged
    2  distance    one 16-bit dot product a row and probe, no message
    3  compare     inner product minus threshold at least zero, still shared: by a carry chain (`compare`), which sends
                   the fewest bytes, or by a tree (`prefix`), which takes the fewest rounds, as the header says
       checks      in the same rounds: the probes are quantised faces (see `checks`), unless they are rows
    4  mask        rows that must not match are blanked
    5  opening     each custodian's part for the gateway, who alone puts them together
    6  tally       where budgets are charged: how many rows matched, shown to the custodians (see `tally`)

Scores are never opened. What the comparison sends is masked whatever the probes are, and nothing of it is shown to
anybody before the checks have ended well; so it need not wait for them. In all 18 rounds by the chain, 8 by the tree,
where all rows are compared in one pass; each further pass has 17 or 6 more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from moiety.matching import compare, prefix
from moiety.matching.bits import ROWS_PER_WORD, Bits, Plane
from moiety.matching.channel import Channel, Keys, agree
from moiety.matching.checks import are_faces
from moiety.matching.distance import Products, weights
from moiety.matching.header import Header
from moiety.matching.opening import Opening, for_gateway
from moiety.matching.refusals import MalformedProbe
from moiety.matching.rounds import Rounds, beside

Distances = Callable[[NDArray[np.uint16]], Products]
"""Weights uint16 (B, d) -> this custodian's partial products (header.rows / 64, B, 64), begun."""


@dataclass(frozen=True)
class Side:
    """What one custodian brings to one attempt, all of it its own copy.

    `mask` is uint64 (header.rows / 64,), bit r of word m for row 64 m + r; `probe` is its share over R_32, uint32
    (header.probes, header.dim). `meant` is what the three must mean alike beside header and mask.

    Where the probe is `enrolled`, it is this custodian's part of a row, uint16 (1, header.dim), as it lies there:
    nobody outside chose it, it was found to be a face before the row was active, and galleries are checked. So it is
    not checked again, and `meant` says which row it is: parts of two rows are a probe that is no face.
    """

    keys: Keys
    header: Header
    mask: Plane
    probe: NDArray[np.uint32] | NDArray[np.uint16]
    distances: Distances
    meant: bytes = b""
    enrolled: bool = False


@dataclass(frozen=True)
class Matches:
    """What a search leaves with a custodian: its components of every match bit, words of (header.rows / 64, B).

    `channel` goes on where the search ended, for what is computed on the bits next.
    """

    channel: Channel
    bits: Bits

    def opening(self) -> Opening:
        """This custodian's part for the gateway."""
        return for_gateway(self.bits)


def attempt(side: Side) -> Rounds[Opening]:
    """This custodian's side of a search. Raises Disagreement or MalformedProbe, before any part of a match leaves."""
    found = yield from matches(side)
    return found.opening()


def matches(side: Side) -> Rounds[Matches]:
    """The same, with what it takes to go on after the opening has left."""
    header, seat = side.header, side.keys.seat
    if side.mask.shape != (header.rows // ROWS_PER_WORD,) or header.rows % ROWS_PER_WORD:
        raise ValueError("a mask has one bit a row, in whole words")
    word = np.uint16 if side.enrolled else np.uint32
    if side.probe.shape != (header.probes, header.dim) or side.probe.dtype != word:
        raise ValueError("a probe share has 32-bit words, a row 16-bit ones, as the header says")
    if side.enrolled and not side.meant:
        raise ValueError("which row it is, the three have to mean alike")
    alike = hashlib.sha256(side.mask.tobytes() + side.meant).digest()
    channel = yield from agree(side.keys, header.digest(), alike)
    # Begun before the checks end: distances wait for memory, the checks for messages, and nothing of them leaves yet.
    products = side.distances(weights(side.probe, seat))
    at_least = compare.at_least if header.circuit == "chain" else prefix.at_least
    numbers, streams = products.out.reshape(-1), channel.streams("threshold")
    compared = at_least(header.threshold, seat, numbers, *streams, products.wait, header.pass_words)
    if side.enrolled:
        bits = yield from compared
    else:
        _, bits = yield from beside(_only_faces(channel, side.probe.astype(np.uint32, copy=False)), compared)
    return Matches(channel, _masked(bits, side.mask, header.probes))


def _only_faces(channel: Channel, probe: NDArray[np.uint32]) -> Rounds[None]:
    if not (yield from are_faces(channel, probe)):
        raise MalformedProbe()


def _masked(bits: Bits, mask: Plane, probes: int) -> Bits:
    """Both components and the public mask: a row outside it opens as no match."""
    return Bits(
        (bits.previous.reshape(-1, probes) & mask[:, None]).reshape(-1),
        (bits.next.reshape(-1, probes) & mask[:, None]).reshape(-1),
    )
