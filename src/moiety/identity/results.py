"""What the stories answer. No answer holds a score, a distance or a rank."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Final

from moiety.identity.ports import Gallery
from moiety.identity.pseudonym import Pseudonym

NOBODY: Final = "nobody matches this picture"
CARRIED: Final = "found at a false alarm rate that this purpose allows"
NOT_CARRIED: Final = "candidates for a human, not an identification"


@dataclass(frozen=True, slots=True)
class Enrolled:
    """Somebody was enrolled, at all three custodians, and matches until the day `expires` begins in UTC.

    `advice` says in words what the pictures could have better, where they were good enough to be accepted.
    """

    pseudonym: Pseudonym
    expires: date
    advice: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a picture shows the claimed person: true or false in an `if`.

    `fmr` is how often a stranger would have been believed, as measured for the model.
    """

    match: bool
    fmr: float

    def __bool__(self) -> bool:
        return self.match


@dataclass(frozen=True, slots=True)
class Candidates:
    """Who a picture may show: a set without order, because no candidate is better than another.

    `fmr` is the chance of one false match, `gallery` how many people were searched, `expected_false` how many
    of them a stranger would match on average. `carried` says whether the purpose allows that; where it does
    not, `text` says what the candidates are, even if there are none.
    """

    pseudonyms: frozenset[Pseudonym] = field(repr=False)
    fmr: float
    gallery: int
    expected_false: float
    carried: bool

    @property
    def text(self) -> str:
        if not self.carried:
            return NOT_CARRIED
        return CARRIED if self.pseudonyms else NOBODY

    def __iter__(self) -> Iterator[Pseudonym]:
        return iter(self.pseudonyms)

    def __len__(self) -> int:
        return len(self.pseudonyms)

    def __contains__(self, pseudonym: object) -> bool:
        return pseudonym in self.pseudonyms


@dataclass(frozen=True, slots=True)
class Erased:
    """Nobody matches by this pseudonym any more; `found` says whether anybody did before."""

    pseudonym: Pseudonym
    found: bool


@dataclass(frozen=True, slots=True)
class PurposeStatus:
    """One purpose in numbers: people who can match now, and slots, which are mostly dummies.

    `records` are people whose record is kept and not being erased, None where the purpose keeps none.
    `checked` is the first instant of the day (UTC) of the last check that found nothing; a `damaged`
    gallery answers nobody.
    """

    name: str
    model: str
    people: int
    slots: int
    epoch: int
    checked: datetime | None
    damaged: bool
    records: int | None

    @classmethod
    def of(cls, gallery: Gallery, records: int | None) -> PurposeStatus:
        """One gallery in numbers."""
        checked = datetime.fromtimestamp(gallery.checked, UTC) if gallery.checked else None
        terms, damaged = gallery.terms, gallery.damaged
        return cls(gallery.name, terms.model, gallery.rows, gallery.slots, gallery.epoch, checked, damaged, records)


@dataclass(frozen=True, slots=True)
class Status:
    """An office in numbers, and what its custody does not protect against."""

    purposes: tuple[PurposeStatus, ...]
    warning: str
