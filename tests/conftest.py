"""For the whole suite: examples are drawn anew each run, and a slow machine is no failure."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from moiety.custody.gateway import processes
from tests.postgres import Server
from tests.sweeping import Heard, require_swept, stores

settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")

_SWEPT: set[Path] = set()
"""Folders of single tests."""


def pytest_sessionfinish() -> None:
    """What `moiety up` starts outlives whoever started it, on purpose: what has ended by now goes without a word."""
    for process in processes._STARTED:
        process.poll()


@pytest.fixture(scope="session", autouse=True)
def heard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Heard]:
    """What records were made of; at the end of all, stores are swept for it that no single test had for itself."""
    some = Heard()
    with pytest.MonkeyPatch.context() as patch:
        some.listen(patch)
        yield some
    shared = [folder for folder in tmp_path_factory.getbasetemp().iterdir() if folder not in _SWEPT]
    require_swept((file for folder in shared for file in stores(folder)), some.known)


@pytest.fixture(autouse=True)
def swept(request: pytest.FixtureRequest, heard: Heard) -> Iterator[None]:
    """After a test, when all else that it used is closed, its stores are swept for the people whom it knew."""
    heard.begin()
    folder = request.getfixturevalue("tmp_path") if "tmp_path" in request.fixturenames else None
    yield
    if folder is not None:
        _SWEPT.add(folder)
        require_swept(stores(folder), heard.of_test())


@pytest.fixture(scope="session")
def postgres(heard: Heard) -> Iterator[Server]:
    """A real PostgreSQL 18, on its socket without a password and on loopback with one."""
    server = Server()
    yield server
    try:
        require_swept(server.written(), heard.known)
    finally:
        server.destroy()
