"""Kills, lost pages, old copies and moves, of a purpose that keeps records: who is restricted stays so, and no key is
lost or lies anywhere in the clear."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from moiety.custody import refusals
from moiety.custody.custodian import Custodian
from moiety.custody.gateway import trial
from moiety.custody.gateway.adopting import adopt
from moiety.custody.gateway.embedded import Embedded
from moiety.custody.store import tables
from moiety.custody.store.handles import handles
from moiety.custody.store.kept import opened as kept_opened
from moiety.custody.store.keyring import keyring
from moiety.custody.store.kinds import CLASSES, OPEN_WORDS, SHARED_WORDS
from moiety.custody.store.page import rows
from moiety.custody.store.slots import SLOTS, State, living
from moiety.custody.unopened import NobodyThere
from moiety.custody.verbs import silent
from moiety.sharing.seat import SEATS, Seat
from tests.custody.damage import delete
from tests.custody.records import (
    KEPT,
    NO_FACE,
    REVEAL,
    assert_opens,
    copies,
    create_keeping,
    secret_of,
    unlocked,
    versions,
)
from tests.custody.scene import DOCUMENT, DOOR, FOLDERS, TERMS, Clock, bytes_of, opened
from tests.custody.thief import stolen

KNOWN = versions(4)
ROW = SHARED_WORDS + OPEN_WORDS
WHO = [b"11010519491231002X", b"440524188001010014"]


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An office that keeps four versions, of which the last is restricted, and a pseudonym key."""
    folder = tmp_path_factory.mktemp("untouched") / "office"
    create_keeping(folder)
    with closing(opened(folder)) as office:
        office.keep(DOOR, KNOWN)
        office.restrict(KEPT, KNOWN[3].name, True)
        office.pseudonyms(DOOR, WHO)
    return folder


@pytest.fixture
def folder(untouched: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(untouched, tmp_path / "office"))


def custodians(office: Embedded) -> Mapping[Seat, Custodian]:
    found: Any = office.three.custodians
    return found


def answers(office: Embedded) -> list[bool]:
    """Of which versions anything is opened; the whole of it, and the right one."""
    found = []
    for version in KNOWN:
        try:
            assert_opens(office, version)
            found.append(True)
        except NobodyThere:
            found.append(False)
    return found


def states(office: Embedded) -> list[list[State]]:
    """The states of the versions' slots at each custodian."""
    found = []
    for seat, custodian in custodians(office).items():
        known = handles(KEPT, [version.name for version in KNOWN])[seat]
        every = custodian.states(KEPT)
        at = [custodian.locate(KEPT, handle.tobytes()) for handle in known]
        found.append([State(every[slots[0]]) if len(slots) else State.ERASED for slots in at])
    return found


# Killed.


@pytest.mark.parametrize("order", ["abc", "cba"])
def test_a_restriction_is_of_all_three_or_of_none_and_loses_nobody(folder: Path, tmp_path: Path, order: str) -> None:
    found = copies(folder, tmp_path / "copies", lambda office: office.restrict(KEPT, KNOWN[0].name, True), order)
    points = [(point, copy) for point, copy in found if point.endswith("restrict")]
    assert len(points) == 6
    for at, (point, copy) in enumerate(points):
        with closing(opened(copy)) as office:
            begun = at > 0  # a commit of one is enough: whoever is in doubt is not answered about
            assert answers(office) == [not begun, True, True, False], point
            expected = State.RESTRICTED if begun else State.ACTIVE
            assert states(office) == [[expected, State.ACTIVE, State.ACTIVE, State.RESTRICTED]] * 3, point
            assert office.findings() == [], point
            assert office.restrict(KEPT, KNOWN[0].name, not begun)
            assert answers(office)[0] == begun


def test_a_lifting_is_done_by_all_three_or_by_none(folder: Path, tmp_path: Path) -> None:
    found = copies(folder, tmp_path / "copies", lambda office: office.restrict(KEPT, KNOWN[3].name, False))
    points = [(point, copy) for point, copy in found if point.endswith("restrict")]
    for point, copy in points:
        with closing(opened(copy)) as office:
            assert answers(office) == [True, True, True, point == "c after restrict"], point
            assert {each[3] for each in states(office)} == {
                State.ACTIVE if point == "c after restrict" else State.RESTRICTED
            }, point
            assert office.findings() == [], point


