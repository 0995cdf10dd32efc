"""The record store's tables: what of a person is in the clear, and what is sealed.

In the clear: the purpose, the pseudonym, an opaque handle, the state, the number of the last write, the last day of
retention and, of who is being erased, the minute at which they are destroyed; what the purpose's index was evaluated
to; on which grounds of the document and articles of the law somebody is kept, since which day, and how that was given
or withdrawn: whoever takes it back has nothing opened for it; whose face is to be destroyed; whether there is a
photograph and which of four lengths it has; what a receipt is asked for by that somebody who is destroyed was not given
yet (`owed`), who is not named there; and the order in which batches were written (within a batch, people are in the
order of their pseudonyms). All else is sealed before it comes here.

What changes often (states) lies apart from what is large (records), and photographs apart from both: a look-up reads
neither the one nor the other to find the third.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    UniqueConstraint,
)

from moiety.database import Kind

TABLES: Final = MetaData()
KIND: Final = Kind("vault", 1, TABLES)

_ROW: Final = BigInteger().with_variant(Integer, "sqlite")
"""A row's number. SQLite keeps a table in the order of one only if it is called INTEGER."""

PEOPLE: Final = Table(
    "vault_people",
    TABLES,
    Column("id", _ROW, primary_key=True, autoincrement=False),
    Column("purpose", String(31), nullable=False),
    Column("person", LargeBinary(32), nullable=False),
    Column("handle", LargeBinary(16), nullable=False),
    Column("state", SmallInteger, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("expires", Integer, nullable=False),
    Column("entry", LargeBinary(16)),
    Column("due", BigInteger),
    UniqueConstraint("purpose", "person"),
    Index("vault_people_due", "due"),
    Index("vault_people_entry", "purpose", "entry"),
)

RECORDS: Final = Table(
    "vault_records",
    TABLES,
    Column("id", _ROW, primary_key=True, autoincrement=False),
    Column("document", LargeBinary, nullable=False),
    Column("contact", LargeBinary, nullable=False),
    Column("birth", LargeBinary, nullable=False),
)

PHOTOS: Final = Table(
    "vault_photos",
    TABLES,
    Column("id", _ROW, primary_key=True, autoincrement=False),
    Column("photo", LargeBinary, nullable=False),
)

BASES: Final = Table(
    "vault_bases",
    TABLES,
    Column("id", _ROW, primary_key=True, autoincrement=False),
    Column("serial", Integer, primary_key=True, autoincrement=False),
    Column("entry", LargeBinary, nullable=False),
)

LEAVING: Final = Table(
    "vault_leaving",
    TABLES,
    Column("handle", LargeBinary(16), primary_key=True),
    Column("purpose", String(31), nullable=False),
    Column("person", LargeBinary(32), nullable=False),
    Column("stage", SmallInteger, nullable=False),
)
"""Handles without a record, until the custodians have destroyed their keys, and people whose face is to be destroyed:
see `rows.Stage`."""

KEPT: Final = Table(
    "vault_kept",
    TABLES,
    Column("name", String(16), primary_key=True),
    Column("value", LargeBinary, nullable=False),
)
"""The highest minute that was believed (`clock`), and what a clock that is too far ahead said (`ahead`, mostly absent):
version 1 | minute u64 (little-endian). See `retention.Reading`. And receipts that were not handed out yet (`owed` and
twelve hexadecimal digits): see `owed`."""
