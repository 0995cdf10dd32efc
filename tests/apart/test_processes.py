"""Custodians as processes of their own: killed, paused and off their clocks, and what holds afterwards.

After each accident the process is started again, and the gateway's next operation settles the office by itself: no
acknowledged enrolment is lost, no erased person matches, nobody else is ever found.
"""

from __future__ import annotations

import random
import re
import shutil
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest

from moiety.custody import refusals
from moiety.custody.gateway import trial
from moiety.custody.gateway.apart import Apart
from moiety.custody.net import ends
from moiety.custody.store import seal
from moiety.custody.store.token import root_name, unwrapped_under
from moiety.errors import MoietyError, Unavailable
from moiety.ledger.audit import What
from moiety.ledger.entry import Acknowledgement
from moiety.ledger.operation import Party
from moiety.sharing.seat import SEATS, Seat
from tests.apart.field import FORK, NEVER_EXPIRES, UNWRITTEN, Field, patiently
from tests.custody.scene import DOCUMENT, DOOR, TERMS, Person, matched, people
from tests.postgres import Server

SEEDS = (1, 5, 9)
"""A seed kills at other moments, and a failure names it: put more here for a longer run."""

KILLS = 8
"""In one run, on each database: each story, and an enrolment and an erasure again."""

MOMENTS = 0.6
"""Of what a story took when nobody was killed: the first of a kind takes longer than the next."""

STORIES = ("enrol", "erase", "refresh", "mend", "check", "identify")
KILLED = -signal.SIGKILL
LONGEST_S = 45.0
"""What anybody waits for an answer, whatever has happened to a custodian."""

NAMED_S = ends.SILENT_S + 4.0
"""What anybody waits until a custodian is named that was stopped: until it is missed, and a busy machine's moments."""


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
        patiently(lambda: office.enrol(DOOR, truth.inside))  # the three may still be finding each other
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
            for _ in range(10):
                names = office.identify(DOOR, words).found
                assert names == [[person.pseudonym] for person in truth.inside]

        return Asking(asked), []
    if story == "mend":
        scene.alter(SEATS[turn % 3])
        assert len(office.check()) == 1
    return Asking({"refresh": office.refresh, "mend": office.mend, "check": office.check}[story]), []


def measured(scene: Scene) -> dict[str, float]:
    """Seconds that each story takes where nobody is killed."""
    took = {}
    for turn, story in enumerate(STORIES):
        asking, whom = begun(scene, story, 500 + turn)
        began = time.monotonic()
        assert asking.acknowledged()
        took[story] = time.monotonic() - began
        if story == "enrol":
            scene.truth.inside += whom
        elif story == "erase":
            scene.truth.outside += whom
    return took


@pytest.mark.parametrize("seed", SEEDS)
def test_killed_at_any_moment(scene: Scene, seed: int) -> None:
    """At moments drawn from within what each operation takes: most of them before anybody was told that it is done."""
    chance = random.Random(seed)
    lasts = measured(scene)
    within = 0
    for turn in range(KILLS):
        story = STORIES[turn % len(STORIES)]
        asking, whom = begun(scene, story, turn)
        seat = chance.choice(SEATS)
        time.sleep(chance.uniform(0.0, MOMENTS * lasts[story]))
        within += asking.is_alive()
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
    print(f"{within} of {KILLS} before the acknowledgement;", {name: round(some, 3) for name, some in lasts.items()})
    assert within >= KILLS * 2 // 3
    assert patiently(scene.office.check) == []
    newcomers = crowd(2, seed=7_000)
    scene.office.enrol(DOOR, newcomers)
    scene.truth.inside += newcomers
    scene.truth.holds(scene.office)


def test_killed_right_after_the_acknowledgement(scene: Scene) -> None:
    """Whoever is told that somebody is enrolled is told so when it is durable at all three, and not a moment before."""
    for turn, seat in enumerate(SEATS):
        asking, newcomers = begun(scene, "enrol", 600 + turn)
        assert asking.acknowledged()
        assert scene.field.kill(seat) == KILLED
        scene.truth.inside += newcomers
        scene.field.start(seat)
        scene.truth.holds(scene.office)
    assert patiently(scene.office.check) == []


def _change(pipe: Connection, folder: Path, story: str) -> None:
    """A gateway that changes something, over and over."""
    office = Field(folder).connect()
    office.gallery(DOOR)
    turn = 0
    while True:
        turn += 1
        pipe.send(turn)
        if story == "enrol":
            office.enrol(DOOR, crowd(2, seed=3_000 + turn))
        else:
            office.refresh()


