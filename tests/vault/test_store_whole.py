"""The record store as a whole: what lies in its files, what is left after a kill, and that it does as its twin does."""

from __future__ import annotations

import signal
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moiety.vault.refusals import MoveRefused
from moiety.vault.retention import Move, State, Stay
from moiety.vault.rows import Person
from moiety.vault.schema import Group
from moiety.vault.sql import RecordStore
from tests.database.doomed import live
from tests.vault.people import VALUES, record
from tests.vault.stored import blobs, handle, minute, pseudonym, put_forty, somebody

CANARIES = [
    *(value.encode() for value in VALUES.values() if isinstance(value, str) and len(value) > 5),
    b"canary photo",
    b"1949-12",
    "Canary".encode("utf-16-le"),
]


def swept(folder: Path) -> list[bytes]:
    """Canaries in a folder's files."""
    files = [file.read_bytes() for file in folder.iterdir()]
    assert any(len(file) > 1000 for file in files)
    return [canary for canary in CANARIES if any(canary in file for file in files)]


def test_nothing_identifying_lies_in_the_files_in_the_clear(tmp_path: Path) -> None:
    with closing(RecordStore.create(tmp_path / "vault")) as store:
        store.put_many("door", [somebody(number) for number in range(5)])
        assert swept(tmp_path / "vault") == []
        store.settle_many("door", [pseudonym(1)])
        store.replace("door", pseudonym(1), 1, blobs(pseudonym(1), 1))
        store.scrub()
        assert swept(tmp_path / "vault") == []
    # The sweep finds what is there.
    (tmp_path / "vault" / "more").write_bytes(b"--Canary Quillfeather--")
    assert swept(tmp_path / "vault") == [b"Canary Quillfeather"]


def test_old_bytes_are_gone_from_the_files_after_a_scrub(tmp_path: Path) -> None:
    def found(part: bytes) -> bool:
        return any(part in file.read_bytes() for file in (tmp_path / "vault").iterdir())

    with closing(RecordStore.create(tmp_path / "vault")) as store:
        store.put_many("door", [somebody(number) for number in range(5)])
        store.settle_many("door", [pseudonym(number) for number in range(5)])
        gone, replaced = somebody(1), somebody(2)
        parts = [gone.person, gone.handle, *(blob[20:60] for blob in gone.blobs.values())]
        old = [blob[20:60] for blob in replaced.blobs.values()]
        assert all(found(part) for part in parts + old)
        store.replace("door", pseudonym(2), 1, blobs(pseudonym(2), 1))
        store.destroy_many("door", [gone.person])
        store.scrub()
        assert not any(found(part) for part in parts + old)
        assert found(somebody(3).blobs[Group.BIRTH][20:60])


@pytest.mark.parametrize("point", ["before put", "after put", "after settle"])
def test_an_import_that_was_killed_goes_on_without_a_duplicate(place: Path | str, point: str) -> None:
    RecordStore.create(place).close()
    assert live(put_forty, place, point, 3) == -signal.SIGKILL
    whole = 3 if point == "after settle" else 2
    with closing(RecordStore.open(place)) as store:
        counted = store.count("door")
        assert counted[State.ACTIVE] == whole * 10
        assert counted[State.PENDING] == (10 if point == "after put" else 0)
    put_forty(place)
    with closing(RecordStore.open(place)) as store:
        assert store.count("door") == dict.fromkeys(State, 0) | {State.ACTIVE: 40}
        found = store.get("door", pseudonym(25), Group)
        assert found is not None
        assert found.blobs == somebody(25, known=record(photo=None)).blobs
        assert found.handle == handle(25)


steps = st.lists(
    st.tuples(st.sampled_from(["put", "settle", "destroy", *Move]), st.integers(0, 3), st.integers(0, 6)), max_size=25
)


@settings(max_examples=25)
@given(steps)
def test_the_store_does_what_a_table_in_memory_does(
    tmp_path_factory: pytest.TempPathFactory, said: list[tuple[str | Move, int, int]]
) -> None:
    twin: dict[bytes, Stay] = {}
    with closing(RecordStore.create(tmp_path_factory.mktemp("twin") / "vault")) as store:
        for what, number, day in said:
            person = pseudonym(number)
            if what == "put":
                left = store.put_many("door", [Person(person, handle(number), Stay(State.PENDING, day))])
                there = person in twin and twin[person].state is not State.PENDING
                assert left == ([0] if there else [])
                if not there:
                    twin[person] = Stay(State.PENDING, day)
            elif what == "settle":
                store.settle_many("door", [person])
                if person in twin and twin[person].state is State.PENDING:
                    twin[person] = twin[person].after(Move.SETTLE, minute(day))
            elif what == "destroy":
                assert store.destroy_many("door", [person]) == (twin.pop(person, None) is not None)
            elif isinstance(what, Move) and what is not Move.SETTLE and person in twin:
                try:
                    twin[person] = twin[person].after(what, minute(day))
                except MoveRefused:
                    with pytest.raises(MoveRefused):
                        store.move("door", person, what, minute(day))
                else:
                    assert store.move("door", person, what, minute(day)) == twin[person]
            now = minute(day)
            due = {one.person for _, one in store.due(now)}
            assert due == {key for key, stay in twin.items() if stay.due is not None and stay.due <= now.minute}
        assert {one.person: one.stay for one in store.page("door")} == twin
