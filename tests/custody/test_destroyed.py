"""What custodians remember of whom they destroyed, until somebody asks for the receipt: over kills, restarts and
refreshes, for 30 days, on both databases; and that it names nobody."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from moiety.custody import destroyed
from moiety.custody.custodian import Custodian
from moiety.custody.gateway.embedded import Embedded
from moiety.custody.store import tables
from moiety.custody.store.handles import handles
from moiety.custody.store.kept import kept
from moiety.custody.unopened import NothingDestroyed
from moiety.ledger import receipt
from moiety.sharing.seat import SEATS, Seat
from tests.custody.ledgers import fresh, traced
from tests.custody.records import KEPT, NO_FACE, copies
from tests.custody.scene import DOCUMENT, DOOR, NOON, STORES, Clock, bytes_of, opened, people
from tests.custody.test_chronicle import REVEAL
from tests.postgres import Server

ABOUT = receipt.subject("p-1", bytes(32))
OTHER = receipt.subject("p-2", bytes(32))


@pytest.fixture(params=["sqlite", "postgresql"])
def keeping(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """An office with one empty purpose that keeps records, closed."""
    return made(tmp_path / "office", request.getfixturevalue("postgres") if request.param == "postgresql" else None)


def made(folder: Path, server: Server | None = None) -> Path:
    stores: dict[Seat, str] = {seat: server.socket_url(server.database()) for seat in SEATS} if server else {}
    Embedded.create(folder, os.urandom, stores=stores)
    if stores:
        (folder / STORES).write_text(json.dumps(stores))
    with closing(opened(folder)) as office:
        office.add_gallery(DOOR, REVEAL, DOCUMENT)
    return folder


def counted(office: Embedded, rows: Sequence[tuple[str, bytes]], about: str = ABOUT) -> list[dict[str, int]]:
    """What each custodian signs for, of rows in galleries, each by its 16 bytes; the receipt is good."""
    keys: Any = office.ledger_keys()
    found = receipt.verify(office.attest(traced(rows), about), keys, "p-1" if about == ABOUT else "p-2", bytes(32))
    return [{some.what: some.count for some in one.statement.destroyed} for one in found.signed]


def remembered(office: Embedded, seat: Seat = "a") -> tuple[int, int]:
    """How many rows a custodian remembers as destroyed, and how many places of the order."""
    custodian = office.three.custodians[seat]
    assert isinstance(custodian, Custodian)
    with custodian._store.reading() as connection:
        return len(kept(connection, "destroyed")), len(kept(connection, "destroyed in order")) - 1


def test_a_receipt_is_signed_after_a_restart_a_refresh_and_once_more(keeping: Path) -> None:
    anna, bert, face = fresh(), fresh(), people(1)[0]
    rows = [(KEPT, anna.name), (DOOR, face.pseudonym)]
    with closing(opened(keeping)) as office:
        office.keep(DOOR, [anna])
        office.keep(DOOR, [bert])
        office.enrol(DOOR, [face])
        office.destroy(DOOR, [anna.name], face.pseudonym)
    with closing(opened(keeping)) as office:
        office.refresh()
        with pytest.raises(NothingDestroyed):
            office.attest(traced([(KEPT, bert.name)]), ABOUT)
        assert counted(office, rows) == [{"face": 1, "keys": 1}] * 3
        file = office.attest(traced(rows), ABOUT)
    with closing(opened(keeping)) as office:
        assert office.attest(traced(rows), ABOUT) == file
        with pytest.raises(NothingDestroyed):  # one destruction is one person's, restarts or not
            office.attest(traced(rows), OTHER)


def test_what_was_written_anew_counts_for_nothing_after_a_restart_either(keeping: Path) -> None:
    anna = fresh()
    after = replace(fresh(), public=anna.public)
    with closing(opened(keeping)) as office:
        office.keep(DOOR, [anna])
        office.rewrite(DOOR, after, anna.name, ["birth", "document", "photo", "access"])
        office.drop(DOOR, anna.name)
    with closing(opened(keeping)) as office, pytest.raises(NothingDestroyed):
        office.attest(traced([(KEPT, anna.name)]), ABOUT)


@pytest.mark.parametrize("order", ["abc", "cba"])
def test_whoever_was_killed_anywhere_in_a_destruction_goes_on_and_is_signed_for_by_all_three(
    tmp_path: Path, order: str
) -> None:
    """Some custodians had destroyed it, and the others did so as they recovered, or when they were asked again."""
    anna, face = fresh(), people(1)[0]
    folder = made(tmp_path / "office")
    with closing(opened(folder)) as office:
        office.keep(DOOR, [anna])
        office.enrol(DOOR, [face])
    found = copies(folder, tmp_path / "copies", lambda office: office.destroy(DOOR, [anna.name], face.pseudonym), order)
    assert len([point for point, _ in found if point.endswith("after erase")]) == 6
    for _, copy in found:
        with closing(opened(copy)) as office:
            office.destroy(DOOR, [anna.name], face.pseudonym)
            assert counted(office, [(KEPT, anna.name), (DOOR, face.pseudonym)]) == [{"face": 1, "keys": 1}] * 3


def test_newcomers_whose_enrolment_was_interrupted_are_not_remembered_as_destroyed(tmp_path: Path) -> None:
    crowd = people(3)
    folder = made(tmp_path / "office")
    found = dict(copies(folder, tmp_path / "copies", lambda office: office.enrol(DOOR, crowd)))
    with closing(opened(found["b after activate"])) as office:
        assert office.gallery(DOOR).rows == 0
        assert [remembered(office, seat) for seat in SEATS] == [(0, -1)] * 3


def test_it_is_asked_about_for_thirty_days_and_forgotten_at_the_next_refresh(keeping: Path, clock: Clock) -> None:
    anna, bert = fresh(), fresh()
    with closing(opened(keeping, clock)) as office:
        office.keep(DOOR, [anna, bert])
        office.destroy(DOOR, [anna.name], NO_FACE)
        clock.pass_(days=1)
        office.destroy(DOOR, [bert.name], NO_FACE)
        clock.pass_(days=28, hours=23, minutes=59)
        assert counted(office, [(KEPT, anna.name)]) == [{"keys": 1}] * 3
        clock.pass_(minutes=1)
        with pytest.raises(NothingDestroyed):
            office.attest(traced([(KEPT, anna.name)]), ABOUT)
        assert remembered(office) == (2, 2)
        office.refresh()
        assert remembered(office) == (1, 1)
        assert counted(office, [(KEPT, bert.name)]) == [{"keys": 1}] * 3
        clock.pass_(days=1)
        office.refresh()
        assert remembered(office) == (0, 0)


def test_only_so_many_are_remembered_and_the_oldest_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(destroyed, "REMEMBERED", 3)
    folder, crowd = made(tmp_path / "office"), people(5)
    with closing(opened(folder)) as office:
        for one in crowd[:4]:
            office.enrol(DOOR, [one])
            office.erase(DOOR, one.pseudonym)
        assert remembered(office) == (3, 3)
        # Who is there again, and is destroyed again, is the newest.
        office.enrol(DOOR, crowd[1:2])
        office.erase(DOOR, crowd[1].pseudonym)
        office.enrol(DOOR, crowd[4:])
        office.erase(DOOR, crowd[4].pseudonym)
        assert remembered(office) == (3, 3)
        assert [signed_for(office, one.pseudonym) for one in crowd] == [False, True, False, True, True]


def signed_for(office: Embedded, pseudonym: bytes) -> bool:
    """Whether all three sign for somebody's face."""
    try:
        return counted(office, [(DOOR, pseudonym)]) == [{"face": 1}] * 3
    except NothingDestroyed:
        return False


