"""Three custodians' sides with keys of their own, for the laws: what a deployment's connections would bring."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from moiety.matching.channel import Keys
from moiety.matching.distance import Products, empty_products, partial, to_panels
from moiety.matching.header import NEAR_PASS_WORDS, Circuit, Header, Operation
from moiety.matching.search import Side
from moiety.sharing.seat import SEATS, Seat, next_seat, previous_seat
from moiety.sharing.split import Entropy, split


@dataclass
class Three:
    """Pair keys of one connection; nonces are drawn anew for every attempt."""

    entropy: Entropy = os.urandom
    pairs: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for seat in SEATS:
            self.pairs[seat + next_seat(seat)] = self.entropy(32)

    def keys(self, seat: Seat) -> Keys:
        return Keys(
            seat,
            self.pairs[seat + next_seat(seat)],
            self.pairs[previous_seat(seat) + seat],
            self.entropy(32),
        )

    def sides(
        self,
        probes: NDArray[np.int16],
        parts: dict[Seat, NDArray[np.uint16]],
        mask: NDArray[np.bool_],
        header: Header,
    ) -> dict[Seat, Side]:
        """Sides of an attempt for honest probes int16 (B, d) and parts uint16 (n, d), n a multiple of 64."""
        shares = split(probes.astype(np.int32).view(np.uint32), self.entropy)
        return {seat: self.side(seat, shares[seat], parts[seat], mask, header) for seat in SEATS}

    def side(
        self,
        seat: Seat,
        share: NDArray[np.uint32],
        part: NDArray[np.uint16],
        mask: NDArray[np.bool_],
        header: Header,
    ) -> Side:
        panels = to_panels(part)

        def distances(weight: NDArray[np.uint16]) -> Products:
            out = empty_products(len(part), len(weight))
            partial(weight, panels, out)
            return Products(out)

        words = np.packbits(mask, bitorder="little").view(np.uint64)
        return Side(self.keys(seat), header, words, share, distances)


def table(found: NDArray[np.int64], probes: int, rows: int) -> NDArray[np.bool_]:
    """What was opened, pairs of probe and row, as a table (probes, rows)."""
    flags = np.zeros((probes, rows), dtype=np.bool_)
    flags[found[:, 0], found[:, 1]] = True
    return flags


def header(
    rows: int,
    probes: int,
    dim: int,
    threshold: int,
    operation: Operation = "identify",
    attempt: bytes = bytes(16),
    circuit: Circuit = "chain",
    pass_words: int = NEAR_PASS_WORDS,
) -> Header:
    asked = (threshold, 1_700_000_000, rows, probes, dim, circuit, pass_words)
    return Header(attempt, operation, "door", 1, 1, *asked)
