"""Bodies together: however many are half sent, they have the room that there is, and others are answered meanwhile."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from time import monotonic, sleep

import pytest

from moiety.gateway import bodies, server
from moiety.gateway.callers.keys import ApiKey
from moiety.gateway.callers.roles import Role
from moiety.gateway.config import Config
from moiety.gateway.room import MIB
from tests.gateway.scene import Site, figures, site
from tests.gateway.test_slow import connected

ROOM_MIB = bodies.PICTURES_MIB
PATH = "/v1/purposes/door/verify"


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A gateway with room for one body of the largest, or for several together."""
    with site(tmp_path_factory.mktemp("narrow") / "office", bodies_mib=ROOM_MIB) as some:
        yield some


@pytest.fixture(scope="module")
def key(narrow: Site) -> ApiKey:
    return narrow.key("sends-much", Role.OPERATOR)


def held(site: Site) -> float:
    return figures(site)["moiety_gateway_body_bytes"]


def require_held(site: Site, wanted: int) -> None:
    """That it holds just so many bytes, in a moment."""
    until = monotonic() + 20
    while held(site) != wanted and monotonic() < until:
        sleep(0.02)
    assert held(site) == wanted


def begun(site: Site, key: ApiKey, length: str) -> socket.socket:
    """A request that says this of the length of its body."""
    client = connected(site)
    head = f"POST {PATH} HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n"
    client.sendall(f"{head}{length}\r\n\r\n".encode())
    return client


def half_sent(site: Site, key: ApiKey, mebibytes: int, sent: int) -> socket.socket:
    """A request that says so many mebibytes, and sends so many of them."""
    client = begun(site, key, f"Content-Length: {mebibytes * MIB}")
    client.sendall(b" " * sent * MIB)
    return client


def answered(client: socket.socket) -> str:
    """The head and the body of what it is answered."""
    client.settimeout(20)
    answer = b""
    while b"}" not in answer:
        answer += client.recv(1 << 16)
    return answer.decode()


def test_what_is_half_sent_is_bounded_together(narrow: Site, key: ApiKey) -> None:
    with ExitStack() as undo:
        for _ in range(3):
            undo.enter_context(half_sent(narrow, key, 16, 15))
        require_held(narrow, 45 * MIB)
        # By what it says, before a byte of it is read; what others only say takes no room.
        refused = answered(undo.enter_context(half_sent(narrow, key, 4, 0)))
        assert refused.startswith("HTTP/1.1 503")
        assert '"code":"bodies_full"' in refused
        assert "retry-after: 5\r\n" in refused.lower()
        assert held(narrow) == 45 * MIB
        # And by what comes, where it says nothing.
        silent = undo.enter_context(begun(narrow, key, "Transfer-Encoding: chunked"))
        for _ in range(4):
            silent.sendall(b"%x\r\n%b\r\n" % (MIB, b" " * MIB))
        assert '"code":"bodies_full"' in answered(silent)
        require_held(narrow, 45 * MIB)
        # Whoever sends little is answered meanwhile.
        with narrow.client(key) as quick:
            assert quick.post(PATH, json={}).json()["code"] == "fields_invalid"
        assert held(narrow) == 45 * MIB
    require_held(narrow, 0)
    with narrow.client(key) as after:
        large = after.post(PATH, content=b" " * 40 * MIB, headers={"Content-Type": "application/json"})
    assert large.json()["code"] == "body_unreadable"
    require_held(narrow, 0)


def test_it_has_its_room_until_it_is_answered(narrow: Site, key: ApiKey, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[float] = []
    real = bodies._json

    def noting(whole: bytes) -> bodies.Shown:
        seen.append(held(narrow))
        return real(whole)

    monkeypatch.setattr(bodies, "_json", noting)
    with narrow.client(key) as client:
        client.post(PATH, content=b" " * MIB, headers={"Content-Type": "application/json"})
    assert seen == [MIB]
    require_held(narrow, 0)


def test_strangers_do_not_fill_it(narrow: Site) -> None:
    assert Config(listen="127.0.0.1:1").bodies_mib >= 2 * server.CONNECTIONS * bodies.STRANGERS_MIB
    for path in ("/v1/setup", "/sign-in"):
        kind = "application/json" if path == "/v1/setup" else "application/x-www-form-urlencoded"
        with narrow.client() as client:
            told = client.post(path, content=b" " * (MIB + 1), headers={"Content-Type": kind})
        assert told.status_code == 413
