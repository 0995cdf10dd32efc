"""The gallery check: what was altered at one custodian is found, closes the gallery, and is mended from the others."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from moiety.custody import doubts, mending, refusals
from moiety.custody.custodian import Custodian
from moiety.custody.gateway import checks
from moiety.custody.gateway.embedded import Embedded
from moiety.custody.store.page import Pages
from moiety.custody.store.slots import State
from moiety.matching.refusals import Disagreement
from tests.custody.damage import delete, first_active, flip, forge
from tests.custody.scene import DOOR, TODAY, Clock, matched, opened, people

CROWD = people(6)


@pytest.fixture
def inhabited(folder: Path) -> Path:
    """An office folder with some people, closed and found good."""
    office = opened(folder)
    office.enrol(DOOR, CROWD)
    assert office.findings() == []
    office.close()
    return folder


def closed(office: Embedded) -> None:
    """Nothing but checking and mending works on a damaged gallery; it says so itself."""
    for use in (
        lambda: office.verify(DOOR, CROWD[0].words, CROWD[0].pseudonym),
        lambda: office.identify(DOOR, CROWD[0].words[None]),
        lambda: office.enrol(DOOR, people(1, seed=9)),
        lambda: office.erase(DOOR, CROWD[0].pseudonym),
        lambda: office.refresh(),
    ):
        with pytest.raises(refusals.GalleryDamaged):
            use()
    assert office.gallery(DOOR).damaged


@pytest.mark.parametrize("name", ["custodian-a", "custodian-b", "custodian-c"])
def test_the_status_shows_what_a_search_would_meet(inhabited: Path, name: str) -> None:
    with closing(opened(inhabited)) as office:
        assert not office.status().galleries[0].damaged
    flip(inhabited / name, "page", "parts", 17)
    with closing(opened(inhabited)) as office:
        assert office.status().galleries[0].damaged
        with pytest.raises(refusals.GalleryDamaged):
            office.identify(DOOR, CROWD[0].words[None])


@pytest.mark.parametrize("name", ["custodian-a", "custodian-b", "custodian-c"])
@pytest.mark.parametrize(
    ("table", "column"),
    [("page", "parts"), ("page", "expires"), ("page", "handles"), ("page", "pseudonyms"), ("page", "nonce"),
     ("page", "tag"), ("states", "states"), ("states", "page"), ("states", "tag")],
)  # fmt: skip
def test_a_flipped_bit_is_found_named_and_mended(inhabited: Path, name: str, table: str, column: str) -> None:
    flip(inhabited / name, table, column, 17)
    office = opened(inhabited)
    [finding] = office.findings()
    assert (finding.gallery, finding.seat, finding.page) == (DOOR, name[-1], 17)
    assert office.check() == [finding.text]
    closed(office)
    assert office.mend() == 1
    assert matched(office, CROWD) == [True] * 6
    assert office.check() == []
    assert not office.gallery(DOOR).damaged
    assert office.gallery(DOOR).epoch == 2
    office.close()


@pytest.mark.parametrize("table", ["page", "states"])
def test_a_missing_page_is_found_and_mended(inhabited: Path, table: str) -> None:
    delete(inhabited / "custodian-b", table, 63)
    office = opened(inhabited)
    closed_at_once(office)
    assert [(finding.seat, finding.page) for finding in office.findings()] == [("b", 63)]
    assert office.mend() == 1
    assert matched(office, CROWD) == [True] * 6
    office.close()


def closed_at_once(office: Embedded) -> None:
    """A page that is not intact is noticed when it is first read, before any check."""
    with pytest.raises(refusals.GalleryDamaged):
        office.identify(DOOR, CROWD[0].words[None])


def test_a_flipped_bit_is_noticed_by_the_first_search(inhabited: Path) -> None:
    flip(inhabited / "custodian-a", "page", "parts", 3)
    office = opened(inhabited)
    closed_at_once(office)
    office.close()


def alter_part(pages: Pages, states: Pages) -> None:
    at, slot = first_active(states)
    pages["parts"][at, 5, slot, 1] ^= 1


def alter_pseudonym(pages: Pages, states: Pages) -> None:
    pages["pseudonyms"][*first_active(states), 3] ^= 1


def alter_expiry(pages: Pages, states: Pages) -> None:
    pages["expires"][first_active(states)] += 1000


def alter_grounds(pages: Pages, states: Pages) -> None:
    pages["grounds"][first_active(states)] ^= 2


def alter_state(pages: Pages, states: Pages) -> None:
    states["states"][first_active(states)] = State.ERASED


def alter_free(pages: Pages, states: Pages) -> None:
    """Nobody's slot is marked as used: no count and no row of anybody shows it."""
    free = np.argwhere(states["states"] == State.FREE)[0]
    states["states"][tuple(free)] = State.ERASED


