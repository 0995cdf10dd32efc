"""The stages of a search, each on its own, for the three custodians in lockstep where it takes three."""

from __future__ import annotations

from concurrent.futures import Executor

import numpy as np
from numpy.typing import NDArray

from moiety.bench.timing import Work
from moiety.matching.bits import Bits
from moiety.matching.channel import Channel, Keys, agree
from moiety.matching.checks import are_faces
from moiety.matching.compare import at_least
from moiety.matching.distance import empty_panels, empty_products, partial_all, weights
from moiety.matching.header import NEAR_PASS_WORDS
from moiety.matching.lanes import PANEL_ROWS
from moiety.matching.rounds import Rounds, lockstep
from moiety.sharing.seat import SEATS, Seat, next_seat, previous_seat
from moiety.sharing.split import Entropy, split

_DIGEST = bytes(32)


def random_panels(rows: int, dim: int) -> NDArray[np.uint16]:
    """Parts of that many rows as a custodian holds them: uniform words."""
    panels = empty_panels(rows, dim)
    rng = np.random.default_rng(0)
    for at in range(len(panels)):
        panels[at] = rng.integers(0, 2**16, panels.shape[1:], dtype=np.uint16)
    return panels


def distance_work(panels: NDArray[np.uint16], words: NDArray[np.int16], pool: Executor, entropy: Entropy) -> Work:
    """One custodian's distances for probes (B, d) over all panels."""
    shares = split(words.astype(np.int32).view(np.uint32), entropy)
    weight = weights(shares["a"], "a")
    out = empty_products(len(panels) * PANEL_ROWS, len(words))
    return lambda: partial_all(weight, [(0, panels)], out, pool).whole()


def threshold_work(rows: int, entropy: Entropy) -> Work:
    """The comparison of that many shared numbers, handshake included."""
    pairs = _pair_keys(entropy)
    numbers = np.frombuffer(np.random.default_rng(1).bytes(2 * rows), dtype=np.uint16)

    def side(seat: Seat) -> Rounds[Bits]:
        channel = yield from _channel(seat, pairs, entropy)
        streams = channel.streams("threshold")
        return (yield from at_least(0, seat, numbers, *streams, lambda place: None, NEAR_PASS_WORDS))

    return lambda: lockstep({seat: side(seat) for seat in SEATS})


def checks_work(words: NDArray[np.int16], entropy: Entropy) -> Work:
    """Whether probes (B, d) are faces, handshake included."""
    pairs = _pair_keys(entropy)
    shares = split(words.astype(np.int32).view(np.uint32), entropy)

    def side(seat: Seat) -> Rounds[bool]:
        channel = yield from _channel(seat, pairs, entropy)
        return (yield from are_faces(channel, shares[seat]))

    return lambda: lockstep({seat: side(seat) for seat in SEATS})


def _pair_keys(entropy: Entropy) -> dict[str, bytes]:
    return {seat + next_seat(seat): entropy(32) for seat in SEATS}


def _channel(seat: Seat, pairs: dict[str, bytes], entropy: Entropy) -> Rounds[Channel]:
    keys = Keys(seat, pairs[seat + next_seat(seat)], pairs[previous_seat(seat) + seat], entropy(32))
    return agree(keys, _DIGEST, _DIGEST)
