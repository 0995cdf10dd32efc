"""For the whole suite: examples are drawn anew each run, and a slow machine is no failure."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from moiety.custody.gateway import processes
from tests.postgres import Server

settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")


def pytest_sessionfinish() -> None:
    """What `moiety up` starts outlives whoever started it, on purpose: what has ended by now goes without a word."""
    for process in processes._STARTED:
        process.poll()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A real PostgreSQL 18, on its socket without a password and on loopback with one."""
    server = Server()
    yield server
    server.destroy()
