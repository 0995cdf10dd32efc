"""One demo, played once, for every test that looks at it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest

from moiety.demo.cast import Cast, cast
from moiety.demo.play import Played, play
from moiety.face.installed import Installed
from moiety.face.photographs import PhotographsNotInstalled
from moiety.identity.ports import Models, silent
from tests.stories.scene import installed_data

ROWS = 300


@pytest.fixture(scope="session")
def people() -> Cast:
    """The packaged photographs; skips where they are not installed."""
    try:
        return cast(installed_data())
    except PhotographsNotInstalled as missing:
        pytest.skip(missing.text)


@pytest.fixture(scope="session")
def models() -> Models:
    """The installed models, each loaded once."""
    return Installed(installed_data(), threads=1)


@pytest.fixture
def entropy() -> Callable[[int], bytes]:
    """Random bytes that are the same in every run."""
    return seeded()


def seeded(seed: int = 1) -> Callable[[int], bytes]:
    """The same bytes in every run, other ones at every call. Threads share it."""
    calls = count()
    return lambda length: hashlib.shake_256(b"%d %d" % (seed, next(calls))).digest(length)


def noon() -> datetime:
    """A clock that stands still."""
    return datetime(2031, 5, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def played(people: Cast, models: Models, tmp_path_factory: pytest.TempPathFactory) -> Played:
    """The demo with 300 random rows."""
    folder: Path = tmp_path_factory.mktemp("demo")
    return play(people, ROWS, folder, models, clock=noon, entropy=seeded(), progress=silent)
