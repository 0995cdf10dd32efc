"""The dialect's own store: keys, collections, and what clients call faces and users, sealed.

Nothing here names anybody without the gateway's `root.key`: rows are found by keyed hashes, and hold one sealed blob of
one length each.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, LargeBinary, MetaData, SmallInteger, String, Table

from moiety.database import Kind

TABLES: Final = MetaData()
KIND: Final = Kind("rekognition", 1, TABLES, page_bytes=4_096, log_bytes=2**20)

BINDINGS: Final = Table(
    "rekognition_bindings",
    TABLES,
    Column("key", String(20), primary_key=True),
    Column("name", String(31), nullable=False),
    Column("secret", LargeBinary, nullable=False),
    Column("bound", LargeBinary, nullable=False),
    Column("expires", BigInteger, nullable=False),
    Column("revoked", SmallInteger, nullable=False),
)
"""`secret` is sealed, and `bound`, what it may do, too: so nobody widens it who writes this store. `expires` is a unix
second."""

COLLECTIONS: Final = Table(
    "rekognition_collections",
    TABLES,
    Column("name", String(255), primary_key=True),
    Column("purpose", String(31), nullable=False, unique=True),
    Column("made_by", String(31), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("live", SmallInteger, nullable=False),
)
"""`made_by` is the name of the key that made the purpose, or empty. One that was deleted stays, not `live`: its purpose
stays too."""

FACES: Final = Table(
    "rekognition_faces",
    TABLES,
    Column("name", LargeBinary(16), primary_key=True),
    Column("collection", String(255), nullable=False, index=True),
    Column("sealed", LargeBinary, nullable=False),
)

USERS: Final = Table(
    "rekognition_users",
    TABLES,
    Column("name", LargeBinary(16), primary_key=True),
    Column("collection", String(255), nullable=False, index=True),
    Column("sealed", LargeBinary, nullable=False),
)
