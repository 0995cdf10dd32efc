"""An office folder, its people and a clock that the test moves."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from moiety.custody.gateway.embedded import Embedded
from moiety.custody.store.sql import Observer, unobserved
from moiety.matching.policy import Rate, Terms
from moiety.matching.words import quantise
from moiety.sharing.seat import Seat

DIM = 64
DOOR = "door"
DOCUMENT = b"why there is a door\n"
TERMS = Terms("a-model", DIM, (Rate(1e-3, 0.02, 9_000), Rate(1e-5, 0.1, 11_000)), fmr=1e-3, fpir=1e-2)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TODAY = (NOON.date() - datetime(1970, 1, 1, tzinfo=UTC).date()).days
STORES = "stores.json"
"""In an office's folder: the URLs of databases that its rows are in."""
FOLDERS = ("custodian-a", "custodian-b", "custodian-c")


@dataclass(frozen=True)
class Person:
    """Somebody who can be enrolled."""

    words: NDArray[np.int16]
    pseudonym: bytes
    expires_day: int = TODAY + 30
    grounds: int = 1


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **time: float) -> None:
        self.now += timedelta(**time)


def people(count: int, seed: int = 1, *, dim: int = DIM, expires_day: int = TODAY + 30) -> list[Person]:
    """The same people for the same seed; no two of them alike."""
    rng = np.random.default_rng(seed)
    return [Person(quantise(rng.standard_normal(dim)), rng.bytes(16), expires_day) for _ in range(count)]


CROWD_OF_TWO = people(2, seed=11)


def create(folder: Path, stores: Mapping[Seat, str] | None = None) -> None:
    """An office with one empty gallery; its rows in these databases, which `opened` will find again."""
    Embedded.create(folder, os.urandom, stores=stores or {})
    if stores:
        (folder / STORES).write_text(json.dumps(stores))
    office = opened(folder)
    office.add_gallery(DOOR, TERMS, DOCUMENT)
    office.close()


def opened(folder: Path, clock: Clock | None = None, observer: Observer = unobserved) -> Embedded:
    """The office of a folder, as any process would open it."""
    at = folder / STORES
    stores = json.loads(at.read_text()) if at.exists() else {}
    return Embedded.open(folder, clock=clock or Clock(), entropy=os.urandom, observer=observer, stores=stores)


def matched(office: Embedded, persons: Sequence[Person], gallery: str = DOOR) -> list[bool]:
    """Who matches, asked both ways; fails where verify and identify disagree, or somebody else is found."""
    answer = []
    found = office.identify(gallery, np.stack([person.words for person in persons])).found
    for person, names in zip(persons, found, strict=True):
        alone = office.verify(gallery, person.words, person.pseudonym)
        assert alone == (person.pseudonym in names)
        assert set(names) <= {person.pseudonym}
        answer.append(alone)
    return answer


def bytes_of(folder: Path) -> dict[str, bytes]:
    """Every file under a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
