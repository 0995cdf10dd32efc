"""Attack: join. One store keeps the same people for two purposes: which row here and which row there are one person?

In the record store each row has a length, which may tell what `guests.conceded` says, and no more.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from moiety.custody.store.handles import handles
from moiety.custody.store.kinds import keys_of
from moiety.drills import shelves
from moiety.drills.algebra import Words
from moiety.drills.guess import guess
from moiety.drills.link import rows_side_by_side, words_of
from moiety.drills.register import CLINIC, HOTEL, RECORDS, Register
from moiety.drills.scene import PLAIN
from moiety.drills.shelves import Entries
from moiety.drills.sql import Rows
from moiety.drills.verdict import Trial
from moiety.drills.views import Reading, in_order
from moiety.sharing.seat import SEATS

_HEAD = 256
"""Bytes of what is kept that are compared: two sealed fields and more."""


def two_purposes(register: Register, rng: np.random.Generator) -> tuple[Trial, Trial]:
    """Every column of two purposes side by side."""
    return _on(register, register.store, rng), _on(register, PLAIN, rng)


def _on(register: Register, store: str, rng: np.random.Generator) -> Trial:
    if store in SEATS:
        return guess(_at_a_custodian(register, store), rng)
    here, there = (
        shelves.entries(register.before[store].files, purpose).of(register.names(store, purpose))
        for purpose in (HOTEL, CLINIC)
    )
    return guess(_in_a_record_store(here, there), rng, register.conceded)


def _in_a_record_store(here: Entries, there: Entries) -> list[Reading]:
    readings = [
        Reading("pseudonyms", words_of(here.people), words_of(there.people)),
        Reading("handles", words_of(here.handles), words_of(there.handles)),
        Reading("index", words_of(here.indexed), words_of(there.indexed)),
    ]
    for at, group in enumerate(shelves.GROUPS[:-1]):
        readings.append(Reading(group, _heads(here, at), _heads(there, at)))
        readings += in_order(f"length of {group}", here.lengths[:, at], there.lengths[:, at])
    for at, (left, right) in enumerate(zip(here.marks.T, there.marks.T, strict=True)):
        readings += in_order(f"mark {at}", left, right)
    return readings


def _heads(entries: Entries, at: int) -> Words:
    heads = b"".join(blobs[at][:_HEAD].ljust(_HEAD, b"\0") for blobs in entries.blobs)
    return words_of(np.frombuffer(heads, np.uint8).reshape(len(entries.blobs), -1))


def _at_a_custodian(register: Register, seat: str) -> list[Reading]:
    """Faces, and keys: which row is whose is told to no attack, and here only says which answers are right."""
    names = register.pseudonyms
    faces = [rows_of(register, seat, purpose, names[purpose]) for purpose in (HOTEL, CLINIC)]
    keys = [rows_of(register, seat, keys_of(purpose), versions(register, purpose)) for purpose in (HOTEL, CLINIC)]
    return rows_side_by_side(faces[0], faces[1]) + rows_side_by_side(keys[0], keys[1])


def versions(register: Register, purpose: str) -> NDArray[np.uint8]:
    """What the custodians know each guest's record by, as a record store has it: uint8 (guests, 16)."""
    files = register.before[RECORDS].files
    return shelves.entries(files, purpose).of(register.pseudonyms[purpose]).handles


def rows_of(register: Register, seat: str, gallery: str, names: NDArray[np.uint8]) -> Rows:
    """A custodian's rows of these names, in this order."""
    rows = register.before[seat].rows(gallery)
    return rows.at(slots_of(rows, seat, gallery, names))


def slots_of(rows: Rows, seat: str, gallery: str, names: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Where whoever has these names, uint8 (n, 16), lies in a custodian's gallery: int64 (n,). Raises KeyError."""
    places = {handle.tobytes(): slot for handle, slot in zip(rows.handles, rows.slots.tolist(), strict=True)}
    known = handles(gallery, [name.tobytes() for name in names])[SEATS[SEATS.index(seat)]]
    return np.array([places[handle.tobytes()] for handle in known], np.int64)
