"""Commands use the same models and photographs as the stories."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stories.scene import Photographs, installed_data, photographs_of


@pytest.fixture(autouse=True)
def signals_are_heard() -> Iterator[None]:
    """Whoever runs the suite in the background or under nohup ignores some, and so would every command it starts."""
    wanted = {
        signal.SIGINT: signal.default_int_handler,
        signal.SIGTERM: signal.SIG_DFL,
        signal.SIGHUP: signal.SIG_DFL,
    }
    before = {number: signal.signal(number, handler) for number, handler in wanted.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture(scope="session")
def data() -> Path:
    """The data folder, with the default models installed."""
    return installed_data()


@pytest.fixture(scope="session")
def photographs(data: Path) -> Photographs:
    """The packaged photographs."""
    return photographs_of(data)
