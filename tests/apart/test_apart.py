"""What an office does, three custodians apart do: enrol, verify, identify, erase, refresh, check, mend."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from moiety.custody import refusals, wire
from moiety.custody.gateway import elsewhere, searching
from moiety.custody.gateway.apart import Apart
from moiety.custody.gateway.deployment import DEPLOYMENT
from moiety.custody.gateway.three import Three
from moiety.custody.net.config import Deployment
from moiety.custody.net.remote import Remote
from moiety.custody.store.slots import Staging
from moiety.custody.trust.asked import said
from moiety.custody.verbs import silent
from moiety.sharing.seat import SEATS
from tests.apart.scene import Held, Site
from tests.custody.scene import DOCUMENT, DOOR, TERMS, TODAY, Clock, matched, people

CROWD = people(5)


def test_whoever_is_enrolled_matches_and_nobody_else(office: Apart) -> None:
    office.enrol(DOOR, CROWD[:3])
    assert matched(office, CROWD) == [True] * 3 + [False] * 2
    assert office.gallery(DOOR).rows == 3


def test_a_caller_signs_the_same_at_all_three(office: Apart, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each custodian can show what the other two were to be sent as well, and not that alone which it was sent."""
    ask, signed = Remote._ask, []

    def asks(self: Remote, asked: Any, *rest: Any, **more: Any) -> Any:
        if isinstance(asked, wire.Pledging):
            signed.append((type(asked), self.seat, said(asked), asked.pledge.commitments))
        return ask(self, asked, *rest, **more)

    monkeypatch.setattr(Remote, "_ask", asks)
    office.enrol(DOOR, CROWD)
    assert matched(office, CROWD) == [True] * 5
    for verb in (wire.Offer, wire.Verify, wire.Identify):
        mine = [(seat, what, commitments) for kind, seat, what, commitments in signed if kind is verb]
        first = {seat: (what, commitments) for seat, what, commitments in reversed(mine)}
        assert set(first) == set(SEATS)
        assert len({what for what, _ in first.values()}) == 1
        assert [len(set(commitments)) for _, commitments in first.values()] == [3, 3, 3]


def test_whoever_is_erased_matches_no_more(office: Apart) -> None:
    office.enrol(DOOR, CROWD)
    assert office.erase(DOOR, CROWD[0].pseudonym)
    assert not office.erase(DOOR, CROWD[0].pseudonym)
    assert matched(office, CROWD) == [False] + [True] * 4


