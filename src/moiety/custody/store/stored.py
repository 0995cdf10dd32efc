"""Pages as SQL has them: opened as they are read, sealed as they are written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Table

from moiety.custody.refusals import GalleryDamaged, MessageRefused
from moiety.custody.store import page, seal, tables
from moiety.custody.store.keyring import keyring
from moiety.custody.store.kinds import read_papers
from moiety.custody.store.page import Pages, Place
from moiety.custody.store.seal import DataKey
from moiety.custody.store.slots import Staging, living
from moiety.custody.store.tables import GalleryRow
from moiety.matching.policy import Terms


def read_terms(gallery: str, papers: bytes) -> Terms:
    """The terms in a gallery's papers. Raises `MessageRefused`: what cannot be read would close a gallery for good."""
    try:
        return read_papers(gallery, papers)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        raise MessageRefused from None


@dataclass(frozen=True)
class Current:
    """One gallery as it stands in the transaction that read it, the key that its pages are sealed under, and how far
    its custodian has come with the next epoch."""

    row: GalleryRow
    epoch: int
    place: Place
    terms: Terms
    key: DataKey
    staging: Staging


@dataclass
class Change:
    """One change of a gallery inside its transaction, and what it wrote, for the cache once it is durable."""

    connection: Connection
    current: Current
    pages: int
    written: list[tuple[list[int], Pages | None, Pages]] = field(default_factory=list)

    @property
    def version(self) -> int:
        """The gallery's version once this is done."""
        return self.current.row.version + 1

    def fetch(self, numbers: Sequence[int]) -> tuple[Pages, Pages]:
        """As `fetch`, in this transaction."""
        return fetch(self.connection, self.current, numbers)

    def fetch_states(self, numbers: Sequence[int]) -> Pages:
        """As `fetch_states`, in this transaction."""
        return fetch_states(self.connection, self.current, numbers)

    def write(self, numbers: list[int], pages: Pages | None, states: Pages, *, new: bool = False) -> None:
        """As `write`, in this transaction."""
        write(self.connection, self.current, numbers, pages, states, new=new)
        self.written.append((numbers, pages, states))

    def finish(self, *, pages: int | None = None, **values: int | bytes) -> None:
        """Move the gallery to the next version, of so many pages, and set these columns."""
        self.pages = self.pages if pages is None else pages
        gallery = self.current.row.id
        tables.change_gallery(self.connection, gallery, version=self.version, pages=self.pages, **values)


def fetch(connection: Connection, current: Current, numbers: Sequence[int]) -> tuple[Pages, Pages]:
    """These pages (ascending numbers) and their states from SQL, writable; `GalleryDamaged` unless all are intact."""
    states = fetch_states(connection, current, numbers)
    pages = _intact(connection, tables.PAGE, page.layout(current.terms.dim), current, numbers)
    if page.identities(pages).tobytes() != states["page"].tobytes():
        raise GalleryDamaged
    return pages, states


def fetch_handles(
    connection: Connection, current: Current, numbers: Sequence[int]
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """The handles in these pages, uint8 (pages, 64, 16), and which of them are somebody's, bool (pages, 64): nobody's
    where a page or its states are not intact or not there."""
    pages, good = _opened(connection, tables.PAGE, page.layout(current.terms.dim), current, numbers)
    states, _ = _opened(connection, tables.STATES, page.STATES, current, numbers)
    # States that do not open vouch for no page.
    good &= (page.identities(pages) == states["page"]).all(axis=1)
    return pages["handles"], living(states["states"]) & good[:, None]


def fetch_states(connection: Connection, current: Current, numbers: Sequence[int]) -> Pages:
    """The states of these pages alone; as `fetch`."""
    return _intact(connection, tables.STATES, page.STATES, current, numbers)


def write(
    connection: Connection,
    current: Current,
    numbers: Sequence[int],
    pages: Pages | None,
    states: Pages,
    *,
    new: bool = False,
) -> None:
    """Seal and store the states of pages, and the pages too where they changed, at the place of `current`."""
    where = (current.row.id, current.epoch, numbers)
    entropy = keyring(connection).entropy
    if pages is not None:
        rows = seal.seal(pages, current.place, numbers, current.key, entropy)
        states["page"] = page.identities(pages)
        tables.put(connection, tables.PAGE, *where, rows, new=new)
    sealed = seal.seal(states, current.place, numbers, current.key, entropy)
    tables.put(connection, tables.STATES, *where, sealed, new=new)


def _intact(
    connection: Connection,
    table: Table,
    kind: np.dtype[np.void],
    current: Current,
    numbers: Sequence[int],
) -> Pages:
    pages, good = _opened(connection, table, kind, current, numbers)
    if not good.all():
        raise GalleryDamaged
    return pages


def _opened(
    connection: Connection,
    table: Table,
    kind: np.dtype[np.void],
    current: Current,
    numbers: Sequence[int],
) -> tuple[Pages, NDArray[np.bool_]]:
    """What is not there is not intact."""
    found: dict[int, bytes] = {}
    for some, rows in tables.named(connection, table, current.row.id, current.epoch, numbers):
        found.update(zip(some, rows, strict=True))
    return seal.unseal([found.get(number, b"") for number in numbers], kind, current.place, numbers, current.key)