@pytest.mark.parametrize("story", ["enrol", "refresh"])
def test_a_gateway_that_is_killed_holds_up_nobody(scene: Scene, story: str) -> None:
    """Its leases end with its connections, and the next one settles what it left halfway."""
    for wait_s in (0.05, 0.3):
        ours, theirs = FORK.Pipe()
        gateway = FORK.Process(target=_change, args=(theirs, scene.field.folder, story), daemon=True)
        gateway.start()
        theirs.close()
        ours.recv()
        time.sleep(wait_s)
        gateway.kill()
        gateway.join()
        began = time.monotonic()
        newcomers = crowd(1, seed=int(8_000 + 1_000 * wait_s))
        scene.office.enrol(DOOR, newcomers)
        assert time.monotonic() - began < LONGEST_S / 3
        scene.truth.inside += newcomers
        scene.truth.holds(scene.office)
        if story == "enrol":
            turns = 1
            while ours.poll():
                try:
                    turns = ours.recv()
                except EOFError:
                    break
            told = [person for turn in range(1, turns) for person in crowd(2, seed=3_000 + turn)]
            if told:
                assert matched(scene.office, told) == [True] * len(told)
                for person in told:
                    assert scene.office.erase(DOOR, person.pseudonym)
            unsure = crowd(2, seed=3_000 + turns)
            assert len(set(matched(scene.office, unsure))) == 1
            for person in unsure:
                scene.office.erase(DOOR, person.pseudonym)
        ours.close()
    assert scene.office.check() == []


def test_two_gateways_that_change_things_at_once(scene: Scene) -> None:
    other = scene.field.gateway()
    halves = crowd(6, seed=51), crowd(6, seed=52)

    def change(office: Apart, some: list[Person]) -> None:
        for person in some:
            office.enrol(DOOR, [person])
        office.refresh()
        for person in some[:2]:
            assert office.erase(DOOR, person.pseudonym)

    try:
        both = [Asking(lambda: change(scene.office, halves[0])), Asking(lambda: change(other, halves[1]))]
        assert [one.acknowledged() for one in both] == [True, True]
        for half in halves:
            scene.truth.inside += half[2:]
            scene.truth.outside += half[:2]
        scene.truth.holds(scene.office)
        scene.truth.holds(other)
        assert scene.office.gallery(DOOR).epoch == 3
        assert other.check() == []
    finally:
        other.close()


@pytest.fixture
def field(tmp_path: Path) -> Iterator[Field]:
    """Three processes."""
    place = Field.lay_out(tmp_path / "trial")
    place.start()
    yield place
    place.close()


@pytest.fixture
def inhabited(field: Field) -> Iterator[tuple[Field, Apart, list[Person]]]:
    """With a gateway and five people."""
    office = field.gateway()
    office.add_gallery(DOOR, TERMS, DOCUMENT)
    residents = crowd(5, seed=61)
    patiently(lambda: office.enrol(DOOR, residents))  # the three may still be finding each other
    yield field, office, residents
    office.close()


def test_a_custodian_that_hangs_is_named_within_a_bound(inhabited: tuple[Field, Apart, list[Person]]) -> None:
    """Stopped while a search is under way; and asked again at once, by whoever knew it and whoever does not."""
    field, office, residents = inhabited
    words = np.stack([person.words for person in residents])

    def searching() -> None:
        while True:
            office.identify(DOOR, words)

    under_way = Asking(searching)
    time.sleep(0.3)
    field.signal("b", signal.SIGSTOP)
    began = time.monotonic()
    asking = [
        under_way,
        Asking(lambda: office.identify(DOOR, residents[0].words[None, :])),
        Asking(lambda: office.enrol(DOOR, crowd(1, seed=62))),
        Asking(field.connect),
    ]
    for one in asking:
        assert not one.acknowledged()
        assert one.refused is not None
        assert one.refused.text == "unavailable: custodian b"
    took = time.monotonic() - began
    print(f"named after {took:.1f} s")
    assert took < NAMED_S
    field.signal("b", signal.SIGCONT)
    assert patiently(lambda: matched(office, residents)) == [True] * 5
    assert patiently(lambda: matched(office, crowd(1, seed=62))) in ([False], [True])
    assert office.check() == []


