"""A session ends by itself: after a while without a request, and after a working day whatever happens."""

from __future__ import annotations

import os

import pytest

from moiety.console import sessions
from moiety.console.sessions import ABSOLUTE_S, IDLE_S, SESSIONS_LIMIT, Sessions


class Clock:
    """Seconds that a test lets pass."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def known(clock: Clock) -> Sessions:
    return Sessions(clock, os.urandom)


def test_a_screen_that_somebody_left_is_signed_out(known: Sessions, clock: Clock) -> None:
    session = known.begin("prefix")
    for _ in range(3):
        clock.now += IDLE_S - 1
        assert known.prefix(session) == "prefix"
    clock.now += IDLE_S
    assert known.prefix(session) is None
    clock.now -= IDLE_S  # over is over
    assert known.prefix(session) is None


def test_a_working_day_is_the_end_of_it(known: Sessions, clock: Clock) -> None:
    session = known.begin("prefix")
    began = clock.now
    while clock.now - began + IDLE_S / 2 < ABSOLUTE_S:
        clock.now += IDLE_S / 2
        assert known.prefix(session) == "prefix"
    clock.now = began + ABSOLUTE_S
    assert known.prefix(session) is None


def test_an_id_before_anybody_signed_in_is_nobodys(known: Sessions) -> None:
    assert known.prefix(known.fresh()) is None
    assert known.begin("prefix") != known.begin("prefix")


def test_each_session_has_its_own_token_and_each_process_its_own_key(known: Sessions, clock: Clock) -> None:
    one, other = known.begin("a"), known.begin("b")
    assert known.is_token(one, known.token(one))
    assert not known.is_token(one, known.token(other))
    assert not known.is_token(one, known.cookie(one).partition(".")[2])  # the cookie's tag is no token
    elsewhere = Sessions(clock, os.urandom)
    assert known.of_cookie(known.cookie(one)) == one
    assert elsewhere.of_cookie(known.cookie(one)) is None
    assert not elsewhere.is_token(one, known.token(one))


def test_sessions_are_bounded_and_the_oldest_goes(known: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    assert SESSIONS_LIMIT <= 65_536
    monkeypatch.setattr(sessions, "SESSIONS_LIMIT", 3)
    begun = [known.begin(str(number)) for number in range(4)]
    assert [known.prefix(session) for session in begun] == [None, "1", "2", "3"]
