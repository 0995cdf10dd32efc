"""The gallery check over the wire: what somebody with a custodian's keys altered and sealed again is found there.

Every page opens, so nothing but the algebra of all three can tell; it closes the gallery at each of them, for every
gateway, until it is mended.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from time import monotonic, sleep

import pytest
from sqlalchemy import Connection

from moiety.custody import checking, doubts, epochs, refusals
from moiety.custody.gateway import apart as apart_module
from moiety.custody.gateway import checks, trial
from moiety.custody.gateway.apart import Apart
from moiety.custody.gateway.entries import Finding
from moiety.custody.gateway.three import Headers, Three
from moiety.custody.net import attempts
from moiety.custody.store.page import Pages
from moiety.custody.store.sql import Store
from moiety.custody.store.stored import Current
from moiety.custody.verbs import Progress, silent
from moiety.sharing.seat import SEATS, Seat
from tests.apart.scene import Site
from tests.custody.damage import first_active, forge
from tests.custody.scene import DOOR, Clock, matched, people

CROWD = people(4)


@pytest.fixture
def inhabited(office: Apart) -> Apart:
    """With people, checked today."""
    office.enrol(DOOR, CROWD)
    assert office.check() == []
    return office


def flipped(site: Site, seat: Seat, column: str = "parts") -> None:
    """One bit of the first person's row is another, under a valid seal; while the custodian serves."""

    def alter(pages: Pages, states: Pages) -> None:
        at, slot = first_active(states)
        if column == "parts":
            pages["parts"][at, 5, slot, 1] ^= 1
        else:
            pages["pseudonyms"][at, slot, 3] ^= 1

    forge(trial.home(site.folder, seat) / trial.STORE, alter)


def closed(office: Apart) -> bool:
    """Whether the gallery is closed, at all three or at none."""
    [damaged] = _damaged(office)
    return damaged


def _damaged(office: Apart) -> set[bool]:
    """What the three say of the door's gallery, while some of them may not have heard yet."""
    return {standing.galleries[DOOR].damaged for standing in office.three.standings().values()}


def refused_until_mended(site: Site, office: Apart, seat: Seat) -> None:
    """To this gateway and to any other, at each custodian; mended from the other two, everybody is there."""
    assert closed(office)
    other = site.gateway()
    try:
        for gateway in (office, other):
            for use in (
                lambda gateway=gateway: gateway.verify(DOOR, CROWD[0].words, CROWD[0].pseudonym),
                lambda gateway=gateway: gateway.identify(DOOR, CROWD[1].words[None]),
                lambda gateway=gateway: gateway.enrol(DOOR, people(1, seed=9)),
                lambda gateway=gateway: gateway.erase(DOOR, CROWD[0].pseudonym),
                lambda gateway=gateway: gateway.refresh(),
            ):
                with pytest.raises(refusals.GalleryDamaged):
                    use()
        with pytest.raises(refusals.MendingNeedsSeat):
            other.mend()
        assert closed(office)
        assert other.mend(seat) > 0
    finally:
        other.close()
    assert not closed(office)
    assert matched(office, CROWD) == [True] * 4
    assert office.check() == []


@pytest.mark.parametrize(("seat", "column"), [("a", "parts"), ("b", "pseudonyms"), ("c", "parts")])
def test_a_check_finds_it(inhabited: Apart, site: Site, seat: Seat, column: str) -> None:
    flipped(site, seat, column)
    if column == "parts":
        assert matched(inhabited, CROWD) == [True] * 4  # no page shows it
    [finding] = inhabited.findings()
    assert (finding.gallery, finding.seat, finding.page) == (DOOR, None, None)
    assert inhabited.check() == [finding.text]
    refused_until_mended(site, inhabited, seat)


def test_whoever_connects_on_another_day_finds_it(inhabited: Apart, site: Site, clock: Clock) -> None:
    flipped(site, "c")
    site.gateway().close()
    assert not closed(inhabited)  # today's check is over, and searches are answered from what it read
    clock.pass_(days=1)
    site.gateway().close()
    refused_until_mended(site, inhabited, "c")


@pytest.mark.parametrize("seat", ["a", "b", "c"])
def test_whoever_connects_after_a_start_finds_it(inhabited: Apart, site: Site, seat: Seat) -> None:
    """On the day of a good check: what a store says of that was written before the custodian stopped."""
    flipped(site, seat)
    site.stop(seat)
    site.start(seat)
    site.gateway().close()
    refused_until_mended(site, inhabited, seat)


