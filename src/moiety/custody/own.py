"""What a custodian is by: the key that it signs with, made once, and whether its ledger was begun."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from moiety.custody.chronicle import PARTIES, Chronicle
from moiety.custody.store import tables
from moiety.custody.store.kept import keep, kept
from moiety.custody.store.noise import Entropy
from moiety.custody.store.sql import Store
from moiety.custody.verbs import Clock
from moiety.sharing.seat import Seat

_KIND: Final = "own"
_SIGNING: Final = b"signing key"
_LEDGER: Final = b"ledger"
_SEED_BYTES: Final = 32


@dataclass(frozen=True)
class Own:
    """A custodian's Ed25519 key, and its ledger."""

    signing: Ed25519PrivateKey = field(repr=False)
    chronicle: Chronicle


def opened(store: Store, folder: Path, seat: Seat, clock: Clock, entropy: Entropy) -> Own:
    """Both, of the custodian of this store; they are made when they are first asked for. Raises as `Chronicle.open`."""
    with store.reading() as connection:
        found, office = kept(connection, _KIND), tables.custodian(connection).office
    if _SIGNING not in found:
        with store.writing("own key") as connection:
            found = kept(connection, _KIND)
            if _SIGNING not in found:  # another process may have been faster
                found[_SIGNING] = entropy(_SEED_BYTES)
                keep(connection, _KIND, {_SIGNING: found[_SIGNING]})
    signing, begun = Ed25519PrivateKey.from_private_bytes(found[_SIGNING]), _LEDGER in found
    chronicle = Chronicle.open(folder, office, PARTIES[seat], signing, begun=begun, clock=clock, entropy=entropy)
    if not begun:
        with store.writing("ledger begun") as connection:
            keep(connection, _KIND, {_LEDGER: b"\x01"})
    return Own(signing, chronicle)