def test_a_store_that_knew_of_none_of_this_is_gone_on_with(keeping: Path) -> None:
    """As an earlier version left it: nothing of this kind is among what is kept."""
    anna, bert = fresh(), fresh()
    with closing(opened(keeping)) as office:
        office.keep(DOOR, [anna, bert])
        office.destroy(DOOR, [anna.name], NO_FACE)
        for custodian in office.three.custodians.values():
            assert isinstance(custodian, Custodian)
            with custodian._store.writing("as before") as connection:
                own = [text("DELETE FROM kept WHERE kind = :kind").bindparams(kind=kind) for kind in kinds(connection)]
                assert len(own) == 2
                for statement in own:
                    connection.execute(statement)
    with closing(opened(keeping)) as office:
        with pytest.raises(NothingDestroyed):
            office.attest(traced([(KEPT, anna.name)]), ABOUT)
        office.destroy(DOOR, [bert.name], NO_FACE)
        assert counted(office, [(KEPT, bert.name)]) == [{"keys": 1}] * 3


def kinds(connection: Any) -> list[bytes]:
    """As what is kept here is named, of both kinds."""
    from moiety.custody.store.kept import _named, _now

    _, key = _now(connection)
    return [_named(key, kind) for kind in (b"destroyed", b"destroyed in order")]