def test_how_rows_are_compared_follows_from_the_slowest_neighbour(
    office: Apart, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eight rounds with more bytes where a round trip is long for so many rows, else eighteen with fewer."""
    slow: dict[str, float] = {}
    asked: list[str] = []

    def round_trip_s(self: Remote) -> float:
        asked.append(self.seat)
        return slow.get(self.seat, 0.0001)

    monkeypatch.setattr(Remote, "round_trip_s", round_trip_s)
    three = office._three

    def chosen(rows: int) -> str:
        three._measured = float("-inf")
        return three.circuit(rows)[0]

    assert [chosen(rows) for rows in (4096, 1_000_000)] == ["prefix", "chain"]
    slow = {"b": 0.002}  # one way is half of that
    assert chosen(1_000_000) == "chain"
    for seat in SEATS:
        slow = {seat: 0.01}
        assert [chosen(rows) for rows in (1_000_000, 100_000_000)] == ["prefix", "chain"]
    asked.clear()
    assert three.circuit(4096)[0] == three.circuit(4096)[0]
    assert asked == []  # it is measured once a minute
    three._measured -= elsewhere._MEASURED_S
    three.circuit(4096)
    assert sorted(asked) == list(SEATS)


def test_time_passes_at_the_custodians(office: Apart, clock: Clock) -> None:
    office.enrol(DOOR, [*CROWD[:2], *people(1, seed=7, expires_day=TODAY + 1)])
    assert office.gallery(DOOR).rows == 3
    clock.pass_(days=1)
    assert office.gallery(DOOR).rows == 2
    assert matched(office, people(1, seed=7)) == [False]


def test_a_refresh_leaves_everybody_and_another_epoch(office: Apart, site: Site) -> None:
    office.enrol(DOOR, CROWD)
    assert office.refresh() == 2
    assert matched(office, CROWD) == [True] * 5
    assert {standing.staging for standing in office._three.standings().values()} == {Staging.NONE}
    roots = [sorted(path.name for path in site.folder.glob(f"custodian-{seat}/store/roots/*")) for seat in SEATS]
    assert [len(some) for some in roots] == [1, 1, 1]


def test_another_gateway_sees_what_this_one_did(office: Apart, site: Site) -> None:
    office.enrol(DOOR, CROWD)
    other = site.gateway()
    try:
        assert matched(other, CROWD) == [True] * 5
        other.erase(DOOR, CROWD[0].pseudonym)
    finally:
        other.close()
    assert matched(office, CROWD) == [False] + [True] * 4


def test_whoever_connects_puts_right_what_one_left_halfway(office: Apart, site: Site) -> None:
    """On the day of a good check, and before anything is asked: what is staged lies on a disk until somebody does."""
    office.enrol(DOOR, CROWD)
    assert office.check() == []
    with office._alone() as headers:
        renewing = headers.office("renew")
        office.three.play(lambda custodian: custodian.renew(renewing))
        office.three.custodians["b"].stage(silent)
    staged = {seat: standing.staging for seat, standing in office.three.standings().items()}
    assert staged == {"a": Staging.NONE, "b": Staging.COMPLETE, "c": Staging.NONE}
    deployment = Deployment.read(site.folder / DEPLOYMENT)
    Apart.connect(deployment, clock=site.clock, entropy=os.urandom, progress=silent).close()
    assert {standing.staging for standing in office.three.standings().values()} == {Staging.NONE}
    assert [path.name for path in site.folder.glob("custodian-b/store/roots/*")] == ["epoch-1.key"]
    assert matched(office, CROWD) == [True] * 5


def test_searches_go_on_while_somebody_enrols_and_refreshes(office: Apart) -> None:
    office.enrol(DOOR, CROWD)

    def change() -> None:
        for seed in range(20, 24):
            office.enrol(DOOR, people(2, seed=seed))
            office.refresh()

    with ThreadPoolExecutor(3) as threads:
        changing = threads.submit(change)
        answers = []
        while not changing.done():
            answers += list(threads.map(lambda _: matched(office, CROWD[:2]), range(2)))
        changing.result()
    assert len(answers) > 2
    assert all(answer == [True, True] for answer in answers)
    assert office.check() == []


@pytest.mark.parametrize("change", ["refresh", "erase"])
def test_a_search_that_a_change_overtakes_is_asked_again(
    office: Apart, site: Site, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """Between what matched and who that is: parts of two epochs fit no more than those of somebody who is gone."""
    office.enrol(DOOR, CROWD)
    other, asked, named = site.gateway(), [0], searching.pseudonyms

    def overtaken(three: Three, name: str, attempt: bytes, slots: NDArray[np.int64]) -> list[bytes]:
        asked[0] += 1
        if asked[0] == 1 and change == "refresh":
            other.refresh()
        elif asked[0] == 1:
            assert other.erase(DOOR, CROWD[0].pseudonym)
        return named(three, name, attempt, slots)

    monkeypatch.setattr(searching, "pseudonyms", overtaken)
    try:
        found = office.identify(DOOR, np.stack([person.words for person in CROWD])).found
    finally:
        other.close()
    gone = 1 if change == "erase" else 0
    assert found == [[]] * gone + [[person.pseudonym] for person in CROWD[gone:]]
    assert asked == [2]


def test_a_search_does_not_wait_for_a_refresh(tmp_path: Path, clock: Clock) -> None:
    """Nor for the one of three that takes the longest to write its next epoch."""
    held = Held("b before stage")
    site = Site.make(tmp_path / "site", clock, observer=held)
    office = site.gateway()
    try:
        office.add_gallery(DOOR, TERMS, DOCUMENT)
        office.enrol(DOOR, CROWD)
        assert matched(office, CROWD[:2]) == [True, True]  # budget is written off a portion at a time: once is enough
        with ThreadPoolExecutor(2) as threads:
            refreshing = threads.submit(office.refresh)
            assert held.come.wait(30)
            searching = threads.submit(matched, office, CROWD[:2])
            try:
                assert searching.result(10) == [True, True]
                assert not refreshing.done()
            finally:
                held.go.set()
            assert refreshing.result(30) == 2
        assert matched(office, CROWD) == [True] * 5
    finally:
        held.go.set()
        office.close()
        site.close()


def test_a_custodian_that_is_down_is_named_at_once(office: Apart, site: Site) -> None:
    office.enrol(DOOR, CROWD)
    site.stop("b")
    for ask in (
        lambda: office.verify(DOOR, CROWD[0].words, CROWD[0].pseudonym),
        lambda: office.identify(DOOR, CROWD[0].words[None, :]),
        lambda: office.enrol(DOOR, people(1, seed=5)),
        lambda: office.erase(DOOR, CROWD[0].pseudonym),
        office.refresh,
        office.check,
    ):
        with pytest.raises(refusals.CustodianDown) as raised:
            ask()
        assert raised.value.text == "unavailable: custodian b"
    site.start("b")
    again = site.gateway()
    again.close()
    assert matched(office, CROWD) == [True] * 5


def test_what_a_damaged_store_says_is_refused_until_it_is_mended(office: Apart, site: Site) -> None:
    import sqlite3

    office.enrol(DOOR, CROWD)
    site.stop("c")
    with sqlite3.connect(site.folder / "custodian-c" / "store" / "custodian.sqlite") as connection:
        (row,) = connection.execute("SELECT rows FROM page WHERE number = 3").fetchone()
        connection.execute(
            "UPDATE page SET rows = ? WHERE number = 3", (row[:100] + bytes([row[100] ^ 1]) + row[101:],)
        )
    connection.close()
    site.start("c")
    site.gateway().close()
    with pytest.raises(refusals.GalleryDamaged):
        office.identify(DOOR, CROWD[0].words[None, :])
    assert office.check() == ["door: page 3 of custodian c was altered or is missing"]
    assert office.mend() == 1
    assert matched(office, CROWD) == [True] * 5


def test_a_gateway_that_stays_has_every_gallery_checked_each_day(office: Apart, clock: Clock) -> None:
    office.enrol(DOOR, CROWD)

    def checked() -> int:
        return min(standing.galleries[DOOR].checked for standing in office.three.standings().values())

    before = checked()
    assert matched(office, CROWD[:1]) == [True]
    assert checked() == before  # of today, by whoever connected
    clock.pass_(days=1)
    until = monotonic() + 20
    while checked() == before:  # beside a search, which does not wait for it, once it is asked anew how they stand
        assert matched(office, CROWD[:1]) == [True]
        assert monotonic() < until
        sleep(0.05)
    assert checked() // 86_400 == int(clock().timestamp()) // 86_400
