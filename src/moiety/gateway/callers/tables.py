"""The gateway's own store: credentials, and nobody's data.

Of a key the prefix, the Argon2id hash, whose it is and what for; of a request that is not to be done twice a keyed hash
of what it was called, and the operation that it became.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, MetaData, SmallInteger, String, Table, Text

from moiety.database import Kind

TABLES: Final = MetaData()
KIND: Final = Kind("gateway", 1, TABLES, page_bytes=4_096, log_bytes=2**20)

CALLERS: Final = Table(
    "gateway_callers",
    TABLES,
    Column("prefix", String(10), primary_key=True),
    Column("name", String(31), nullable=False),
    Column("hashed", String(160), nullable=False),
    Column("roles", String(80), nullable=False),
    Column("scopes", String(4_000), nullable=False),
    Column("person", String(80)),
    Column("expires", BigInteger, nullable=False),
    Column("revoked", SmallInteger, nullable=False),
)
"""`person` is whom a subject is, hidden (`roles.hidden`); `expires` is a unix second.

A name may have two keys for as long as one takes the other's place."""

KEPT: Final = Table(
    "gateway_kept",
    TABLES,
    Column("name", String(32), primary_key=True),
    Column("value", LargeBinary, nullable=False),
)
"""The hash of the set-up token, until it was used (`setup`)."""

ONCE: Final = Table(
    "gateway_once",
    TABLES,
    Column("hashed", LargeBinary(32), primary_key=True),
    Column("operation", LargeBinary(16), nullable=False),
    Column("status", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
)
"""`hashed` is under the gateway's root key; `status` is that of the answer, 0 while there is none."""

JOBS: Final = Table(
    "gateway_jobs",
    TABLES,
    Column("job", LargeBinary(16), primary_key=True),
    Column("caller", String(31), nullable=False),
    Column("purpose", String(31), nullable=False),
    Column("worker", String(16), nullable=False),
    Column("state", String(11), nullable=False),
    Column("done", Integer, nullable=False),
    Column("total", Integer),
    Column("added", Integer, nullable=False),
    Column("there", Integer, nullable=False),
    Column("aside", Integer, nullable=False),
    Column("refused", Text, nullable=False),
    Column("code", String(64)),
    Column("at", BigInteger, nullable=False),
)
"""`worker` is the process whose it is; `refused` is JSON: rows by number and code."""

TICKETS: Final = Table(
    "gateway_tickets",
    TABLES,
    Column("job", LargeBinary(16), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("after", BigInteger, nullable=False),
)
"""What whoever goes on with a job has to know, of those alone that have not ended: `sealed` is under the gateway's root
key (`jobs.tickets`); `after` is the number of the last row that was read. Stores of versions before have it made when
they are opened."""
