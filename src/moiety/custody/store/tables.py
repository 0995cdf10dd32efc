"""The tables of one custodian, and the statements over them. Nothing else in this package knows a column.

No name, no time of enrolment and no order of enrolment is stored: a row's expiry is a day, its slot is random, and
a page does not say in which change of the gallery it was last rewritten.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Column,
    Connection,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    Table,
    bindparam,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.exc import NoResultFound

from moiety.database.prepared import Prepared
from moiety.sharing.seat import Seat

FORMAT = 2

_TOGETHER = 256
"""Rows fetched at a time (7 MB at 192 words), and numbers named in one statement."""

METADATA = MetaData()

CUSTODIAN = Table(
    "custodian",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("format", Integer, nullable=False),
    Column("seat", String(1), nullable=False),
    Column("office", LargeBinary(16), nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("staging", SmallInteger, nullable=False),
)

GALLERY = Table(
    "gallery",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("terms", LargeBinary, nullable=False),
    Column("document", LargeBinary, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("phase", SmallInteger, nullable=False),
    Column("pages", Integer, nullable=False),
    Column("checked", BigInteger, nullable=False),
    Column("damaged", SmallInteger, nullable=False),
)


def _paged(name: str) -> Table:
    return Table(
        name,
        METADATA,
        Column("gallery", Integer, ForeignKey("gallery.id"), nullable=False),
        Column("epoch", BigInteger, nullable=False),
        Column("number", Integer, nullable=False),
        Column("rows", LargeBinary, nullable=False),
        PrimaryKeyConstraint("gallery", "epoch", "number"),
    )


DATA_KEY = Table(
    "data_key",
    METADATA,
    Column("epoch", BigInteger, primary_key=True, autoincrement=False),
    Column("wrapped", LargeBinary, nullable=False),
)

WRITER = Table(
    "writer",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("mark", LargeBinary(16), nullable=False),
    Column("changes", BigInteger, nullable=False),
)
"""Whoever has a PostgreSQL open, and how often it was changed: see `moiety.custody.store.postgresql`."""

KEPT = Table(
    "kept",
    METADATA,
    Column("kind", LargeBinary(16), nullable=False),
    Column("id", LargeBinary(16), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    PrimaryKeyConstraint("kind", "id"),
)

PAGE = _paged("page")
STATES = _paged("states")
PAGED = (STATES, PAGE)
"""States first: who reads both knows which rows of a page mean anything."""


_OWN = Prepared(
    select(
        CUSTODIAN.c.format,
        CUSTODIAN.c.seat,
        CUSTODIAN.c.office,
        CUSTODIAN.c.epoch,
        CUSTODIAN.c.staging,
        DATA_KEY.c.wrapped,
    ).select_from(CUSTODIAN.outerjoin(DATA_KEY, DATA_KEY.c.epoch == CUSTODIAN.c.epoch))
)
_GALLERY = Prepared(select(GALLERY).where(GALLERY.c.name == bindparam("of")))
_GALLERIES = Prepared(select(GALLERY).order_by(GALLERY.c.name))
_KEPT = select(KEPT.c.kind, KEPT.c.id, KEPT.c.sealed)
_KEPT_OF = Prepared(_KEPT.where(KEPT.c.kind == bindparam("of")))
_KEPT_ROW = Prepared(_KEPT.where(KEPT.c.kind == bindparam("of"), KEPT.c.id == bindparam("one")))
_KEEP = Prepared(insert(KEPT))
_DROP_KEPT = Prepared(delete(KEPT).where(KEPT.c.kind == bindparam("of"), KEPT.c.id == bindparam("one")))


@dataclass(frozen=True)
class CustodianRow:
    """Who this store belongs to. `staging`: see `moiety.custody.store.slots`; `wrapped`: its epoch's data key."""

    format: int
    seat: Seat
    office: bytes
    epoch: int
    staging: int
    wrapped: bytes | None


@dataclass(frozen=True)
class GalleryRow:
    """One gallery, of `pages` pages numbered from 0. `phase`: see `moiety.custody.store.slots`.

    `checked` is the first unix second of the day (UTC) of the last good check, or 0; `damaged` says that the
    last check was not good.
    """

    id: int
    name: str
    terms: bytes
    document: bytes
    version: int
    phase: int
    pages: int
    checked: int
    damaged: int


def found(connection: Connection, seat: Seat, office: bytes) -> None:
    """Say whose the empty tables are: a new custodian's, in epoch 1, which has no key yet."""
    connection.execute(insert(WRITER).values(id=1, mark=b"", changes=0))
    connection.execute(insert(CUSTODIAN).values(id=1, format=FORMAT, seat=seat, office=office, epoch=1, staging=0))


