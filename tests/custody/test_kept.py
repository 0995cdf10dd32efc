"""What a custodian keeps for itself: there again, sealed, and taken along into the next epoch."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from moiety.custody import refusals
from moiety.custody.gateway.embedded import Embedded
from moiety.custody.store import tables
from moiety.custody.store.kept import drop_keys, keep, kept, reseal
from moiety.custody.store.sql import Store
from tests.custody.scene import bytes_of, opened

VALUES = {b"": b"", b"one key": b"a value of one", bytes(300): bytes(range(256)) * 20}


@pytest.fixture
def store(office: Embedded) -> Store:
    return office._three.custodians["b"]._store


@pytest.fixture
def ids(store: Store, folder: Path) -> Callable[[], list[bytes]]:
    """The names of what the tests have it keep: a custodian keeps things of its own from the beginning."""

    def all_ids() -> set[bytes]:
        with closing(sqlite3.connect(folder / "custodian-b" / "custodian.sqlite")) as database:
            return {row for (row,) in database.execute("SELECT id FROM kept")}

    own = all_ids()
    assert own
    return lambda: sorted(all_ids() - own)


def everything(store: Store, kind: str) -> dict[bytes, bytes]:
    with store.reading() as connection:
        return kept(connection, kind)


def test_what_is_kept_is_there_again_by_kind_and_key(store: Store) -> None:
    with store.writing("test") as connection:
        keep(connection, "budget", VALUES)
        keep(connection, "purpose", {b"one key": b"something else"})
    assert everything(store, "budget") == VALUES
    assert everything(store, "purpose") == {b"one key": b"something else"}
    assert everything(store, "nothing") == {}


def test_a_later_value_takes_the_place_and_what_is_dropped_is_gone(store: Store) -> None:
    with store.writing("test") as connection:
        keep(connection, "budget", VALUES)
        keep(connection, "budget", {b"one key": b"2"})
        drop_keys(connection, "budget", [b"", b"never there"])
        drop_keys(connection, "purpose", [bytes(300)])
    assert everything(store, "budget") == {b"one key": b"2", bytes(300): VALUES[bytes(300)]}


def test_a_change_that_is_not_committed_is_none(store: Store) -> None:
    def change() -> None:
        with store.writing("test") as connection:
            keep(connection, "budget", VALUES)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        change()
    assert everything(store, "budget") == {}


def test_neither_kinds_nor_keys_nor_values_lie_in_the_clear(store: Store, folder: Path) -> None:
    with store.writing("test") as connection:
        keep(connection, "a-long-kind", {b"a-long-key": b"a-long-value" * 10})
    for needle in (b"a-long-kind", b"a-long-key", b"a-long-value"):
        assert not any(needle in whole for whole in bytes_of(folder).values())


def test_a_refresh_takes_it_along_under_other_names(office: Embedded, store: Store, folder: Path) -> None:
    def rows() -> set[bytes]:
        with closing(sqlite3.connect(folder / "custodian-b" / "custodian.sqlite")) as database:
            return {part for row in database.execute("SELECT kind, id, sealed FROM kept") for part in row}

    own = rows()
    with store.writing("test") as connection:
        keep(connection, "budget", VALUES)
        keep(connection, "purpose", {b"one key": b"something else"})
    before = rows()
    assert len(before - own) == 2 + 4 + 4
    office.refresh()
    assert everything(store, "budget") == VALUES
    assert everything(store, "purpose") == {b"one key": b"something else"}
    assert len(rows()) == len(before)
    assert not rows() & before
    assert not any(part in whole for part in before for whole in bytes_of(folder).values())
    office.close()
    with closing(opened(folder)) as again:
        assert everything(again._three.custodians["b"]._store, "budget") == VALUES


@pytest.mark.parametrize("column", ["kind", "id", "sealed"])
def test_a_row_that_was_altered_is_refused(
    store: Store, folder: Path, ids: Callable[[], list[bytes]], column: str
) -> None:
    with store.writing("test") as connection:
        keep(connection, "budget", {b"one": b"1", b"two": b"2"})
    with closing(sqlite3.connect(folder / "custodian-b" / "custodian.sqlite")) as database, database:
        row = ids()[0]
        ((one,),) = database.execute(f"SELECT {column} FROM kept WHERE id = ?", (row,)).fetchall()  # noqa: S608
        altered = one[:-1] + bytes([one[-1] ^ 1])
        database.execute(f"UPDATE kept SET {column} = ? WHERE id = ?", (altered, row))  # noqa: S608
    if column == "kind":
        assert len(everything(store, "budget")) == 1
        # Whatever kind somebody asks for, a row that belongs nowhere stops a refresh.
        with store.reading() as connection:
            own = tables.custodian(connection)
            with pytest.raises(refusals.KeptDamaged):
                reseal(connection, own, own.epoch)
    else:
        with pytest.raises(refusals.KeptDamaged):
            everything(store, "budget")


def test_a_value_moved_to_another_key_is_refused(store: Store, folder: Path, ids: Callable[[], list[bytes]]) -> None:
    with store.writing("test") as connection:
        keep(connection, "budget", {b"one": b"1", b"two": b"2"})
    with closing(sqlite3.connect(folder / "custodian-b" / "custodian.sqlite")) as database, database:
        one, other = ids()
        sealed = dict(database.execute("SELECT id, sealed FROM kept"))
        swapped = [(sealed[other], one), (sealed[one], other)]
        database.executemany("UPDATE kept SET sealed = ? WHERE id = ?", swapped)
    with pytest.raises(refusals.KeptDamaged):
        everything(store, "budget")
