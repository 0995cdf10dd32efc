"""Denials take alike, keys end when they say, and the first of all is given once."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from moiety.gateway.callers.keys import ApiKey
from moiety.gateway.callers.newcomer import Newcomer
from moiety.gateway.callers.reception import Reception
from moiety.gateway.callers.refusals import Unauthenticated
from moiety.gateway.callers.roles import Role, Scope
from moiety.gateway.callers.sql import Credentials
from moiety.identity.pseudonym import Pseudonym
from tests.gateway.scene import Site

ROUNDS = 25
APART = 1.6
"""What two medians may differ by on a machine that does other things too; without its hash a denial is forty times
sooner."""


def medians(asked: dict[str, Callable[[], object]], rounds: int = ROUNDS) -> dict[str, float]:
    """How long each takes, in turns, so that whatever else the machine does falls on all of them."""
    took: dict[str, list[float]] = {name: [] for name in asked}
    for _ in range(rounds):
        for name, ask in asked.items():
            began = time.perf_counter()
            ask()
            took[name].append(time.perf_counter() - began)
    return {name: statistics.median(some) for name, some in took.items()}


def alike(asked: dict[str, Callable[[], object]]) -> None:
    """Three times at most: a machine that was busy with something else is another one the next time."""
    for last in (False, False, True):
        found = medians(asked)
        if max(found.values()) / min(found.values()) < APART:
            return
        assert not last, found


@pytest.fixture
def keys(gateway: Site) -> Iterator[dict[str, str]]:
    """Keys of nobody, in every way in which a key can be nobody's."""
    credentials = gateway.service.credentials
    good, revoked = str(gateway.key("timed", Role.OPERATOR)), str(gateway.key("timed-revoked", Role.OPERATOR))
    expired = str(gateway.key("timed-expired", Role.OPERATOR))
    credentials.rotate("timed-expired", days=1, overlap_s=0)
    for one in (revoked, expired):  # recognised a moment ago, or not at all: it takes alike
        with gateway.client(one) as client:
            client.get("/v1/me")
    credentials.revoke("timed-revoked")
    wrong = good[:-1] + ("A" if good[-1] != "A" else "B")
    unknown = "mty_aaaaaaaaaa_" + "A" * 43
    yield {"wrong": wrong, "unknown": unknown, "revoked": revoked, "expired": expired, "no key": "x", "token": "a.b.c"}
    for name in ("timed", "timed-expired"):
        credentials.revoke(name)


def test_every_key_that_is_none_takes_alike(gateway: Site, keys: dict[str, str]) -> None:
    with httpx.Client(base_url=gateway.url, timeout=60) as client:

        def ask(key: str) -> Callable[[], object]:
            def one() -> None:
                assert client.get("/v1/me", headers={"Authorization": f"Bearer {key}"}).status_code == 401

            return one

        alike({name: ask(key) for name, key in keys.items()})


def test_a_purpose_that_there_is_not_takes_as_long_as_one_that_is_not_theirs(gateway: Site) -> None:
    key = gateway.key("timed-door", Role.OPERATOR, scopes=("door:*",))
    with gateway.client(key) as client:

        def ask(purpose: str) -> Callable[[], object]:
            def one() -> None:
                assert client.get(f"/v1/purposes/{purpose}").status_code == 403

            return one

        client.get("/v1/me")
        alike({"there": ask("hotel"), "not there": ask("motel")})


# Clocks.


class Clock:
    at = 1_700_000_000

    def __call__(self) -> int:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def credentials(tmp_path: Path, clock: Clock) -> Iterator[Credentials]:
    import os

    with closing(Credentials.open(tmp_path, lambda: bytes(32), clock, os.urandom)) as some:
        yield some


def newcomer(name: str = "desk", days: int = 1) -> Newcomer:
    return Newcomer(name, frozenset({Role.OPERATOR}), frozenset({Scope("*", "*")}), days)


