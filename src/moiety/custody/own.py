"""What a custodian is by: the key that it signs with, made once, and whether its ledger was begun, and how far it was
when its rows were last changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection

from moiety.custody.chronicle import PARTIES, Chronicle, number_of
from moiety.custody.store import tables
from moiety.custody.store.kept import keep, kept, kept_of
from moiety.custody.store.noise import Entropy
from moiety.custody.store.sql import Store
from moiety.custody.unopened import LedgerTampered
from moiety.custody.verbs import Clock
from moiety.ledger import tree
from moiety.ledger.refusals import PositionUnknown, ProofWrong
from moiety.sharing.seat import Seat

_KIND: Final = "own"
_SIGNING: Final = b"signing key"
_LEDGER: Final = b"ledger"
_GROWN: Final = b"ledger grown"
_SEED_BYTES: Final = 32
_SIZE_BYTES: Final = 8


@dataclass(frozen=True)
class Own:
    """A custodian's Ed25519 key, and its ledger."""

    signing: Ed25519PrivateKey = field(repr=False)
    chronicle: Chronicle
    store: Store = field(repr=False)

    def grown(self, connection: Connection) -> None:
        """What the ledger is now is remembered in this transaction, which does what was written there."""
        state = self.chronicle.log.state()
        keep(connection, _KIND, {_GROWN: state.size.to_bytes(_SIZE_BYTES, "big") + state.frontier.root()})

    def require_grown(self) -> None:
        """Raises `LedgerTampered` where the ledger does not begin with what it was when a row was last changed: it was
        put back, and may lack what was done. Stores of before remember nothing."""
        with self.store.reading() as connection:
            found = kept_of(connection, _KIND, _GROWN)
        if found is None:
            return
        log, size, root = self.chronicle.log, int.from_bytes(found[:_SIZE_BYTES], "big"), found[_SIZE_BYTES:]
        now = log.state()
        try:
            proof = log.consistency(size, now.size)
            tree.verify_consistency(size, now.size, root, now.frontier.root(), proof)
        except PositionUnknown:
            raise LedgerTampered(ledger=number_of(self.chronicle.party), position=now.size) from None
        except ProofWrong:
            raise LedgerTampered(ledger=number_of(self.chronicle.party), position=0) from None


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
    return Own(signing, chronicle, store)
