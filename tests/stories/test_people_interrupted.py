"""Whoever is ended by force at any commit point leaves nobody half there: the same call again succeeds."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from moiety import settings
from moiety.custody.custodian import Custodian
from moiety.custody.gateway.embedded import Embedded
from moiety.custody.store.kinds import keys_of
from moiety.custody.store.slots import State as Slot
from moiety.custody.unopened import NobodyThere
from moiety.face.installed import Installed
from moiety.identity.office import Office
from moiety.identity.people import People
from moiety.identity.person import Person
from moiety.identity.ports import Newcomer
from moiety.identity.pseudonym import Pseudonym
from moiety.identity.refusals import AlreadyKept
from moiety.matching.words import quantise
from moiety.vault.record import Record
from moiety.vault.refusals import NothingToWithdraw
from moiety.vault.retention import State
from moiety.vault.sql import RecordStore
from moiety.vault.values import Raw
from tests.custody.scene import NOON
from tests.database.doomed import FORK, Fatal, live
from tests.stories.guests import GUEST, NUMBER, guest, hotel, number

FORK.set_forkserver_preload(["tests.stories.test_people_interrupted", "moiety.database.postgresql"])

NEW: dict[str, Raw] = {"address": "2 New Street, Canary Wharf", "name": "Lǐ Canary"}
NAME = "trusting"

Observer = Callable[[str], None]


class Kept:
    """The record store of an office, opened already."""

    def __init__(self, folder: Path, observer: Observer) -> None:
        self._store = RecordStore.open(folder, observer)

    def store(self) -> RecordStore:
        return self._store

    def close(self) -> None:
        self._store.close()


def silent(point: str) -> None:
    """Hears nothing."""


def opened(folder: Path, records: Observer = silent, custodians: Observer = silent) -> Office:
    """The office of a folder. Opening it has commit points too, which nobody hears of."""
    heard: list[Observer] = []

    def hear(point: str) -> None:
        for observer in heard:
            observer(point)

    gateway = Embedded.open(folder / "office", clock=lambda: NOON, entropy=os.urandom, observer=hear)
    heard.append(custodians)
    models = Installed(settings.data_folder())
    return Office(gateway, models, Kept(folder / "records", records), clock=lambda: NOON, entropy=os.urandom)


def _anna(people: People) -> Person:
    """Also where she is on her way out, and nobody finds her by her number."""
    [(person, _)] = people.named([Record(people.schema(), {"national_id": NUMBER})])
    return people.person(Pseudonym(NAME, person))


def _add(people: People) -> None:
    people.add(GUEST, grounds="consent")


def _correct(people: People) -> None:
    _anna(people).correct(NEW)


def _erase(people: People) -> None:
    _anna(people).erase(now=True)


def _restrict(people: People) -> None:
    _anna(people).restrict()


def _lift(people: People) -> None:
    _anna(people).lift()


def _withdraw(people: People) -> None:
    _anna(people).withdraw()


def _take_back(people: People) -> None:
    _anna(people).withdraw("consent")


ACTS = {
    "add": _add,
    "correct": _correct,
    "restrict": _restrict,
    "lift": _lift,
    "withdraw": _withdraw,
    "erase": _erase,
    "take back": _take_back,
}

STEPS: dict[str, tuple[list[str], list[str]]] = {
    "add": (["put", "settle"], ["prepare", "activate"]),
    "correct": (["expect", "replace", "left"], ["prepare", "activate", "erase"]),
    "restrict": (["restrict"], ["restrict"]),
    "lift": (["lift"], ["restrict"]),
    "take back": (["basis", "left"], ["restrict", "erase"]),
    "withdraw": (["erase", "basis"], ["restrict"]),
    "erase": (["destroy"], ["erase"]),
}
"""What commits in each call: at the record store, and at each custodian. To scrub is to change nothing."""

POINTS = [
    (act, place, point)
    for act, (records, custodians) in STEPS.items()
    for place, points in (
        ("records", [f"after {step}" for step in records]),
        ("custodians", [f"b after {step}" for step in custodians]),
    )
    for point in points
]


def _live(folder: Path, act: str, place: str, point: str) -> None:
    fatal = Fatal(point)
    with opened(folder, *((fatal, silent) if place == "records" else (silent, fatal))) as office:
        ACTS[act](office.purpose(NAME).people())


@pytest.fixture
def folder(tmp_path: Path, data: Path) -> Path:
    """An office with one guest who stays."""
    Embedded.create(tmp_path / "office", os.urandom)
    RecordStore.create(tmp_path / "records").close()
    with opened(tmp_path) as office:
        office.add_purpose(hotel(NAME, trusting=True))
        office.purpose(NAME).people().add(guest(1), grounds="register")
    return tmp_path


def prepared(folder: Path, act: str) -> None:
    """What has to be there before a call."""
    with opened(folder) as office:
        people = office.purpose(NAME).people()
        if act != "add":
            _add(people)
        if act == "lift":
            _restrict(people)
        if act == "take back":
            _faced(people)


def _faced(people: People) -> None:
    """What allows the record without a face, and a face."""
    anna = _anna(people)
    anna.consent("register")
    words = quantise(np.random.default_rng(1).standard_normal(192))
    beside = anna.beside("consent")
    day = (beside.expires - date(1970, 1, 1)).days
    people._desk.custody().enrol(NAME, [Newcomer(words, beside.pseudonym.value, day, 1)])


def whole(people: People) -> bool:
    """Whether somebody is found of whom everything opens; and that it is all old or all new."""
    found = people.find(NUMBER)
    if found is None or found.state() is not State.ACTIVE:
        return False
    values = dict(found.reveal(GUEST, reason="inspection").values)
    assert values in (GUEST, GUEST | NEW)
    looked_up = people.look_up({name: str(values[name]) for name in ("name", "birth_date")})
    assert [who.pseudonym for who in looked_up] == [found.pseudonym]
    return True


@pytest.mark.parametrize(("act", "place", "point"), POINTS, ids=lambda word: word.replace(" ", "-"))
def test_whoever_is_killed_leaves_nobody_half_there(folder: Path, act: str, place: str, point: str) -> None:
    prepared(folder, act)
    assert live(_live, folder, act, place, point) == -signal.SIGKILL
    with opened(folder) as office:
        people = office.purpose(NAME).people()
        if act == "correct":
            assert whole(people)
        if act == "add" and people.find(NUMBER) is None:
            assert people.look_up({name: GUEST[name] for name in ("name", "birth_date")}) == []
        elif act == "add":
            assert whole(people)
        if act != "erase" or people.find(NUMBER) is not None:
            with suppress(AlreadyKept, NothingToWithdraw):  # it was done, and nobody was told
                ACTS[act](people)
        assert people.sweep() == 0
        assert office.check() == []
        if act in ("add", "correct", "lift", "take back"):
            assert whole(people)
        if act == "take back":
            anna = _anna(people)
            assert [(one.grounds, one.stands) for one in anna.basis()] == [("consent", False), ("register", True)]
            assert people._desk.records().faces_leaving(NAME) == []
            assert not people._desk.custody().erase(NAME, anna.pseudonym.value)  # nobody's face was there any more
        elif act == "erase":
            assert people.find(NUMBER) is None
        elif act in ("restrict", "withdraw"):
            anna = _anna(people)
            assert anna.state() is (State.RESTRICTED if act == "restrict" else State.ERASING)
            with pytest.raises(NobodyThere):
                anna.reveal(["address"], reason="inspection")
            assert [one.stands for one in anna.basis()] == [act == "restrict"]
        bert = people.find(number(1))
        assert bert is not None
        assert bert.reveal(["address"], reason="parcel").values == {"address": "1 Long Street"}
    with closing(RecordStore.open(folder / "records")) as store:
        assert store.leaving(NAME) == {}
        kept = sum(store.count(NAME).values())
        assert store.count(NAME)[State.PENDING] == 0
    # As many rows of keys as records: nothing is left of who is gone, nor of what was written anew.
    with closing(Embedded.open(folder / "office", clock=lambda: NOON, entropy=os.urandom)) as gateway:
        assert held(gateway) == kept == (1 if act == "erase" else 2)


def held(gateway: Embedded) -> int:
    """Rows of keys at a custodian, restricted ones among them."""
    custodian = gateway.three.custodians["a"]
    assert isinstance(custodian, Custodian)
    states = custodian._gallery(keys_of(NAME)).states()
    return int(np.count_nonzero((states == Slot.ACTIVE) | (states == Slot.RESTRICTED)))


def test_every_commit_point_of_a_call_is_among_them(folder: Path) -> None:
    for act in ACTS:
        if act == "take back":
            prepared(folder, act)
        records: list[str] = []
        custodians: list[str] = []
        with opened(folder, records.append, custodians.append) as office:
            ACTS[act](office.purpose(NAME).people())
        here = {point.removeprefix("before ") for point in records if point.startswith("before ")}
        there = {point.removeprefix("a before ") for point in custodians if point.startswith("a before ")}
        already = {"erase"} if act == "erase" else set()  # whoever withdrew is erasing
        assert here - {"scrub"} == set(STEPS[act][0]) - already, act
        assert there - {"scrub", "scrub states"} == set(STEPS[act][1]) - ({"restrict"} if already else set()), act


def test_of_two_who_add_one_person_at_once_one_succeeds(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second comes, and tidies, before the custodians keep the first one's keys: these are nobody's then."""
    with opened(folder) as office, opened(folder) as other:
        people = office.purpose(NAME).people()
        gateway = people._desk.custody()
        keep = gateway.keep

        def slowly(*arguments: Any, **named: Any) -> None:
            people = other.purpose(NAME).people()
            people.add(GUEST | NEW, grounds="consent")
            people.sweep()
            keep(*arguments, **named)

        monkeypatch.setattr(gateway, "keep", slowly)
        with pytest.raises(AlreadyKept):
            people.add(GUEST, grounds="consent")
        assert _anna(people).reveal(["address"], reason="parcel").values == {"address": NEW["address"]}
        people.sweep()
    with closing(Embedded.open(folder / "office", clock=lambda: NOON, entropy=os.urandom)) as left:
        assert held(left) == 2
