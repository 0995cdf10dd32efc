"""Enrol: some pictures of one person become a row at three custodians, and a pseudonym for the caller."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, timedelta

from moiety.errors import Refused
from moiety.identity import grounds as legal
from moiety.identity.ports import Clock, Custodians, Entropy, Models, Newcomer, Picture, Template
from moiety.identity.pseudonym import Pseudonym
from moiety.identity.purpose import Purpose
from moiety.identity.refusals import ClockWithoutZone, PicturesNotAList
from moiety.identity.results import Enrolled

_EPOCH = date(1970, 1, 1)


def enrol(
    purpose: Purpose,
    pictures: Sequence[Picture],
    grounds: str,
    *,
    custodians: Custodians,
    models: Models,
    clock: Clock,
    entropy: Entropy,
) -> Enrolled:
    """Enrol one person from several pictures. What it returns is durable at all three custodians.

    Raises `GroundsUnknown`, `PicturesNotAList`, what `Models.recogniser` raises and each refusal of a picture;
    then nothing was kept.
    """
    position = legal.position(purpose, grounds)
    face = models.recogniser(purpose.model).template(_list(pictures))
    return _keep(purpose, face, position, custodians, clock, entropy)


def enrol_many(
    purpose: Purpose,
    people: Iterable[Sequence[Picture]],
    grounds: str,
    *,
    custodians: Custodians,
    models: Models,
    clock: Clock,
    entropy: Entropy,
) -> Iterator[Enrolled | Refused]:
    """Enrol people one by one, in their order; somebody whose pictures will not do is a `Refused` value.

    Each person is durable before the next is looked at: who stops reading knows every pseudonym that exists.
    A refusal by the custodians ends it, since it would meet everybody. Raises `GroundsUnknown`, and
    what `Models.recogniser` raises, at once.
    """
    position = legal.position(purpose, grounds)
    recogniser = models.recogniser(purpose.model)

    def one_by_one() -> Iterator[Enrolled | Refused]:
        for pictures in people:
            try:
                face = recogniser.template(_list(pictures))
            except Refused as refusal:
                yield refusal.with_traceback(None)
            else:
                yield _keep(purpose, face, position, custodians, clock, entropy)

    return one_by_one()


def _list(pictures: Sequence[Picture]) -> Sequence[Picture]:
    """The same; raises `PicturesNotAList` for a single picture, whose letters or rows would be taken for some."""
    if not isinstance(pictures, list | tuple):
        raise PicturesNotAList
    return pictures


def _keep(
    purpose: Purpose, face: Template, position: int, custodians: Custodians, clock: Clock, entropy: Entropy
) -> Enrolled:
    from moiety.matching.words import quantise

    now = clock()
    if now.tzinfo is None:
        raise ClockWithoutZone
    expires = now.astimezone(UTC).date() + timedelta(days=purpose.retention_days)
    pseudonym = Pseudonym.fresh(purpose.name, entropy)
    newcomer = Newcomer(quantise(face.vector), pseudonym.value, (expires - _EPOCH).days, position)
    custodians.enrol(purpose.name, [newcomer])
    return Enrolled(pseudonym, expires, face.advice)
