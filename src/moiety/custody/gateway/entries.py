"""What goes into and comes out of the three custodians together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from moiety.matching.policy import OperatingPoint, Terms
from moiety.sharing.seat import Seat


class Newcomer(Protocol):
    """One person to be enrolled: words int16 (dim,), 16 bytes of pseudonym, the unix day from whose start (UTC) the
    person is not valid any more, and a small number for the legal grounds, 0 to 255."""

    @property
    def words(self) -> NDArray[np.int16]: ...

    @property
    def pseudonym(self) -> bytes: ...

    @property
    def expires_day(self) -> int: ...

    @property
    def grounds(self) -> int: ...


@dataclass(frozen=True, slots=True)
class GalleryState:
    """One gallery as the three hold it: `rows` people valid now, among `slots` slots, most of which may be dummies.

    `checked` is the first unix second of the day (UTC) of the last good check of all three, or 0;
    `damaged`: closed until mended.
    """

    name: str
    terms: Terms
    document: bytes = field(repr=False)
    rows: int
    slots: int
    epoch: int
    version: int
    checked: int
    damaged: bool


@dataclass(frozen=True, slots=True)
class Identified:
    """Pseudonyms found for each probe, among how many rows, and the operating point that decided."""

    found: Sequence[Sequence[bytes]] = field(repr=False)
    rows: int
    point: OperatingPoint


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a gallery check found. Where no page says so itself, `seat` and `page` are unknown; `key`: it is
    about that custodian's part of the key for pseudonyms, and no page."""

    gallery: str
    seat: Seat | None
    page: int | None
    key: bool = False

    @property
    def text(self) -> str:
        """One sentence."""
        if self.key:
            return (
                f"{self.gallery}: custodian {self.seat} has lost its part of the key that pseudonyms are made with, or "
                "has another: `moiety check --mend` recovers it from the other two"
            )
        if self.seat is None or self.page is None:
            return (
                f"{self.gallery}: the three custodians' rows do not belong together, and no page says at whom: "
                "a store was altered by somebody who knew how"
            )
        return f"{self.gallery}: page {self.page} of custodian {self.seat} was altered or is missing"


@dataclass(frozen=True, slots=True)
class Status:
    """The three custodians in numbers, and what their custody does not protect against."""

    galleries: tuple[GalleryState, ...]
    epoch: int
    warning: str
