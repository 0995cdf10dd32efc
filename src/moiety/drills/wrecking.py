"""Attack: wreck, by mending. A stolen gateway has whole pages mended, with handles that it makes up.

A handle is what a custodian knows a person by, and the one thing that the other two cannot tell it: it comes from the
gateway. Nobody whose handle is another can be verified or erased any more, and no check of the three shows it. Here the
thief has as much help as it likes; the twin takes the handles that come even where it has its own.
"""

from __future__ import annotations

from contextlib import closing, suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from moiety.custody.doubts import HandlesRefused
from moiety.custody.store.handles import handles
from moiety.custody.store.page import HANDLE_BYTES
from moiety.custody.store.slots import SLOTS
from moiety.custody.verbs import Verbs
from moiety.drills import parties
from moiety.drills.parties import Entropies, Kind
from moiety.identity.ports import Entropy
from moiety.sharing.seat import SEATS, Seat

LOST: Final[Seat] = "b"
"""Whose pages it has mended."""


def lost_by_mending(
    office: Path, gallery: str, now: datetime, pseudonyms: NDArray[np.uint8], kind: Kind, entropies: Entropies
) -> int:
    """How many of these people, uint8 (n, 16), one custodian does not find any more, after every page of it was mended
    in the office in a folder, of which nobody else makes use."""
    own = partial(_named, entropies, kind)
    with closing(parties.three(office, kind, lambda: now, own)) as three:
        custodians, entropy = three.custodians, own("gateway")
        lost, helpers = custodians[LOST], [custodians[seat] for seat in SEATS if seat != LOST]
        for number in range(lost.standing().galleries[gallery].pages):
            with suppress(HandlesRefused):
                _mend(lost, helpers, gallery, number, entropy)
        known = handles(gallery, [row.tobytes() for row in pseudonyms])[LOST]
        return sum(len(lost.locate(gallery, handle.tobytes())) == 0 for handle in known)


def _mend(lost: Verbs, helpers: list[Verbs], gallery: str, number: int, entropy: Entropy) -> None:
    nonces = {helper.seat: helper.helping() for helper in helpers}
    one, other = (helper.assist(gallery, LOST, [number], nonces) for helper in helpers)
    made = np.frombuffer(entropy(SLOTS * HANDLE_BYTES), dtype=np.uint8).reshape(1, SLOTS, HANDLE_BYTES)
    lost.mend(gallery, [number], one, other, made)


def _named(entropies: Entropies, kind: Kind, party: str) -> Entropy:
    return entropies(f"mending {kind.__name__} {party}")
