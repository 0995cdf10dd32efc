"""Slots: where a row can lie, what may become of it, and how a free one is drawn.

A gallery grows by whole blocks of `BLOCK` slots, stored as pages of `SLOTS` slots. Which slot a newcomer gets
follows from a coin that all three custodians toss together, so that none of them decides and all agree.

What may become of a slot, of a gallery and of a store, and in which commit:

    slot       step                               slot        durable in
    -------    --------------------------------   -------     -------------------------------------------
    (none)     prepare (a block is added)         FREE        step `prepare`
    FREE       prepare (a newcomer is placed)     PENDING     step `prepare`: row written, matches nobody
    PENDING    activate                           ACTIVE      step `activate`
    ACTIVE     restrict                           RESTRICTED  step `restrict`: kept, and matches and opens for nobody
    RESTRICTED lift                               ACTIVE      step `restrict`
    ACTIVE     erase                              ERASED      step `erase`: every column overwritten
    RESTRICTED erase                              ERASED      the same
    ACTIVE here, RESTRICTED there                 RESTRICTED  step `settle`
    else not alike at all three                   ERASED      step `settle`: every column overwritten
    ACTIVE, RESTRICTED   refresh                  the same    step `switch`: other parts of the same
    the same   refresh, already expired           FREE        step `switch`: not carried into the new epoch
    ERASED     refresh                            FREE        step `switch`: not used again within an epoch

    gallery    step                               gallery
    SETTLED    prepare                            PREPARED    rows may be PENDING
    PREPARED   activate                           SETTLED
    any        level (recovery begins)            SETTLING    the three have one version; their states may differ
    SETTLING   settle                             SETTLED

    staging    step                               staging
    NONE       next key                           BEGUN       the next epoch has a root, and a data key wrapped by it
    BEGUN      stage                              BEGUN       some pages of the next epoch lie beside this one's
    BEGUN      staged                             COMPLETE    all of them do
    COMPLETE   switch                             SWITCHED    epoch + 1; the old epoch's pages and key are deleted
    SWITCHED   retire                             NONE        all three have switched: the old root is destroyed
    BEGUN      discard                            NONE        the next epoch's pages, key and root are deleted
    COMPLETE   discard                            NONE        the same

**Acknowledgement.** An enrolment is acknowledged by the last of the three `activate` commits and by nothing else.
Before it, recovery erases the row everywhere; after it, the row is ACTIVE at all three and matches, whether or not
the caller lived to hear so (docs/decisions/0002-acknowledgement.md). No custodian begins a step before all three
have committed the one before it, so the versions of a gallery never differ by more than one: that is how `recovery`
tells an interruption from an old copy.
"""

from __future__ import annotations

import hashlib
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

SLOTS = 64
"""Slots in a page: one word of the mask, and few enough that erasing one person rewrites 30 KB, not a gallery."""

BLOCK = 4096
"""Slots added at a time: what a store weighs tells the number of people to the nearest block (their states tell it)."""

MOST_SLOTS = 1 << 26
"""67 million: 26 GB of parts at 192 words. What a file says about sizes is not believed beyond."""

COIN_BYTES = 32


class State(IntEnum):
    """What a slot holds. The values are stored: they never change."""

    FREE = 0
    PENDING = 1
    ACTIVE = 2
    ERASED = 3
    RESTRICTED = 4


def living(states: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Where somebody is, whether or not anybody may be answered about."""
    found: NDArray[np.bool_] = (states == State.ACTIVE) | (states == State.RESTRICTED)
    return found


class Phase(IntEnum):
    """Where a gallery stands between its states. Stored."""

    SETTLED = 0
    PREPARED = 1
    SETTLING = 2


class Staging(IntEnum):
    """How far a refresh has come in a store. Stored."""

    NONE = 0
    BEGUN = 1
    COMPLETE = 2
    SWITCHED = 3

    @property
    def beside(self) -> bool:
        """Whether pages of the next epoch lie beside this one's: all of them, or some."""
        return self in (Staging.BEGUN, Staging.COMPLETE)


def blocks_needed(free: int, wanted: int) -> int:
    """How many blocks to add so that `wanted` newcomers find a free slot."""
    return max(0, -(-(wanted - free) // BLOCK))


def allot(free: NDArray[np.int64], end: int, wanted: int, coin: bytes) -> tuple[NDArray[np.int64], int]:
    """Slots for `wanted` newcomers in random order, and how many slots have to be added after slot `end` for them.

    Where blocks are added, all of them but the last are filled: free slots strewn over all would make the next
    batch rewrite every page of this one.
    """
    added = blocks_needed(len(free), wanted) * BLOCK
    if not added:
        return draw(free, wanted, coin), 0
    certain = np.concatenate([free, np.arange(end, end + added - BLOCK)])
    last = np.arange(end + added - BLOCK, end + added)
    some = draw(last, wanted - len(certain), hashlib.sha256(b"moiety last block 1" + coin).digest())
    return draw(np.sort(np.concatenate([certain, some])), wanted, coin), added


def draw(free: NDArray[np.int64], wanted: int, coin: bytes) -> NDArray[np.int64]:
    """Draw `wanted` slots from `free` without repetition, in random order.

    Args:
        free: the free slots in ascending order, int64 (n,), n >= wanted.
        coin: 32 bytes, the same at all three.

    Returns:
        int64 (wanted,): the same at every custodian that passes the same arguments.
    """
    if wanted > len(free):
        raise ValueError("more newcomers than free slots")
    stream = hashlib.shake_256(b"moiety draw 1" + coin).digest(8 * len(free))
    keys = np.frombuffer(stream, dtype="<u8")
    chosen = np.argpartition(keys, wanted)[:wanted] if wanted < len(free) else np.arange(wanted)
    return free[chosen[np.argsort(keys[chosen])]]