@pytest.mark.parametrize("change", [False, True])
def test_a_gateway_that_stays_finds_it_before_anything_else_after_a_start(
    inhabited: Apart, site: Site, change: bool
) -> None:
    """It was connected before, and is told by the custodian; not one search is answered from the altered row."""
    flipped(site, "b")
    site.stop("b")
    site.start("b")
    _until_connected(site)
    ask: Callable[[], object] = lambda: inhabited.identify(DOOR, CROWD[1].words[None])  # noqa: E731
    if change:
        ask = lambda: inhabited.enrol(DOOR, people(1, seed=9))  # noqa: E731
    with pytest.raises(refusals.GalleryDamaged):
        ask()
    refused_until_mended(site, inhabited, "b")


def test_a_custodian_answers_nobody_before_a_check(inhabited: Apart, site: Site, clock: Clock) -> None:
    """Whatever a gateway does: at the start, and where nobody asked for a check in two days."""
    custodian = inhabited.three.custodians["b"]

    def load() -> None:
        custodian.load(DOOR, silent)

    load()
    site.stop("b")
    site.start("b")
    _until_connected(site)
    for day in (0, 3):
        clock.pass_(days=day)
        with pytest.raises(doubts.GalleryUnchecked):
            load()
        assert custodian.standing().galleries[DOOR].sound == 0
        assert inhabited.check() == []
        load()
    clock.pass_(days=2)
    load()
    assert matched(inhabited, CROWD) == [True] * 4


def test_every_start_is_followed_by_a_check(inhabited: Apart, site: Site) -> None:
    """However soon after another: it is no second try of the same."""
    for _ in range(2):
        site.stop("b")
        site.start("b")
        _until_connected(site)
        assert matched(inhabited, CROWD[:1]) == [True]


def test_a_gateway_has_what_is_long_unchecked_checked_first(inhabited: Apart, site: Site, clock: Clock) -> None:
    flipped(site, "c")
    clock.pass_(days=3)
    with pytest.raises(refusals.GalleryDamaged):
        inhabited.verify(DOOR, CROWD[1].words, CROWD[1].pseudonym)
    refused_until_mended(site, inhabited, "c")


def test_a_gallery_that_was_empty_needs_no_check_for_its_first_people(office: Apart, site: Site, clock: Clock) -> None:
    for seat in SEATS:
        site.stop(seat)
        site.start(seat)
    other = site.gateway()
    try:
        clock.pass_(days=5)
        assert {one.galleries[DOOR].sound > 0 for one in other.three.standings().values()} == {True}
        other.enrol(DOOR, CROWD)
        assert matched(other, CROWD) == [True] * 4
    finally:
        other.close()


def test_a_row_that_is_read_anew_answers_nobody_before_all_three_have_checked_it(inhabited: Apart, site: Site) -> None:
    """A check reads it first, and knows only at its end that somebody altered it."""
    with inhabited._alone():
        custodian = inhabited.three.custodians["a"]
        custodian.survey(DOOR, silent)
        assert custodian.standing().galleries[DOOR].sound > 0
        flipped(site, "a")
        assert custodian.survey(DOOR, silent).damaged == []
        with pytest.raises(doubts.GalleryUnchecked):
            custodian.load(DOOR, silent)
    with pytest.raises(refusals.GalleryDamaged):
        inhabited.verify(DOOR, CROWD[1].words, CROWD[1].pseudonym)
    refused_until_mended(site, inhabited, "a")


