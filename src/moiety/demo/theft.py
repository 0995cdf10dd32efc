"""What the thief of the demo carries away and gets out of it. The attacks are those of the drills, on these
files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from moiety.drills import canaries, read
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


def _slots(rows: Rows, pseudonyms: NDArray[np.uint8]) -> NDArray[np.int64]:
    slot_of = {name.tobytes(): slot for name, slot in zip(rows.pseudonyms, rows.slots.tolist(), strict=True)}
    return np.array([slot_of.get(name.tobytes(), NOBODY) for name in pseudonyms], np.int64)


def together(mine: Rows, theirs: Rows) -> Rows:
    """The rows of two custodians put together: in the clear, if they are of one epoch."""
    named = combine_bytes({THIEF: mine.pseudonyms, PARTNER: theirs.pseudonyms})
    return replace(mine, seat=None, words=combine({THIEF: mine.words, PARTNER: theirs.words}), pseudonyms=named)


@dataclass(frozen=True)
class Haul:
    """What one theft tells about one person, by store: the plain database, the thief's custodian, two
    together.

    `numbers` are the first of the person's row; `photograph` is the place (1 is first) of the right row when
    a photograph is held against all of them, and `elsewhere` the same for the person's row in another office;
    `names` counts people whose name was found, and `pseudonyms` the rows that gave the right pseudonym.
    """

    rows: int
    numbers: dict[str, list[int]]
    photograph: dict[str, int]
    elsewhere: dict[str, int]
    names: dict[str, int]
    pseudonyms: dict[str, int]


def haul(
    here: Theft,
    there: Theft,
    photograph: NDArray[np.int16],
    names: Sequence[str],
    pseudonyms: NDArray[np.uint8],
) -> Haul:
    """Look for the first person of two offices in what was stolen from both.

    `photograph` is quantised (d,), and is not the one enrolled here; `names` are of the first people here,
    whose pseudonyms (people, 16) are the truth to judge by.
    """
    person = 0
    rows, foreign = _readable(here), _readable(there)
    needles = [canaries.text(name) for name in names]
    named = {store: read.found(here.stores[store].haystack, needles) for store in (PLAIN, THIEF, PARTNER)}
    named[TOGETHER] = named[THIEF] | named.pop(PARTNER)
    return Haul(
        rows=len(pseudonyms),
        numbers={store: rows[store].words[person, :_NUMBERS].view(np.int16).tolist() for store in STORES},
        photograph={store: place(photograph, rows[store], person) for store in STORES},
        elsewhere={store: place(foreign[store].words[person].view(np.int16), rows[store], person) for store in STORES},
        names={store: int(named[store].sum()) for store in STORES},
        pseudonyms={store: int((rows[store].pseudonyms == pseudonyms).all(axis=1).sum()) for store in STORES},
    )


def place(photograph: NDArray[np.int16], rows: Rows, person: int) -> int:
    """Where a person's row stands, 1 being first, when the likeliest for a photograph (d,) are put first."""
    return 1 + int(np.flatnonzero(nearest_first(photograph, rows) == rows.slots[person])[0])


def _readable(theft: Theft) -> dict[str, Rows]:
    everybody = np.arange(len(theft.slots[PLAIN]))
    rows = {store: theft.rows(store, everybody) for store in (PLAIN, THIEF, PARTNER)}
    return rows | {TOGETHER: together(rows[THIEF], rows.pop(PARTNER))}
