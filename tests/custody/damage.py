"""Alters the database of one custodian behind its back, as somebody with the file could."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np

from moiety.custody.store import page
from moiety.custody.store.page import Pages
from moiety.custody.store.slots import Phase, State
from tests.custody.scene import DIM, DOOR
from tests.custody.thief import resealed, roots_of


def flip(folder: Path, table: str, column: str, number: int, at: int = 0) -> None:
    """Flip one bit of one page, behind its seal."""
    kind = page.layout(DIM) if table == "page" else page.STATES
    fields = kind.fields
    assert fields is not None
    with closing(sqlite3.connect(folder / "custodian.sqlite")) as database, database:
        [(row,)] = database.execute(f"SELECT rows FROM {table} WHERE number = ?", (number,)).fetchall()  # noqa: S608
        altered = bytearray(row)
        altered[fields[column][1] + at] ^= 1
        database.execute(f"UPDATE {table} SET rows = ? WHERE number = ?", (bytes(altered), number))  # noqa: S608


def delete(folder: Path, table: str, number: int) -> None:
    """Delete one page."""
    with closing(sqlite3.connect(folder / "custodian.sqlite")) as database, database:
        database.execute(f"DELETE FROM {table} WHERE number = ?", (number,))  # noqa: S608


def forge(folder: Path, alter: Callable[[Pages, Pages], None]) -> None:
    """Alter pages and states, and seal them again as the custodian would: with its keys."""
    with closing(sqlite3.connect(folder / "custodian.sqlite")) as database, database:
        resealed(database, roots_of(folder), DOOR, DIM, alter)


def set_states(folder: Path, before: State, after: State, phase: Phase) -> None:
    """Give every slot of one state another, and say that the gallery is in this phase."""

    def alter(pages: Pages, states: Pages) -> None:
        states["states"] = np.where(states["states"] == before, after, states["states"])

    forge(folder, alter)
    with closing(sqlite3.connect(folder / "custodian.sqlite")) as database, database:
        database.execute("UPDATE gallery SET phase = ?", (phase,))


def first_active(states: Pages) -> tuple[int, int]:
    """Page and slot of the first person."""
    at, slot = np.argwhere(states["states"] == State.ACTIVE)[0]
    return int(at), int(slot)
