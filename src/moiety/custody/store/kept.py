"""Small things that a custodian keeps for itself, sealed: budgets, purposes, what was spent. A key-value table.

Neither keys nor values lie in the clear. A row is named by HMAC-SHA256 under a key that is derived from the epoch's
data key, so the same thing has another name in every epoch, and holds

    version 1 | nonce 12 B | AES-256-GCM of (length u16 | kind | length u16 | key | value) | tag 16 B

bound to office, seat, epoch and its own name (little-endian). What shows is how many rows of one kind there are, and
how long they are. Everything is sealed anew under the next epoch's key when the store switches to it.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping

from cryptography.exceptions import InvalidTag
from sqlalchemy import Connection

from moiety.custody.refusals import KeptDamaged
from moiety.custody.store import tables
from moiety.custody.store.keyring import keyring
from moiety.custody.store.seal import DataKey
from moiety.custody.store.sql import Store
from moiety.custody.store.tables import CustodianRow
from moiety.sharing.seat import Seat

VERSION = 1
LONGEST = 0xFFFF
"""Bytes of a kind, and of a key."""
Row = tuple[bytes, bytes, bytes]
"""As stored: the kind's name, the row's, and what is sealed."""

_NAME_BYTES = 16
_NONCE_BYTES = 12
_HEAD_BYTES = 1 + _NONCE_BYTES


def kept(connection: Connection, kind: str) -> dict[bytes, bytes]:
    """Everything of one kind, by its key. Raises `KeptDamaged` where a row was altered."""
    own, key = _now(connection)
    rows = tables.kept(connection, _named(key, kind.encode()))
    return {one: value for _, one, value in (opened(own.office, own.seat, own.epoch, key, row) for row in rows)}


def kept_of(connection: Connection, kind: str, one: bytes) -> bytes | None:
    """What is kept under one key, or None. Raises as `kept`."""
    own, key = _now(connection)
    encoded = kind.encode()
    row = tables.kept_row(connection, _named(key, encoded), _named(key, encoded, one))
    return None if row is None else opened(own.office, own.seat, own.epoch, key, row)[2]


def keep(connection: Connection, kind: str, values: Mapping[bytes, bytes]) -> None:
    """Store these values in place of what their keys had before. The change is the caller's transaction's."""
    own, key = _now(connection)
    items = [(kind.encode(), one, value) for one, value in values.items()]
    _store(connection, own, own.epoch, key, items)


def drop_keys(connection: Connection, kind: str, keys: Iterable[bytes]) -> None:
    """Forget these keys; what is not there stays away."""
    _, key = _now(connection)
    encoded = kind.encode()
    tables.drop_kept(connection, _named(key, encoded), [_named(key, encoded, one) for one in keys])


def reseal(connection: Connection, own: CustodianRow, epoch: int) -> None:
    """Take everything along into another epoch, whose key is there. Raises `KeptDamaged`."""
    keys = keyring(connection)
    before, after = keys.key(connection, own, own.epoch), keys.key(connection, own, epoch)
    rows = tables.kept(connection)
    items = [opened(own.office, own.seat, own.epoch, before, row) for row in rows]
    tables.drop_all_kept(connection)
    _store(connection, own, epoch, after, items)


def opened(office: bytes, seat: Seat, epoch: int, key: DataKey, row: Row) -> tuple[bytes, bytes, bytes]:
    """Kind, key and value of one stored row. Raises `KeptDamaged`."""
    named, name, sealed = row
    if sealed[:1] != bytes([VERSION]) or len(sealed) < _HEAD_BYTES:
        raise KeptDamaged
    said = _bound(office, seat, epoch, named, name)
    try:
        plain = key.cipher.decrypt(sealed[1:_HEAD_BYTES], sealed[_HEAD_BYTES:], said)
    except InvalidTag:
        raise KeptDamaged from None
    kind, rest = _first(plain)
    return kind, *_first(rest)


def _store(
    connection: Connection, own: CustodianRow, epoch: int, key: DataKey, items: Iterable[tuple[bytes, bytes, bytes]]
) -> None:
    entropy = keyring(connection).entropy
    rows: dict[bytes, list[tuple[bytes, bytes]]] = {}
    for kind, one, value in items:
        if len(kind) > LONGEST or len(one) > LONGEST:
            raise ValueError("a kind and a key have at most 65,535 bytes")
        named, name = _named(key, kind), _named(key, kind, one)
        plain = len(kind).to_bytes(2, "little") + kind + len(one).to_bytes(2, "little") + one + value
        nonce = entropy(_NONCE_BYTES)
        sealed = key.cipher.encrypt(nonce, plain, _bound(own.office, own.seat, epoch, named, name))
        rows.setdefault(named, []).append((name, bytes([VERSION]) + nonce + sealed))
    for named, some in rows.items():
        tables.keep(connection, named, some)


def _first(plain: bytes) -> tuple[bytes, bytes]:
    end = 2 + int.from_bytes(plain[:2], "little")
    return plain[2:end], plain[end:]


def _now(connection: Connection) -> tuple[CustodianRow, DataKey]:
    own = tables.custodian(connection)
    return own, keyring(connection).key(connection, own, own.epoch)


def _named(key: DataKey, *parts: bytes) -> bytes:
    whole = b"".join(len(part).to_bytes(4, "little") + part for part in parts)
    return hmac.digest(key.names, whole, "sha256")[:_NAME_BYTES]


def _bound(office: bytes, seat: Seat, epoch: int, kind: bytes, name: bytes) -> bytes:
    return b"moiety kept 1" + office + seat.encode() + epoch.to_bytes(8, "little") + kind + name


class StoreKeeping:
    """The port of `keeping` over a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def kept(self, kind: str) -> dict[bytes, bytes]:
        """Everything of a kind."""
        with self._store.reading() as connection:
            return kept(connection, kind)

    def keep(self, kind: str, values: Mapping[bytes, bytes], drop: Iterable[bytes] = ()) -> None:
        """Store these and forget those, durably, all or nothing."""
        with self._store.writing("keep") as connection:
            drop_keys(connection, kind, drop)
            keep(connection, kind, values)
