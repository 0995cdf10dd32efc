"""The tables of a log, and the statements over them. Nothing else knows a column.

A leaf has a position, a commitment, a line, and what is kept of its entry under the tag of whom it is about. No time is
stored beside what is about a person, and nothing that could be joined with another database.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Row,
    SmallInteger,
    Table,
    bindparam,
    delete,
    func,
    insert,
    inspect,
    select,
    update,
)

from moiety.database import Kind
from moiety.database.prepared import Prepared
from moiety.ledger.many import Many
from moiety.ledger.operation import Line, Party
from moiety.ledger.seal import Leaf
from moiety.ledger.state import State
from moiety.ledger.tree import HASH_BYTES, KEPT_LEVELS, Kept, leaf_hash, subtree_root

TABLES = MetaData()

# SQLite's own row number, which has 64 bits, is an INTEGER; PostgreSQL's has 32.
_POSITION: Final = BigInteger().with_variant(Integer, "sqlite")

STATE: Final = Table(
    "ledger_state",
    TABLES,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("state", LargeBinary, nullable=False),
)
"""One row. Older databases have a column more, in which nothing is ever written."""

LEAF: Final = Table(
    "ledger_leaf",
    TABLES,
    Column("position", _POSITION, primary_key=True, autoincrement=False),
    Column("commitment", LargeBinary(32), nullable=False),
    Column("operation", LargeBinary(16), nullable=False, unique=True),
    Column("parties", SmallInteger, nullable=False),
    Column("said", LargeBinary(32), nullable=False),
    Column("tag", LargeBinary(16), index=True),
    Column("kept", LargeBinary),
)

NODE: Final = Table(
    "ledger_node",
    TABLES,
    Column("level", SmallInteger, nullable=False),
    Column("index", BigInteger, nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
    PrimaryKeyConstraint("level", "index"),
)

HEAD: Final = Table(
    "ledger_head",
    TABLES,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("signed", LargeBinary, nullable=False),
)
"""Signed heads: the newest of each size."""

MANY: Final = Table(
    "ledger_many",
    TABLES,
    Column("position", _POSITION, primary_key=True, autoincrement=False),
    Column("day", Integer, nullable=False, index=True),
    Column("entry", LargeBinary, nullable=False),
    Column("commitments", LargeBinary, nullable=False),
)
"""Beside leaves about many people, what each of them was committed to: see `many`. Databases of before get the table
with the first of them."""

LEDGER: Final = Kind("ledger", 1, TABLES, page_bytes=4_096, log_bytes=2**20)

PAGE: Final = 1_000
"""Leaves that are read at a time (0.6 MB where all are sealed)."""

MANY_AT_ONCE: Final = 16
"""What lies beside leaves about many that is read at a time (1 MB of 2,000 people each)."""

TAGS: Final = 1_000
"""Tags that are looked for in one statement: databases bound its length."""

_ROOM: Final = 32 * LEDGER.page_bytes
"""Bytes that there is to be room for before something is done. A commit of one entry, of whatever kind, changes five
pages as a rule and a dozen where all trees above them grow: it is room for that and for what others write beside."""

_NO_SIZE: Final = 2**62
"""A size that no log ever has."""

_TOGETHER: Final = 500
"""Operations that are looked up in one statement."""
_ONE_BY_ONE: Final = 4
"""Operations up to which a statement for each is faster: it need not be made for their number."""


# Made once, like all below: of a commit of one leaf, making its statements would be a good part.
_STATE: Final = Prepared(select(STATE.c.state).where(STATE.c.id == 1))
_PUT_STATE: Final = Prepared(update(STATE).values(state=bindparam("to")))
_ADD_LEAF: Final = Prepared(insert(LEAF))
_ADD_NODE: Final = Prepared(insert(NODE))
_DROP_HEAD: Final = Prepared(delete(HEAD).where(HEAD.c.size == bindparam("of")))
_PUT_HEAD: Final = Prepared(insert(HEAD))


def found(connection: Connection) -> None:
    """Begin a log of no leaves."""
    connection.execute(insert(STATE).values(id=1, state=State().encode()))


def state(connection: Connection) -> bytes | None:
    """The stored state, or None where there is none."""
    found = _STATE.first(connection, {})
    return None if found is None else found[0]


def put_state(connection: Connection, state: State) -> None:
    """Store what the log is now."""
    _PUT_STATE.run(connection, {"to": state.encode()})


def add(connection: Connection, start: int, leaves: Sequence[Leaf], kept: Iterable[Kept]) -> None:
    """Add leaves from a position on, and nodes of the tree."""
    rows = [
        {
            "position": start + at,
            "commitment": leaf.commitment,
            "operation": leaf.line.operation,
            "parties": int(leaf.line.parties),
            "said": leaf.line.said,
            "tag": leaf.tag,
            "kept": leaf.kept,
        }
        for at, leaf in enumerate(leaves)
    ]
    _ADD_LEAF.run_each(connection, rows)
    _ADD_NODE.run_each(connection, [{"level": node.level, "index": node.index, "hash": node.hash} for node in kept])
    for at, leaf in enumerate(leaves):
        if leaf.many is not None:
            MANY.create(connection, checkfirst=True)
            connection.execute(insert(MANY), {"position": start + at, **vars(leaf.many)})


_LINES: Final = select(LEAF.c.operation, LEAF.c.position, LEAF.c.parties, LEAF.c.said)
_KNOWN: Final = _LINES.where(LEAF.c.operation.in_(bindparam("operations", expanding=True)))
_KNOWN_ONE: Final = Prepared(_LINES.where(LEAF.c.operation == bindparam("operation")))


def known(connection: Connection, operations: Sequence[bytes]) -> dict[bytes, tuple[int, Line]]:
    """Those of some operations that the log has: their position and line."""
    found: Iterable[Sequence[Any]]
    if len(operations) <= _ONE_BY_ONE:
        found = [row for each in operations for row in _KNOWN_ONE.all(connection, {"operation": each})]
    else:
        found = [
            row
            for at in range(0, len(operations), _TOGETHER)
            for row in connection.execute(_KNOWN, {"operations": list(operations[at : at + _TOGETHER])})
        ]
    return {
        operation: (position, Line(operation, Party(parties), said)) for operation, position, parties, said in found
    }


_FROM: Final = (
    select(LEAF)
    .where(LEAF.c.position >= bindparam("start"), LEAF.c.position < bindparam("end"))
    .order_by(LEAF.c.position)
    .limit(PAGE)
)
_OF: Final = (
    select(LEAF)
    .where(LEAF.c.tag.in_(bindparam("tags", expanding=True)), LEAF.c.position >= bindparam("start"))
    .order_by(LEAF.c.position)
    .limit(PAGE)
)


def page(connection: Connection, start: int, end: int) -> list[tuple[int, Leaf]]:
    """The first `PAGE` leaves of a range of positions."""
    return [_leaf(row) for row in connection.execute(_FROM, {"start": start, "end": end})]


def page_of(connection: Connection, start: int, tags: Sequence[bytes]) -> list[tuple[int, Leaf]]:
    """The first `PAGE` leaves of these tags, from a position on."""
    return [_leaf(row) for row in connection.execute(_OF, {"tags": list(tags), "start": start})]


_MANY: Final = (
    select(LEAF.c.position, LEAF.c.operation, MANY.c.day, MANY.c.entry, MANY.c.commitments)
    .join_from(MANY, LEAF, MANY.c.position == LEAF.c.position)
    .where(MANY.c.day >= bindparam("first"), MANY.c.day <= bindparam("last"), MANY.c.position >= bindparam("start"))
    .order_by(MANY.c.position)
    .limit(MANY_AT_ONCE)
)


def many(connection: Connection, first: int, last: int, start: int) -> list[tuple[int, bytes, Many]]:
    """The first `MANY_AT_ONCE` that lie beside leaves about many people, from one day to another and from a position
    on: the position, the operation, and what lies there."""
    if not inspect(connection).has_table(MANY.name):
        return []
    found = connection.execute(_MANY, {"first": first, "last": last, "start": start})
    return [(row.position, row.operation, Many(row.day, row.entry, row.commitments)) for row in found]


def _leaf(row: Row[tuple[object, ...]]) -> tuple[int, Leaf]:
    return row.position, Leaf(row.commitment, Line(row.operation, Party(row.parties), row.said), row.kept, row.tag)


def end(connection: Connection) -> int:
    """The position after the last leaf."""
    last: int | None = connection.scalar(select(func.max(LEAF.c.position)))
    return 0 if last is None else last + 1


_LEAVES: Final = (
    select(LEAF.c.commitment)
    .where(LEAF.c.position >= bindparam("start"), LEAF.c.position < bindparam("end"))
    .order_by(LEAF.c.position)
)
_NODES: Final = (
    select(NODE.c.hash)
    .where(NODE.c.level == bindparam("at_level"), NODE.c.index >= bindparam("start"), NODE.c.index < bindparam("end"))
    .order_by(NODE.c.index)
)


def node(connection: Connection, level: int, index: int) -> bytes | None:
    """The hash of a perfect subtree, from what is kept below it (at most 128 rows); None where something is missing."""
    base = level // KEPT_LEVELS * KEPT_LEVELS
    count = 1 << (level - base)
    span = {"start": index * count, "end": (index + 1) * count}
    if base:
        hashes = list(connection.scalars(_NODES, {"at_level": base, **span}))
    else:
        hashes = [leaf_hash(commitment) for commitment in connection.scalars(_LEAVES, span)]
    return subtree_root(hashes) if len(hashes) == count else None


def kept_node(connection: Connection, level: int, index: int) -> bytes | None:
    """A node as it is kept, or None."""
    found: bytes | None = connection.scalar(_NODES, {"at_level": level, "start": index, "end": index + 1})
    return found


def kept_nodes(connection: Connection) -> int:
    """How many nodes are kept."""
    return connection.scalar(select(func.count()).select_from(NODE)) or 0


def put_head(connection: Connection, size: int, signed: bytes) -> None:
    """Keep a signed head, in place of an older one of the same size."""
    _DROP_HEAD.run(connection, {"of": size})
    _PUT_HEAD.run(connection, {"size": size, "signed": signed})


def fill(connection: Connection, many: int) -> None:
    """Write as much as there is to be room for, beside an entry about so many people; whoever asks takes it back."""
    _PUT_HEAD.run(connection, {"size": _NO_SIZE, "signed": bytes(_ROOM + many * HASH_BYTES)})


def last_head(connection: Connection) -> bytes | None:
    """The signed head of the greatest size, or None."""
    signed: bytes | None = connection.scalar(select(HEAD.c.signed).order_by(HEAD.c.size.desc()).limit(1))
    return signed


def first_head(connection: Connection, size: int) -> bytes | None:
    """The signed head of the smallest size that is not below one, or None."""
    signed: bytes | None = connection.scalar(_FIRST_HEAD, {"least": size})
    return signed


_FIRST_HEAD: Final = select(HEAD.c.signed).where(HEAD.c.size >= bindparam("least")).order_by(HEAD.c.size).limit(1)
