"""What three custodians in one process do not share, and what their files let in."""

from __future__ import annotations

import gc
import itertools
import os
import shutil
import sqlite3
import stat
import tempfile
import types
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from moiety.custody import refusals
from moiety.custody.chronicle import LEDGER
from moiety.custody.gateway.book import BOOK
from moiety.custody.gateway.embedded import Embedded
from moiety.custody.store import sqlite
from moiety.custody.store.slots import State
from moiety.custody.store.sql import Store
from moiety.sharing.seat import SEATS, Seat
from tests.custody.scene import DIM, DOOR, FOLDERS, Clock, matched, opened, people
from tests.custody.thief import roots_of, unsealed

IMMUTABLE = (type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType, str, bytes, int, float, frozenset)


def reachable(root: object) -> list[Any]:
    """Every object that one custodian holds: through this package's own objects and through plain containers."""
    seen: dict[int, Any] = {}
    todo = [root]
    while todo:
        found = todo.pop()
        if id(found) in seen or isinstance(found, IMMUTABLE) or found is None:
            continue
        seen[id(found)] = found
        if type(found).__module__.startswith("moiety."):
            todo += vars(found).values()
        elif isinstance(found, dict):
            todo += [*found.keys(), *found.values()]
        elif isinstance(found, list | set | tuple):
            todo += found
    return list(seen.values())


def test_three_custodians_share_no_object(office: Embedded, clock: Clock) -> None:
    office.enrol(DOOR, people(3))
    matched(office, people(1))
    held = [reachable(office._three.custodians[seat]) for seat in SEATS]
    assert all(len(some) > 20 for some in held)
    owners = Counter(id(found) for some in held for found in some)
    shared = [found for found in held[0] + held[1] if owners[id(found)] > 1]
    # The clock is an argument, and the test's own.
    assert {type(found).__name__ for found in shared if found != ()} <= {"Clock"}  # there is only one empty tuple
    arrays = [[found for found in some if isinstance(found, np.ndarray)] for some in held]
    assert all(len(some) >= 5 for some in arrays)
    for one, other in itertools.combinations(arrays, 2):
        assert not any(np.may_share_memory(x, y) for x in one for y in other)


def test_three_custodians_share_no_key_and_draw_for_themselves(folder: Path, clock: Clock) -> None:
    drawn: list[bytes] = []

    def entropy(count: int) -> bytes:
        drawn.append(os.urandom(count))
        return drawn[-1]

    office = Embedded.open(folder, clock=clock, entropy=entropy)
    again = Embedded.open(folder, clock=clock, entropy=entropy)
    try:
        pairs = [c.acquaintance.pair(other) for c, other in _pairs(office) + _pairs(again)]
        assert len(set(pairs)) == 6
        keys = {seat: custodian.acquaintance.keys() for seat, custodian in office._three.custodians.items()}
        assert keys["a"].pair_next == keys["b"].pair_previous
        assert len({key.pair_next for key in keys.values()}) == len({key.nonce for key in keys.values()}) == 3
        office.enrol(DOOR, people(2))
        assert matched(office, people(2)) == [True] * 2
        office.refresh()
    finally:
        office.close()
        again.close()
    assert len(set(drawn)) == len(drawn)
    files = _files(folder)
    roots = {content for name, content in files.items() if "/roots/" in name}
    assert len(roots) == 3
    assert roots <= set(drawn)
    # Root keys of this epoch are in their files. Nothing else that anybody drew as a key is in any. What is drawn for a
    # ledger is no key but what blinds a commitment, and the gateway's own lies beside its ledger.
    keys_drawn = [key for key in drawn if len(key) == 32 and key not in roots]
    kept = {name: whole for name, whole in files.items() if LEDGER not in Path(name).parts}
    assert len(kept) > len(SEATS)
    assert not any(key in whole for whole in kept.values() for key in keys_drawn)


def _pairs(office: Embedded) -> list[tuple[Any, Seat]]:
    """Each custodian with each of the two others."""
    held = office._three.custodians
    return [(held[seat], other) for seat in SEATS for other in SEATS if seat != other]


def test_no_pair_key_is_on_a_disk(folder: Path, clock: Clock) -> None:
    office = opened(folder, clock)
    office.enrol(DOOR, people(2))
    secrets = {custodian.acquaintance.pair(other) for custodian, other in _pairs(office)}
    office.close()
    assert len(secrets) == 3
    assert not any(secret in whole for whole in _files(folder).values() for secret in secrets)