def test_who_may_not_check_is_told_so_by_the_custodians(inhabited: Apart, site: Site) -> None:
    for seat in SEATS:
        [file] = [
            path for path in (trial.home(site.folder, seat) / "operators").glob("*.toml") if "operator" in path.name
        ]
        file.write_text(file.read_text() + 'operations = ["verify", "identify"]\n')
    assert matched(inhabited, CROWD) == [True] * 4
    site.stop("b")
    site.start("b")
    other = site.gateway()
    try:
        began = monotonic()
        with pytest.raises(doubts.GalleryUnchecked):
            other.verify(DOOR, CROWD[1].words, CROWD[1].pseudonym)
        assert monotonic() - began < 5  # not asked again as long as a change may take
        assert other.status().galleries[0].checked == 0
    finally:
        other.close()


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The gallery of each check that a gateway has begun since."""
    some: list[str] = []
    check = checks.check

    def counted(three: Three, headers: Headers, name: str, progress: Progress) -> list[Finding]:
        some.append(name)
        return check(three, headers, name, progress)

    monkeypatch.setattr(checks, "check", counted)
    return some


def test_what_is_closed_is_not_checked_again_and_again(inhabited: Apart, site: Site, begun: list[str]) -> None:
    flipped(site, "c")
    assert inhabited.check() != []
    begun.clear()
    for _ in range(3):
        with pytest.raises(refusals.GalleryDamaged):
            inhabited.verify(DOOR, CROWD[1].words, CROWD[1].pseudonym)
    assert begun == []


def test_whoever_may_not_check_asks_once_a_minute(inhabited: Apart, site: Site, begun: list[str]) -> None:
    test_who_may_not_check_is_told_so_by_the_custodians(inhabited, site)
    begun.clear()
    for _ in range(3):
        with pytest.raises(doubts.GalleryUnchecked):
            inhabited.verify(DOOR, CROWD[1].words, CROWD[1].pseudonym)
    assert begun == [DOOR]


def test_a_daily_check_that_fails_is_tried_once_a_minute(
    inhabited: Apart, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []

    def failing(three: Three, headers: Headers, name: str, progress: Progress) -> list[Finding]:
        begun.append(name)
        raise refusals.TurnTaken

    monkeypatch.setattr(checks, "check", failing)
    clock.pass_(days=1)
    inhabited._stood = None  # it is asked anew how they stand, as it is after a second
    for _ in range(3):
        assert matched(inhabited, CROWD) == [True] * 4
        with inhabited._checking:  # until it has ended
            pass
    assert begun == [DOOR]
    inhabited._tried -= apart_module._AGAIN_S
    inhabited._stood = None
    assert matched(inhabited, CROWD) == [True] * 4
    with inhabited._checking:
        pass
    assert begun == [DOOR] * 2


def _until_connected(site: Site) -> None:
    until = monotonic() + 20
    while any(len(server._lines.up()) < 2 for server in site.servers.values()):
        assert monotonic() < until
        sleep(0.02)


def test_a_refresh_finds_it(inhabited: Apart, site: Site) -> None:
    flipped(site, "b")
    assert inhabited.refresh() == 2  # from which on the row is another, and as wrong as before
    refused_until_mended(site, inhabited, "b")


def test_whoever_comes_after_a_refresh_that_nobody_checked_finds_it(
    inhabited: Apart, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the same day, though the gateway that refreshed went away before it had anything checked."""

    def gone(*args: object) -> None:
        raise RuntimeError("stopped here")

    flipped(site, "b")
    with monkeypatch.context() as patch:
        patch.setattr(checks, "check", gone)
        with pytest.raises(RuntimeError):
            inhabited.refresh()
    assert not closed(inhabited)
    for custodian in inhabited.three.custodians.values():
        custodian.load(DOOR, silent)  # and so searches went on meanwhile
    site.gateway().close()
    refused_until_mended(site, inhabited, "b")


def test_refreshes_that_nobody_checks_come_to_an_end(inhabited: Apart, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is another epoch; a custodian goes on in so many as there are days for a check."""
    custodian = inhabited.three.custodians["c"]
    monkeypatch.setattr(checks, "check", lambda *args: [])
    for _ in range(2):
        inhabited.refresh()
        custodian.load(DOOR, silent)
    inhabited.refresh()
    with pytest.raises(doubts.GalleryUnchecked):
        custodian.load(DOOR, silent)
    monkeypatch.undo()
    assert inhabited.check() == []
    custodian.load(DOOR, silent)


def test_the_one_that_reads_slowly_is_waited_for(inhabited: Apart, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three machines have three disks: a check and a refresh of many rows end far apart."""
    fetch, switch = checking.fetch, epochs.switch

    def slowly(connection: Connection, current: Current, numbers: Sequence[int]) -> tuple[Pages, Pages]:
        if current.place.seat == "b":
            sleep(1.0)
        return fetch(connection, current, numbers)

    def slowly_switched(store: Store, now: datetime) -> None:
        if store._seat == "c":
            sleep(1.0)
        switch(store, now)

    monkeypatch.setattr(attempts, "ROUND_S", 0.5)
    monkeypatch.setattr(checking, "fetch", slowly)
    monkeypatch.setattr(epochs, "switch", slowly_switched)
    assert inhabited.check() == []
    assert inhabited.refresh() == 2
    site.stop("a")
    site.start("a")
    site.gateway().close()
    assert matched(inhabited, CROWD) == [True] * 4


def test_a_gateway_that_stays_finds_it_within_a_day(inhabited: Apart, site: Site, clock: Clock) -> None:
    flipped(site, "a")
    assert matched(inhabited, CROWD) == [True] * 4
    clock.pass_(days=1)
    until = monotonic() + 20
    while _damaged(inhabited) != {True}:  # the check goes on beside the search that set it off; they close one by one
        assert monotonic() < until
        with suppress(refusals.GalleryDamaged):
            assert inhabited.verify(DOOR, CROWD[1].words, CROWD[1].pseudonym)
        sleep(0.05)
    refused_until_mended(site, inhabited, "a")