@pytest.mark.parametrize("alter", [alter_part, alter_pseudonym, alter_expiry, alter_grounds, alter_state, alter_free])
def test_a_forger_who_mends_the_digests_is_found_by_the_three_together(
    inhabited: Path, alter: Callable[[Pages, Pages], None]
) -> None:
    forge(inhabited / "custodian-c", alter)
    office = opened(inhabited)
    [finding] = office.findings()
    assert (finding.seat, finding.page) == (None, None)
    closed(office)
    with pytest.raises(refusals.MendingNeedsSeat):
        office.mend()
    closed(office)
    assert office.mend("c") == 64
    assert matched(office, CROWD) == [True] * 6
    assert office.check() == []
    office.close()


def test_what_is_mended_does_not_open_a_gallery_in_which_something_else_is_wrong(inhabited: Path) -> None:
    forge(inhabited / "custodian-c", alter_free)
    delete(inhabited / "custodian-b", "page", 63)
    office = opened(inhabited)
    with pytest.raises(refusals.GalleryDamaged):
        office.mend()
    closed(office)
    with pytest.raises(refusals.MendingNeedsSeat):
        office.mend()  # the page is there again; what is left, no custodian finds in its own rows
    office.close()


def test_naming_the_wrong_custodian_does_not_open_the_gallery(inhabited: Path) -> None:
    """A state that differs is copied from the helpers; where they differ from each other, nothing is mended."""
    forge(inhabited / "custodian-c", alter_expiry)
    office = opened(inhabited)
    assert len(office.findings()) == 1
    with pytest.raises(Exception, match="custodians do not agree"):
        office.mend("a")
    closed(office)
    assert office.mend("c") == 64
    assert matched(office, CROWD) == [True] * 6
    office.close()


@pytest.mark.parametrize("alter", [alter_expiry, alter_grounds, alter_state])
def test_nothing_is_written_where_the_helpers_tell_different_things(
    inhabited: Path, alter: Callable[[Pages, Pages], None]
) -> None:
    """What is public among the three is copied from helpers that say the same, never from one of them alone."""
    from tests.custody.test_overwriting import columns

    forge(inhabited / "custodian-c", alter)
    with closing(opened(inhabited)) as office:
        before = {column: held.tobytes() for column, held in columns(office, "a").items()}
        with pytest.raises(Disagreement):
            office.mend("a")
        assert {column: held.tobytes() for column, held in columns(office, "a").items()} == before


def test_a_mended_part_is_the_old_one_bit_by_bit(inhabited: Path) -> None:
    """Mending alone changes nothing; the refresh after it does."""
    from moiety.custody.gateway import checks
    from tests.custody.test_overwriting import columns

    office = opened(inhabited)
    before = columns(office, "b")
    office.close()
    flip(inhabited / "custodian-b", "page", "parts", 20)
    office = opened(inhabited)
    with office._alone() as headers:
        assert checks.mend(office._three, headers, DOOR, None, lambda stage, done, total: None) == 1
    after = columns(office, "b")
    active = before["states"].reshape(-1) == State.ACTIVE
    for column in ("rows", "handles", "pseudonyms"):
        width = before[column].shape[-1]
        assert (before[column].reshape(-1, width)[active] == after[column].reshape(-1, width)[active]).all()
    office.close()


def test_damage_at_different_pages_of_all_three_is_mended_at_once(inhabited: Path) -> None:
    for name, number in (("custodian-a", 1), ("custodian-b", 2), ("custodian-c", 3)):
        flip(inhabited / name, "page", "parts", number)
    office = opened(inhabited)
    assert {(finding.seat, finding.page) for finding in office.findings()} == {("a", 1), ("b", 2), ("c", 3)}
    assert office.mend() == 3
    assert matched(office, CROWD) == [True] * 6
    office.close()


def test_the_same_page_at_two_custodians_cannot_be_mended(inhabited: Path) -> None:
    flip(inhabited / "custodian-a", "page", "parts", 5)
    flip(inhabited / "custodian-b", "page", "parts", 5)
    office = opened(inhabited)
    with pytest.raises(refusals.TwoDamaged) as raised:
        office.mend()
    assert raised.value.numbers == {"pages": 1}
    closed(office)
    office.close()


def test_a_gallery_is_checked_at_opening_once_a_day(inhabited: Path) -> None:
    clock = Clock()
    forge(inhabited / "custodian-c", alter_part)
    clock.pass_(hours=11)
    office = opened(inhabited, clock)
    assert not office.gallery(DOOR).damaged
    office.close()
    clock.pass_(hours=1)
    office = opened(inhabited, clock)
    closed(office)
    office.close()
    opened(inhabited, Clock()).close()
    office = opened(inhabited, Clock())
    closed(office)
    office.close()


