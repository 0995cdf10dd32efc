"""What was erased or refreshed away is in no file any more: read as raw bytes, and opened with the stores' own keys."""

from __future__ import annotations

import itertools
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from moiety.custody import refusals
from moiety.custody.gateway.embedded import Embedded
from moiety.custody.store.slots import State
from moiety.drills.loot import steal
from moiety.sharing.seat import SEATS
from tests.custody.rows import opened, stored
from tests.custody.scene import DOOR, TODAY, Clock, bytes_of, matched, people

CROWD = people(6)


def there(folder: Path, rows: list[bytes]) -> int:
    """How many of these byte strings are in any file of the office, or in a row that its keys open."""
    wholes = [part for seat in SEATS for part in steal(folder / f"custodian-{seat}").parts()]
    return sum(any(row in whole for whole in wholes) for row in rows)


def test_an_erased_row_is_in_no_file_when_erase_returns(office: Embedded, folder: Path) -> None:
    office.enrol(DOOR, CROWD)
    old = stored(bytes_of(folder), CROWD[2])
    assert there(folder, old) == len(old)
    assert office.erase(DOOR, CROWD[2].pseudonym)
    assert there(folder, old) == 0
    for seat in SEATS:
        assert (folder / f"custodian-{seat}" / "custodian.sqlite-wal").stat().st_size == 0


def test_a_row_that_was_written_often_leaves_no_trace_either(office: Embedded, folder: Path) -> None:
    """Each enrolment rewrites pages; older images of a page must not outlive the erasure in freed space or log."""
    copies: list[bytes] = []
    for person in CROWD:
        office.enrol(DOOR, [person])
        copies += stored(bytes_of(folder), CROWD[0])
    office.erase(DOOR, CROWD[0].pseudonym)
    assert there(folder, copies) == 0


def test_the_slot_of_the_erased_holds_other_bytes_in_every_column(office: Embedded, folder: Path) -> None:
    office.enrol(DOOR, CROWD)
    before = columns(office, "b")
    office.erase(DOOR, CROWD[0].pseudonym)
    after = columns(office, "b")
    [slot] = np.flatnonzero((before["states"] != after["states"]).reshape(-1))
    assert after["states"].reshape(-1)[slot] == State.ERASED
    for column in ("handles", "pseudonyms", "rows"):
        one, other = (some[column].reshape(-1, some[column].shape[-1])[slot] for some in (before, after))
        assert not np.array_equal(one, other)
    assert before["expires"].reshape(-1)[slot] != after["expires"].reshape(-1)[slot]
    same = np.delete(before["rows"], slot, axis=0) == np.delete(after["rows"], slot, axis=0)
    assert same.all()


def test_the_erased_are_gone_from_memory_too(office: Embedded) -> None:
    office.enrol(DOOR, CROWD)
    custodian = office._three.custodians["a"]
    panels = [part.tobytes() for _, part in custodian._gallery(DOOR).matrix.panels()]
    office.erase(DOOR, CROWD[1].pseudonym)
    assert [part.tobytes() for _, part in custodian._gallery(DOOR).matrix.panels()] != panels
    cached = columns(office, "a")["rows"]
    from moiety.matching.distance import from_panels

    held = np.concatenate([from_panels(part) for _, part in custodian._gallery(DOOR).matrix.panels()])
    assert np.array_equal(held, cached)


def test_a_slot_is_not_used_again_within_an_epoch(office: Embedded) -> None:
    office.enrol(DOOR, CROWD)
    office.erase(DOOR, CROWD[0].pseudonym)
    [slot] = np.flatnonzero((columns(office, "a")["states"] == State.ERASED).reshape(-1))
    office.enrol(DOOR, people(4_000, seed=5))
    assert columns(office, "a")["states"].reshape(-1)[slot] == State.ERASED
    office.refresh()
    assert columns(office, "a")["states"].reshape(-1)[slot] == State.FREE


def test_after_a_refresh_the_old_parts_are_in_no_file(office: Embedded, folder: Path) -> None:
    office.enrol(DOOR, CROWD)
    files = bytes_of(folder)
    old = [row for person in CROWD for row in stored(files, person)]
    handles = [opened(files, person)[at] for person in CROWD for at in (0, 34, 68)]
    assert there(folder, old) == len(old)
    assert office.refresh() == 2
    assert there(folder, [row for row in old if row not in handles]) == 0
    assert matched(office, CROWD) == [True] * 6
    assert there(folder, handles) == len(handles)


def test_a_refresh_changes_every_part_and_no_template(office: Embedded) -> None:
    office.enrol(DOOR, CROWD)
    before = {seat: columns(office, seat) for seat in SEATS}
    office.refresh()
    after = {seat: columns(office, seat) for seat in SEATS}
    for seat in SEATS:
        for column in ("rows", "pseudonyms"):
            width = before[seat][column].shape[-1]
            one, other = (some[seat][column].reshape(-1, width) for some in (before, after))
            assert (one != other).any(axis=1).all()
    from moiety.sharing.split import combine

    active = np.flatnonzero(after["a"]["states"].reshape(-1) == State.ACTIVE)
    for new, old in ((after, before),):
        whole = combine({seat: new[seat]["rows"][active] for seat in ("a", "b")})
        mixed = combine({"a": old["a"]["rows"][active], "b": new["b"]["rows"][active]})
        templates = {person.words.astype(np.uint16).tobytes() for person in CROWD}
        assert {row.tobytes() for row in whole} == templates
        assert not {row.tobytes() for row in mixed} & templates


