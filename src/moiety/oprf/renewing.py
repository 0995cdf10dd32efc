"""New parts of the same key in the next epoch, from seeds that the three showed each other.

The line gets another slope and keeps its value at 0: part i grows by i times one scalar that nobody chose. An old part
of one custodian and a new part of another are points of two lines, and say nothing of the key. As with every refresh,
all three know the difference, and so does whoever holds an old and a new part of one custodian: seeds and old parts are
destroyed when all three have confirmed.
"""

from __future__ import annotations

from collections.abc import Sequence

from moiety import sodium
from moiety.oprf.hashing import hash_to_scalar
from moiety.oprf.keys import Part, PublicKey
from moiety.sodium import ORDER

SEED_BYTES = 32
_DRAWN = b"moiety oprf renewal 1"


def renewed(part: Part, public: PublicKey, seeds: Sequence[bytes]) -> tuple[Part, PublicKey]:
    """The part of the next epoch, and the public key with its new slope. `seeds` are of 32 bytes, one of each
    custodian, in the same order at all three, for this key and epoch alone. Raises `PartWrong` for a part of another
    key."""
    if {len(seed) for seed in seeds} != {SEED_BYTES}:
        raise ValueError("each custodian gives a seed of 32 bytes")
    shift = sum(hash_to_scalar(seed, _DRAWN) for seed in seeds) % ORDER
    after = PublicKey(public.key, sodium.add(public.slope, sodium.multiply_base(shift)))
    moved = Part(part.number, (part.scalar + part.number * shift) % ORDER)
    after.check(moved)
    return moved, after
