"""A gateway over an embedded office, asked over a real socket: what its tests share."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx
import uvicorn
from fastapi import APIRouter

import moiety
from moiety import settings
from moiety.console.pages import pages
from moiety.gateway import serve
from moiety.gateway.callers.keys import ApiKey
from moiety.gateway.callers.newcomer import Newcomer
from moiety.gateway.callers.roles import Role, Scope
from moiety.gateway.config import Config
from moiety.gateway.service import Service
from moiety.identity import examples

GUEST = {
    "national_id": "11010519491231002X",
    "name": "Li Example",
    "birth_date": "1949-12-31",
    "sex": "F",
    "address": "1 Long Street",
}


@dataclass
class Site:
    """A running gateway: its address, its service, and every line of its journal."""

    url: str
    service: Service
    lines: list[str] = field(default_factory=list)

    def key(self, name: str, *roles: Role, scopes: tuple[str, ...] = ("*:*",), person: str | None = None) -> ApiKey:
        """A key for somebody with these roles."""
        parsed = frozenset(Scope.parse(scope) for scope in scopes)
        return self.service.credentials.add(Newcomer(name, frozenset(roles), parsed, 1, person))

    def said(self, number: str, count: int = 1) -> list[dict[str, Any]]:
        """The journal's lines about a request, of which there are `count`: the last is written after the answer."""
        until = monotonic() + 5
        while len(found := [json.loads(line) for line in self.lines if number in line]) < count and monotonic() < until:
            sleep(0.01)
        return found

    def client(self, key: ApiKey | str | None = None) -> httpx.Client:
        """A client that brings this key."""
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60)


@contextmanager
def site(folder: Path, data: Path | None = None, **settings: Any) -> Iterator[Site]:
    """A new office with the purposes `hotel` and `door`, served; `settings` are those of `gateway.toml`."""
    moiety.create(folder)
    lines: list[str] = []
    config = Config(office=".", listen="127.0.0.1:0", **settings)
    service = serve.opened(config, folder, data=data, write=lines.append)
    with running(service) as url:
        yield Site(url, service, lines)


@contextmanager
def running(service: Service) -> Iterator[str]:
    """Serve on a free port of this machine; the service is closed afterwards."""
    listening = socket.create_server(("127.0.0.1", 0))
    whole = [console_of(service)]
    server = uvicorn.Server(serve.settings(service, Config(listen="127.0.0.1:0"), Path(), whole))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        service.close()


def console_of(service: Service, clock: Callable[[], float] = monotonic) -> APIRouter:
    """The pages of a service."""
    return pages(settings.data_folder(), clock, service.entropy)


def figures(site: Site) -> dict[str, float]:
    """What it counts, by name and labels."""
    lines = site.service.metrics.text().decode().splitlines()
    return {name: float(value) for name, _, value in (one.rpartition(" ") for one in lines if not one.startswith("#"))}


def document(name: str) -> str:
    """An example's document."""
    return examples.EXAMPLES[name]


def random_picture() -> bytes:
    """Bytes that are no picture."""
    return b"\xff\xd8\xff" + os.urandom(1_000)
