"""Attack: read the record store. Its bytes are searched for what went in, and its rows are told apart by length."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from moiety.drills import canaries, read, shelves
from moiety.drills.guess import guess
from moiety.drills.guests import Guest
from moiety.drills.register import HOTEL, Register
from moiety.drills.scene import PLAIN
from moiety.drills.verdict import Trial
from moiety.drills.views import Reading, in_order

_WINDOWS = 400
"""Of one photograph's file that are looked for."""


def texts(register: Register, rng: np.random.Generator) -> tuple[Trial, Trial]:
    """Names, numbers, addresses and employers, however encoded."""
    wanted, decoys = ([_said(guest) for guest in some] for some in (register.guests, register.strangers))
    return _both(register, wanted, decoys, rng)


def photographs(register: Register, rng: np.random.Generator) -> tuple[Trial, Trial]:
    """Parts of the files of photographs, of those who have one."""
    wanted, decoys = (
        [_pieces(guest.photograph) for guest in some if guest.photograph]
        for some in (register.guests, register.strangers)
    )
    return _both(register, wanted, decoys, rng)


def lengths(register: Register, rng: np.random.Generator) -> tuple[Trial, Trial]:
    """How long what is kept of a guest is, against how long each row is: labels are shuffled among those whom the
    lengths may not tell apart."""

    def on(store: str) -> Trial:
        names = register.names(store, HOTEL)
        stored = shelves.entries(register.before[store].files, HOTEL).of(names).lengths
        known = np.array([guest.lengths() for guest in register.guests], np.int64)
        readings = [
            one
            for at, group in enumerate(shelves.GROUPS)
            for one in in_order(f"length of {group}", known[:, at], stored[:, at])
        ]
        for by in (readings[::2], readings[1::2]):
            left, right = (
                np.concatenate(side, axis=1) for side in zip(*((one.left, one.right) for one in by), strict=True)
            )
            readings = [*readings, Reading("all lengths", left, right)]
        return guess(readings, rng, register.conceded)

    return on(register.store), on(PLAIN)


def _said(guest: Guest) -> list[bytes]:
    return [one for text in (guest.name, guest.number, guest.address, guest.employer) for one in canaries.text(text)]


def _pieces(photograph: bytes) -> list[bytes]:
    pieces = list(canaries.windows(photograph))
    return pieces[:: max(1, len(pieces) // _WINDOWS)]


def _both(
    register: Register, wanted: Sequence[list[bytes]], decoys: Sequence[list[bytes]], rng: np.random.Generator
) -> tuple[Trial, Trial]:
    return (
        read.search(register.haystack(register.store), wanted, decoys, rng),
        read.search(register.haystack(PLAIN), wanted, decoys, rng),
    )