def custodian(connection: Connection) -> CustodianRow:
    """Whose store this is."""
    row = _OWN.first(connection, {})
    if row is None:
        raise NoResultFound
    return CustodianRow(*row)


def wrapped_key(connection: Connection, epoch: int) -> bytes | None:
    """The wrapped data key of an epoch, or None."""
    wrapped: bytes | None = connection.execute(
        select(DATA_KEY.c.wrapped).where(DATA_KEY.c.epoch == epoch)
    ).scalar_one_or_none()
    return wrapped


def keyed_epochs(connection: Connection) -> frozenset[int]:
    """The epochs that have a data key here."""
    return frozenset(connection.execute(select(DATA_KEY.c.epoch)).scalars())


def add_key(connection: Connection, epoch: int, wrapped: bytes) -> None:
    """Store the wrapped data key of an epoch."""
    connection.execute(insert(DATA_KEY).values(epoch=epoch, wrapped=wrapped))


def drop_key(connection: Connection, epoch: int) -> None:
    """Delete the wrapped data key of an epoch."""
    connection.execute(delete(DATA_KEY).where(DATA_KEY.c.epoch == epoch))


def kept(connection: Connection, kind: bytes | None = None) -> list[tuple[bytes, bytes, bytes]]:
    """(kind, id, sealed) of everything that is kept, or of one kind, as named here."""
    if kind is not None:
        return [(of, one, sealed) for of, one, sealed in _KEPT_OF.all(connection, {"of": kind})]
    return [(row.kind, row.id, row.sealed) for row in connection.execute(_KEPT)]


def kept_row(connection: Connection, kind: bytes, one: bytes) -> tuple[bytes, bytes, bytes] | None:
    """(kind, id, sealed) of one thing that is kept, or None."""
    row = _KEPT_ROW.first(connection, {"of": kind, "one": one})
    return None if row is None else (row[0], row[1], row[2])


def keep(connection: Connection, kind: bytes, rows: Sequence[tuple[bytes, bytes]]) -> None:
    """Store (id, sealed) rows of one kind in place of those of the same id."""
    drop_kept(connection, kind, [row[0] for row in rows])
    _KEEP.run_each(connection, [{"kind": kind, "id": row, "sealed": sealed} for row, sealed in rows])


def drop_kept(connection: Connection, kind: bytes, ids: Sequence[bytes]) -> None:
    """Delete these rows of one kind."""
    _DROP_KEPT.run_each(connection, [{"of": kind, "one": one} for one in ids])


def drop_all_kept(connection: Connection) -> None:
    """Delete everything that is kept."""
    connection.execute(delete(KEPT))


def set_staging(connection: Connection, staging: int) -> None:
    """Say how far a refresh has come."""
    connection.execute(update(CUSTODIAN).values(staging=staging))


def set_epoch(connection: Connection, epoch: int, staging: int) -> None:
    """Enter an epoch."""
    connection.execute(update(CUSTODIAN).values(epoch=epoch, staging=staging))


def galleries(connection: Connection) -> list[GalleryRow]:
    """Every gallery, by name."""
    return [GalleryRow(*row) for row in _GALLERIES.all(connection, {})]


def gallery(connection: Connection, name: str) -> GalleryRow | None:
    """One gallery, or None."""
    row = _GALLERY.first(connection, {"of": name})
    return None if row is None else GalleryRow(*row)


def add_gallery(connection: Connection, name: str, terms: bytes, document: bytes) -> None:
    """Add an empty gallery."""
    connection.execute(
        insert(GALLERY).values(
            name=name, terms=terms, document=document, version=0, phase=0, pages=0, checked=0, damaged=0
        )
    )


def drop_gallery(connection: Connection, name: str) -> None:
    """Delete a gallery that never changed, and so has no pages."""
    connection.execute(delete(GALLERY).where(GALLERY.c.name == name, GALLERY.c.version == 0))


def change_gallery(connection: Connection, gallery: int, **values: int | bytes) -> None:
    """Set columns of one gallery."""
    _change_of(frozenset(values)).run(connection, {"the_gallery": gallery, **values})


@cache
def _change_of(columns: frozenset[str]) -> Prepared:
    return Prepared(
        update(GALLERY)
        .where(GALLERY.c.id == bindparam("the_gallery"))
        .values({name: bindparam(name) for name in columns})
    )


_BOUND: dict[str, BindParameter[Any]] = {
    name: bindparam(f"the_{name}") for name in ("gallery", "epoch", "number", "rows")
}