def test_a_refresh_does_not_take_along_who_has_expired(office: Embedded, folder: Path, clock: Clock) -> None:
    past = people(2, seed=7, expires_day=TODAY + 1)
    office.enrol(DOOR, CROWD + past)
    old = [row for person in past for row in opened(bytes_of(folder), person)[:2]]
    clock.pass_(days=1)
    office.refresh()
    assert there(folder, old) == 0
    assert matched(office, CROWD + past) == [True] * 6 + [False] * 2
    assert (columns(office, "c")["states"] == State.ACTIVE).sum() == 6
    assert not office.erase(DOOR, past[0].pseudonym)


def test_what_lies_where_nobody_is_shares_nothing(office: Embedded, clock: Clock) -> None:
    """Not the template of whoever was there, and no other one: any two custodians' dummies are noise together."""
    from moiety.sharing.split import combine

    past = people(2, seed=7, expires_day=TODAY + 1)
    office.enrol(DOOR, CROWD + past)
    gone = [CROWD[0], *past]
    templates = {person.words.astype(np.uint16).tobytes() for person in gone}
    whole = combine({seat: columns(office, seat)["rows"] for seat in ("a", "b")})
    slots = [at for at, row in enumerate(whole) if row.tobytes() in templates]
    assert len(slots) == len(gone)
    office.erase(DOOR, CROWD[0].pseudonym)
    clock.pass_(days=1)
    office.refresh()
    after = {seat: columns(office, seat) for seat in SEATS}
    free = np.flatnonzero(after["a"]["states"].reshape(-1) == State.FREE)
    assert set(slots) <= set(free.tolist())
    for column, old in (("rows", whole), ("pseudonyms", None)):
        found = []
        for pair in itertools.combinations(SEATS, 2):
            held = {seat: np.ascontiguousarray(after[seat][column]) for seat in pair}
            words = {seat: some.reshape(-1, some.shape[-1]).view(np.uint16)[free] for seat, some in held.items()}
            found.append(combine(words))
            if old is not None:
                assert not (found[-1] == old[free]).all(axis=1).any()
        for one, other in itertools.combinations(found, 2):
            assert (one == other).mean() < 0.01
            assert not (one == other).all(axis=1).any()


def test_a_refresh_leaves_nothing_of_who_has_expired_in_any_column(office: Embedded, clock: Clock) -> None:
    """Not at one custodian alone, with the key of the epoch that follows; and nothing but what all dummies have."""
    office.enrol(DOOR, people(64, seed=7, expires_day=TODAY + 1))
    before = columns(office, "b")
    slots = np.flatnonzero((before["states"] == State.ACTIVE).reshape(-1))
    assert len(slots) == 64
    clock.pass_(days=1)
    office.refresh()
    after = columns(office, "b")
    assert set(after["states"].reshape(-1)[slots]) == {State.FREE}
    for column in ("rows", "handles", "pseudonyms", "expires"):
        one, other = (some[column].reshape(before["states"].size, -1)[slots] for some in (before, after))
        assert (one != other).any(axis=1).all()
    # One byte may be the same by chance: 64 of 256 values are some 57 different ones.
    grounds = [len(np.unique(some["grounds"].reshape(-1)[slots])) for some in (before, after)]
    assert grounds[0] <= 2
    assert grounds[1] > 32


def test_erasing_is_not_acknowledged_while_another_program_holds_the_log(
    office: Embedded, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("moiety.custody.store.sqlite._WAIT_S", 0.2)
    office.enrol(DOOR, CROWD)
    again = Embedded.open(folder, clock=Clock(), entropy=lambda count: bytes(np.random.default_rng().bytes(count)))
    with closing(sqlite3.connect(folder / "custodian-b" / "custodian.sqlite", isolation_level=None)) as outsider:
        outsider.execute("BEGIN")
        outsider.execute("SELECT count(*) FROM page").fetchall()
        with pytest.raises(refusals.StoreBusy):
            again.erase(DOOR, CROWD[0].pseudonym)
        outsider.execute("COMMIT")
    assert not again.erase(DOOR, CROWD[0].pseudonym)
    assert matched(again, CROWD[:2]) == [False, True]
    again.close()


def columns(office: Embedded, seat: str) -> dict[str, np.ndarray]:  # type: ignore[type-arg]
    """What one custodian's database holds of the gallery now."""
    from moiety.custody.store import page
    from moiety.custody.store.stored import fetch

    gallery = office._three.custodians[seat]._gallery(DOOR)  # type: ignore[index]
    with gallery.store.reading() as connection:
        current = gallery.current(connection)
        pages, states = fetch(connection, current, range(current.row.pages))
    return {
        "states": states["states"],
        "grounds": pages["grounds"],
        "expires": pages["expires"],
        "handles": pages["handles"],
        "pseudonyms": pages["pseudonyms"],
        "rows": page.rows(pages),
    }
