"""Makes a sound scene leak on purpose: rewrites what was stolen as a faulty custodian would have written it."""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Callable
from contextlib import closing

import numpy as np
from numpy.typing import NDArray

from moiety.custody.store import page
from moiety.custody.store.slots import SLOTS
from moiety.drills import replay
from moiety.drills.loot import Loot
from moiety.drills.register import RECORDS, Register
from moiety.drills.scene import PLAIN, Scene, Theft
from tests.custody.thief import resealed

FILE = "custodian.sqlite"
SHELF = "vault.sqlite"
Edit = Callable[[sqlite3.Connection], None]


def with_database(theft: Theft, seat: str, edit: Edit) -> Theft:
    """The theft, one custodian's database edited."""
    files = theft.stores[seat].files
    with closing(sqlite3.connect(":memory:")) as database:
        database.deserialize(replay.whole(files[FILE], files.get(f"{FILE}-wal", b"")))
        edit(database)
        database.commit()
        content = database.serialize()
    return with_store(
        theft, seat, Loot({**{name: held for name, held in files.items() if name != f"{FILE}-wal"}, FILE: content})
    )


def with_store(theft: Theft, store: str, loot: Loot) -> Theft:
    return Theft(theft.gallery, {**theft.stores, store: loot}, theft.slots)


def with_parts(theft: Theft, seat: str, slots: NDArray[np.int64], parts: NDArray[np.uint16]) -> Theft:
    """The theft, one custodian's parts (n, d) in these slots replaced."""

    def edit(pages: NDArray[np.void]) -> None:
        page.put_rows(pages, slots // SLOTS, slots % SLOTS, parts.astype("<u2"))

    return with_pages(theft, seat, len(parts[0]), edit)


def with_pages(theft: Theft, seat: str, dim: int, edit: Callable[[NDArray[np.void]], None]) -> Theft:
    """The theft, all pages of the store's epoch edited, structured as `page.layout(dim)`, and sealed again."""
    roots = {name: content for name, content in theft.stores[seat].files.items() if name.startswith("roots/")}

    def edit_all(database: sqlite3.Connection) -> None:
        def alter(pages: NDArray[np.void], states: NDArray[np.void]) -> None:
            edit(pages)

        resealed(database, roots, theft.gallery, dim, alter)

    return with_database(theft, seat, edit_all)


def with_file(theft: Theft, store: str, name: str, content: bytes) -> Theft:
    """The theft, a file more in one store's folder."""
    return with_store(theft, store, Loot({**theft.stores[store].files, name: content}))


def replaced(scene: Scene, **thefts: Theft) -> Scene:
    return dataclasses.replace(scene, **thefts)


def with_register(scene: Scene, register: Register) -> Scene:
    return dataclasses.replace(scene, register=register)


def with_file_beside(register: Register, store: str, name: str, content: bytes) -> Register:
    """The register, a file more in one store's folder."""
    loot = Loot({**register.before[store].files, name: content})
    return dataclasses.replace(register, before={**register.before, store: loot})


def with_shelf(register: Register, edit: Edit) -> Register:
    """The register, its record store of before edited."""
    files = register.before[RECORDS].files
    with closing(sqlite3.connect(":memory:")) as database:
        database.deserialize(replay.whole(files[SHELF], files.get(f"{SHELF}-wal", b"")))
        edit(database)
        database.commit()
        loot = Loot({SHELF: database.serialize()})
    return dataclasses.replace(register, before={**register.before, RECORDS: loot})


def without_twin(scene: Scene) -> Scene:
    """A scene whose plain twin is noise, so that no attack can be shown to work."""
    noise = np.random.default_rng(1).normal(size=scene.people.enrolled.shape).astype("<f4")

    def edit(database: sqlite3.Connection) -> None:
        rows = [(vector.tobytes(), at) for at, vector in enumerate(noise, 1)]
        database.executemany("UPDATE person SET vector = ? WHERE id = ?", rows)

    return replaced(scene, enrolled=_with_twin(scene.enrolled, edit))


def with_tidy_twin(scene: Scene) -> Scene:
    """A scene whose plain twin has every row that it had, and nothing besides in its file."""
    erased, refreshed = (
        _with_twin(theft, lambda database: database.execute("VACUUM")) for theft in (scene.erased, scene.refreshed)
    )
    return replaced(scene, erased=erased, refreshed=refreshed)


def _with_twin(theft: Theft, edit: Callable[[sqlite3.Connection], object]) -> Theft:
    files = theft.stores[PLAIN].files
    with closing(sqlite3.connect(":memory:")) as database:
        database.deserialize(replay.whole(files["people.sqlite"], files["people.sqlite-wal"]))
        edit(database)
        database.commit()
        content = database.serialize()
    return with_store(theft, PLAIN, Loot({"people.sqlite": content}))
