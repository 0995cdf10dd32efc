"""A common coin of the three custodians: random choices that nobody outside could foresee when it sent its shares.

Each custodian contributes 32 fresh bytes after committing to them by a digest, so none of the three can steer the
coin by speaking last. The coin is public among them and is never a mask.
"""

from __future__ import annotations

import hashlib

import numpy as np

from moiety.matching.refusals import Disagreement
from moiety.matching.rounds import Exchange, Rounds, expect
from moiety.sharing.seat import Seat, next_seat, previous_seat
from moiety.sharing.streams import Stream, derive

COIN_BYTES = 32


def toss(seat: Seat, contribution: bytes, purpose: str) -> Rounds[Stream]:
    """Two rounds: commit, then reveal. The stream of the coin, the same at all three custodians.

    Raises Disagreement where a neighbour reveals something else than it committed to.
    """
    if len(contribution) != COIN_BYTES:
        raise ValueError("a coin takes 32 bytes")
    digest = hashlib.sha256(b"moiety coin 1" + seat.encode() + contribution).digest()
    commitment = np.frombuffer(digest, dtype=np.uint8)
    answer = yield Exchange(next=(commitment,), previous=(commitment,))
    committed = [expect(message, (32,), np.uint8).tobytes() for message in (answer.next, answer.previous)]
    shown = np.frombuffer(contribution, dtype=np.uint8)
    answer = yield Exchange(next=(shown,), previous=(shown,))
    revealed = [expect(message, (COIN_BYTES,), np.uint8).tobytes() for message in (answer.next, answer.previous)]
    contributions = {seat: contribution}
    for neighbour, digest, value in zip((next_seat(seat), previous_seat(seat)), committed, revealed, strict=True):
        if hashlib.sha256(b"moiety coin 1" + neighbour.encode() + value).digest() != digest:
            raise Disagreement()
        contributions[neighbour] = value
    together = contributions["a"] + contributions["b"] + contributions["c"]
    return Stream(derive(together, b"moiety coin 1", purpose.encode()))
