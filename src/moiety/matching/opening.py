"""Opening shared values: among the custodians, or to the gateway alone."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from moiety.matching.bits import ROWS_PER_WORD, Bits, Plane
from moiety.matching.refusals import UnequalParts
from moiety.matching.rounds import Exchange, Rounds, expect
from moiety.sharing.seat import SEATS, Seat, previous_seat
from moiety.sharing.streams import Stream


def sharing_of_zero(shape: tuple[int, ...], dtype: np.dtype[Any], next_: Stream, previous: Stream) -> NDArray[Any]:
    """This custodian's additive part of zero, uniform to anyone who lacks one of its two streams."""
    zero: NDArray[Any] = next_.words(shape, dtype) - previous.words(shape, dtype)
    return zero


def open_sum(part: NDArray[Any], next_: Stream, previous: Stream) -> Rounds[NDArray[Any]]:
    """One round: the sum of the three custodians' additive parts, shown to all three and to nobody else."""
    masked = part + sharing_of_zero(part.shape, part.dtype, next_, previous)
    answer = yield Exchange(next=(masked,), previous=(masked,))
    others = [expect(message, part.shape, part.dtype) for message in (answer.next, answer.previous)]
    total: NDArray[Any] = masked + others[0] + others[1]
    return total


def open_bits(bits: Bits) -> Rounds[Plane]:
    """One round: shared bits, shown to all three custodians: each gets the one component that it lacks."""
    answer = yield Exchange(next=(bits.previous,))
    missing = expect(answer.previous, bits.previous.shape, np.uint64)
    shown: Plane = bits.previous ^ bits.next ^ missing
    return shown


@dataclass(frozen=True)
class Opening:
    """What a custodian sends the gateway: one component of the match bits, and the digest of the other it holds."""

    part: Plane
    other_digest: bytes


def for_gateway(bits: Bits) -> Opening:
    """The opening of this custodian's components."""
    return Opening(part=bits.next, other_digest=_digest(bits.previous))


def gather(openings: Mapping[Seat, Opening]) -> Plane:
    """At the gateway: the bits behind three openings. Raises UnequalParts where two holders' copies differ."""
    for seat in SEATS:
        if _digest(openings[previous_seat(seat)].part) != openings[seat].other_digest:
            raise UnequalParts()
    gathered: Plane = openings["a"].part ^ openings["b"].part ^ openings["c"].part
    return gathered


def _digest(part: Plane) -> bytes:
    return hashlib.sha256(np.ascontiguousarray(part).view(np.uint8).data).digest()


def opened(openings: Mapping[Seat, Opening], probes: int) -> NDArray[np.int64]:
    """At the gateway: what matches, a probe and a row each, int64 (n, 2), by rising probe and row.

    Raises UnequalParts where the parts do not fit.
    """
    bits = gather(openings)
    words = np.flatnonzero(bits)
    flags = np.unpackbits(bits[words].view(np.uint8).reshape(-1, 8), axis=1, bitorder="little")
    which, inside = np.nonzero(flags)
    panels, asked = np.divmod(words[which], probes)
    rows = panels * ROWS_PER_WORD + inside
    order = np.lexsort((rows, asked))
    return np.stack([asked[order], rows[order]], axis=1)
