"""What somebody with a custodian's folder can do: open its rows with its own keys, and seal them again."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

from moiety.custody.store import page, seal
from moiety.custody.store.page import Pages, Place
from moiety.custody.store.seal import DataKey
from moiety.custody.store.token import root_name, unwrapped_under

Alter = Callable[[Pages, Pages], None]


def data_key(database: sqlite3.Connection, roots: Mapping[str, bytes], epoch: int) -> DataKey:
    """The data key of an epoch, out of a database and its roots: `roots/epoch-7.key` -> 32 bytes."""
    office, seat = database.execute("SELECT office, seat FROM custodian").fetchone()
    (wrapped,) = database.execute("SELECT wrapped FROM data_key WHERE epoch = ?", (epoch,)).fetchone()
    return DataKey.of(unwrapped_under(roots[f"roots/{root_name(epoch)}"], wrapped, seal.bound(office, seat, epoch)))


def unsealed(
    database: sqlite3.Connection, roots: Mapping[str, bytes], gallery: str, dim: int, epoch: int | None = None
) -> tuple[Pages, Pages, list[int]]:
    """Pages and states of a gallery in an epoch (this one), all of which open, and their numbers."""
    key, place = _place(database, roots, gallery, epoch)
    found = []
    for table, kind in (("page", page.layout(dim)), ("states", page.STATES)):
        rows = database.execute(
            f"SELECT number, rows FROM {table} JOIN gallery ON gallery.id = {table}.gallery"  # noqa: S608
            " WHERE name = ? AND epoch = ? ORDER BY number",
            (gallery, place.epoch),
        ).fetchall()
        numbers = [number for number, _ in rows]
        pages, good = seal.unseal([row for _, row in rows], kind, place, numbers, key)
        assert good.all()
        found.append(pages)
    return found[0], found[1], numbers


def resealed(database: sqlite3.Connection, roots: Mapping[str, bytes], gallery: str, dim: int, alter: Alter) -> None:
    """Alter pages and states of this epoch, and seal them as the custodian would."""
    key, place = _place(database, roots, gallery, None)
    pages, states, numbers = unsealed(database, roots, gallery, dim)
    alter(pages, states)
    rows = seal.seal(pages, place, numbers, key, os.urandom)
    states["page"] = page.identities(pages)
    tops = seal.seal(states, place, numbers, key, os.urandom)
    for table, some in (("page", rows), ("states", tops)):
        for number, row in zip(numbers, some, strict=True):
            database.execute(
                f"UPDATE {table} SET rows = ? WHERE number = ? AND epoch = ?"  # noqa: S608
                " AND gallery = (SELECT id FROM gallery WHERE name = ?)",
                (bytes(row), number, place.epoch, gallery),
            )


def roots_of(folder: Path) -> dict[str, bytes]:
    """The roots in a custodian's folder."""
    return {f"roots/{path.name}": path.read_bytes() for path in (folder / "roots").iterdir()}


def stolen(files: Mapping[str, bytes], seat: str, gallery: str, dim: int) -> tuple[Pages, Pages, list[bytes]]:
    """Pages and states of one custodian out of an office's copied files, and its pages as they lie there, sealed."""
    home = f"custodian-{seat}/"
    own = {name.removeprefix(home): content for name, content in files.items() if name.startswith(home)}
    with tempfile.TemporaryDirectory() as folder:
        for suffix in ("", "-wal"):
            Path(folder, f"copy.sqlite{suffix}").write_bytes(own.get(f"custodian.sqlite{suffix}", b""))
        with closing(sqlite3.connect(Path(folder, "copy.sqlite"))) as database:
            pages, states, _ = unsealed(database, own, gallery, dim)
            (epoch,) = database.execute("SELECT epoch FROM custodian").fetchone()
            rows = database.execute("SELECT rows FROM page WHERE epoch = ? ORDER BY gallery, number", (epoch,))
            return pages, states, [row for (row,) in rows]


def _place(
    database: sqlite3.Connection, roots: Mapping[str, bytes], gallery: str, epoch: int | None
) -> tuple[DataKey, Place]:
    office, seat, now = database.execute("SELECT office, seat, epoch FROM custodian").fetchone()
    epoch = now if epoch is None else epoch
    return data_key(database, roots, epoch), Place(office, seat, gallery, epoch)
