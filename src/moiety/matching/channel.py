"""The start of every attempt: do the three agree, and fresh masks for this attempt alone.

Each custodian sends both neighbours a fresh 32-byte nonce, the digests of what it believes is being asked, and a name
of the pair key that it means to draw masks from. Any
difference is refused before anything derived from a part is sent: a mask that differs in one row would show as a
coin-flip match there. Pair streams are keyed by HKDF from the pair key, both ends' nonces, the digest and the
step, so that an attempt repeated under one header draws other masks; no counter is stored.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from moiety.matching.refusals import Disagreement
from moiety.matching.rounds import Exchange, Rounds, expect
from moiety.sharing.seat import Seat, next_seat, previous_seat
from moiety.sharing.streams import KEY_BYTES, Stream, derive

NONCE_BYTES = 32
_DIGEST_BYTES = 32


@dataclass(frozen=True)
class Keys:
    """What one custodian brings to an attempt: its seat, its two pair keys and a nonce that is never used again."""

    seat: Seat
    pair_next: bytes
    pair_previous: bytes
    nonce: bytes


@dataclass(frozen=True)
class Channel:
    """One custodian's two ends of the pair streams of one attempt."""

    seat: Seat
    _pair_next: bytes
    _pair_previous: bytes
    _bound_next: tuple[bytes, ...]
    _bound_previous: tuple[bytes, ...]
    _asked: set[str] = field(default_factory=set)

    def streams(self, step: str) -> tuple[Stream, Stream]:
        """The streams shared with the next and the previous custodian for a step; raises ValueError the second time."""
        if step in self._asked:
            raise ValueError("a step's streams are drawn from once")
        self._asked.add(step)
        return (
            Stream(derive(self._pair_next, b"moiety attempt 1", *self._bound_next, step.encode())),
            Stream(derive(self._pair_previous, b"moiety attempt 1", *self._bound_previous, step.encode())),
        )


def agree(keys: Keys, header_digest: bytes, mask_digest: bytes) -> Rounds[Channel]:
    """One round: compare digests, exchange nonces. Raises Disagreement where either neighbour differs."""
    if len(keys.nonce) != NONCE_BYTES or len(keys.pair_next) != KEY_BYTES or len(keys.pair_previous) != KEY_BYTES:
        raise ValueError("nonces and pair keys have 32 bytes")
    digests = header_digest + mask_digest
    # Masks of two different pair keys would not cancel, and matches would be coin flips.
    known_next, known_previous = (digests + _name(pair) for pair in (keys.pair_next, keys.pair_previous))
    answer = yield Exchange(
        next=(np.frombuffer(keys.nonce + known_next, dtype=np.uint8),),
        previous=(np.frombuffer(keys.nonce + known_previous, dtype=np.uint8),),
    )
    shape = (NONCE_BYTES + 3 * _DIGEST_BYTES,)
    from_next = expect(answer.next, shape, np.uint8).tobytes()
    from_previous = expect(answer.previous, shape, np.uint8).tobytes()
    if from_next[NONCE_BYTES:] != known_next or from_previous[NONCE_BYTES:] != known_previous:
        raise Disagreement()
    seat = keys.seat
    return Channel(
        seat,
        keys.pair_next,
        keys.pair_previous,
        (seat.encode() + next_seat(seat).encode(), keys.nonce, from_next[:NONCE_BYTES], digests),
        (previous_seat(seat).encode() + seat.encode(), from_previous[:NONCE_BYTES], keys.nonce, digests),
    )


def _name(pair: bytes) -> bytes:
    """What tells one pair key from another and says nothing of it."""
    return derive(pair, b"moiety pair name 1")