def test_the_erasure_of_somebody_restricted_is_never_undone(folder: Path, tmp_path: Path) -> None:
    found = copies(folder, tmp_path / "copies", lambda office: office.destroy(DOOR, [KNOWN[3].name], NO_FACE))
    points = [(point, copy) for point, copy in found if point.endswith("erase")]
    assert len(points) == 6
    for at, (point, copy) in enumerate(points):
        with closing(opened(copy)) as office:
            expected = State.ERASED if at else State.RESTRICTED
            assert [each[3] for each in states(office)] == [expected] * 3, point
            assert answers(office) == [True] * 3 + [False], point
            assert office.findings() == [], point


def test_keys_are_kept_all_or_none(folder: Path, tmp_path: Path) -> None:
    more = versions(2, seed=8)
    found = copies(folder, tmp_path / "copies", lambda office: office.keep(DOOR, more))
    points = [(point, copy) for point, copy in found if point.endswith((" prepare", " activate"))]
    for point, copy in points:
        with closing(opened(copy)) as office:
            assert answers(office) == [True] * 3 + [False], point
            for version in more:
                if point == "c after activate":
                    assert_opens(office, version)
                else:
                    with pytest.raises(NobodyThere):
                        unlocked(office, version)
            assert office.findings() == [], point


def test_an_interrupted_refresh_loses_no_key(folder: Path, tmp_path: Path) -> None:
    with closing(opened(folder)) as office:
        before = office.pseudonyms(DOOR, WHO)
    found = copies(folder, tmp_path / "copies", lambda office: office.refresh())
    points = [(point, copy) for point, copy in found if point.split(" ", 2)[2] in ("staged", "switch", "retire")]
    assert len(points) == 18
    for point, copy in points[::3]:
        with closing(opened(copy)) as office:
            assert answers(office) == [True] * 3 + [False], point
            assert [each[3] for each in states(office)] == [State.RESTRICTED] * 3, point
            assert office.pseudonyms(DOOR, WHO) == before, point
            assert office.findings() == [], point


# Papers.


@pytest.mark.parametrize("point", ["a after replace document", "b after replace document"])
def test_papers_of_both_galleries_are_the_same_everywhere(tmp_path: Path, point: str) -> None:
    """The keys' gallery comes with the papers, or not at all."""
    Embedded.create(tmp_path / "office", os.urandom)
    with closing(opened(tmp_path / "office")) as office:
        office.add_gallery(DOOR, TERMS, DOCUMENT)
        office.replace_document(DOOR, TERMS, b"once, so that it has changed\n")
    found = dict(
        copies(tmp_path / "office", tmp_path / "copies", lambda office: office.replace_document(DOOR, REVEAL, DOCUMENT))
    )
    with closing(opened(found[point])) as office:
        done = point[0] == "b"  # two have it
        names = [list(standing.galleries) for standing in office.three.standings().values()]
        assert names == [[DOOR, KEPT] if done else [DOOR]] * 3
        office.replace_document(DOOR, REVEAL, DOCUMENT)
        office.keep(DOOR, KNOWN)
        assert_opens(office, KNOWN[0])


# Lost pages.


@pytest.mark.parametrize("seat", SEATS)
@pytest.mark.parametrize("table", ["page", "states"])
def test_a_lost_page_of_keys_comes_back(folder: Path, seat: Seat, table: str) -> None:
    with closing(opened(folder)) as office:
        places = [
            int(custodians(office)[seat].locate(KEPT, handles(KEPT, [version.name])[seat].tobytes())[0]) // SLOTS
            for version in KNOWN
        ]
    for number in {places[0], places[3]}:
        delete(folder / f"custodian-{seat}", table, number)
    clock = Clock()
    clock.pass_(days=1)
    with closing(opened(folder, clock)) as office:
        assert len(office.findings()) == len({places[0], places[3]})
        with pytest.raises(refusals.GalleryDamaged):
            unlocked(office, KNOWN[0])
        assert office.mend() == len({places[0], places[3]})
        assert answers(office) == [True] * 3 + [False]
        assert [each[3] for each in states(office)] == [State.RESTRICTED] * 3
        assert office.findings() == []
        assert office.restrict(KEPT, KNOWN[3].name, False)
        assert answers(office) == [True] * 4


