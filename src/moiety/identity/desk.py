"""What the stories about records of one purpose have in hand, and what an interruption left, put right."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import update_wrapper
from types import TracebackType
from typing import Concatenate, Final, ParamSpec, Protocol, TypeVar

from moiety.errors import MoietyError, Refused
from moiety.identity.ports import Clock, Custodians, Entropy
from moiety.identity.purpose import Purpose
from moiety.identity.record_port import RecordStore
from moiety.identity.refusals import ClockWithoutZone, NoRecords
from moiety.vault.index import index_of
from moiety.vault.retention import Reading
from moiety.vault.schema import Group, Schema

_EPOCH: Final = date(1970, 1, 1)

Told = TypeVar("Told")


@dataclass(frozen=True)
class Desk:
    """One purpose's desk. `role` is who has something opened, where nobody signs for it."""

    purpose: Purpose
    custody: Callable[[], Custodians]
    records: Callable[[], RecordStore]
    clock: Clock
    entropy: Entropy = field(repr=False)
    role: str = "operator"

    @property
    def name(self) -> str:
        """The purpose's name."""
        return self.purpose.name

    def schema(self) -> Schema:
        """The fields that the purpose keeps. Raises `NoRecords` where it keeps none."""
        if self.purpose.records is None:
            raise NoRecords
        return self.purpose.records.kept()

    def allowed(self) -> list[Group]:
        """The classes that this role may have opened, by the purpose's document; custodians go by their own copy."""
        if self.purpose.records is None:
            raise NoRecords
        reveal = {str(role): classes for role, classes in self.purpose.records.reveal.items()}
        return [Group(name) for name in reveal.get(self.role, ())]

    def now(self) -> Reading:
        """The minute that it is taken to be, whatever the clock says: see `vault.retention`."""
        return self.records().now(self._minute())

    def confirm_clock(self) -> Reading:
        """Believe the clock as it stands, from now on, for all purposes."""
        return self.records().confirm(self._minute())

    def last_day(self, now: Reading) -> int:
        """The last day (since 1970-01-01) on which somebody who comes now is kept."""
        return now.day + self.purpose.retention_days

    def refused(self, refusal: Refused) -> None:
        """Have it written into the gateway's ledger that something was refused, of whom not. Nothing is done anyway,
        whether it can be written or not."""
        with suppress(MoietyError):
            self.custody().refused(self.name, refusal.code)

    def heard(self, outcomes: Iterable[Told | Refused]) -> Iterator[Told | Refused]:
        """The same, one after the other; those who are refused are written down, as is what ends it."""
        try:
            for outcome in outcomes:
                if isinstance(outcome, Refused):
                    self.refused(outcome)
                yield outcome
        except Refused as refusal:
            self.refused(refusal)
            raise

    def _minute(self) -> int:
        instant = self.clock()
        if instant.tzinfo is None:
            raise ClockWithoutZone
        return int(instant.astimezone(UTC).timestamp()) // 60

    def entry_of(self, plain: Mapping[str, bytes]) -> bytes | None:
        """What the purpose's index is evaluated to for values in bytes; None where one of its fields is empty."""
        names = self.purpose.records.index if self.purpose.records else ()
        given = index_of(self.name, names, self.schema(), plain)
        return None if given is None else self.custody().pseudonyms(self.name, [given])[0]

    def tidy(self, people: Sequence[bytes] = ()) -> None:
        """Destroy the keys of records that were written anew, of these people or of all: what is sealed under them is
        not in the store any more, and is in its old copies. Custodians that have to wait for it are asked again the
        next time. The first refusal is raised when all others are gone."""
        refusals, left = Refusals(), False
        for handle, waiting in self.records().leaving(self.name, people).items():
            with refusals:
                if self.custody().drop(self.name, handle, waiting=waiting):
                    self.records().left(handle)
                    left = True
                elif not waiting:
                    self.records().wait(handle)
        if left:  # whose it was is nobody's any more
            self.records().scrub()
        refusals.raise_first()

    def drop_faces(self, people: Sequence[bytes] = ()) -> None:
        """Destroy the faces of whoever took back what allowed one, of these people or of all. Custodians that want it
        signed for are asked again the next time. The first refusal is raised when all others are gone."""
        refusals = Refusals()
        for person in self.records().faces_leaving(self.name, people):
            with refusals:
                if self.custody().drop_face(self.name, person):
                    self.records().left(person)
        refusals.raise_first()


class _AtDesk(Protocol):
    @property
    def _desk(self) -> Desk: ...


Self = TypeVar("Self", bound=_AtDesk)
Asked = ParamSpec("Asked")


def heard(story: Callable[Concatenate[Self, Asked], Told]) -> Callable[Concatenate[Self, Asked], Told]:
    """A story at a desk of which every refusal is written down before whoever asked is told."""

    def told(self: Self, /, *asked: Asked.args, **named: Asked.kwargs) -> Told:
        try:
            return story(self, *asked, **named)
        except Refused as refusal:
            self._desk.refused(refusal)
            raise

    update_wrapper(told, story)
    return told


class Refusals:
    """What is refused under `with` is remembered and ends nothing: one of many, of whom the others are not to wait."""

    def __init__(self) -> None:
        self._first: Refused | None = None

    def __enter__(self) -> None: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if not isinstance(error, Refused):
            return False
        self._first = self._first or error
        return True

    def raise_first(self) -> None:
        """Raise the first that there was."""
        if self._first is not None:
            raise self._first


def date_of(day: int) -> date:
    """The date of a day since 1970-01-01."""
    return _EPOCH + timedelta(days=day)


def instant_of(minute: int) -> datetime:
    """The instant of a minute since 1970-01-01T00:00Z."""
    return datetime.fromtimestamp(minute * 60, UTC)
