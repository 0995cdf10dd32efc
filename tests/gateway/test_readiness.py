"""Whether it is ready, asked without a key and without end: custodians are asked once, and no story waits for it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep

import httpx
import pytest

from moiety.custody.refusals import CustodianDown
from moiety.gateway.callers.roles import Role
from moiety.gateway.readiness import FRESH_S, Readiness
from moiety.gateway.work import Work
from tests.gateway.scene import Site, figures, site

MANY = 40


@dataclass
class Custodians:
    """What is asked of them: how often, and an answer that waits for `go`."""

    go: threading.Event = field(default_factory=threading.Event)
    asked: int = 0
    down: bool = False

    def __call__(self) -> list[str]:
        self.asked += 1
        assert self.go.wait(30)
        if self.down:
            raise CustodianDown(seat=1)
        return []


@pytest.fixture
def flooded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Site, Custodians]]:
    """A gateway that tells two stories at once, and has nobody wait; whether custodians answer, they say when they are
    let."""
    custodians = Custodians()
    with site(tmp_path / "office", at_once=2, waiting=0) as some:
        monkeypatch.setattr(some.service.offices.at(Role.OPERATOR), "purposes", custodians)
        yield some, custodians
        custodians.go.set()


@contextmanager
def asking(site: Site, many: int) -> Iterator[list[httpx.Response]]:
    """So many who ask at the same time; what they were answered, once they all were."""
    answers: list[httpx.Response] = []

    def one() -> None:
        with site.client() as client:
            answers.append(client.get("/v1/health/ready"))

    threads = [threading.Thread(target=one) for _ in range(many)]
    for thread in threads:
        thread.start()
    yield answers
    for thread in threads:
        thread.join(30)


def begun(site: Site) -> float:
    return figures(site)["moiety_gateway_requests_begun"]


def require(wanted: Callable[[], bool]) -> None:
    until = monotonic() + 20
    while not wanted() and monotonic() < until:
        sleep(0.01)
    assert wanted()


def test_a_flood_asks_custodians_once_and_keeps_nobodys_story_waiting(flooded: tuple[Site, Custodians]) -> None:
    gateway, custodians = flooded
    with gateway.client(gateway.key("auditor", Role.OFFICER)) as other, asking(gateway, MANY) as answers:
        require(lambda: begun(gateway) == MANY)
        assert custodians.asked == 1
        assert gateway.service.work.under_way == 1
        assert other.get("/v1/audit").status_code == 200  # the second of two stories
        custodians.go.set()
    assert [answer.json() for answer in answers] == [{"live": True, "ready": True}] * MANY
    assert custodians.asked == 1


def test_who_goes_away_ends_it_for_nobody() -> None:
    custodians = Custodians()
    work = Work(at_once=1, waiting=0)
    ready = Readiness(work, custodians, lambda: 0.0)

    async def story() -> None:
        first, second = asyncio.ensure_future(ready()), asyncio.ensure_future(ready())
        await asyncio.sleep(0.1)
        first.cancel()
        await asyncio.sleep(0.1)
        third = asyncio.ensure_future(ready())
        await asyncio.sleep(0.1)
        custodians.go.set()
        assert await second
        assert await third
        assert first.cancelled()

    asyncio.run(story())
    work.close()
    assert custodians.asked == 1


def test_what_was_found_counts_for_a_second() -> None:
    now = [100.0]
    custodians = Custodians()
    custodians.go.set()
    work = Work(at_once=1, waiting=0)
    ready = Readiness(work, custodians, lambda: now[0])

    async def asked(at: float, *, down: bool) -> tuple[bool, int]:
        now[0], custodians.down = 100.0 + at, down
        return await ready(), custodians.asked

    async def story() -> None:
        assert await asked(0.0, down=False) == (True, 1)
        assert await asked(FRESH_S - 0.01, down=True) == (True, 1)
        assert await asked(FRESH_S, down=True) == (False, 2)
        assert await asked(2 * FRESH_S - 0.01, down=False) == (False, 2)
        assert await asked(2 * FRESH_S, down=False) == (True, 3)

    asyncio.run(story())
    work.close()


def test_what_nobody_foresaw_is_asked_anew() -> None:
    def broken() -> None:
        raise ZeroDivisionError

    work = Work(at_once=1, waiting=0)
    ready = Readiness(work, broken, lambda: 0.0)

    async def story() -> None:
        for _ in range(2):
            with pytest.raises(ZeroDivisionError):
                await ready()

    asyncio.run(story())
    work.close()
