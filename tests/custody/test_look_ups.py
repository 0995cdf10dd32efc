"""That names were drawn, and that it was asked who is there, is in the ledger of each custodian that answers."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest

from moiety.custody.chronicle import called, minute_of
from moiety.custody.custodian import Custodian
from moiety.custody.gateway.embedded import Embedded
from moiety.custody.refusals import GalleryUnknown
from moiety.custody.store.handles import handles
from moiety.custody.store.kinds import keys_of
from moiety.custody.unopened import KeyNotMade
from moiety.ledger.entry import LookUp
from moiety.ledger.refusals import LedgerUnwritable
from moiety.oprf import voprf
from moiety.sharing.seat import SEATS
from tests.custody.damage import delete
from tests.custody.ledgers import LOGS, Reader, chronicle, fresh, unwritable
from tests.custody.scene import DOCUMENT, DOOR, NOON, TODAY, Clock, opened, people
from tests.custody.test_chronicle import REVEAL

NOW = minute_of(NOON.timestamp())
KEPT = keys_of(DOOR)
CROWD = people(3)
WHO = [b"11010519491231002X"]
ELEMENTS: Final = voprf.blind_all(WHO, os.urandom).elements
THREE = LOGS[1:]

ASKS: dict[str, Callable[[Any], Any]] = {
    "evaluated": lambda custodian: custodian.records.evaluate(DOOR, ("a", "b"), ELEMENTS, False),
    "located": lambda custodian: custodian.locate(DOOR, bytes(16)),
    "pseudonyms": lambda custodian: custodian.pseudonym_parts(DOOR, [0]),
}
"""What a gateway asks of one custodian."""


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An office with faces and with a key for pseudonyms, closed."""
    folder = tmp_path_factory.mktemp("looked") / "office"
    Embedded.create(folder, os.urandom)
    with closing(opened(folder)) as office:
        office.add_gallery(DOOR, REVEAL, DOCUMENT)
        office.enrol(DOOR, CROWD)
        office.pseudonyms(DOOR, WHO)
    return folder


@pytest.fixture
def clock() -> Clock:
    clock = Clock()
    clock.pass_(minutes=1)  # what the office did before was another minute's
    return clock


@pytest.fixture
def folder(lived: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(lived, tmp_path / "office"))


@pytest.fixture
def office(folder: Path, clock: Clock) -> Iterator[Embedded]:
    office = opened(folder, clock)
    yield office
    office.close()


@pytest.fixture
def reader(folder: Path, office: Embedded) -> Reader:
    return Reader(folder)


@pytest.fixture
def asked(office: Embedded) -> Custodian:
    custodian: Any = office.three.custodians["a"]
    assert isinstance(custodian, Custodian)
    return custodian


def agree(office: Embedded) -> bool:
    found = office.audit()
    return found.first is None and not any(found.behind.values())


@pytest.mark.parametrize("what", ASKS)
def test_it_is_written_once_a_minute_for_each_caller(
    office: Embedded, asked: Custodian, reader: Reader, clock: Clock, what: Any
) -> None:
    ask, now = ASKS[what], NOW + 1
    for _ in range(3):
        ask(asked)
    assert reader.look_ups() == {"a": [LookUp(now, "office", DOOR, what)]}
    with called("somebody"):
        ask(asked)
        ask(asked)
    assert reader.look_ups() == {"a": [LookUp(now, "somebody", DOOR, what)]}
    for other in ASKS:
        ASKS[other](asked)
    assert sorted(some.what for some in reader.look_ups()["a"]) == sorted(set(ASKS) - {what})
    clock.pass_(seconds=60)
    ask(asked)
    assert reader.look_ups() == {"a": [LookUp(now + 1, "office", DOOR, what)]}
    assert agree(office)


@pytest.mark.parametrize("what", ASKS)
def test_after_a_restart_a_minute_has_still_one_line(folder: Path, clock: Clock, what: Any) -> None:
    reader = Reader(folder)
    for _ in range(2):
        with closing(opened(folder, clock)) as office:
            ASKS[what](office.three.custodians["a"])
    assert reader.look_ups() == {"a": [LookUp(NOW + 1, "office", DOOR, what)]}


