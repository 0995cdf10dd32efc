"""The record store, on both databases: who is put is there once, and who is destroyed is gone."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from moiety.database.refusals import DatabaseExists, DatabaseMissing
from moiety.vault import retention, sql
from moiety.vault.consent import ENTRIES_LIMIT, ENTRY_LIMIT
from moiety.vault.owed import Owed
from moiety.vault.refusals import BatchTooLarge, MoveRefused, PersonMissing, PersonUnnamed, RecordMisfit, WriteStale
from moiety.vault.retention import ERASURE_MINUTES, PROGRESS_MINUTES, STEP_MINUTES, Move, Reading, State, Stay, Trust
from moiety.vault.schema import Group
from moiety.vault.seal import BLOB_LIMIT, PHOTO_BLOB_LIMIT, Blob, Whose, open_class
from moiety.vault.sql import RecordStore
from moiety.vault.stored import Stored
from tests.database.doomed import Fatal, live
from tests.vault.people import VALUES, keys, picture, record
from tests.vault.stored import EXPIRES, blobs, handle, minute, pseudonym, somebody

NOBODY = pseudonym(999)


@pytest.fixture
def store(place: Path | str) -> Iterator[RecordStore]:
    """An empty one."""
    with closing(RecordStore.create(place)) as made:
        yield made


def filled(store: RecordStore, count: int, purpose: str = "door") -> None:
    """Some active people."""
    people = [somebody(number, known=record(photo=None), purpose=purpose) for number in range(count)]
    assert store.put_many(purpose, people) == []
    assert store.settle_many(purpose, people) == []


def rewritten(
    store: RecordStore,
    person: bytes,
    number: int,
    classes: Mapping[Group, Blob],
    *,
    without_photo: bool = False,
    entry: bytes | None = None,
) -> bytes:
    """Somebody written anew, under the handle that it returns."""
    named = handle(1_000 + number)
    store.expect("door", person, named)
    store.replace("door", person, number, classes, handle=named, without_photo=without_photo, entry=entry)
    return named


def test_what_was_put_is_found_by_its_pseudonym_and_opens(store: RecordStore) -> None:
    one = somebody(1)
    assert store.put_many("door", [one]) == []
    found = store.get("door", one.person, Group)
    assert found == one
    assert found is not None
    opened = [open_class(group, found.blobs[group], Whose("door", one.person), keys()) for group in Group]
    assert {name: value for fields in opened for name, value in fields.items()} == record().plain
    assert store.get("door", NOBODY) is None
    assert store.get("gate", one.person) is None


@pytest.mark.parametrize(
    "groups", [(), (Group.BIRTH,), (Group.PHOTO,), (Group.DOCUMENT, Group.CONTACT), (Group.PHOTO, Group.BIRTH)]
)
def test_only_the_classes_that_are_asked_for_are_read(store: RecordStore, groups: tuple[Group, ...]) -> None:
    one = somebody(1)
    store.put_many("door", [one])
    found = store.get("door", one.person, groups)
    assert found is not None
    assert found.blobs == {group: one.blobs[group] for group in groups}


def test_who_has_no_photograph_has_none(store: RecordStore) -> None:
    filled(store, 1)
    found = store.get("door", pseudonym(0), Group)
    assert found is not None
    assert found.blobs.keys() == {Group.DOCUMENT, Group.CONTACT, Group.BIRTH}


def test_who_is_put_is_pending_until_settled(store: RecordStore) -> None:
    people = [somebody(number) for number in range(3)]
    store.put_many("door", people)
    assert [one.person for one in store.pending("door")] == sorted(one.person for one in people)
    assert store.pending("gate") == []
    assert store.settle_many("door", [somebody(999), people[0]]) == [0]
    assert store.settle_many("door", [people[0]]) == [0]
    assert store.settle_many("gate", [people[1]]) == [0]
    assert store.count("door") == {State.PENDING: 2, State.ACTIVE: 1, State.RESTRICTED: 0, State.ERASING: 0}


def test_whatever_state_somebody_is_put_in_they_are_pending(store: RecordStore) -> None:
    one = somebody(1)
    store.put_many("door", [Stored(one.person, one.handle, Stay(State.ACTIVE, 5, 7), 0, one.blobs)])
    found = store.get("door", one.person)
    assert found is not None
    assert found.stay == Stay(State.PENDING, 5)


def test_to_put_again_replaces_who_is_pending_and_leaves_alone_who_is_settled(store: RecordStore) -> None:
    first_time = [somebody(1), somebody(2)]
    store.put_many("door", first_time)
    store.settle_many("door", first_time[:1])
    other = record(name="Another Canary", photo=None)
    again = [replace(somebody(number, known=other), handle=handle(100 + number)) for number in (1, 2, 3, 3)]
    assert store.put_many("door", again) == [0, 3]
    assert store.leaving("door") == {handle(2): False}
    # Who was put before them does not settle what was put in their place.
    assert store.settle_many("door", first_time[1:]) == [0]
    first, second = (store.get("door", pseudonym(number), Group) for number in (1, 2))
    assert first is not None
    assert first.blobs == somebody(1).blobs
    assert second == again[1]
    assert sum(store.count("door").values()) == 3


def test_who_is_pending_as_they_were_put_is_taken_out_again(store: RecordStore) -> None:
    some = [somebody(number) for number in range(4)]
    store.put_many("door", some)
    store.put_many("gate", some)
    store.settle_many("door", some[:1])
    again = replace(some[1], handle=bytes(16))
    store.put_many("door", [again])
    assert list(store.leaving("door")) == [some[1].handle]
    assert store.undo_many("door", some, known=False) == 2
    assert list(store.leaving("door")) == [some[1].handle]
    assert store.undo_many("door", [again], known=True) == 1
    assert set(store.leaving("door")) == {some[1].handle, again.handle}
    assert store.count("door") == dict.fromkeys(State, 0) | {State.ACTIVE: 1}
    assert store.count("gate")[State.PENDING] == 4


def test_people_of_two_purposes_do_not_meet(store: RecordStore) -> None:
    filled(store, 2)
    filled(store, 3, "gate")
    store.destroy_many("door", [pseudonym(0)])
    assert (store.count("door")[State.ACTIVE], store.count("gate")[State.ACTIVE]) == (1, 3)
    store.move("door", pseudonym(1), Move.RESTRICT, minute(1))
    assert store.count("gate")[State.RESTRICTED] == 0


def test_a_batch_is_written_in_the_order_of_its_pseudonyms(store: RecordStore) -> None:
    store.put_many("door", [somebody(number, known=record(photo=None)) for number in range(20)])
    with store._database.reading() as connection:
        found = connection.execute(text("SELECT person FROM vault_people ORDER BY id")).scalars().all()
    assert [bytes(person) for person in found] == sorted(pseudonym(number) for number in range(20))


def test_people_are_read_in_pages(store: RecordStore) -> None:
    filled(store, 25)
    found: list[bytes] = []
    while page := store.page("door", found[-1] if found else b"", limit=10):
        assert len(page) <= 10
        found += [one.person for one in page]
    assert found == sorted(pseudonym(number) for number in range(25))


def test_a_class_is_written_anew_and_the_others_stay(store: RecordStore) -> None:
    one = replace(somebody(1), entry=b"e" * 16)
    store.put_many("door", [one])
    store.settle_many("door", [one])
    changed = blobs(one.person, 1, record(address="8 Marmalade Lane", photo=picture(b"other")))
    part = {group: changed[group] for group in (Group.CONTACT, Group.PHOTO)}
    first = rewritten(store, one.person, 1, part, entry=b"f" * 16)
    found = store.get("door", one.person, Group)
    assert found is not None
    assert (found.number, found.handle, found.entry) == (1, first, b"f" * 16)
    assert found.blobs == one.blobs | part
    assert store.look_up("door", b"e" * 16) == []
    only_photo = {Group.PHOTO: blobs(one.person, 2)[Group.PHOTO]}
    second = rewritten(store, one.person, 2, only_photo)
    found = store.get("door", one.person, Group)
    assert found is not None
    assert found.blobs == one.blobs | part | only_photo
    assert (found.handle, found.entry) == (second, None)
    assert store.leaving("door") == {one.handle: False, first: False}


def test_who_had_no_photograph_gets_one_and_loses_it(store: RecordStore) -> None:
    filled(store, 2)
    photo = {Group.PHOTO: blobs(pseudonym(0), 1)[Group.PHOTO]}
    rewritten(store, pseudonym(0), 1, photo)
    found = store.get("door", pseudonym(0), [Group.PHOTO])
    assert found is not None
    assert found.blobs == photo
    rewritten(store, pseudonym(0), 2, {}, without_photo=True)
    found = store.get("door", pseudonym(0), Group)
    assert found is not None
    assert len(found.blobs) == 3


def test_a_write_is_the_next_or_none(store: RecordStore) -> None:
    filled(store, 1)
    for number in (0, 2):
        with pytest.raises(WriteStale):
            rewritten(store, pseudonym(0), number, blobs(pseudonym(0), number))
    mixed = blobs(pseudonym(0), 1) | {Group.BIRTH: blobs(pseudonym(0))[Group.BIRTH]}
    with pytest.raises(RecordMisfit):
        rewritten(store, pseudonym(0), 1, mixed)
    store.leaving("door")
    store.left(handle(1_001))
    rewritten(store, pseudonym(0), 1, blobs(pseudonym(0), 1))
    with pytest.raises(WriteStale) as refused:
        rewritten(store, pseudonym(0), 1, blobs(pseudonym(0), 1))
    assert refused.value.numbers == {"last": 1, "given": 1}


def test_whoever_tidies_stops_a_write_that_is_under_way(store: RecordStore) -> None:
    filled(store, 2)
    fresh = [handle(number) for number in (101, 102)]
    for number, named in enumerate(fresh):
        store.expect("door", pseudonym(number), named)
    assert store.leaving("gate") == {}
    assert store.leaving("door", [pseudonym(0)]) == {fresh[0]: False}
    with pytest.raises(WriteStale):
        store.replace("door", pseudonym(0), 1, blobs(pseudonym(0), 1), handle=fresh[0])
    store.replace("door", pseudonym(1), 1, blobs(pseudonym(1), 1), handle=fresh[1])
    assert store.leaving("door") == {fresh[0]: False, handle(1): False}


def test_a_write_under_a_handle_that_nobody_expects_is_refused(store: RecordStore) -> None:
    filled(store, 1)
    with pytest.raises(WriteStale):
        store.replace("door", pseudonym(0), 1, blobs(pseudonym(0), 1), handle=handle(7))
    with pytest.raises(RecordMisfit):
        store.replace("door", pseudonym(0), 1, blobs(pseudonym(0), 1), handle=bytes(15))
    with pytest.raises(RecordMisfit):
        store.expect("door", pseudonym(0), bytes(17))


def test_what_waits_is_told_so_until_it_is_left(store: RecordStore) -> None:
    filled(store, 1)
    rewritten(store, pseudonym(0), 1, {})
    store.expect("door", pseudonym(0), handle(7))
    store.wait(handle(7))  # of what is still expected, nobody says so
    assert store.leaving("door") == {handle(0): False, handle(7): False}
    store.wait(handle(7))
    assert store.leaving("door") == {handle(0): False, handle(7): True}
    store.left(handle(7))
    assert store.leaving("door") == {handle(0): False}


def test_who_has_the_same_entry_of_the_index_is_found(store: RecordStore) -> None:
    people = [replace(somebody(number), entry=bytes([number // 2]) * 16) for number in range(4)]
    store.put_many("door", people)
    assert {one.person for one in store.look_up("door", bytes([1]) * 16)} == {pseudonym(2), pseudonym(3)}
    assert store.look_up("gate", bytes([1]) * 16) == []
    assert store.look_up("door", bytes([9]) * 16) == []


@pytest.mark.parametrize("state", [None, State.PENDING, State.RESTRICTED, State.ERASING])
def test_only_who_is_active_is_written_anew(store: RecordStore, state: State | None) -> None:
    if state is not None:
        store.put_many("door", [somebody(1)])
    if state in (State.RESTRICTED, State.ERASING):
        store.settle_many("door", [somebody(1)])
        store.move("door", pseudonym(1), Move.RESTRICT if state is State.RESTRICTED else Move.ERASE, minute(1))
    with pytest.raises(PersonMissing):
        rewritten(store, pseudonym(1), 1, blobs(pseudonym(1), 1))


def test_states_move_as_retention_says(store: RecordStore) -> None:
    filled(store, 1)
    now = minute(100, 7)
    assert store.move("door", pseudonym(0), Move.RESTRICT, now) == Stay(State.RESTRICTED, EXPIRES)
    assert store.move("door", pseudonym(0), Move.LIFT, now) == Stay(State.ACTIVE, EXPIRES)
    erasing = Stay(State.ERASING, EXPIRES, now.minute + ERASURE_MINUTES)
    assert store.move("door", pseudonym(0), Move.ERASE, now) == erasing
    found = store.get("door", pseudonym(0))
    assert found is not None
    assert found.stay == erasing
    for move in set(Move) - {Move.RESTORE}:
        with pytest.raises(MoveRefused):
            store.move("door", pseudonym(0), move, now)
    assert store.move("door", pseudonym(0), Move.RESTORE, now) == Stay(State.ACTIVE, EXPIRES)
    with pytest.raises(PersonMissing):
        store.move("door", NOBODY, Move.ERASE, now)


def test_what_is_owed_for_somebody_comes_as_they_go_and_is_kept_until_it_is_settled(place: Path | str) -> None:
    """On the tables of a store that knew of no such thing: none was added."""
    some = [
        Owed(purpose, at, bytes([at] * 32), bytes([at + 1] * 32), ((f"{purpose} keys", bytes(48)),))
        for at, purpose in enumerate(["door", "door", "hotel"])
    ]
    with closing(RecordStore.create(place)) as store:
        filled(store, 3)
        left = rewritten(store, pseudonym(0), 1, blobs(pseudonym(0), 1))
        before = next(iter(store.leaving("door")))
        for number, owed in enumerate(some):
            assert store.destroy_many("door", [pseudonym(number)], [before], owed) == 1
        assert store.leaving("door") == {}
        assert left != before
    with closing(RecordStore.open(place)) as store:
        store.now(minute(1).clock)
        assert store.owed("door") == some[:2]
        assert store.owed("hotel") == some[2:]
        assert store.owed("door", since=1) == some[1:2]
        assert store.owed("door") == some[1:2]
        store.settle_owed(some[1])
        store.settle_owed(some[1])
        assert (store.owed("door"), store.owed("hotel")) == ([], some[2:])


def test_who_is_destroyed_is_in_no_table(store: RecordStore) -> None:
    store.put_many("door", [somebody(number) for number in range(3)])
    for number in range(3):
        store.add_basis("door", pseudonym(number), b"sealed")
    assert store.destroy_many("door", [pseudonym(0), pseudonym(2), NOBODY]) == 2
    assert store.destroy_many("door", [pseudonym(0)]) == 0
    assert store.get("door", pseudonym(0)) is None
    with store._database.reading() as connection:
        for table in ("vault_people", "vault_records", "vault_photos", "vault_bases"):
            assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar() == 1, table  # noqa: S608
    # The number of the last row is given again: nothing of who had it is there to be found with it.
    store.put_many("door", [somebody(7, known=record(photo=None))])
    assert store.bases("door", pseudonym(7)) == []


def test_due_is_who_has_to_go_and_nobody_else(store: RecordStore) -> None:
    store.put_many("door", [somebody(1, expires=100), somebody(2, expires=90), somebody(3, expires=90)])
    store.put_many("gate", [somebody(4, expires=101, purpose="gate"), somebody(5, expires=101, purpose="gate")])
    store.settle_many("door", [somebody(number) for number in (1, 2, 3)])
    store.move("door", pseudonym(3), Move.RESTRICT, minute(80))
    store.move("gate", pseudonym(5), Move.ERASE, minute(80))

    def found(day: int, more: int = 0, limit: int = 10) -> list[tuple[str, bytes]]:
        return [(purpose, one.person) for purpose, one in store.due(minute(day, more), limit)]

    assert found(82, 1439) == []
    assert found(83) == [("gate", pseudonym(5))]
    assert found(90, 1439) == [("gate", pseudonym(5))]
    assert found(91) == [("gate", pseudonym(5)), ("door", pseudonym(2))]
    assert found(101)[2:] == [("door", pseudonym(1))]
    assert found(10_000)[3:] == [("gate", pseudonym(4))]
    assert len(found(10_000, limit=2)) == 2
    assert {purpose for purpose, _ in store.due(minute(10_000), 1, purpose="door")} == {"door"}
    assert len(store.due(minute(10_000), purpose="door")) == 2
    store.move("door", pseudonym(3), Move.LIFT, minute(80))
    assert ("door", pseudonym(3)) in found(91)


def test_entries_of_legal_basis_are_kept_in_their_order(store: RecordStore) -> None:
    filled(store, 2)
    assert store.bases("door", NOBODY) == []
    assert [store.add_basis("door", pseudonym(1), entry) for entry in (b"z", b"a", b"m")] == [0, 1, 2]
    assert store.bases("door", pseudonym(1)) == [b"z", b"a", b"m"]
    assert store.bases("door", pseudonym(0)) == []
    with pytest.raises(PersonMissing):
        store.add_basis("door", NOBODY, b"a")
    store.add_basis("door", pseudonym(0), b"x" * ENTRY_LIMIT)
    for wrong in (b"", b"x" * (ENTRY_LIMIT + 1)):
        with pytest.raises(RecordMisfit):
            store.add_basis("door", pseudonym(0), wrong)


def test_whose_face_is_to_be_destroyed_is_remembered_until_it_has_left(store: RecordStore) -> None:
    filled(store, 3)
    store.add_basis("door", pseudonym(0), b"a", b"b", faceless=True)
    store.add_basis("door", pseudonym(0), b"c", faceless=True)  # said again
    store.add_basis("door", pseudonym(1), b"a", faceless=True)
    store.add_basis("door", pseudonym(2), b"a")
    assert store.bases("door", pseudonym(0)) == [b"a", b"b", b"c"]
    assert set(store.faces_leaving("door")) == {pseudonym(0), pseudonym(1)}
    assert store.faces_leaving("door", [pseudonym(0), pseudonym(2)]) == [pseudonym(0)]
    assert store.faces_leaving("gate") == []
    # It is no handle of a record that was written anew.
    assert store.leaving("door") == {}
    store.left(pseudonym(0))
    assert store.faces_leaving("door") == [pseudonym(1)]
    with pytest.raises(PersonMissing):
        store.add_basis("door", NOBODY, b"a", faceless=True)
    with pytest.raises(RecordMisfit):
        store.add_basis("door", pseudonym(2), b"b", b"", faceless=True)
    assert store.bases("door", pseudonym(2)) == [b"a"]
    assert store.faces_leaving("door") == [pseudonym(1)]
    store.destroy_many("door", [pseudonym(1)])
    assert store.faces_leaving("door") == []


def test_there_is_an_end_to_entries_of_legal_basis(store: RecordStore, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ENTRIES_LIMIT == 256
    monkeypatch.setattr(sql, "ENTRIES_LIMIT", 2)
    filled(store, 1)
    store.add_basis("door", pseudonym(0), b"a")
    store.add_basis("door", pseudonym(0), b"b")
    with pytest.raises(RecordMisfit):
        store.add_basis("door", pseudonym(0), b"c")
    assert store.bases("door", pseudonym(0)) == [b"a", b"b"]


def test_the_clock_is_kept_over_restarts(place: Path | str) -> None:
    start = 20_000_000
    for clock, taken, trust in (
        (start, start, Trust.ON_TIME),
        (start - 5, start, Trust.BEHIND),
        (start + 5, start + 5, Trust.ON_TIME),
        (start + 5, start + 5, Trust.ON_TIME),
        (start + 6 + STEP_MINUTES, start + 5 + STEP_MINUTES, Trust.AHEAD),
        (start + 6 + STEP_MINUTES, start + 5 + STEP_MINUTES, Trust.AHEAD),
    ):
        with closing(RecordStore.create(place) if clock == start else RecordStore.open(place)) as store:
            reading = store.now(clock)
            assert (reading.minute, reading.trust) == (taken, trust)
    with closing(RecordStore.open(place)) as store:
        assert store.confirm(start - 9).minute == start - 9
        assert store.now(start - 10).trust is Trust.BEHIND
        assert store.now(start - 8).trust is Trust.ON_TIME


def test_a_clock_far_ahead_moves_on_over_restarts_and_is_forgotten_when_it_is_right(place: Path | str) -> None:
    start, day = 20_000_000, 1440
    RecordStore.create(place).close()
    for clock, taken, shown in (
        (start, start, None),
        (start + 400 * day, start + STEP_MINUTES, start + 400 * day),
        (start + 400 * day + PROGRESS_MINUTES - 1, start + STEP_MINUTES, start + 400 * day),
        (start + 401 * day, start + 2 * STEP_MINUTES, start + 401 * day),
        (start + 500 * day, start + 3 * STEP_MINUTES, start + 500 * day),
        (start + 5 + 2 * STEP_MINUTES, start + 5 + 2 * STEP_MINUTES, None),
        (start + 501 * day, start + 5 + 3 * STEP_MINUTES, start + 501 * day),
    ):
        with closing(RecordStore.open(place)) as store:
            reading = store.now(clock)
            assert (reading.minute, reading.shown) == (taken, shown)
    with closing(RecordStore.open(place)) as store:
        assert store.confirm(start + 501 * day).trust is Trust.ON_TIME
        assert store.now(start + 502 * day).trust is Trust.ON_TIME


def test_who_is_erasing_waits_by_the_clock_and_no_longer_than_three_days_once_it_is_right(store: RecordStore) -> None:
    start, day = 20_000_000, 1440
    expires = start // day + 10
    store.put_many("door", [somebody(number, expires=expires) for number in (1, 2)])
    store.settle_many("door", [somebody(number) for number in (1, 2)])
    store.now(start)
    wrong = store.now(start + 400 * day)
    assert wrong.trust is Trust.AHEAD
    at = store.move("door", pseudonym(1), Move.ERASE, wrong).destroy_at
    assert at == start + 403 * day

    def due(now: Reading) -> list[bytes]:
        store.hasten(now)
        return [one.person for _, one in store.due(now)]

    assert due(wrong) == [pseudonym(2)]  # whose time is over within the step that is believed
    assert due(store.now(at - 1)) == [pseudonym(2)]
    assert due(store.now(at)) == [pseudonym(2), pseudonym(1)]
    # The clock is put right: three days from now, and not 403 from then.
    behind = store.now(start - day)
    assert behind.trust is Trust.BEHIND
    assert due(behind) == [pseudonym(2)]  # of the two weeks and more that were believed meanwhile
    store.confirm(start)
    assert due(store.now(start)) == []
    assert due(store.now(start + ERASURE_MINUTES - 1)) == []
    assert due(store.now(start + ERASURE_MINUTES)) == [pseudonym(1)]


def test_a_kept_clock_never_changes_its_form_and_another_is_refused(store: RecordStore) -> None:
    store.now(2**25 + 3)
    with store._database.reading() as connection:
        kept = connection.execute(text("SELECT name, value FROM vault_kept")).one()
    assert (kept.name, bytes(kept.value).hex()) == ("clock", "01" + "0300000200000000")
    for value in (bytes(kept.value)[:-1], b"\x02" + bytes(8)):
        with store._database.writing("test") as connection:
            connection.execute(text("UPDATE vault_kept SET value = :value"), {"value": value})
        with pytest.raises(RecordMisfit):
            store.now(2**25 + 3)


def test_what_is_no_person_is_not_put(store: RecordStore) -> None:
    one = somebody(1)
    for person, refusal in (
        (Stored(bytes(15), one.handle, one.stay), PersonUnnamed),
        (Stored(bytes(33), one.handle, one.stay), PersonUnnamed),
        (Stored(one.person, bytes(15), one.stay), RecordMisfit),
        (Stored(one.person, one.handle, one.stay, 0, {Group.BIRTH: Blob(bytes(BLOB_LIMIT + 1))}), RecordMisfit),
        (Stored(one.person, one.handle, one.stay, 0, {Group.PHOTO: Blob(bytes(PHOTO_BLOB_LIMIT + 1))}), RecordMisfit),
    ):
        with pytest.raises(refusal):
            store.put_many("door", [somebody(2), person])
    with pytest.raises(PersonUnnamed):
        store.put_many("Door", [one])
    store.put_many("door", [one])
    store.settle_many("door", [one])
    long = Blob(b"\x01" + (1).to_bytes(8, "little") + bytes(BLOB_LIMIT))
    with pytest.raises(RecordMisfit):
        rewritten(store, one.person, 1, {Group.BIRTH: long})
    assert sum(store.count("door").values()) == 1


def test_a_call_takes_a_bounded_number_of_people(store: RecordStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql, "BATCH_LIMIT", 2)
    people = [somebody(number) for number in range(3)]
    names = [one.person for one in people]
    with pytest.raises(BatchTooLarge):
        store.put_many("door", people)
    with pytest.raises(BatchTooLarge):
        store.settle_many("door", people)
    for take in (store.destroy_many, store.leaving):
        with pytest.raises(BatchTooLarge):
            take("door", names)
    assert store.put_many("door", people[:2]) == []
    store.put_many("door", people[2:])
    assert len(store.pending("door")) == 2


def test_more_people_than_one_statement_names_are_found(store: RecordStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("moiety.vault.rows._IN_ONE", 4)
    filled(store, 11)
    assert store.put_many("door", [somebody(number) for number in range(12)]) == list(range(11))


def test_a_store_is_made_once_and_opened_where_it_is(place: Path | str) -> None:
    with pytest.raises(DatabaseMissing):
        RecordStore.open(place)
    RecordStore.create(place).close()
    with pytest.raises(DatabaseExists):
        RecordStore.create(place)


def test_a_person_is_shown_without_pseudonym_handle_or_record() -> None:
    shown = f"Stored(stay={Stay(State.PENDING, EXPIRES)!r}, number=0)"
    assert repr(replace(somebody(1), entry=b"e" * 16, bases=[b"basis"])) == shown


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
        store.settle_many("door", [somebody(1)])
        rewritten(store, pseudonym(1), 1, blobs(pseudonym(1), 1))
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
        store.settle_many("door", [somebody(number) for number in range(5)])
        gone, replaced = somebody(1), somebody(2)
        parts = [gone.person, gone.handle, *(blob[20:60] for blob in gone.blobs.values())]
        old = [blob[20:60] for blob in replaced.blobs.values()]
        assert all(found(part) for part in parts + old)
        rewritten(store, pseudonym(2), 1, blobs(pseudonym(2), 1))
        store.destroy_many("door", [gone.person])
        store.scrub()
        assert not any(found(part) for part in parts + old)
        assert found(somebody(3).blobs[Group.BIRTH][20:60])


def _putting(place: Path | str, point: str, turn: int) -> None:
    store = RecordStore.open(place, Fatal(point, turn))
    for start in range(0, 40, 10):
        people = [somebody(number, known=record(photo=None)) for number in range(start, start + 10)]
        store.put_many("door", people)
        store.settle_many("door", people)


@pytest.mark.parametrize("point", ["before put", "after put", "before settle", "after settle"])
def test_an_import_that_was_killed_goes_on_without_a_duplicate(place: Path | str, point: str) -> None:
    RecordStore.create(place).close()
    assert live(_putting, place, point, 3) == -signal.SIGKILL
    whole = 3 if point == "after settle" else 2
    with closing(RecordStore.open(place)) as store:
        counted = store.count("door")
        assert counted[State.ACTIVE] == whole * 10
        assert counted[State.PENDING] == (10 if point in ("after put", "before settle") else 0)
    assert live(_putting, place, "never", 1) == 0
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
        put: dict[bytes, Stored] = {}
        for turn, (what, number, day) in enumerate(said):
            person = pseudonym(number)
            if what == "put":
                one = Stored(person, handle(turn), Stay(State.PENDING, day))
                left = store.put_many("door", [one])
                if not left:
                    put[person] = one
                there = person in twin and twin[person].state is not State.PENDING
                assert left == ([0] if there else [])
                if not there:
                    twin[person] = Stay(State.PENDING, day)
            elif what == "settle":
                store.settle_many("door", [put.get(person, somebody(number))])
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
    assert retention.MOVES


def test_who_is_answered_about_and_which_versions_besides_may_have_keys(store: RecordStore) -> None:
    """Keys that wait are opened for nobody, and a face has none of a record: neither may hide one that is too many."""
    filled(store, 4)
    store.put_many("door", [somebody(7)])  # on the way
    store.move("door", pseudonym(3), Move.RESTRICT, minute(0))
    assert store.answered("door", EXPIRES) == (3, 1)
    assert store.answered("door", EXPIRES + 1) == (0, 1)
    store.expect("door", pseudonym(0), handle(8))
    assert store.answered("door", EXPIRES) == (3, 2)
    assert set(store.leaving("door")) == {handle(8)}  # whoever tidies ends what was expected
    assert store.answered("door", EXPIRES) == (3, 2)
    store.wait(handle(8))
    store.add_basis("door", pseudonym(1), b"a", faceless=True)
    assert store.answered("door", EXPIRES) == (3, 1)
    assert store.answered("other", EXPIRES) == (0, 0)