def test_a_clock_that_is_off_is_refused_and_names_nobody(inhabited: tuple[Field, Apart, list[Person]]) -> None:
    field, office, residents = inhabited
    field.set("c", "skew", "10")
    for ask in (lambda: office.identify(DOOR, residents[0].words[None, :]), office.refresh):
        with pytest.raises(refusals.HeaderRefused) as raised:
            ask()
        assert raised.value.numbers == {}
        assert "own clock" in raised.value.text
    field.set("c", "skew", "0")
    assert matched(office, residents) == [True] * 5
    assert office.refresh() == 2
    assert matched(office, residents) == [True] * 5


STEPS = ("next key", "stage", "staged", "switch", "retire", "scrub")


@pytest.mark.parametrize("seat", SEATS)
def test_a_refresh_in_which_a_custodian_dies(inhabited: tuple[Field, Apart, list[Person]], seat: Seat) -> None:
    field, office, residents = inhabited
    _dies_at_each_step(field, office, residents, seat, in_files=True)


@pytest.mark.parametrize("scene", ["postgresql"], indirect=True)
def test_a_custodian_whose_database_has_gone_is_named_and_goes_on_when_it_is_back(
    scene: Scene, postgres: Server
) -> None:
    config = (scene.field.folder / "custodian-b" / trial.CONFIG).read_text()
    (name,) = re.findall(r'database = ".*/(\w+)\?', config)
    postgres.ask("postgres", f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    connected = f"FROM pg_stat_activity WHERE datname = '{name}'"
    postgres.ask("postgres", f"SELECT pg_terminate_backend(pid) {connected}")
    with pytest.raises((refusals.StoreLost, refusals.StoreShut)) as raised:
        matched(scene.office, scene.truth.inside)
    assert raised.value.text.startswith("custodian b: ")
    postgres.ask("postgres", f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    scene.truth.holds(scene.office)


@pytest.mark.parametrize("scene", ["postgresql"], indirect=True)
def test_a_refresh_in_which_a_custodian_dies_over_postgresql(scene: Scene) -> None:
    _dies_at_each_step(scene.field, scene.office, scene.truth.inside, "b", in_files=False)


def _dies_at_each_step(field: Field, office: Apart, residents: list[Person], seat: Seat, *, in_files: bool) -> None:
    """Nobody is lost, the three end in one epoch, and what is left of the one before is noise."""
    everybody = [True] * len(residents)
    epoch = 1
    for at, step in enumerate(STEPS):
        side = ("before", "after")[(at + SEATS.index(seat)) % 2]  # each moment of each step at one of them
        copied = {one: _copied(field, one) for one in SEATS if in_files}
        field.set(seat, "fatal", f"{seat} {side} {step}")
        assert not Asking(office.refresh).acknowledged()
        assert field.ended(seat) == KILLED
        field.set(seat, "fatal", "")
        field.start(seat)
        assert patiently(lambda: matched(office, residents)) == everybody
        assert patiently(office.check) == []
        now = office.gallery(DOOR).epoch
        assert now == epoch + (STEPS.index(step) > 3 or (step, side) == ("switch", "after") or now > epoch)
        for one in SEATS:
            roots = field.folder / f"custodian-{one}/store/roots"
            assert [root.name for root in roots.iterdir()] == [root_name(now)], (seat, side, step)
            if in_files and now > epoch:
                _is_gone(copied[one], field.folder / f"custodian-{one}/store", one, epoch)
        epoch = now
    assert epoch > 3
    assert office.check() == []


def _copied(field: Field, seat: Seat) -> dict[str, bytes]:
    """Everything in a custodian's folder, its log of changes among it."""
    store = field.folder / f"custodian-{seat}/store"
    return {str(path.relative_to(store)): path.read_bytes() for path in store.rglob("*") if path.is_file()}


def _is_gone(before: dict[str, bytes], store: Path, seat: Seat, epoch: int) -> None:
    """No file holds the old root, or a page of the old epoch, or opens the old data key that was copied."""
    root = before[f"roots/{root_name(epoch)}"]
    left = b"".join(path.read_bytes() for path in store.rglob("*") if path.is_file())
    assert root not in left
    with closing(_opened(before, store.parent / "copy")) as copy:
        office, wrapped = copy.execute(
            "SELECT office, wrapped FROM custodian, data_key WHERE data_key.epoch = ?", (epoch,)
        ).fetchone()
        pages = copy.execute("SELECT rows FROM page WHERE epoch = ?", (epoch,)).fetchall()
    assert pages
    assert wrapped not in left
    assert not any(page[100:140] in left for (page,) in pages)
    bound = seal.bound(office, seat, epoch)
    assert len(unwrapped_under(root, wrapped, bound)) == 32  # the copy and the old root: what the twin would be
    for path in (store / "roots").iterdir():
        with pytest.raises(MoietyError):
            unwrapped_under(path.read_bytes(), wrapped, bound)


def _opened(files: dict[str, bytes], place: Path) -> sqlite3.Connection:
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    for suffix in ("", "-wal"):
        (place / f"copy.sqlite{suffix}").write_bytes(files.get(f"custodian.sqlite{suffix}", b""))
    return sqlite3.connect(place / "copy.sqlite")


def test_nothing_of_an_old_epoch_opens_in_a_copied_cluster(postgres: Server, tmp_path: Path) -> None:
    """The data directory, its log of changes among it, was copied by somebody who comes for the roots afterwards."""
    names = _databases(postgres)
    place = Field.lay_out(tmp_path / "trial", databases={seat: postgres.socket_url(names[seat]) for seat in SEATS})
    place.start()
    try:
        office = place.gateway()
        office.add_gallery(DOOR, TERMS, DOCUMENT)
        residents = crowd(5, seed=71)
        patiently(lambda: office.enrol(DOOR, residents))
        wrapped = {seat: _only(postgres, names[seat], "SELECT wrapped FROM data_key") for seat in SEATS}
        offices = {seat: _only(postgres, names[seat], "SELECT office FROM custodian") for seat in SEATS}
        roots = {seat: (_roots(place, seat) / root_name(1)).read_bytes() for seat in SEATS}
        assert office.refresh() == 2
        postgres.ask("postgres", "CHECKPOINT")
        copied = shutil.copytree(postgres.folder / "data", tmp_path / "copied", dirs_exist_ok=True)
        left = [path.read_bytes() for path in copied.rglob("*") if path.is_file()]
        assert any(path.parent.name == "pg_wal" for path in copied.rglob("*"))
        assert any(wrapped["a"] in some for some in left)  # a log keeps what was in it: that is what roots are for
        for seat in SEATS:
            assert not any(roots[seat] in some for some in left)
            bound = seal.bound(offices[seat], seat, 1)
            assert len(unwrapped_under(roots[seat], wrapped[seat], bound)) == 32
            [new] = list(_roots(place, seat).iterdir())
            assert new.name == root_name(2)
            with pytest.raises(MoietyError):
                unwrapped_under(new.read_bytes(), wrapped[seat], bound)
        assert matched(office, residents) == [True] * 5
        office.close()
    finally:
        place.close()


def _roots(place: Field, seat: Seat) -> Path:
    return place.folder / f"custodian-{seat}/store/roots"


def _only(server: Server, database: str, question: str) -> bytes:
    [(value,)] = server.ask(database, question)
    assert isinstance(value, bytes)
    return value


_TRIES: Final = 5


@pytest.mark.parametrize("story", ["enrol", "search"])
def test_killed_before_it_wrote_a_custodian_acknowledges_what_it_lacks(scene: Scene, story: str) -> None:
    newcomer = crowd(1, seed=7)
    assert scene.office.audit().first is None
    ask: Callable[[], object] = {
        "enrol": lambda: scene.office.enrol(DOOR, newcomer),
        "search": lambda: scene.office.verify(DOOR, newcomer[0].words, scene.truth.inside[0].pseudonym),
    }[story]
    for _ in range(_TRIES):  # where the other two hear of its end before they have written, nobody lacks anything
        scene.field.set("b", "fatal", UNWRITTEN)
        with pytest.raises(Unavailable):
            ask()
        assert scene.field.ended("b") == KILLED
        scene.field.set("b", "fatal", "")
        scene.field.start("b")
        scene.office.close()
        scene.office = scene.field.gateway()
        first = scene.office.audit().first
        if first is not None:
            break
    assert first is not None
    assert (first.what, first.log) == (What.MISSING, Party.B)
    told = patiently(scene.office.acknowledge)
    assert told[Party.B] == 1
    found = scene.office.audit()
    assert (found.first, dict(found.acknowledged)) == (None, {Party.B: 1})
    # Who asked is an officer's key, and the gateway's daily one is not.
    [entry] = [noted.entry for noted in scene.office.listed(100) if isinstance(noted.entry, Acknowledgement)]
    assert entry.caller == scene.office._caller("acknowledge") != scene.office._caller("verify")
    assert not patiently(lambda: matched(scene.office, newcomer))[0]
    scene.truth.holds(scene.office)
    patiently(lambda: scene.office.enrol(DOOR, newcomer))
    assert scene.office.audit().first is None
