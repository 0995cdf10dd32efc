"""Attack: rewind. Somebody was erased; the thief has an old backup from before, and every live store with all its keys.

His backups are the record store's, and one custodian's where he stole one: docs/protocol, part 6. He puts old parts and
live ones together in every way, and tries what comes out on the records that he has from before. The twin is the same
with custodians that erased nothing. Who stole the record store also puts it back, beside the custodians as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from moiety.custody.store.kinds import CLASSES, KEY_BYTES, keys_of
from moiety.drills import shelves, sql
from moiety.drills.algebra import Words, combine
from moiety.drills.join import slots_of
from moiety.drills.loot import Loot
from moiety.drills.register import HOTEL, RECORDS, Register
from moiety.drills.verdict import Trial
from moiety.sharing.seat import SEATS
from moiety.vault.refusals import SealBroken
from moiety.vault.schema import Group
from moiety.vault.seal import ClassKeys, Whose, open_class

_ACCIDENT: Final = 2.0**-100
"""Bounds the probability that a few million wrong keys open anything (a tag of 16 bytes), or make a template."""
_WORDS: Final = KEY_BYTES // 2


def erased(register: Register, rng: np.random.Generator) -> tuple[Trial, Trial]:
    """How many of the erased are had back: a record that opens, or a template."""
    found = _had_back(register, register.after)
    if register.store == RECORDS:
        found |= register.revived
    return _counted(found), _counted(_had_back(register, register.before))


def _had_back(register: Register, live: Mapping[str, Loot]) -> NDArray[np.bool_]:
    people = register.pseudonyms[HOTEL][register.erased]
    old = shelves.entries(register.before[RECORDS].files, HOTEL).of(people)
    found = np.zeros(len(people), np.bool_)
    for words in _put_together(register, live, keys_of(HOTEL), old.handles):
        found |= [
            _opens(Whose(HOTEL, person.tobytes()), blobs, some)
            for person, blobs, some in zip(people, old.blobs, words, strict=True)
        ]
    templates = register.templates[register.erased].astype(np.uint16)
    for words in _put_together(register, live, HOTEL, people):
        found |= (words == templates).all(axis=1)
    return found


def _put_together(register: Register, live: Mapping[str, Loot], gallery: str, names: NDArray[np.uint8]) -> list[Words]:
    """What any two custodians' parts give where these people were, each with each: uint16 (n, d)."""
    was = register.before["a"].rows(gallery)
    slots = slots_of(was, "a", gallery, names)
    held: dict[str, list[Words]] = {}
    for seat in SEATS:
        stores = [live[seat]] + ([register.before[seat]] if seat == register.store else [])
        held[seat] = [words for loot in stores for words in sql.every_state(loot.files, gallery, slots)]
    return [
        combine({one: left, other: right})
        for one, other in combinations(SEATS, 2)
        for left in held[one]
        for right in held[other]
    ]


def _opens(whose: Whose, blobs: Sequence[bytes], words: Words) -> bool:
    keys = words.astype("<u2").reshape(-1, _WORDS)
    for name, key in zip(CLASSES, keys, strict=False):
        group = Group(name)
        try:
            open_class(group, blobs[shelves.GROUPS.index(name)], whose, ClassKeys({group: key.tobytes()}))
        except SealBroken:
            continue
        return True
    return False


def _counted(found: NDArray[np.bool_]) -> Trial:
    return Trial(float(found.mean()), 0.0, _ACCIDENT if found.any() else 1.0, len(found))
