"""A custodian's data keys: made for an epoch, unwrapped when they are needed, and out of reach once its root is gone.

    next key    the root of the next epoch is made in the token, then its wrapped data key in SQL
    switch      what is not paged is sealed anew; the old wrapped key goes from SQL
    retire      all three have switched: the roots of all epochs that have no key in SQL are destroyed
    discard     the next epoch's wrapped key goes from SQL, then its root

A kill between two of these leaves a root without a key in SQL, never a key without its root; the next `retire`
destroys it, or the next refresh, which makes its root anew.
"""

from __future__ import annotations

from threading import Lock

from sqlalchemy import Connection

from moiety.custody.refusals import RootMissing
from moiety.custody.store import tables
from moiety.custody.store.noise import Entropy
from moiety.custody.store.seal import KEY_BYTES, DataKey, bound
from moiety.custody.store.tables import CustodianRow
from moiety.custody.store.token import Token
from moiety.sharing.seat import Seat

KEYRING = "moiety_keyring"
"""The execution option by which every connection of a store names its keys."""

_KEPT = 2
"""This epoch's and the next one's."""


class Keyring:
    """The data keys of one store. Safe for threads."""

    def __init__(self, token: Token, seat: Seat, entropy: Entropy) -> None:
        self.entropy = entropy
        self._token = token
        self._seat: Seat = seat
        self._lock = Lock()
        self._unwrapped: dict[bytes, DataKey] = {}

    def key(self, connection: Connection, own: CustodianRow, epoch: int) -> DataKey:
        """The data key of an epoch, as SQL has it now. Raises `RootMissing`, `RootWrong`."""
        wrapped = own.wrapped if epoch == own.epoch else tables.wrapped_key(connection, epoch)
        if wrapped is None:
            raise RootMissing
        with self._lock:
            kept = self._unwrapped.get(wrapped)
        if kept is None:
            kept = DataKey.of(self._token.unwrap(epoch, wrapped, bound(own.office, self._seat, epoch)))
            with self._lock:
                self._unwrapped[wrapped] = kept
                while len(self._unwrapped) > _KEPT:
                    del self._unwrapped[next(iter(self._unwrapped))]
        return kept

    def make(self, connection: Connection, office: bytes, epoch: int, key: bytes | None = None) -> None:
        """A root and a data key for an epoch that has no key in SQL: a root that a kill left over is destroyed.

        `key` is what another keyring handed over, of a store whose place this one takes.
        """
        if epoch in self._token.epochs():
            self._token.destroy(epoch)
        self._token.make(epoch)
        wrapped = self._token.wrap(epoch, key or self.entropy(KEY_BYTES), bound(office, self._seat, epoch))
        tables.add_key(connection, epoch, wrapped)

    def hand_over(self, own: CustodianRow) -> bytes:
        """This epoch's data key, 32 bytes, for a store that takes this one's place. Raises `RootMissing`,
        `RootWrong`."""
        if own.wrapped is None:
            raise RootMissing
        return self._token.unwrap(own.epoch, own.wrapped, bound(own.office, self._seat, own.epoch))

    def retire(self, living: frozenset[int]) -> None:
        """Destroy the roots of all epochs but these, and forget every key."""
        for epoch in sorted(self._token.epochs() - living):
            self._token.destroy(epoch)
        with self._lock:
            self._unwrapped.clear()

    def idle(self, living: frozenset[int]) -> bool:
        """Whether there is a root that `retire` would destroy."""
        return bool(self._token.epochs() - living)


def keyring(connection: Connection) -> Keyring:
    """The keys of the store that this connection is of."""
    keys = connection.get_execution_options()[KEYRING]
    if not isinstance(keys, Keyring):
        raise TypeError("a connection of a store has its keyring")
    return keys