def test_a_check_that_did_not_follow_a_refresh_is_made_at_the_next_opening(
    inhabited: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of a process that was killed between the two: the old epoch is gone, and nobody has looked at the new one."""
    office = opened(inhabited)
    assert office.findings() == []
    with monkeypatch.context() as killed:
        killed.setattr(checks, "check", interrupted)
        with pytest.raises(KeyboardInterrupt):
            office.refresh()
    office.close()
    forge(inhabited / "custodian-c", alter_part)
    office = opened(inhabited)
    closed(office)
    office.close()


def interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_good_check_is_remembered_and_a_clock_turned_back_does_not_prolong_it(inhabited: Path) -> None:
    clock = Clock()
    clock.pass_(days=2)
    opened(inhabited, clock).close()
    office = opened(inhabited, Clock())
    assert office.gallery(DOOR).checked == TODAY * 86_400
    office.close()


def test_the_stores_keep_the_day_of_a_check_and_not_its_instant(inhabited: Path) -> None:
    """The first check of a gallery may come with its first enrolment, which it would date."""
    clock = Clock()
    clock.pass_(minutes=61, seconds=1)
    office = opened(inhabited, clock)
    assert office.findings() == []
    office.close()
    for seat in "abc":
        with closing(sqlite3.connect(inhabited / f"custodian-{seat}" / "custodian.sqlite")) as database:
            assert database.execute("SELECT checked FROM gallery").fetchall() == [(TODAY * 86_400,)]


def test_mending_an_office_without_damage_does_nothing(inhabited: Path) -> None:
    office = opened(inhabited)
    assert office.mend() == 0
    assert office.gallery(DOOR).epoch == 1
    office.close()


def test_a_helpers_part_does_not_leave_it(inhabited: Path) -> None:
    """An unmasked contribution would be the helper's part times a unit."""
    from moiety.sharing.ring import POINTS, inverse, lagrange, scale
    from tests.custody.test_overwriting import columns

    office = opened(inhabited)
    custodians = office._three.custodians
    nonces = {"a": custodians["a"].helping(), "c": custodians["c"].helping()}
    helped = custodians["a"].assist(DOOR, "b", [0, 1], nonces)
    again = custodians["a"].assist(DOOR, "b", [0, 1], {**nonces, "a": custodians["a"].helping()})
    weight = lagrange(POINTS["b"], POINTS["a"], (POINTS["c"],))
    own = columns(office, "a")["rows"][:128].reshape(2, 64, -1, 2).transpose(0, 2, 1, 3)
    parts, once_more = (arrived(custodians["b"], [0, 1], some, nonces["c"])[0] for some in (helped, again))
    undone = scale(inverse(weight), parts)
    assert (undone == own).mean() < 0.01
    assert (parts == once_more).mean() < 0.01
    office.close()


def arrived(
    lost: Custodian, numbers: list[int], help_: mending.Help, partner: bytes
) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
    return mending.unsealed(lost._gallery(DOOR), lost.acquaintance, numbers, help_, partner)[:2]


def test_who_carries_the_help_reads_nothing_of_it(inhabited: Path) -> None:
    """Both contributions together are the lost part: the gateway, which carries both, must not be able to add them."""
    from tests.custody.test_overwriting import columns

    office = opened(inhabited)
    custodians = office._three.custodians
    states = custodians["b"].states(DOOR).reshape(-1, 64)
    numbers = np.flatnonzero((states == State.ACTIVE).any(axis=1)).tolist()
    people = (states[numbers] == State.ACTIVE)[:, None, :, None]
    nonces = {"a": custodians["a"].helping(), "c": custodians["c"].helping()}
    helped = [custodians[seat].assist(DOOR, "b", numbers, nonces) for seat in ("a", "c")]
    lost = columns(office, "b")["rows"].reshape(len(states), 64, -1, 2)[numbers].transpose(0, 2, 1, 3)
    partners = (nonces["c"], nonces["a"])
    pairs = zip(helped, partners, strict=True)
    added = sum(arrived(custodians["b"], numbers, some, partner)[0] for some, partner in pairs)
    assert np.where(people, added == lost, True).all(), "the two contributions together are the lost part"
    carried = [np.frombuffer(some.sealed[: lost.nbytes], dtype="<u2").reshape(lost.shape) for some in helped]
    assert np.where(people, carried[0] + carried[1] == lost, False).mean() < 0.001
    with pytest.raises(doubts.HelpRefused):
        arrived(custodians["a"], numbers, helped[1], nonces["a"])
    office.close()


@pytest.mark.parametrize("change", ["sealed", "states", "grounds", "expires", "nonce", "pages", "partner", "shape"])
def test_help_that_was_changed_on_its_way_is_refused(inhabited: Path, change: str) -> None:
    office = opened(inhabited)
    custodians = office._three.custodians
    nonces = {"a": custodians["a"].helping(), "c": custodians["c"].helping()}
    helped = custodians["a"].assist(DOOR, "b", [0, 1], nonces)
    numbers = [0, 2] if change == "pages" else [0, 1]
    if change in ("sealed", "nonce"):
        old = getattr(helped, change)
        helped = replace(helped, **{change: bytes([old[0] ^ 1]) + old[1:]})
    elif change == "shape":  # the same bytes
        helped = replace(helped, states=helped.states.reshape(64, 2))
    elif change not in ("pages", "partner"):
        column = getattr(helped, change).copy()
        column[0, 0] ^= 1
        helped = replace(helped, **{change: column})
    with pytest.raises(doubts.HelpRefused):
        arrived(custodians["b"], numbers, helped, bytes(32) if change == "partner" else nonces["c"])
    office.close()


def test_a_helper_uses_a_nonce_of_its_own_and_once(inhabited: Path) -> None:
    """The same nonces over other pages would put one mask on two sets of rows, whose difference shows both."""
    office = opened(inhabited)
    helper = office._three.custodians["a"]
    nonces = {"a": helper.helping(), "c": bytes(32)}
    helper.assist(DOOR, "b", [0, 1], nonces)
    for again in (nonces, {"a": bytes(32), "c": bytes(32)}):
        with pytest.raises(doubts.HelpRefused):
            helper.assist(DOOR, "b", [0, 2], again)
    office.close()


def test_every_page_that_is_asked_for_changes_the_mask(inhabited: Path) -> None:
    """With one nonce forced twice, page 0 is masked otherwise beside page 1 than beside page 2."""
    office = opened(inhabited)
    helper = office._three.custodians["a"]
    nonces = {"a": helper.helping(), "c": bytes(32)}
    one = helper.assist(DOOR, "b", [0, 1], nonces)
    helper._drawn._unspent[nonces["a"]] = None
    other = helper.assist(DOOR, "b", [0, 2], nonces)
    lost = office._three.custodians["b"]
    (parts, names), (parts_2, names_2) = arrived(lost, [0, 1], one, bytes(32)), arrived(lost, [0, 2], other, bytes(32))
    assert (parts[0] == parts_2[0]).mean() < 0.01
    assert (names[0] == names_2[0]).mean() < 0.05
    office.close()


@pytest.mark.parametrize("where", ["a", "abc"])
def test_a_gallery_that_claims_an_impossible_size_is_closed(inhabited: Path, where: str) -> None:
    for seat in where:
        with closing(sqlite3.connect(inhabited / f"custodian-{seat}" / "custodian.sqlite")) as database, database:
            database.execute("UPDATE gallery SET pages = 1 << 40")
    with pytest.raises((refusals.GalleryDamaged, refusals.StatesDiffer)), closing(opened(inhabited)) as office:
        matched(office, CROWD)


def test_erased_people_stay_erased_through_mending(inhabited: Path) -> None:
    office = opened(inhabited)
    office.erase(DOOR, CROWD[0].pseudonym)
    office.close()
    flip(inhabited / "custodian-c", "states", "states", 9)
    office = opened(inhabited)
    assert office.mend() == 1
    assert matched(office, CROWD) == [False] + [True] * 5
    assert office.gallery(DOOR).rows == 5
    office.close()


def test_an_earlier_image_of_one_page_put_back_is_named(inhabited: Path) -> None:
    """Its own digest is right; it is not the one that the page's states vouch for."""
    with closing(sqlite3.connect(inhabited / "custodian-b" / "custodian.sqlite")) as database:
        earlier = database.execute("SELECT rows, number FROM page").fetchall()
    office = opened(inhabited)
    office.enrol(DOOR, people(1, seed=9))
    office.close()
    with closing(sqlite3.connect(inhabited / "custodian-b" / "custodian.sqlite")) as database, database:
        now = {number: row for row, number in database.execute("SELECT rows, number FROM page")}
        [changed] = [number for row, number in earlier if now[number] != row]
        database.execute("UPDATE page SET rows = ? WHERE number = ?", next(old for old in earlier if old[1] == changed))
    office = opened(inhabited)
    closed_at_once(office)
    assert [(finding.seat, finding.page) for finding in office.findings()] == [("b", changed)]
    assert office.mend() == 1
    assert matched(office, [*CROWD, *people(1, seed=9)]) == [True] * 7
    office.close()