def test_a_stolen_store_names_nobody_who_was_destroyed_opened_with_its_own_keys_or_not(tmp_path: Path) -> None:
    anna, face = fresh(), people(1)[0]
    folder = made(tmp_path / "office")
    with closing(opened(folder)) as office:
        office.keep(DOOR, [anna])
        office.enrol(DOOR, [face])
        office.destroy(DOOR, [anna.name], face.pseudonym)
        before = lengths(office)
        counted(office, [(KEPT, anna.name), (DOOR, face.pseudonym)])
        assert lengths(office) == before  # nor does a length tell who was signed for
        copied = bytes_of(folder)  # as somebody copies it who does not wait for its end
        clear = [in_the_clear(office, seat) for seat in SEATS]
    known = [
        row.tobytes()
        for name, row_of in ((KEPT, anna.name), (DOOR, face.pseudonym))
        for row in handles(name, [row_of]).values()
    ]
    needles = [anna.name, face.pseudonym, anna.public, *known]
    for needle in [form for one in needles for form in (one, one.hex().encode())]:
        assert not any(needle in some for some in clear)
        assert not any(needle in some for some in copied.values())
    about = bytes.fromhex(ABOUT)
    assert all(about in some for some in clear)  # the search finds what is there
    assert not any(about in some or about.hex().encode() in some for some in copied.values())


def lengths(office: Embedded) -> list[tuple[bytes, int]]:
    """Of everything that a custodian keeps, as its store shows it."""
    custodian = office.three.custodians["a"]
    assert isinstance(custodian, Custodian)
    with custodian._store.reading() as connection:
        return sorted((kind, len(sealed)) for kind, _, sealed in tables.kept(connection))


def in_the_clear(office: Embedded, seat: Seat) -> bytes:
    """What a custodian remembers of whom it destroyed, as its own keys open it."""
    custodian = office.three.custodians[seat]
    assert isinstance(custodian, Custodian)
    with custodian._store.reading() as connection:
        found = kept(connection, "destroyed") | kept(connection, "destroyed in order")
    assert len(found) == 5
    return b"\n".join(part for one in found.items() for part in one)


def test_the_minute_that_is_signed_is_that_of_the_destruction(tmp_path: Path) -> None:
    """The minute that is signed is that of the destruction, whenever it is asked for."""
    anna = fresh()
    folder, clock = made(tmp_path / "office"), Clock()
    with closing(opened(folder, clock)) as office:
        office.keep(DOOR, [anna])
        office.destroy(DOOR, [anna.name], NO_FACE)
    clock.pass_(days=3)
    with closing(opened(folder, clock)) as office:
        keys: Any = office.ledger_keys()
        found = receipt.verify(office.attest(traced([(KEPT, anna.name)]), ABOUT), keys, "p-1", bytes(32))
    for one in found.signed:
        said = one.statement
        assert (said.minute, said.live, said.epoch_end) == (NOON, NOON.date(), NOON.date() + timedelta(days=7))
