"""A lost custodian's part from the two others: it comes back as it was, and nobody learns another's.

Each helper sends its part times its weight at the lost custodian's point, plus z (one helper) or minus z (the
other). Without z a contribution would *be* the helper's part, because its weight is known, and the receiver would
hold two.
"""

from __future__ import annotations

from moiety.oprf import scalars
from moiety.oprf.hashing import hash_to_scalar, prefixed
from moiety.oprf.keys import PAIRS, VERSION, Number, Part, PublicKey, weight
from moiety.oprf.refusals import FormUnknown, NotAScalar
from moiety.sodium import ORDER

SECRET_BYTES = 32
_MASK = b"moiety oprf recover 1"


def contribution(part: Part, lost: Number, secret: bytes, context: bytes) -> bytes:
    """What one helper sends to the lost custodian, 33 bytes: version and its weighted part under a mask.

    `secret` is 32 fresh bytes that only the two helpers know; `context` names the key and the attempt. One secret may
    serve many keys, each once. Raises NotOfThePair where a custodian would help itself.
    """
    if len(secret) != SECRET_BYTES:
        raise ValueError("a mask needs a secret of 32 bytes")
    pair = next(pair for pair in PAIRS if lost not in pair)
    weighted = weight(part.number, pair, at=lost) * part.scalar
    mask = hash_to_scalar(prefixed(secret, context, bytes([lost])), _MASK)
    return VERSION + scalars.encode((weighted + (mask if part.number == pair[0] else -mask)) % ORDER)


def recovered(public: PublicKey, lost: Number, one: bytes, other: bytes) -> Part:
    """The lost part, from both helpers' contributions.

    Raises FormUnknown, and PartWrong where a helper sent something else: which of them, the sum does not tell.
    """
    part = Part(lost, (_masked(one) + _masked(other)) % ORDER)
    public.check(part)
    return part


def _masked(contribution: bytes) -> int:
    if contribution[:1] != VERSION:
        raise FormUnknown()
    try:
        return scalars.decode(contribution[1:])
    except NotAScalar:
        raise FormUnknown() from None
