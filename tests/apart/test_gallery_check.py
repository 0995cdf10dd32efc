"""The gallery check over the wire: what somebody with a custodian's keys altered and sealed again is found there.

Every page opens, so nothing but the algebra of all three can tell; it closes the gallery at each of them, for every
gateway, until it is mended.
"""

from __future__ import annotations

from contextlib import suppress
from time import monotonic, sleep

import pytest

from moiety.custody import refusals, trial
from moiety.custody.apart import Apart
from moiety.custody.page import Pages
from moiety.sharing.seat import Seat
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
    [damaged] = {standing.galleries[DOOR].damaged for standing in office.three.standings().values()}
    return damaged


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
    assert not closed(inhabited)  # today's check is over
    clock.pass_(days=1)
    site.gateway().close()
    refused_until_mended(site, inhabited, "c")


def test_a_refresh_finds_it(inhabited: Apart, site: Site) -> None:
    flipped(site, "b")
    assert inhabited.refresh() == 2  # from which on the row is another, and as wrong as before
    refused_until_mended(site, inhabited, "b")


def test_a_gateway_that_stays_finds_it_within_a_day(inhabited: Apart, site: Site, clock: Clock) -> None:
    flipped(site, "a")
    assert matched(inhabited, CROWD) == [True] * 4
    clock.pass_(days=1)
    until = monotonic() + 20
    while not closed(inhabited):  # the check goes on beside the search that set it off
        assert monotonic() < until
        with suppress(refusals.GalleryDamaged):
            assert inhabited.verify(DOOR, CROWD[1].words, CROWD[1].pseudonym)
        sleep(0.05)
    refused_until_mended(site, inhabited, "a")