def test_a_key_ends_when_it_says(credentials: Credentials, clock: Clock) -> None:
    import os

    reception = Reception(credentials, clock, os.urandom)
    first = credentials.add(newcomer())
    assert reception.caller(str(first)).name == "desk"
    clock.at += 86_399
    assert reception.caller(str(first)).name == "desk"
    clock.at += 1
    for _ in range(2):
        with pytest.raises(Unauthenticated):
            reception.caller(str(first))


def test_a_clock_that_was_set_back_gives_no_key_more_than_its_days(credentials: Credentials, clock: Clock) -> None:
    """A key's end is an instant: with a clock that is set back it comes later by the clock's error, and no more. What
    was revoked or used stays so."""
    key, revoked = credentials.add(newcomer("one")), credentials.add(newcomer("two"))
    credentials.revoke("two")
    clock.at -= 10 * 365 * 86_400
    assert credentials.recognised(revoked) is None
    assert credentials.recognised(key) is not None
    second = credentials.rotate("one", days=1, overlap_s=0)
    assert credentials.recognised(key) is None
    assert credentials.recognised(second) is not None
    clock.at += 86_400
    assert credentials.recognised(second) is None


def test_what_replaces_a_key_ends_it_after_its_overlap_and_never_later(credentials: Credentials, clock: Clock) -> None:
    first = credentials.add(newcomer())
    second = credentials.rotate("desk", days=30, overlap_s=7 * 86_400)
    clock.at += 86_400
    assert credentials.recognised(first) is None  # it had a day
    third = credentials.rotate("desk", days=30, overlap_s=60)
    clock.at += 61
    assert [credentials.recognised(key) is not None for key in (second, third)] == [False, True]


# The first key of all.


def test_of_two_who_bring_the_token_at_once_one_is_given_a_key(credentials: Credentials) -> None:
    token = credentials.set_up_token()
    assert token is not None
    for _ in range(3):
        credentials.set_up_token()
    assert credentials.set_up(token, newcomer("first")) is None  # the last that was printed counts
    token = credentials.set_up_token()
    assert token is not None
    last: ApiKey = token
    ready, given = threading.Barrier(8), []

    def bring() -> None:
        ready.wait()
        given.append(credentials.set_up(last, newcomer("first")))

    threads = [threading.Thread(target=bring) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len([key for key in given if key is not None]) == 1
    assert len(credentials.listed()) == 1
    assert credentials.set_up(last, newcomer("first")) is None
    assert credentials.set_up_token() is None


@pytest.mark.parametrize("role", Role)
def test_whoever_is_locked_out_is_given_a_token_again(credentials: Credentials, clock: Clock, role: Role) -> None:
    runs = role in (Role.OPERATOR, Role.OFFICER)
    person = str(Pseudonym("hotel", bytes(16))) if role is Role.SUBJECT else None
    who = Newcomer("somebody", frozenset({role}), frozenset({Scope("*", "*")}), 1, person)
    key = credentials.add(who)
    assert (credentials.set_up_token() is None) is runs  # another's key runs nothing
    credentials.revoke("somebody")
    assert credentials.set_up_token() is not None
    credentials.add(who)
    assert (credentials.set_up_token() is None) is runs
    clock.at += 86_399
    assert (credentials.set_up_token() is None) is runs
    clock.at += 1
    token = credentials.set_up_token()  # it has ended
    assert token is not None
    first = credentials.set_up(token, newcomer("first"))
    assert first is not None
    assert credentials.recognised(first) is not None
    assert credentials.recognised(key) is None  # nobody comes back by it
    assert credentials.set_up_token() is None


def test_of_two_who_add_one_name_at_once_one_does(credentials: Credentials) -> None:
    from moiety.gateway.callers.refusals import CallerExists

    ready, found = threading.Barrier(6), []

    def add() -> None:
        ready.wait()
        try:
            found.append(credentials.add(newcomer("desk")))
        except CallerExists:
            found.append(None)

    threads = [threading.Thread(target=add) for _ in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len([key for key in found if key is not None]) == 1
