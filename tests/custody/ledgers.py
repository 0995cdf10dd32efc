"""The four ledgers of an office, read from their files and altered behind everybody's back."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlalchemy import event

from moiety.custody.chronicle import LEDGER, Chronicle
from moiety.custody.gateway.book import BOOK
from moiety.custody.gateway.embedded import Embedded
from moiety.database import sqlite
from moiety.identity.keyring import Version
from moiety.ledger import seal
from moiety.ledger.entry import Entry, LookUp, Refusal
from moiety.ledger.operation import Line, Party
from moiety.ledger.refusals import EntryUnopened, LedgerUnwritable
from moiety.ledger.seal import Leaf
from tests.custody.scene import TODAY

_PATIENCE_S: Final = 0.02
"""For how long it is waited for whoever has a ledger locked."""

FILE: Final = "ledger.sqlite"
LOGS: Final = ("gateway", "a", "b", "c")

Sort = TypeVar("Sort")


def place(folder: Path, log: str, inside: str = "") -> Path:
    """The folder of a ledger; `inside` the custodian's folder, where the store is not that folder itself."""
    return folder / BOOK / LEDGER if log == "gateway" else folder / f"custodian-{log}" / inside / LEDGER


def fresh(expires_day: int = TODAY + 30) -> Version:
    """One version of somebody's record, with keys of its own."""
    return Version.fresh(os.urandom, expires_day, 1)


def leaves(at: Path) -> list[Leaf]:
    """Every leaf of a ledger's folder, in order."""
    with closing(sqlite3.connect(at / FILE)) as database:
        rows = database.execute(
            "SELECT commitment, operation, parties, said, tag, kept FROM ledger_leaf ORDER BY position"
        ).fetchall()
    return [Leaf(made, Line(which, Party(who), said), kept, tag) for made, which, who, said, tag, kept in rows]


def read(leaf: Leaf, *keys: bytes) -> Entry | None:
    """What an entry says, in the clear or by one of these private keys; None where none of them opens it."""
    if leaf.tag is None:
        return seal.read(leaf)
    for key in keys:
        try:
            return seal.opened(leaf, key)
        except EntryUnopened:
            continue
    return None


class Reader:
    """What is new in each of the four since it was last asked."""

    def __init__(self, folder: Path, inside: str = "") -> None:
        self._folder = folder
        self._inside = inside
        self._seen = dict.fromkeys(LOGS, 0)
        self.news()

    def leaves(self) -> dict[str, list[Leaf]]:
        """As leaves."""
        found = {log: leaves(place(self._folder, log, self._inside)) for log in LOGS}
        new = {log: some[self._seen[log] :] for log, some in found.items()}
        self._seen = {log: len(some) for log, some in found.items()}
        return new

    def news(self, *keys: bytes) -> dict[str, list[Entry | None]]:
        """As entries, opened by these private keys, without look-ups, with which much else begins; a ledger without
        news is left out."""
        told = {log: [read(leaf, *keys) for leaf in some] for log, some in self.leaves().items()}
        return _some({log: [one for one in some if not isinstance(one, LookUp)] for log, some in told.items()})

    def look_ups(self) -> dict[str, list[LookUp]]:
        """The new look-ups, and nothing else."""
        told = {log: [read(leaf) for leaf in some] for log, some in self.leaves().items()}
        return _some({log: [one for one in some if isinstance(one, LookUp)] for log, some in told.items()})


def _some(told: dict[str, list[Sort]]) -> dict[str, list[Sort]]:
    return {log: some for log, some in told.items() if some}


def everywhere(*entries: Entry) -> dict[str, list[Entry]]:
    """The same at all four."""
    return {log: list(entries) for log in LOGS}


def at_custodians(*entries: Entry) -> dict[str, list[Entry]]:
    """The same at all three."""
    return {log: list(entries) for log in LOGS[1:]}


def chronicle(office: Embedded, log: str) -> Chronicle:
    """One of the four of an open office."""
    if log == "gateway":
        return office.book
    written: Chronicle = office._three.custodians[log]._own.chronicle  # type: ignore[index]
    return written


def anew(database: Any) -> None:
    """Have a database use new connections from here on."""
    database._connections._let_go()
    database.engine.dispose()


@contextmanager
def unwritable(written: Chronicle, how: str) -> Iterator[None]:
    """Meanwhile a ledger cannot be written: its disk is full, its files may not be written, or somebody has it."""
    database = written.log._database
    engine = database.engine
    file = engine.url.database
    assert file is not None

    def limit(connection, entry) -> None:  # type: ignore[no-untyped-def]
        if how == "full":
            [(pages,)] = connection.execute("PRAGMA page_count").fetchall()
            connection.execute(f"PRAGMA max_page_count={pages}")
        elif how == "read-only":
            connection.execute("PRAGMA query_only=ON")
        else:
            connection.execute(f"PRAGMA busy_timeout={int(_PATIENCE_S * 1_000)}")

    connections = database._backend._connections
    begun = connections._begun
    anew(database._backend)
    event.listen(engine, "connect", limit)
    connections._begun = sqlite.begun(_PATIENCE_S)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        if how == "locked":
            other.execute("BEGIN IMMEDIATE")
        if how == "full":
            with suppress(LedgerUnwritable):
                while True:  # until the pages that are there are full too
                    written.nobody(os.urandom(16), Refusal(written.now(), "x", None, "f"), written.party)
        yield
    connections._begun = begun
    event.remove(engine, "connect", limit)
    anew(database._backend)


def tamper(at: Path, *statements: str) -> None:
    """Say something to a ledger's database behind everybody's back."""
    with closing(sqlite3.connect(at / FILE)) as database, database:
        for statement in statements:
            database.execute(statement)
