"""Custodians as processes of their own: killed, paused and off their clocks, and what holds afterwards.

After each accident the process is started again, and the gateway's next operation settles the office by itself: no
acknowledged enrolment is lost, no erased person matches, nobody else is ever found.
"""

from __future__ import annotations

import random
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from moiety.custody.apart import Apart
from moiety.errors import MoietyError
from moiety.sharing.seat import SEATS, Seat
from tests.apart.field import NEVER_EXPIRES, Field, patiently
from tests.custody.scene import DOCUMENT, DOOR, TERMS, Person, matched, people
from tests.postgres import Server

SEEDS = (1,)
"""A seed kills at other moments: put more here for a longer run."""

STORIES = ("enrol", "erase", "refresh", "mend", "check", "identify")
KILLED = -signal.SIGKILL
LONGEST_S = 45.0
"""What anybody waits for an answer, whatever has happened to a custodian."""


def crowd(count: int, seed: int) -> list[Person]:
    return people(count, seed=seed, expires_day=NEVER_EXPIRES)


@dataclass
class Truth:
    """Who matches and who does not, as far as anybody was told."""

    inside: list[Person] = field(default_factory=list)
    outside: list[Person] = field(default_factory=list)

    def holds(self, office: Apart) -> None:
        known = self.inside + self.outside
        if known:
            told = patiently(lambda: matched(office, known))
            assert told == [True] * len(self.inside) + [False] * len(self.outside)

    def learn(self, office: Apart, unsure: list[Person], *, together: bool) -> None:
        """Find out what became of whoever nobody was told about."""
        told = patiently(lambda: matched(office, unsure))
        assert not together or len(set(told)) == 1
        for person, inside in zip(unsure, told, strict=True):
            (self.inside if inside else self.outside).append(person)


@dataclass
class Scene:
    """A deployment, a gateway, and a way to alter a page behind a custodian's back."""

    field: Field
    office: Apart
    alter: Callable[[Seat], None]
    truth: Truth


def _databases(server: Server) -> dict[Seat, str]:
    return {seat: server.database() for seat in SEATS}


@pytest.fixture(params=["sqlite", "postgresql"])
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    """Three processes with eight people, on either database."""
    server: Server | None = request.getfixturevalue("postgres") if request.param == "postgresql" else None
    names = _databases(server) if server else {}
    place = Field.lay_out(
        tmp_path / "trial", databases={seat: server.socket_url(names[seat]) for seat in SEATS} if server else None
    )

    def alter(seat: Seat) -> None:
        """Flip a bit of a page."""
        if server:
            server.ask(
                names[seat], "UPDATE page SET rows = set_bit(rows, 4000, 1 - get_bit(rows, 4000)) WHERE number = 2"
            )
            return
        with closing(sqlite3.connect(place.folder / f"custodian-{seat}/store/custodian.sqlite")) as database, database:
            (row,) = database.execute("SELECT rows FROM page WHERE number = 2").fetchone()
            changed = row[:500] + bytes([row[500] ^ 1]) + row[501:]
            database.execute("UPDATE page SET rows = ? WHERE number = 2", (changed,))

    place.start()
    try:
        office = place.gateway()
        office.add_gallery(DOOR, TERMS, DOCUMENT)
        truth = Truth(crowd(8, seed=99))
        office.enrol(DOOR, truth.inside)
        yield Scene(place, office, alter, truth)
        office.close()
    finally:
        place.close()


class Asking(threading.Thread):
    """One operation, and what came of it."""

    def __init__(self, ask: Callable[[], Any]) -> None:
        super().__init__(daemon=True)
        self._ask = ask
        self.refused: MoietyError | None = None
        self.failed: BaseException | None = None
        self.answer: Any = None
        self.start()

    def run(self) -> None:
        try:
            self.answer = self._ask()
        except MoietyError as refused:
            self.refused = refused
        except BaseException as failed:
            self.failed = failed

    def acknowledged(self) -> bool:
        """Whether it was told that it is done; fails where it was told nothing in time."""
        self.join(LONGEST_S)
        assert not self.is_alive()
        if self.failed is not None:
            raise self.failed
        return self.refused is None


def begun(scene: Scene, story: str, turn: int) -> tuple[Asking, list[Person]]:
    """Begin it: the operation, and whom it is about."""
    office, truth = scene.office, scene.truth
    if story == "enrol":
        newcomers = crowd(3, seed=1_000 + turn)
        return Asking(lambda: office.enrol(DOOR, newcomers)), newcomers
    if story == "erase":
        gone = truth.inside.pop()
        return Asking(lambda: office.erase(DOOR, gone.pseudonym)), [gone]
    if story == "identify":
        words = np.stack([person.words for person in truth.inside])

        def asked() -> None:
            for _ in range(30):
                names = office.identify(DOOR, words).found
                assert names == [[person.pseudonym] for person in truth.inside]

        return Asking(asked), []
    if story == "mend":
        scene.alter(SEATS[turn % 3])
        assert len(office.check()) == 1
    return Asking({"refresh": office.refresh, "mend": office.mend, "check": office.check}[story]), []


@pytest.mark.parametrize("seed", SEEDS)
def test_killed_at_any_moment(scene: Scene, seed: int) -> None:
    chance = random.Random(seed)
    for turn, story in enumerate(chance.sample(STORIES, len(STORIES))):
        asking, whom = begun(scene, story, turn)
        seat = chance.choice(SEATS)
        time.sleep(chance.uniform(0.0, 0.5))
        assert scene.field.kill(seat) == KILLED
        told = asking.acknowledged()
        scene.field.start(seat)
        if story == "enrol" and told:
            scene.truth.inside += whom
        elif story == "erase" and told:
            scene.truth.outside += whom
        elif whom:
            scene.truth.learn(scene.office, whom, together=story == "enrol")
        if story == "mend" and not told:
            patiently(scene.office.check)
            patiently(scene.office.mend)
        scene.truth.holds(scene.office)
    assert patiently(scene.office.check) == []
    newcomers = crowd(2, seed=7_000)
    scene.office.enrol(DOOR, newcomers)
    scene.truth.inside += newcomers
    scene.truth.holds(scene.office)
