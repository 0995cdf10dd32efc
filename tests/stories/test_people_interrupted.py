"""Whoever is ended by force at any commit point leaves nobody half there: the same call again succeeds."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import date, datetime, timedelta
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
from moiety.identity.receipts import Receipt
from moiety.identity.refusals import AlreadyKept, NobodyKept
from moiety.ledger.receipt import subject, verify
from moiety.matching.words import quantise
from moiety.vault import owing
from moiety.vault.owed import Owed
from moiety.vault.record import Record
from moiety.vault.refusals import NothingToWithdraw
from moiety.vault.retention import State
from moiety.vault.sql import BATCH_LIMIT, RecordStore
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


def now() -> datetime:
    """When all of this is."""
    return NOON


def later() -> datetime:
    """When whoever was erased has been for three days."""
    return NOON + timedelta(hours=73)


def opened(
    folder: Path, records: Observer = silent, custodians: Observer = silent, clock: Callable[[], datetime] = now
) -> Office:
    """The office of a folder. Opening it has commit points too, which nobody hears of."""
    heard: list[Observer] = []

    def hear(point: str) -> None:
        for observer in heard:
            observer(point)

    gateway = Embedded.open(folder / "office", clock=clock, entropy=os.urandom, observer=hear)
    heard.append(custodians)
    models = Installed(settings.data_folder())
    return Office(gateway, models, Kept(folder / "records", records), clock=clock, entropy=os.urandom)


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
    "erase": (["destroy", "settle owed"], ["erase", "attest"]),
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


# Receipts.


def _leave(people: People) -> None:
    _anna(people).erase()


STEPPED = [
    ("custodians", "a after erase"),
    ("custodians", "b after erase"),
    ("custodians", "c after scrub"),
    ("records", "after destroy"),
    ("records", "after scrub"),
    ("custodians", "a after attest"),
    ("custodians", "c after attest"),
    ("records", "before settle owed"),
]
"""Between each pair of steps of an erasure, until the receipt is handed out."""

GONE = STEPPED[3:]
"""From when on there is no record any more."""

OWED = [
    (act, again, place, point)
    for act in ("erase", "sweep")
    for again in ("erase", "sweep")
    for place, point in STEPPED
    # Who was to be destroyed at once is due to nobody: whoever asked for it asks again.
    if (act, again) != ("erase", "sweep") or (place, point) in GONE
]


@contextmanager
def _receiving(taken: list[Receipt]) -> Iterator[Callable[[Receipt], None]]:
    yield taken.append


def _live_sweep(folder: Path, place: str, point: str) -> None:
    fatal = Fatal(point)
    with opened(folder, *((fatal, silent) if place == "records" else (silent, fatal)), clock=later) as office:
        office.purpose(NAME).people().sweep(lambda name: _receiving([]))


@pytest.mark.parametrize(("act", "again", "place", "point"), OWED, ids=lambda word: word.replace(" ", "-"))
def test_whoever_goes_on_with_an_erasure_is_given_the_receipt_once(
    folder: Path, act: str, again: str, place: str, point: str
) -> None:
    prepared(folder, act)
    with opened(folder) as office:
        who = _anna(office.purpose(NAME).people()).pseudonym
        if act == "sweep":
            _leave(office.purpose(NAME).people())
    if act == "erase":
        assert live(_live, folder, act, place, point) == -signal.SIGKILL
    else:
        assert live(_live_sweep, folder, place, point) == -signal.SIGKILL
    with opened(folder, clock=later) as office:
        people, taken = office.purpose(NAME).people(), list[Receipt]()
        if (place, point) in GONE:
            assert people.sweep() == 0  # nobody keeps receipts here: what is owed stays
        if again == "erase":
            erased = people.person(who)
            receipt = erased.erase(now=True).receipt
            assert receipt is not None
            taken.append(receipt)
            with pytest.raises(NobodyKept):
                erased.erase(now=True)
        people.sweep(lambda name: _receiving(taken))
        keys: Any = office.ledger_keys()
        people.sweep(lambda name: _receiving(taken))
    [receipt] = taken
    found = verify(receipt.file, keys, str(who), receipt.salt)
    counted = [(some.what, some.count) for one in found.signed for some in one.statement.destroyed]
    assert counted == [("keys", 1)] * 3
    with closing(RecordStore.open(folder / "records")) as store:
        assert store.owed(NAME) == []


def test_a_receipt_is_owed_until_it_is_taken(folder: Path) -> None:
    """Whoever writes it down may be killed, or have no room, when everything else is gone."""
    prepared(folder, "erase")

    def takes_nothing(receipt: Receipt) -> None:
        raise BlockingIOError

    with opened(folder) as office:
        anna = _anna(office.purpose(NAME).people())
        for _ in range(2):
            with pytest.raises(BlockingIOError):
                anna.erase(now=True, take=takes_nothing)
        taken: list[Receipt] = []
        assert anna.erase(now=True, take=taken.append).receipt is taken[0]
        verify(taken[0].file, office.ledger_keys(), str(anna.pseudonym), taken[0].salt)
        with pytest.raises(NobodyKept):
            anna.erase(now=True, take=taken.append)
    assert len(taken) == 1


def test_what_many_are_owed_hides_nobody_of_another_purpose(folder: Path) -> None:
    prepared(folder, "erase")
    with closing(RecordStore.open(folder / "records")) as store:
        with store._database.writing("test") as connection:
            for number in range(BATCH_LIMIT + 1):
                subject_of = number.to_bytes(32, "little")
                owing.owe(connection, Owed("another", 1, bytes(32), subject_of, ()))
            owing.owe(connection, last := Owed(NAME, 1, bytes(32), bytes([255]) * 32, ()))
        assert store.owed(NAME) == [last]
        assert len(store.owed("another")) == BATCH_LIMIT


def test_no_receipt_is_signed_of_whom_something_is_left(folder: Path) -> None:
    """When custodians are asked to sign, the row is gone from the record store, and from its files."""
    prepared(folder, "erase")
    with opened(folder) as office:
        who = _anna(office.purpose(NAME).people()).pseudonym
    with closing(RecordStore.open(folder / "records")) as store:
        anna = store.get(NAME, who.value)
        assert anna is not None
    seen: list[int] = []

    def heard(point: str) -> None:
        if point == "a before attest":
            seen.append(sum(file.read_bytes().count(anna.handle) for file in (folder / "records").iterdir()))
            seen.append(sum(file.read_bytes().count(anna.person) for file in (folder / "records").iterdir()))

    before = sum(file.read_bytes().count(anna.person) for file in (folder / "records").iterdir())
    with opened(folder, custodians=heard) as office:
        assert office.purpose(NAME).people().person(who).erase(now=True).receipt
    assert before > 0
    assert seen == [0, 0]


def test_what_is_owed_names_nobody_and_is_forgotten_after_thirty_days(folder: Path) -> None:
    prepared(folder, "erase")
    with opened(folder) as office:
        who = _anna(office.purpose(NAME).people()).pseudonym
    assert live(_live, folder, "erase", "records", "after destroy") == -signal.SIGKILL
    with closing(RecordStore.open(folder / "records")) as store:
        store.scrub()
        [owed] = store.owed(NAME)
    assert owed.subject.hex() == subject(str(who), owed.salt)
    content = b"".join(file.read_bytes() for file in (folder / "records").iterdir())
    assert owed.salt in content
    needles = [who.value, who.value.hex().encode(), str(who).encode(), *(trace for _, trace in owed.traces)]
    assert [needle in content for needle in needles] == [False, False, False, True, True]
    for days, left in ((30, [owed]), (31, [])):
        with opened(folder, clock=lambda days=days: NOON + timedelta(days=days)) as office:  # type: ignore[misc]
            office.purpose(NAME).people().confirm_clock()
            office.purpose(NAME).people().sweep()
        with closing(RecordStore.open(folder / "records")) as store:
            assert store.owed(NAME) == left


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
