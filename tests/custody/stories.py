"""What a doomed process does between opening an office and being killed."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Sequence

import numba  # noqa: F401  the forked processes need not import it again
import sqlalchemy  # noqa: F401

from moiety.custody.gateway.embedded import Embedded
from moiety.ledger.seal import Leaf
from moiety.sharing.seat import SEATS, Seat
from tests.custody.ledgers import chronicle
from tests.custody.scene import DOOR, TERMS, people

RESIDENTS = people(3)
NEWCOMERS = people(2, seed=2)
REPLACED = b"other reasons"


def enrol(office: Embedded) -> None:
    """Two newcomers at once."""
    office.enrol(DOOR, NEWCOMERS)


def erase(office: Embedded) -> None:
    """One of the residents."""
    office.erase(DOOR, RESIDENTS[0].pseudonym)


def refresh(office: Embedded) -> None:
    """Everybody."""
    office.refresh()


def add(office: Embedded) -> None:
    """Another gallery."""
    office.add_gallery("gate", TERMS, b"")


def replace(office: Embedded) -> None:
    """Other papers."""
    office.replace_document(DOOR, TERMS, REPLACED)


def open_only(office: Embedded) -> None:
    """Nothing but opening, which recovers what was interrupted."""


open_only.opens = True  # type: ignore[attr-defined]


def _killed_as_b_writes(office: Embedded, together: int) -> None:
    """From here on, whoever writes at a custodian waits for so many of the three to have come so far, and the process
    is killed: a and c have written by then, and b has not."""
    come = threading.Barrier(together)
    for seat in SEATS:
        log = chronicle(office, seat).log

        def append(leaves: Sequence[Leaf], seat: Seat = seat, honest: Callable[..., list[int]] = log.append) -> None:
            if seat != "b":
                honest(leaves)
            if seat == "b" or together > 1:
                come.wait()
                os.kill(os.getpid(), signal.SIGKILL)

        log.append = append  # type: ignore[assignment, method-assign]


def enrol_unwritten(office: Embedded) -> None:
    """Two newcomers: a and c have written that down, b has not."""
    _killed_as_b_writes(office, 3)
    office.enrol(DOOR, NEWCOMERS)


def search_unwritten(office: Embedded) -> None:
    """One search: a has written that down, and nobody else."""
    _killed_as_b_writes(office, 1)
    office.verify(DOOR, RESIDENTS[0].words, RESIDENTS[0].pseudonym)
