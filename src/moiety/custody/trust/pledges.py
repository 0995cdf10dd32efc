"""What a caller's signature says of the shares that it is for: a commitment to each custodian's.

Each custodian gets its own share, the 32 random bytes that blind its commitment, and all three commitments, which are
signed. So a gateway cannot put another probe, another template or another person's handle under a signature. Without
the blind a custodian, which holds two parts of three, could tell whether a probe was a photograph that it has.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from moiety.custody import wire
from moiety.custody.messages import BatchMessage
from moiety.sharing.seat import SEATS, Seat

BLIND_BYTES = 32

_ROW = b"row"
"""Before what a row is found by: what is signed of a probe is not of somebody who is enrolled."""


def commitment(blind: bytes, share: Sequence[bytes]) -> bytes:
    """The commitment, 32 bytes, to a share that consists of these pieces."""
    made = hashlib.sha256(b"moiety share 1" + blind)
    for piece in share:
        made.update(len(piece).to_bytes(8, "big"))
        made.update(piece)
    return made.digest()


def is_kept(ask: wire.Pledging, seat: Seat) -> bool:
    """Whether what the custodian of this seat was sent is what is signed for it."""
    own = commitment(ask.pledge.blind, share_of(ask))
    return hmac.compare_digest(ask.pledge.commitments[SEATS.index(seat)], own)


def share_of(ask: wire.Pledging) -> list[bytes]:
    """The pieces of a request that are this custodian's alone."""
    match ask:
        case wire.Identify():
            return [ask.probe.data]
        case wire.Verify():
            return [ask.probe.data, ask.handle]
        case wire.IdentifyRow():
            return [_ROW, ask.handle]
        case wire.VerifyRow():
            return [_ROW, ask.handle, ask.claim]
        case wire.Offer():
            return [getattr(ask.batch, column).data for column in BatchMessage.__struct_fields__]
        case _:
            raise TypeError("a request that pledges nothing")
