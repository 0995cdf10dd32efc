"""The record store's statements about receipts that are owed: see `owed`. `sql` holds the transactions."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Final

from sqlalchemy import Connection, bindparam, delete, insert, select

from moiety.vault.owed import PREFIX, Owed
from moiety.vault.tables import KEPT

_OWE: Final = insert(KEPT)
_OWED: Final = select(KEPT.c.value).where(KEPT.c.name.startswith(PREFIX)).order_by(KEPT.c.name)
_SETTLE: Final = delete(KEPT).where(KEPT.c.name == bindparam("which"))


def owe(connection: Connection, one: Owed) -> None:
    """Keep what a receipt will be asked for by."""
    connection.execute(_OWE, {"name": one.name, "value": one.to_bytes()})


def owed(connection: Connection, purpose: str, limit: int) -> list[Owed]:
    """Receipts that are owed to people of a purpose, at most `limit`. Raises `RecordMisfit` for what is none."""
    every = (Owed.from_bytes(bytes(value)) for value in connection.scalars(_OWED))
    return list(islice((one for one in every if one.purpose == purpose), limit))


def settle(connection: Connection, some: Iterable[Owed]) -> None:
    """Forget these."""
    connection.execute(_SETTLE, [{"which": one.name} for one in some])