@pytest.mark.parametrize("how", ["full", "read-only", "locked"])
@pytest.mark.parametrize("what", ASKS)
def test_where_it_cannot_be_written_nothing_is_answered(
    office: Embedded, asked: Custodian, reader: Reader, clock: Clock, what: str, how: str
) -> None:
    ask = ASKS[what]
    ask(asked)
    clock.pass_(minutes=1)
    with unwritable(chronicle(office, "a"), how):
        reader.news()
        for _ in range(2):  # that it could not be written is not remembered as written
            with pytest.raises(LedgerUnwritable):
                ask(asked)
        assert reader.look_ups() == {}
    ask(asked)
    assert [some.what for some in reader.look_ups()["a"]] == [what]


def test_what_comes_later_in_a_minute_costs_no_question_to_a_database(
    office: Embedded, asked: Custodian, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Evaluations are what an import is made of."""
    database = chronicle(office, "a").log._database
    used: list[str] = []
    for way in ("reading", "writing"):
        begun = getattr(database, way)
        monkeypatch.setattr(database, way, lambda *given, _way=way, _do=begun: used.append(_way) or _do(*given))
    ASKS["evaluated"](asked)
    assert used == ["writing"]
    for _ in range(5):
        ASKS["evaluated"](asked)
    assert used == ["writing"]


def test_it_is_written_before_the_answer_is_made(
    office: Embedded, asked: Custodian, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    from moiety.oprf import threshold

    found: list[dict[str, list[LookUp]]] = []
    honest = threshold.evaluate

    def late(*of: Any) -> bytes:
        found.append(reader.look_ups())
        return honest(*of)

    monkeypatch.setattr(threshold, "evaluate", late)
    ASKS["evaluated"](asked)
    assert found == [{"a": [LookUp(NOW + 1, "office", DOOR, "evaluated")]}]


def test_for_purposes_that_there_are_not_nothing_is_written(asked: Custodian, reader: Reader) -> None:
    for ask in (
        lambda: asked.locate("gate", bytes(16)),
        lambda: asked.pseudonym_parts("gate", [0]),
        lambda: asked.records.evaluate("gate", ("a", "b"), ELEMENTS, False),
    ):
        with pytest.raises(GalleryUnknown):
            ask()
    with pytest.raises(KeyNotMade):
        asked.records.evaluate(KEPT, ("a", "b"), ELEMENTS, False)
    assert reader.look_ups() == {}


def test_whatever_a_gateway_does_says_so_at_each_custodian_that_answers_it(
    office: Embedded, folder: Path, reader: Reader, clock: Clock
) -> None:
    def now(what: Any) -> LookUp:
        return LookUp(minute_of(clock().timestamp()), "office", DOOR, what)

    office.pseudonyms(DOOR, WHO)
    assert reader.look_ups() == {seat: [now("evaluated")] for seat in ("a", "b")}
    office.pseudonyms(DOOR, [b"%d" % at for at in range(50)])  # some are asked again of the third
    assert reader.look_ups() == {"c": [now("evaluated")]}
    assert not office.erase(DOOR, bytes(16))
    assert reader.look_ups() == {log: [now("located")] for log in THREE}
    assert office.erase(DOOR, CROWD[0].pseudonym)
    assert reader.look_ups() == {}
    clock.pass_(minutes=1)
    anna = fresh()
    office.keep(DOOR, [anna])
    office.rewrite(DOOR, replace(fresh(), public=anna.public), anna.name, ["birth", "document", "photo", "access"])
    assert reader.look_ups() == {log: [now("located")] for log in THREE}  # whose record is carried over is there
    office.verify(DOOR, CROWD[1].words, CROWD[1].pseudonym)
    office.identify(DOOR, np.stack([CROWD[1].words]))
    office.refresh()
    assert reader.look_ups() == {}
    assert agree(office)
    office.close()
    delete(folder / "custodian-b", "page", 1)
    with closing(opened(folder, clock)) as again:
        assert again.mend() == 2  # of faces and of keys
        told = reader.look_ups()
        assert {log for log, some in told.items() if now("pseudonyms") in some} == {"a", "c"}
        assert agree(again)


def test_a_history_says_nothing_of_look_ups(office: Embedded) -> None:
    anna = fresh()
    office.keep(DOOR, [anna])
    before = office.noted(anna.access, anna.public, TODAY, TODAY)
    handle = handles(KEPT, [anna.name])
    for seat in SEATS:
        assert len(office.three.custodians[seat].locate(KEPT, handle[seat].tobytes())) == 1
    assert office.noted(anna.access, anna.public, TODAY, TODAY) == before != []