_PLACED = {
    table.name: select(table.c.number, table.c.rows).where(
        table.c.gallery == bindparam("the_gallery"), table.c.epoch == bindparam("the_epoch")
    )
    for table in PAGED
}
# Made once: of what a look-up of one page takes, making the statement would be the most.
_NAMED = {
    table.name: _PLACED[table.name]
    .where(table.c.number.in_(bindparam("the_numbers", expanding=True)))
    .order_by(table.c.number)
    for table in PAGED
}
_NAMED_ONE = {
    table.name: Prepared(_PLACED[table.name].where(table.c.number == bindparam("the_number"))) for table in PAGED
}
_PUT_NEW = {table.name: Prepared(insert(table).values(_BOUND)) for table in PAGED}
_PUT_SAME = {
    table.name: Prepared(
        update(table)
        .where(*[table.c[name] == bindparam(f"the_{name}") for name in ("gallery", "epoch", "number")])
        .values(rows=_BOUND["rows"])
    )
    for table in PAGED
}

Numbered = tuple[Sequence[int], Sequence[bytes]]
"""Page numbers in ascending order, and their rows."""


def every(
    connection: Connection, table: Table, gallery: int, epoch: int, below: int
) -> Generator[Numbered, None, None]:
    """The pages with a number under `below`, in portions. To be closed by whoever stops before the end."""
    chosen = (
        select(table.c.number, table.c.rows)
        .where(table.c.gallery == gallery, table.c.epoch == epoch, table.c.number < below)
        .order_by(table.c.number)
    )
    if connection.dialect.name == "postgresql":
        yield from _copied(connection, table, gallery, epoch, below)
        return
    for part in connection.execute(chosen).partitions(_TOGETHER):
        yield [row.number for row in part], [row.rows for row in part]


def _copied(connection: Connection, table: Table, gallery: int, epoch: int, below: int) -> Iterator[Numbered]:
    """As `every`, by COPY: nothing is held but what is being read."""
    from moiety.custody.store.postgresql import copy_out

    chosen = f"gallery = {gallery:d} AND epoch = {epoch:d} AND number < {below:d}"
    ordered = f"SELECT number, rows FROM {table.name} WHERE {chosen} ORDER BY number"  # noqa: S608  three whole numbers
    found = copy_out(connection, f"COPY ({ordered}) TO STDOUT (FORMAT BINARY)", ("int4", "bytea"))
    while part := list(islice(found, _TOGETHER)):
        yield [number for number, _ in part], [rows for _, rows in part]


def named(connection: Connection, table: Table, gallery: int, epoch: int, numbers: Sequence[int]) -> Iterator[Numbered]:
    """The pages of these ascending numbers, in portions; one that is not there is left out."""
    if len(numbers) == 1:
        where = {"the_gallery": gallery, "the_epoch": epoch, "the_number": int(numbers[0])}
        row = _NAMED_ONE[table.name].first(connection, where)
        yield ([], []) if row is None else ([row[0]], [row[1]])
        return
    for at in range(0, len(numbers), _TOGETHER):
        wanted = {"the_gallery": gallery, "the_epoch": epoch, "the_numbers": list(numbers[at : at + _TOGETHER])}
        part = connection.execute(_NAMED[table.name], wanted).all()
        yield [row.number for row in part], [row.rows for row in part]


def put(
    connection: Connection,
    table: Table,
    gallery: int,
    epoch: int,
    numbers: Sequence[int],
    rows: Sequence[bytes | memoryview],
    *,
    new: bool,
) -> None:
    """Insert pages, or rewrite them in place."""
    if new and connection.dialect.name == "postgresql":
        from moiety.custody.store.postgresql import copy_in

        into = f"COPY {table.name} (gallery, epoch, number, rows) FROM STDIN (FORMAT BINARY)"
        pages = ((gallery, epoch, number, row) for number, row in zip(numbers, rows, strict=True))
        copy_in(connection, into, ("int4", "int8", "int4", "bytea"), pages)
        return
    where = {"the_gallery": gallery, "the_epoch": epoch}
    values = [where | {"the_number": number, "the_rows": row} for number, row in zip(numbers, rows, strict=True)]
    (_PUT_NEW if new else _PUT_SAME)[table.name].run_each(connection, values)


def drop_pages(connection: Connection, gallery: int, epoch: int, first: int) -> None:
    """Delete the pages from number `first` on."""
    for table in PAGED:
        connection.execute(
            delete(table).where(table.c.gallery == gallery, table.c.epoch == epoch, table.c.number >= first)
        )


def drop_numbers(connection: Connection, gallery: int, epoch: int, numbers: Sequence[int]) -> None:
    """Delete these pages."""
    for table in PAGED:
        connection.execute(
            delete(table).where(table.c.gallery == gallery, table.c.epoch == epoch, table.c.number.in_(numbers))
        )


def drop_epoch(connection: Connection, epoch: int) -> None:
    """Delete every page of an epoch."""
    for table in PAGED:
        connection.execute(delete(table).where(table.c.epoch == epoch))
