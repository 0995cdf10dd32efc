"""Clients that send a byte now and then, or take none: they are let go of, and hold nobody up."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress
from time import monotonic, sleep

import pytest

from moiety.gateway import bodies, server
from moiety.gateway.callers.roles import Role
from tests.gateway.scene import Site, figures, site

SOON_S = 0.6
"""In place of ten seconds and more."""

HEAD = b"POST /v1/purposes/door/verify HTTP/1.1\r\nHost: here\r\n"


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A gateway that waits for nobody as long as others do."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(server, "HEAD_S", SOON_S)
        patched.setattr(server, "TAKEN_S", SOON_S)
        patched.setattr(bodies, "RECEIVED_S", 1)
        with site(tmp_path_factory.mktemp("hasty") / "office") as some:
            yield some


def connected(site: Site) -> socket.socket:
    host, _, port = site.url.partition("//")[2].partition(":")
    return socket.create_connection((host, int(port)), timeout=20)


def trickled(client: socket.socket, what: bytes, every_s: float = 0.1) -> float:
    """Send this byte by byte until the other end is gone; how long that took."""
    began = monotonic()
    client.settimeout(every_s)
    for byte in what:
        try:
            client.sendall(bytes([byte]))
            if client.recv(1 << 16) == b"":
                break
        except TimeoutError:
            continue
        except OSError:
            break
    return monotonic() - began


def cuts(site: Site) -> float:
    """How many connections it has ended."""
    return figures(site)["moiety_gateway_connections_cut_total"]


@pytest.mark.parametrize(
    "said",
    [b"", b"G", HEAD, HEAD + b"X: y\r\n"],
    ids=["nothing", "a letter", "a line", "all but the end"],
)
def test_a_head_that_does_not_end_is_not_waited_for(hasty: Site, said: bytes) -> None:
    before = cuts(hasty)
    with connected(hasty) as client:
        client.sendall(said)
        assert trickled(client, b"X-Header: " + b"a" * 100) < 4 * SOON_S
    assert cuts(hasty) == before + 1


def test_nor_is_the_next_head_on_a_connection_that_was_answered(hasty: Site) -> None:
    with connected(hasty) as client:
        client.sendall(b"GET /v1/health/live HTTP/1.1\r\nHost: here\r\n\r\n")
        assert client.recv(1 << 16).startswith(b"HTTP/1.1 200")
        assert trickled(client, b"GET /v1/health/live HTTP/1.1\r\n" + b"a" * 100) < 4 * SOON_S


def test_a_body_that_does_not_end_is_refused(hasty: Site) -> None:
    key = hasty.key("slow", Role.OPERATOR)
    with connected(hasty) as client:
        client.sendall(
            HEAD
            + f"Authorization: Bearer {key}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n".encode()
        )
        answer = b""
        began = monotonic()
        client.settimeout(0.1)
        while b"}" not in answer and monotonic() < began + 8 * SOON_S:
            with suppress(OSError):
                client.sendall(b"{")
            with suppress(TimeoutError):
                answer += client.recv(1 << 16)
    assert b"body_slow" in answer
    assert answer.startswith(b"HTTP/1.1 408")


def test_nor_does_the_rest_of_a_body_that_nobody_wants_keep_a_connection(hasty: Site) -> None:
    with connected(hasty) as client:
        client.sendall(HEAD + b"Content-Length: 1000\r\n\r\n")
        assert client.recv(1 << 16).startswith(b"HTTP/1.1 401")
        assert trickled(client, b"a" * 200) < 4 * SOON_S


def test_an_answer_that_nobody_takes_is_not_held_for_them(hasty: Site) -> None:
    before = cuts(hasty)
    with connected(hasty) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        asked = b"GET /v1/openapi.json HTTP/1.1\r\nHost: here\r\n\r\n" * 400
        client.settimeout(1)
        with suppress(OSError):
            client.sendall(asked)
        until = monotonic() + 20 * SOON_S
        while cuts(hasty) == before and monotonic() < until:
            sleep(0.05)
    assert cuts(hasty) == before + 1


def test_others_are_answered_meanwhile(hasty: Site) -> None:
    slow = [connected(hasty) for _ in range(50)]
    try:
        for client in slow:
            client.sendall(HEAD)
        began = monotonic()
        with hasty.client() as quick:
            assert quick.get("/v1/health/live").status_code == 200
        assert monotonic() - began < SOON_S
    finally:
        for client in slow:
            client.close()
