"""Format 2: pages and states are sealed under their epoch's key; a table of wrapped keys, one of small things kept.

A page of the first format is `version 1 | columns | SHA-256`, and its states are `version 1 | states u8[64] | the
page's SHA-256 | SHA-256`; the last digest covers kind, place, number and all before it. A page that is not intact, or
not the one that its states vouch for, is left as it lies: it opens under no key, and is found and named as before.
"""

import hashlib
from collections.abc import Sequence

import numpy as np
import sqlalchemy as sa
from alembic import op

from moiety.custody.store import page, seal, tables
from moiety.custody.store.keyring import keyring
from moiety.custody.store.page import Place
from moiety.custody.store.seal import DataKey
from moiety.custody.store.slots import SLOTS
from moiety.custody.store.tables import GalleryRow

revision = "0002"
down_revision = "0001"

_DIGEST_BYTES = 32
_HEAD = page.HEAD_BYTES - 1
"""Bytes that a row of this format has more at its beginning: the nonce."""
_FORMAT = 2


def upgrade() -> None:
    """Add the tables; seal every page of every epoch that is there."""
    op.create_table(
        "data_key",
        sa.Column("epoch", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("wrapped", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "kept",
        sa.Column("kind", sa.LargeBinary(16), nullable=False),
        sa.Column("id", sa.LargeBinary(16), nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("kind", "id"),
    )
    op.create_table(
        "writer",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("mark", sa.LargeBinary(16), nullable=False),
        sa.Column("changes", sa.BigInteger, nullable=False),
    )
    connection = op.get_bind()
    if connection.scalar(sa.text("SELECT count(*) FROM custodian")):
        connection.execute(sa.insert(tables.WRITER).values(id=1, mark=b"", changes=0))
        _seal_everything(connection)
        connection.execute(sa.update(tables.CUSTODIAN).values(format=_FORMAT))


def _seal_everything(connection: sa.Connection) -> None:
    own = tables.custodian(connection)
    # What was staged for the next epoch may be the only copy of it: the others may have switched already.
    for epoch in (own.epoch, own.epoch + 1) if own.staging else (own.epoch,):
        keyring(connection).make(connection, own.office, epoch)
        key = keyring(connection).key(connection, tables.custodian(connection), epoch)
        for gallery in tables.galleries(connection):
            _seal_gallery(connection, gallery, Place(own.office, own.seat, gallery.name, epoch), key)


def _seal_gallery(connection: sa.Connection, gallery: GalleryRow, place: Place, key: DataKey) -> None:
    numbers = _numbers(connection, gallery, place.epoch)
    entropy = keyring(connection).entropy
    for at in range(0, len(numbers), 256):
        some = numbers[at : at + 256]
        found = [dict(_stored(connection, table, gallery, place.epoch, some)) for table in (tables.STATES, tables.PAGE)]
        whole = [number for number in some if _whole(found, place, number)]
        if not whole:
            continue
        states, pages = (
            _grown([held[number] for number in whole], kind)
            for held, kind in zip(found, (page.STATES, _layout(found[1][whole[0]])), strict=True)
        )
        where = (gallery.id, place.epoch, whole)
        tables.put(connection, tables.PAGE, *where, seal.seal(pages, place, whole, key, entropy), new=False)
        states["page"] = page.identities(pages)
        tables.put(connection, tables.STATES, *where, seal.seal(states, place, whole, key, entropy), new=False)


def _numbers(connection: sa.Connection, gallery: GalleryRow, epoch: int) -> list[int]:
    states = tables.STATES.c
    chosen = sa.select(states.number).where(states.gallery == gallery.id, states.epoch == epoch)
    return [row.number for row in connection.execute(chosen.order_by(states.number))]


def _stored(
    connection: sa.Connection, table: sa.Table, gallery: GalleryRow, epoch: int, numbers: Sequence[int]
) -> list[tuple[int, bytes]]:
    parts = tables.named(connection, table, gallery.id, epoch, numbers)
    return [pair for some, rows in parts for pair in zip(some, rows, strict=True)]


def _whole(found: list[dict[int, bytes]], place: Place, number: int) -> bool:
    """Whether states and page of a number are intact in the first format, and belong together."""
    states, rows = (held.get(number, b"") for held in found)
    if not (_intact(states, b"moiety states 1", place, number) and _intact(rows, b"moiety page 1", place, number)):
        return False
    return states[-2 * _DIGEST_BYTES : -_DIGEST_BYTES] == rows[-_DIGEST_BYTES:]


def _intact(row: bytes, kind: bytes, place: Place, number: int) -> bool:
    name = place.gallery.encode()
    where = place.seat.encode() + place.epoch.to_bytes(8, "little") + len(name).to_bytes(2, "little") + name
    body, digest = row[:-_DIGEST_BYTES], row[-_DIGEST_BYTES:]
    wanted = hashlib.sha256(kind + where + number.to_bytes(8, "little") + body).digest()
    return row[:1] == b"\x01" and digest == wanted


def _layout(row: bytes) -> np.dtype[np.void]:
    """This format's type of a page that lies in the first one."""
    overhead = page.layout(0).itemsize - _HEAD - page.TAG_BYTES + _DIGEST_BYTES
    return page.layout((len(row) - overhead) // (SLOTS * 2))


def _grown(rows: Sequence[bytes], kind: np.dtype[np.void]) -> page.Pages:
    """Rows of the first format as pages or states of this one, not sealed yet."""
    grown = np.zeros((len(rows), kind.itemsize), dtype=np.uint8)
    ends = _DIGEST_BYTES * 2 if kind == page.STATES else _DIGEST_BYTES
    for target, row in zip(grown, rows, strict=True):
        body = np.frombuffer(row, dtype=np.uint8)[1:-ends]
        target[page.HEAD_BYTES : page.HEAD_BYTES + len(body)] = body
    pages: page.Pages = grown.reshape(-1).view(kind)
    return pages
