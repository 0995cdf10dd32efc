"""New parts of the same key: three lines through zero are added to it (Herzberg; see `dealing`).

An old part and a new part of two custodians are two points of two lines, and say nothing of the key. But each share
of a line through zero gives the line away, so all three learn the whole difference, as does whoever holds an old and
a new part of one custodian: the old parts are destroyed when all three have signed.
"""

from __future__ import annotations

from moiety import sodium
from moiety.oprf import dealing
from moiety.oprf.dealing import Agreed, Dealt, Messages
from moiety.oprf.hashing import prefixed
from moiety.oprf.keys import Number, Part, PublicKey
from moiety.oprf.scalars import Entropy
from moiety.sodium import ORDER


def deal(context: bytes, public: PublicKey, number: Number, entropy: Entropy) -> Dealt:
    """One custodian's contribution to new parts of this key.

    `context` names office, key, epoch and attempt; it and the public key are the same at all three.
    """
    return dealing.deal(dealing.ZERO, prefixed(context, public.encode()), number, entropy)


def finish(agreed: Agreed, part: Part, public: PublicKey, shares: Messages) -> tuple[Part, PublicKey]:
    """The new part of this custodian and the public key with its new slope.

    To be used, and the old part destroyed, when all three have signed `agreed.digest`. Raises MessagesMissing,
    ShareWrong with the custodian, and PartWrong where the old part was not one of this key's.
    """
    (slope,) = agreed.total_line
    renewed = Part(part.number, (part.scalar + agreed.total(shares)) % ORDER)
    key = PublicKey(public.key, sodium.add(public.slope, slope))
    key.check(renewed)
    return renewed, key