@pytest.mark.parametrize("name", FOLDERS)
def test_an_old_copy_does_not_lift_a_restriction_or_bring_a_key_back(folder: Path, tmp_path: Path, name: str) -> None:
    for what in ("restrict", "destroy"):
        office_folder = Path(shutil.copytree(folder, tmp_path / what))
        shutil.copytree(office_folder / name, tmp_path / f"old-{what}")
        with closing(opened(office_folder)) as office:
            if what == "restrict":
                office.restrict(KEPT, KNOWN[0].name, True)
            else:
                office.destroy(DOOR, [KNOWN[0].name], NO_FACE)
        shutil.rmtree(office_folder / name)
        shutil.move(tmp_path / f"old-{what}", office_folder / name)
        with closing(opened(office_folder)) as office:
            assert answers(office) == [False, True, True, False]
            assert office.findings() == []


# Moved.


def test_keys_and_pseudonyms_move_along(folder: Path, tmp_path: Path) -> None:
    with closing(opened(folder)) as office:
        before = office.pseudonyms(DOOR, WHO)
    adopt(folder, tmp_path / "to", {}, clock=Clock(), entropy=os.urandom, progress=silent)
    with closing(Embedded.open(tmp_path / "to", clock=Clock(), entropy=os.urandom, inside=trial.STORE)) as office:
        assert office.pseudonyms(DOOR, WHO) == before
        assert answers(office) == [True] * 3 + [False]
        assert office.restrict(KEPT, KNOWN[3].name, False)
        assert answers(office) == [True] * 4


# What lies there.


def needles(office: Embedded) -> list[bytes]:
    """Every secret that was kept, every pseudonym that was made, and what people are known by."""
    secrets = [secret_of(version, name) for version in KNOWN for name in (*CLASSES, "access")]
    found = [*secrets, *(version.name for version in KNOWN), *WHO, *office.pseudonyms(DOOR, WHO)]
    return found + [needle.hex().encode() for needle in found]


def in_the_clear(folder: Path) -> dict[Seat, bytes]:
    """Everything that one custodian's own keys open in its store."""
    found: dict[Seat, bytes] = {}
    files = bytes_of(folder)
    for seat in SEATS:
        pages, _, _ = stolen(files, seat, KEPT, ROW)
        clear = [rows(pages).tobytes(), pages.tobytes()]
        with closing(opened(folder)) as office, custodians(office)[seat]._store.reading() as connection:
            own = tables.custodian(connection)
            key = keyring(connection).key(connection, own, own.epoch)
            for row in tables.kept(connection):
                clear += kept_opened(own.office, own.seat, own.epoch, key, row)
        found[seat] = b"\n".join(clear)
    return found


@pytest.mark.parametrize("again", [False, True], ids=["at first", "after a refresh"])
def test_no_custodian_holds_a_key_a_pseudonym_or_what_somebody_is_known_by(folder: Path, again: bool) -> None:
    with closing(opened(folder)) as office:
        answers(office)
        if again:
            office.refresh()
        searched = needles(office)
    everything = bytes_of(folder)
    clear = in_the_clear(folder)
    for needle in searched:
        assert not any(needle in content for content in everything.values())
        assert not any(needle in content for content in clear.values())
    # The search finds what is there: public keys, in the clear twin alone, and handles in it too.
    assert all(KNOWN[0].public in clear[seat] for seat in SEATS)
    assert not any(KNOWN[0].public in content for content in everything.values())
    assert all(handles(KEPT, [KNOWN[0].name])[seat].tobytes() in clear[seat] for seat in SEATS)


def test_nothing_of_a_destroyed_version_is_left(folder: Path) -> None:
    before = in_the_clear(folder)
    at = before["a"].find(KNOWN[0].public)
    assert at >= 2 * SHARED_WORDS
    shares = {seat: before[seat][before[seat].find(KNOWN[0].public) - 2 * SHARED_WORDS :][: 2 * ROW] for seat in SEATS}
    with closing(opened(folder)) as office:
        assert office.destroy(DOOR, [KNOWN[0].name], NO_FACE)
    after = in_the_clear(folder)
    for seat in SEATS:
        assert shares[seat] not in after[seat]
        assert KNOWN[0].public not in after[seat]
        assert handles(KEPT, [KNOWN[0].name])[seat].tobytes() not in after[seat]
        assert KNOWN[1].public in after[seat]


def test_the_rows_of_a_gallery_of_keys_do_not_lie_in_memory(folder: Path) -> None:
    with closing(opened(folder)) as office:
        office.findings()
        for custodian in custodians(office).values():
            custodian.load(KEPT, silent)
            matrix = custodian._gallery(KEPT).matrix
            assert matrix.dim == 0
            assert matrix.nbytes < 32 * matrix.slots
            assert int(np.count_nonzero(living(matrix.states()))) == len(KNOWN)
