"""A key that nobody ever holds: the sum of three lines, each dealt by one custodian (Feldman; see `dealing`)."""

from __future__ import annotations

from moiety.oprf import dealing
from moiety.oprf.dealing import Agreed, Dealt, Messages
from moiety.oprf.keys import Number, Part, PublicKey
from moiety.oprf.scalars import Entropy


def deal(context: bytes, number: Number, entropy: Entropy) -> Dealt:
    """One custodian's contribution to a new key. `context` names office, key and attempt, the same at all three."""
    return dealing.deal(dealing.KEY, context, number, entropy)


def finish(agreed: Agreed, shares: Messages) -> tuple[Part, PublicKey]:
    """The part of this custodian and the public key; to be used when all three have signed `agreed.digest`.

    Raises MessagesMissing, and ShareWrong with the custodian.
    """
    key, slope = agreed.total_line
    return Part(agreed.dealt.number, agreed.total(shares)), PublicKey(key, slope)
