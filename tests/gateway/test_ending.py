"""How a gateway ends: a real process, told so by a signal, while somebody's request is under way."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

import httpx
import pytest

import moiety
from moiety.gateway import config, serve
from moiety.gateway.callers.keys import ApiKey
from moiety.gateway.callers.newcomer import Newcomer
from moiety.gateway.callers.roles import Role, Scope
from tests.gateway.scene import document


@dataclass
class Running:
    """A gateway's process, where it listens and where its figures are, and an officer's key."""

    process: subprocess.Popen[bytes]
    listen: str
    figures: str
    key: ApiKey
    log: Path

    def connected(self) -> socket.socket:
        host, _, port = self.listen.partition(":")
        return socket.create_connection((host, int(port)), timeout=20)

    def begun(self, body: bytes) -> socket.socket:
        """A request that this process has let in and waits for the body of."""
        client = self.connected()
        client.sendall(
            b"POST /v1/purposes HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\n"
            + f"Authorization: Bearer {self.key}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        )
        until = monotonic() + 20
        while self.number("moiety_gateway_requests_begun") == 0 and monotonic() < until:
            sleep(0.02)
        return client

    def number(self, name: str) -> float:
        lines = httpx.get(f"http://{self.figures}/metrics").text.splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))


def free() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return f"127.0.0.1:{listening.getsockname()[1]}"


@contextmanager
def started(folder: Path) -> Iterator[Running]:
    moiety.create(folder)
    listen, figures = free(), free()
    file = config.written(folder / config.FOLDER, listen)
    with file.open("a") as opened:
        opened.write(f'\n[metrics]\nlisten = "{figures}"\n')
    with closing(serve.credentials_of(config.read(file), file.parent)) as credentials:
        key = credentials.add(Newcomer("officer", frozenset({Role.OFFICER}), frozenset({Scope.parse("*:*")}), 1))
    log = folder / "log"
    with log.open("wb") as written:
        process = subprocess.Popen(
            [sys.executable, "-m", "moiety", "gateway", "serve", "--config", str(file), "--json"],
            stdout=subprocess.PIPE,
            stderr=written,
        )
    running = Running(process, listen, figures, key, log)
    try:
        while True:
            with suppress(httpx.TransportError):
                if httpx.get(f"http://{figures}/ready").status_code == 200:
                    break
            assert process.poll() is None, log.read_text()
            sleep(0.05)
        yield running
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    with started(tmp_path / "office") as some:
        yield some


BODY = json.dumps({"document": document("door")}).encode()


def answer(client: socket.socket) -> bytes:
    with client:
        whole = b""
        while piece := client.recv(1 << 16):
            whole += piece
    return whole


def refused(running: Running) -> bool:
    try:
        running.connected().close()
    except OSError:
        return True
    return False


def test_what_is_under_way_ends_and_nobody_else_is_let_in(running: Running) -> None:
    idle = running.connected()
    idle.sendall(b"GET /v1/health/live HTTP/1.1\r\nHost: here\r\n\r\n")
    whole = b""
    while not whole.endswith(b"}"):  # head and body may come one after the other
        whole += idle.recv(1 << 16)
    assert whole.startswith(b"HTTP/1.1 200")
    client = running.begun(BODY)
    running.process.send_signal(signal.SIGTERM)
    until = monotonic() + 10
    while not refused(running) and monotonic() < until:
        sleep(0.02)
    assert refused(running)
    assert running.process.poll() is None
    assert httpx.get(f"http://{running.figures}/live").status_code == 200
    assert httpx.get(f"http://{running.figures}/ready").status_code == 503
    assert answer(idle) == b""  # a connection on which nothing was under way
    client.sendall(BODY)
    assert answer(client).startswith(b"HTTP/1.1 201")  # and the connection ends with it
    out, _ = running.process.communicate(timeout=20)
    assert running.process.returncode == 0
    assert json.loads(out) == {"url": f"http://{running.listen}"}
    with moiety.open(running.log.parent) as office:
        assert office.purposes() == ["door"]


def test_told_twice_it_ends_at_once(running: Running) -> None:
    client = running.begun(BODY)
    running.process.send_signal(signal.SIGTERM)
    until = monotonic() + 10
    while not refused(running) and monotonic() < until:
        sleep(0.02)
    assert running.process.poll() is None
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(5) == 128 + signal.SIGTERM
    client.close()


def test_what_a_library_logs_is_not_repeated(running: Running) -> None:
    """The server's own log has what was sent to it in its words, and in those of errors."""
    canary = b"canary-7Q2MK3PX"
    said = [
        b"GET /" + canary + b" HTTP/1.1\r\nHost: " + canary + b"\r\nX: \x00" + canary + b"\r\n\r\n",
        canary + b"\r\n\r\n",
        b"GET /v1/me?" + canary + b" HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
        b"Sec-WebSocket-Key: " + canary + b"\r\n\r\n",
        b"POST /" + canary + b" HTTP/1.1\r\nHost: here\r\nContent-Length: " + canary + b"\r\n\r\n",
    ]
    for some in said:
        with running.connected() as client:
            client.sendall(some)
            assert canary not in client.recv(1 << 16)
    running.process.send_signal(signal.SIGTERM)
    running.process.wait(20)
    lines = running.log.read_text().splitlines()
    assert [json.loads(line) for line in lines]
    assert any('"uvicorn"' in line for line in lines)  # it did log something
    assert os.fsdecode(canary) not in "".join(lines)