def test_each_has_a_folder_and_a_file_that_only_its_owner_reads(office: Embedded, folder: Path) -> None:
    office.enrol(DOOR, people(2))
    for name in FOLDERS:
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o700
        files = sorted(path.name for path in (folder / name).iterdir())
        assert files == ["custodian.sqlite", "custodian.sqlite-shm", "custodian.sqlite-wal", LEDGER, "roots"]
        for inner in (LEDGER, "roots"):
            assert stat.S_IMODE((folder / name / inner).stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / BOOK).stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*") if path.is_file()} == {0o600}


def test_the_store_keeps_no_name_no_time_and_no_order_of_enrolment(office: Embedded, folder: Path) -> None:
    from sqlalchemy import text

    store: Store = office._three.custodians["a"]._store
    with store.reading() as connection:
        columns = {
            table: [row.name for row in connection.execute(text(f"PRAGMA table_info({table})"))]
            for (table,) in connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'"))
        }
    assert columns == {
        "custodian": ["id", "format", "seat", "office", "epoch", "staging"],
        "gallery": ["id", "name", "terms", "document", "version", "phase", "pages", "checked", "damaged"],
        "data_key": ["epoch", "wrapped"],
        "kept": ["kind", "id", "sealed"],
        "writer": ["id", "mark", "changes"],
        "alembic_version": ["version_num"],
        "page": ["gallery", "epoch", "number", "rows"],
        "states": ["gallery", "epoch", "number", "rows"],
    }


def test_the_files_do_not_tell_who_came_last(office: Embedded, folder: Path) -> None:
    """Pages that a newcomer was written to would lie in the log, in order; and a slot that is PENDING in the main
    file and ACTIVE in the log would be the newcomer's."""
    for count, person in enumerate(people(4), start=1):
        office.enrol(DOOR, [person])
        for name in FOLDERS:
            assert (folder / name / "custodian.sqlite-wal").stat().st_size == 0
            alone, together = _states(folder / name, ""), _states(folder / name, "", "-wal")
            assert alone == together
            assert Counter(alone)[State.ACTIVE] == count
            assert State.PENDING not in alone


def test_an_enrolment_is_told_of_where_the_log_cannot_be_cut_after_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program begins to read in between: the newcomer is enrolled, and the next scrub catches up."""
    monkeypatch.setattr(sqlite, "_WAIT_S", 0.05)
    file = folder / "custodian-b" / "custodian.sqlite"
    with closing(sqlite3.connect(file, isolation_level=None, check_same_thread=False)) as reader:

        def observer(point: str) -> None:
            if point == "b before activate":
                reader.execute("BEGIN")
                reader.execute("SELECT count(*) FROM page").fetchall()

        office = opened(folder, observer=observer)
        office.enrol(DOOR, people(1))
        assert file.with_name("custodian.sqlite-wal").stat().st_size > 0
        assert matched(office, people(1)) == [True]
        reader.execute("COMMIT")
        office.close()


def test_a_folder_without_three_custodians_is_no_office(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(refusals.NoOffice):
        opened(tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()
    (folder / "custodian-b" / "custodian.sqlite").unlink()
    with pytest.raises(refusals.NoOffice):
        opened(folder)
    assert not (folder / "custodian-b" / "custodian.sqlite").exists()


def test_an_office_is_not_made_where_there_is_one(folder: Path) -> None:
    with pytest.raises(refusals.OfficeExists):
        Embedded.create(folder, os.urandom)


def test_a_store_of_another_format_or_none_is_refused(folder: Path) -> None:
    from moiety.custody.store import tables

    with closing(sqlite3.connect(folder / "custodian-a" / "custodian.sqlite")) as database, database:
        database.execute("UPDATE custodian SET format = ?", (tables.FORMAT + 1,))
    with pytest.raises(refusals.FormatUnknown) as raised:
        opened(folder)
    assert raised.value.numbers == {"found": tables.FORMAT + 1, "known": tables.FORMAT}
    (folder / "custodian-a" / "custodian.sqlite").write_bytes(b"not a database" * 1000)
    with pytest.raises(refusals.StoreUnreadable):
        opened(folder)


def test_opening_and_closing_leaves_nothing_open(folder: Path) -> None:
    before = set(os.listdir("/proc/self/fd"))
    office = opened(folder)
    office.enrol(DOOR, people(1))
    matched(office, people(1))
    office.close()
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) <= len(before)


def _states(folder: Path, *endings: str) -> bytes:
    """The states of all slots as a copy of these of a live store's files tells them."""
    with tempfile.TemporaryDirectory() as place:
        for ending in endings:
            shutil.copy(folder / f"custodian.sqlite{ending}", place)
        with closing(sqlite3.connect(Path(place) / "custodian.sqlite")) as database:
            return unsealed(database, roots_of(folder), DOOR, DIM)[1]["states"].tobytes()


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
