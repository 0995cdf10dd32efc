"""Everything that SQL has of a gallery, read once: what is intact, and what the three must hold alike of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from moiety.custody.store import page, seal, tables
from moiety.custody.store.page import IDENTITY_BYTES, Pages
from moiety.custody.store.slots import SLOTS, living
from moiety.custody.store.stored import Current

Take: TypeAlias = Callable[[Sequence[int], Pages], None]
"""Is given page numbers and what lies in them, intact or not."""


@dataclass(frozen=True)
class Seen:
    """What a gallery was in one transaction: the numbers of pages that are not intact, how many people there are, and
    two digests: of what the three must hold alike, which is states, and grounds and expiry of people, and of what one
    custodian's own pages were, see `mark`."""

    current: Current
    damaged: frozenset[int]
    people: int
    public: bytes
    mark: bytes


def mark(states: NDArray[np.uint8], identities: NDArray[np.uint8]) -> bytes:
    """A digest of all states and of all pages' identities: another one once any page was sealed anew."""
    return hashlib.sha256(states.tobytes() + identities.tobytes()).digest()


def nothing(numbers: Sequence[int], pages: Pages) -> None:
    """Takes nothing: whoever only looks."""


def look_through(
    connection: Connection, current: Current, take_states: Take, take_pages: Take, done: Callable[[int], None]
) -> Seen:
    """Read all states, then all pages, some at a time; `done` hears how many slots were read."""
    count = current.row.pages
    states = np.zeros((count, SLOTS), dtype=np.uint8)
    identities = np.zeros((count, IDENTITY_BYTES), dtype=np.uint8)
    bad, absent = set(range(count)), set(range(count))
    with closing(tables.every(connection, tables.STATES, current.row.id, current.epoch, count)) as found:
        for numbers, rows in found:
            read, good = seal.unseal(rows, page.STATES, current.place, numbers, current.key)
            take_states(numbers, read)
            states[numbers], identities[numbers] = read["states"], read["page"]
            bad.difference_update(number for number, fine in zip(numbers, good, strict=True) if fine)
    public = hashlib.sha256(states.tobytes())
    with closing(tables.every(connection, tables.PAGE, current.row.id, current.epoch, count)) as found:
        for numbers, rows in found:
            absent.difference_update(numbers)
            pages, good = seal.unseal(rows, page.layout(current.terms.dim), current.place, numbers, current.key)
            good &= (page.identities(pages) == identities[numbers]).all(axis=1)
            bad |= {number for number, fine in zip(numbers, good, strict=True) if not fine}
            take_pages(numbers, pages)
            active = living(states[numbers])
            public.update(pages["grounds"][active].tobytes())
            public.update(pages["expires"][active].tobytes())
            done((numbers[-1] + 1) * SLOTS)
    people = int(np.count_nonzero(living(states)))
    return Seen(current, frozenset(bad | absent), people, public.digest(), mark(states, identities))
