"""A deployment for each test."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from moiety.custody.gateway.apart import Apart
from tests.apart.scene import Site
from tests.custody.scene import DOCUMENT, DOOR, TERMS, Clock


@pytest.fixture
def clock() -> Clock:
    """Noon, until the test moves it."""
    return Clock()


@pytest.fixture
def site(tmp_path: Path, clock: Clock) -> Iterator[Site]:
    """Three custodians, serving."""
    site = Site.make(tmp_path / "site", clock)
    yield site
    site.close()


@pytest.fixture
def office(site: Site) -> Iterator[Apart]:
    """A gateway, with an empty gallery."""
    gateway = site.gateway()
    gateway.add_gallery(DOOR, TERMS, DOCUMENT)
    yield gateway
    gateway.close()


@pytest.fixture(scope="session")
def served_apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A deployment of real processes, as `moiety up` leaves it running; for tests that change nothing in it."""
    folder = tmp_path_factory.mktemp("served") / "trial"
    moiety = [sys.executable, "-m", "moiety"]
    subprocess.run([*moiety, "up", folder], check=True, timeout=200)
    yield folder
    subprocess.run([*moiety, "down", folder], check=True, timeout=60)
