"""What the thief of the demo carries away and gets out of it. The attacks are those of the drills, on these
files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from moiety.drills.algebra import SEATS, combine, combine_bytes
from moiety.drills.loot import nearest_first, steal
from moiety.drills.scene import NOBODY, PLAIN, Theft
from moiety.drills.sql import Rows

THIEF: Final = "a"
PARTNER: Final = "b"
TOGETHER: Final = "together"
STORES: Final = (PLAIN, THIEF, TOGETHER)

_NUMBERS: Final = 8


def rob(office: Path, plain: Path, gallery: str, pseudonyms: NDArray[np.uint8]) -> Theft:
    """Copy every store as it is now, in use or not.

    `pseudonyms` (people, 16) tell the judge, and no thief, where each person's row lies.
    """
    stores = {seat: steal(office / f"custodian-{seat}") for seat in SEATS} | {PLAIN: steal(plain)}
    split = together(stores[THIEF].rows(gallery), stores[PARTNER].rows(gallery))
    slots = dict.fromkeys(SEATS, _slots(split, pseudonyms))
    return Theft(gallery, stores, slots | {PLAIN: _slots(stores[PLAIN].rows(gallery), pseudonyms)})


def rob_again(before: Theft, office: Path, plain: Path, stores: Sequence[str], gone: int) -> Theft:
    """Copy some stores of the same office later, when one person has no row any more. Nobody else's has moved."""
    loot = {store: steal(plain if store == PLAIN else office / f"custodian-{store}") for store in stores}
    slots = {store: slots.copy() for store, slots in before.slots.items() if store in stores}
    for one in slots.values():
        one[gone] = NOBODY
    return Theft(before.gallery, loot, slots)


def _slots(rows: Rows, pseudonyms: NDArray[np.uint8]) -> NDArray[np.int64]:
    slot_of = {name.tobytes(): slot for name, slot in zip(rows.pseudonyms, rows.slots.tolist(), strict=True)}
    return np.array([slot_of.get(name.tobytes(), NOBODY) for name in pseudonyms], np.int64)


def together(mine: Rows, theirs: Rows) -> Rows:
    """The rows of two custodians put together: in the clear, if they are of one epoch."""
    named = combine_bytes({THIEF: mine.pseudonyms, PARTNER: theirs.pseudonyms})
    return replace(mine, seat=None, words=combine({THIEF: mine.words, PARTNER: theirs.words}), pseudonyms=named)


@dataclass(frozen=True)
class Haul:
    """What one theft tells about one person, by store: the plain database, the thief's custodian, two together.

    `numbers` are the first of the person's row; `photograph` is the place (1 is first) of the right row among `rows`
    when a photograph is held against all of them, and `elsewhere` the same for the person's row in another office;
    `pseudonyms` counts the rows that gave the right pseudonym.
    """

    rows: int
    numbers: dict[str, list[int]]
    photograph: dict[str, int]
    elsewhere: dict[str, int]
    pseudonyms: dict[str, int]


def haul(here: Theft, there: Theft, person: int, photograph: NDArray[np.int16], pseudonyms: NDArray[np.uint8]) -> Haul:
    """Look for the person of one row in what was stolen here, and in another office, where they have the same row.

    `photograph` is quantised (d,), and is not the one enrolled here; `pseudonyms` (rows, 16) are the truth here.
    """
    rows, foreign = _readable(here), _readable(there)

    def at_place(store: str) -> int:
        return place(foreign[store].words[person].view(np.int16), rows[store], person)

    return Haul(
        rows=len(pseudonyms),
        numbers={store: rows[store].words[person, :_NUMBERS].view(np.int16).tolist() for store in STORES},
        photograph={store: place(photograph, rows[store], person) for store in STORES},
        elsewhere={store: at_place(store) for store in STORES},
        pseudonyms={store: int((rows[store].pseudonyms == pseudonyms).all(axis=1).sum()) for store in STORES},
    )


def place(photograph: NDArray[np.int16], rows: Rows, person: int) -> int:
    """Where a person's row stands, 1 being first, when the likeliest for a photograph (d,) are put first."""
    return 1 + int(np.flatnonzero(nearest_first(photograph, rows) == rows.slots[person])[0])


def _readable(theft: Theft) -> dict[str, Rows]:
    everybody = np.arange(len(theft.slots[PLAIN]))
    rows = {store: theft.rows(store, everybody) for store in (PLAIN, THIEF, PARTNER)}
    return rows | {TOGETHER: together(rows[THIEF], rows.pop(PARTNER))}
