"""Enrol: some pictures of one person become a row at three custodians, and a pseudonym for the caller."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from typing import TypeAlias

from moiety.errors import Refused
from moiety.identity import grounds as legal
from moiety.identity.ports import Clock, Custodians, Entropy, Models, Newcomer, Picture, Template
from moiety.identity.pseudonym import Pseudonym
from moiety.identity.purpose import Purpose
from moiety.identity.refusals import ClockWithoutZone, PicturesNotAList
from moiety.identity.results import Enrolled

_EPOCH = date(1970, 1, 1)

Before: TypeAlias = Callable[[Sequence[Enrolled | Refused]], None]
"""Hears what will have become of some people, just before they are enrolled."""


@dataclass(frozen=True, slots=True)
class Beside:
    """The record that a face is enrolled beside: under its pseudonym, and until the day from which it is not kept."""

    pseudonym: Pseudonym
    expires: date


def unheard(outcomes: Sequence[Enrolled | Refused]) -> None:
    """The `Before` that nobody is."""


def enrol(
    purpose: Purpose,
    pictures: Sequence[Picture],
    grounds: str,
    *,
    custodians: Custodians,
    models: Models,
    clock: Clock,
    entropy: Entropy,
    beside: Beside | None = None,
) -> Enrolled:
    """Enrol one person from several pictures, of somebody whose record is kept as `beside` says. What it returns is
    durable at all three custodians.

    Raises `GroundsUnknown`, `FaceGroundsMissing` for grounds without Article 9, `PicturesNotAList`, what
    `Models.recogniser` raises and each refusal of a picture; then nothing was kept.
    """
    legal.position_of_face(purpose, grounds)
    face = models.recogniser(purpose.model).template(_list(pictures))
    return enrol_face(purpose, face, grounds, custodians=custodians, clock=clock, entropy=entropy, beside=beside)


def enrol_face(
    purpose: Purpose,
    face: Template,
    grounds: str,
    *,
    custodians: Custodians,
    clock: Clock,
    entropy: Entropy,
    beside: Beside | None = None,
    before: Callable[[Enrolled], None] | None = None,
) -> Enrolled:
    """As `enrol`, of a template that was made already. `before` hears who is about to be enrolled; where it raises,
    nobody is."""
    position = legal.position_of_face(purpose, grounds)
    newcomer, enrolled = _newcomer(purpose, face, position, clock, entropy, beside)
    if before is not None:
        before(enrolled)
    custodians.enrol(purpose.name, [newcomer])
    return enrolled


def enrol_many(
    purpose: Purpose,
    people: Iterable[Sequence[Picture]],
    grounds: str,
    *,
    custodians: Custodians,
    models: Models,
    clock: Clock,
    entropy: Entropy,
    approved: bytes | None = None,
    before: Before = unheard,
) -> Iterator[Enrolled | Refused]:
    """Enrol people one by one, in their order; somebody whose pictures will not do is a `Refused` value.

    Each person is durable before the next is looked at: who stops reading knows every pseudonym that exists.
    A refusal by the custodians ends it, since it would meet everybody. Raises `GroundsUnknown`, `FaceGroundsMissing`,
    and what `Models.recogniser` raises, at once.

    Where the purpose has people sign for bulk enrolments all of them are one: everybody's pictures are looked at, then
    all are enrolled or nobody. `approved` is what `request` wrote, once people have signed it. `before` hears in
    order what will have become of those who are about to be enrolled; where it raises, none of them is.
    """
    position = legal.position_of_face(purpose, grounds)
    recogniser = models.recogniser(purpose.model)

    def looked_at() -> Iterator[tuple[Newcomer, Enrolled] | Refused]:
        for pictures in people:
            try:
                face = recogniser.template(_list(pictures))
            except Refused as refusal:
                yield refusal.with_traceback(None)
            else:
                yield _newcomer(purpose, face, position, clock, entropy)

    def together(found: list[tuple[Newcomer, Enrolled] | Refused]) -> Iterator[Enrolled | Refused]:
        outcomes = [one if isinstance(one, Refused) else one[1] for one in found]
        before(outcomes)
        newcomers = [one[0] for one in found if not isinstance(one, Refused)]
        if newcomers:
            custodians.enrol(purpose.name, newcomers, approved=approved)
        yield from outcomes

    def at_once() -> Iterator[Enrolled | Refused]:
        yield from together(list(looked_at()))

    def one_by_one() -> Iterator[Enrolled | Refused]:
        for one in looked_at():
            yield from together([one])

    return at_once() if purpose.signs_bulk else one_by_one()


def request(purpose: Purpose, people: int, *, custodians: Custodians) -> bytes:
    """A request file for two people to sign before so many are enrolled at most."""
    return custodians.request_bulk(purpose.name, people)


def _list(pictures: Sequence[Picture]) -> Sequence[Picture]:
    """The same; raises `PicturesNotAList` for a single picture, whose letters or rows would be taken for some."""
    if not isinstance(pictures, list | tuple):
        raise PicturesNotAList
    return pictures


def _newcomer(
    purpose: Purpose, face: Template, position: int, clock: Clock, entropy: Entropy, beside: Beside | None = None
) -> tuple[Newcomer, Enrolled]:
    """Somebody as custodians are told of them, and as the caller is once they know."""
    from moiety.matching.words import quantise

    now = clock()
    if now.tzinfo is None:
        raise ClockWithoutZone
    beside = beside or Beside(
        Pseudonym.fresh(purpose.name, entropy), now.astimezone(UTC).date() + timedelta(days=purpose.retention_days)
    )
    pseudonym, expires = beside.pseudonym, beside.expires
    newcomer = Newcomer(quantise(face.vector), pseudonym.value, (expires - _EPOCH).days, position)
    return newcomer, Enrolled(pseudonym, expires, face.advice)
