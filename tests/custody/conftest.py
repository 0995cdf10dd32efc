"""An office over a folder of its own, for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from moiety.custody.gateway.embedded import Embedded
from tests.custody.scene import Clock, create, opened


@pytest.fixture
def clock() -> Clock:
    """Noon, until the test moves it."""
    return Clock()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An office folder with one empty gallery, closed."""
    create(tmp_path / "office")
    return tmp_path / "office"


@pytest.fixture
def office(folder: Path, clock: Clock) -> Iterator[Embedded]:
    """That office, open."""
    office = opened(folder, clock)
    yield office
    office.close()
