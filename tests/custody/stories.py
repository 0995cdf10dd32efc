"""What a doomed process does between opening an office and being killed."""

from __future__ import annotations

import numba  # noqa: F401  the forked processes need not import it again
import sqlalchemy  # noqa: F401

from moiety.custody.gateway.embedded import Embedded
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
