"""People who come many at a time: put some at a time, in an order that tells nothing, and all of them or none."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from moiety.custody.gateway.together import Together
from moiety.custody.trust.denials import ApprovalRefused
from moiety.database.refusals import DatabaseFull
from moiety.errors import MoietyError
from moiety.identity import arriving, importing
from moiety.identity.arriving import Arriving
from moiety.identity.importing import Imported
from moiety.identity.office import Office
from moiety.vault.mapping import Taken
from moiety.vault.record import Record
from moiety.vault.retention import State
from moiety.vault.sql import RecordStore
from tests.stories.guests import guest, hotel

NAME = "trusting"


@pytest.fixture
def inn(office: Office, monkeypatch: pytest.MonkeyPatch) -> Office:
    """An office that keeps records, where each is put by itself and a batch is three."""
    monkeypatch.setattr(arriving, "PUT_BYTES", 1)
    monkeypatch.setattr(importing, "TOGETHER", 3)
    office.add_purpose(hotel(NAME, trusting=True))
    return office


def count(office: Office) -> dict[State, int]:
    """How many are kept in each state that somebody is in."""
    store = office._records.store()
    assert isinstance(store, RecordStore)
    return {state: number for state, number in store.count(NAME).items() if number}


def brought(office: Office, people: Sequence[int], heard: list[int] | None = None) -> Imported:
    """The import of these guests; `heard` is told how many were there, each time that it says so."""
    desk = office.purpose(NAME).people()
    rows = [Taken(at, Record(desk.schema(), guest(one))) for at, one in enumerate(people, 1)]
    told = [] if heard is None else heard
    return importing.run(
        desk,
        rows,
        grounds="register",
        text="1",
        approved=None,
        so_far=Imported(key=bytes(32)),
        done=lambda so_far, _: told.append(count(office)[State.ACTIVE]),
    )


def come(office: Office, kind: str) -> None:
    """Twelve people."""
    if kind == "import":
        brought(office, range(12))
    else:
        office.purpose(NAME).people().add_many([guest(one) for one in range(12)], grounds="register")


def test_none_is_settled_before_the_batch_before_is_written_down(inn: Office) -> None:
    heard: list[int] = []
    assert brought(inn, range(8), heard).added == 8
    assert heard == [3, 6, 8]
    assert count(inn) == {State.ACTIVE: 8}


@pytest.mark.parametrize("kind", ["import", "call"])
def test_rows_lie_in_the_order_of_pseudonyms_however_few_are_put_at_a_time(
    inn: Office, kind: str, tmp_path: Path
) -> None:
    come(inn, kind)
    [file] = tmp_path.rglob("vault.sqlite")
    with sqlite3.connect(file) as connection:
        rows = [person for (person,) in connection.execute("SELECT person FROM vault_people ORDER BY id")]
    connection.close()
    together = 3 if kind == "import" else 12
    batches = [rows[at : at + together] for at in range(0, 12, together)]
    assert batches == [sorted(batch) for batch in batches]


def test_the_first_of_two_in_one_batch_comes_in(inn: Office) -> None:
    added = inn.purpose(NAME).people().add_many([guest(1), guest(2), guest(1)], grounds="register")
    assert [isinstance(one, arriving.Added) for one in added] == [True, True, False]
    assert brought(inn, [3, 3, 4, 3]).counts() == {}
    assert count(inn) == {State.ACTIVE: 4}


def test_nobody_of_the_next_batch_stays_where_custodians_refuse_one(
    inn: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two batches are on their way, and the first of them is not taken."""
    times = 0

    def keep(self: Together, *given: Any, **more: Any) -> None:
        nonlocal times
        times += 1
        if times == 2:
            raise ApprovalRefused(needed=2, valid=0)
        real(self, *given, **more)

    real = Together.keep
    monkeypatch.setattr(Together, "keep", keep)
    with pytest.raises(ApprovalRefused):
        brought(inn, range(12))
    assert (times, count(inn)) == (2, {State.ACTIVE: 3})


@pytest.mark.parametrize("error", [ApprovalRefused(needed=2, valid=0), DatabaseFull()], ids=["refused", "full"])
@pytest.mark.parametrize("kind", ["import", "call"])
def test_nobody_stays_of_whom_a_part_cannot_be_put(
    inn: Office, error: MoietyError, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = 0

    def put(self: Arriving, *given: Any) -> None:
        nonlocal times
        times += 1
        if times == 5:
            raise error
        real(self, *given)

    real = Arriving.put
    monkeypatch.setattr(Arriving, "put", put)
    with pytest.raises(type(error)):
        come(inn, kind)
    assert count(inn) == ({State.ACTIVE: 3} if kind == "import" else {})


def test_many_are_settled_and_withdrawn_some_at_a_time(inn: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []

    def some(method: str) -> None:
        real = getattr(RecordStore, method)

        def heard(self: RecordStore, purpose: str, people: Sequence[Any], **more: Any) -> Any:
            sizes.append(len(people))
            return real(self, purpose, people, **more)

        monkeypatch.setattr(RecordStore, method, heard)

    some("settle_many")
    some("undo_many")
    monkeypatch.setattr(arriving, "SETTLED_AT_ONCE", 2)
    people = inn.purpose(NAME).people()
    people.add_many([guest(one) for one in range(5)], grounds="register")
    assert sizes == [2, 2, 1]
    monkeypatch.setattr(Together, "keep", lambda *_, **__: (_ for _ in ()).throw(ApprovalRefused(needed=2, valid=0)))
    with pytest.raises(ApprovalRefused):
        people.add_many([guest(one) for one in range(5, 8)], grounds="register")
    assert sizes == [2, 2, 1, 2, 1]
    assert count(inn) == {State.ACTIVE: 5}
