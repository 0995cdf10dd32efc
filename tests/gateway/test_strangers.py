"""Wrong keys cost this machine 20 ms each: however many come, who is known is let in, and the machine is not theirs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest

from moiety.gateway.callers import keys
from moiety.gateway.callers.roles import Role
from tests.gateway.scene import Site, site

WRONG = "mty_aaaaaaaaaa_" + "A" * 43


@pytest.fixture
def limited(tmp_path: Path) -> Iterator[Site]:
    rates = {"strangers_a_second": 0.5, "strangers_at_once": 5, "a_second": 0.5, "at_once": 30}
    with site(tmp_path / "office", rates=rates) as some:
        yield some


def test_who_floods_with_wrong_keys_is_told_to_wait_and_keeps_nobody_out(limited: Site) -> None:
    known = limited.key("known", Role.OPERATOR)
    with limited.client(known) as client, limited.client(WRONG) as stranger:
        assert client.get("/v1/me").status_code == 200
        told = [stranger.get("/v1/me") for _ in range(12)]
        assert [one.status_code for one in told][:4] == [401] * 4
        assert {one.status_code for one in told[6:]} == {429}
        assert int(told[-1].headers["retry-after"]) >= 1
        assert client.get("/v1/me").status_code == 200


def test_so_many_hashes_at_once_and_no_more(limited: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    under_way, most, lock = 0, 0, threading.Lock()
    hashed = keys.is_of

    def counted(key: keys.ApiKey, kept: str | None) -> bool:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        try:
            return hashed(key, kept)
        finally:
            with lock:
                under_way -= 1

    monkeypatch.setattr("moiety.gateway.callers.sql.is_of", counted)

    def ask() -> None:
        with limited.client(WRONG) as client:
            client.get("/v1/me")

    threads = [threading.Thread(target=ask) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_a_key_that_is_at_work_is_not_hashed_again(limited: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    key = limited.key("known", Role.OPERATOR)
    with limited.client(key) as client:
        assert client.get("/v1/me").status_code == 200
        monkeypatch.setattr("moiety.gateway.callers.sql.is_of", lambda key, kept: pytest.fail("hashed again"))
        assert client.get("/v1/me").status_code == 200
        limited.service.credentials.revoke("known")
        monkeypatch.undo()
        assert client.get("/v1/me").status_code == 401


def test_each_caller_has_so_many_requests(limited: Site) -> None:
    one, other = limited.key("one", Role.OPERATOR), limited.key("other", Role.OPERATOR)
    began = monotonic()
    with limited.client(one) as client:
        told = [client.get("/v1/me").status_code for _ in range(40)]
    allowed = 30 + int((monotonic() - began) * 0.5)
    assert told[:30] == [200] * 30
    assert told.count(200) <= allowed + 1
    assert told[-1] == 429
    with limited.client(other) as client:
        assert client.get("/v1/me").status_code == 200
