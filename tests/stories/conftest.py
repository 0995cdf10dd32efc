"""An office with everything real; what needs models or photographs is skipped where they are not installed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from moiety.custody.embedded import Embedded
from moiety.face.installed import Installed
from moiety.identity.office import Office
from tests.stories.scene import DOOR, Clock, Photographs, installed_data, photographs_of


@pytest.fixture(scope="session")
def data() -> Path:
    """The data folder, with the default models installed."""
    return installed_data()


@pytest.fixture(scope="session")
def photographs(data: Path) -> Photographs:
    """The packaged photographs."""
    return photographs_of(data)


@pytest.fixture(scope="session")
def models(data: Path) -> Installed:
    """The installed models, each loaded once for all tests."""
    return Installed(data, threads=1)


@pytest.fixture
def clock() -> Clock:
    """A clock that the test moves; custodians and stories read the same one."""
    return Clock()


@pytest.fixture
def opened(tmp_path: Path, models: Installed, clock: Clock) -> Callable[[], Office]:
    """Opens the test's office, as a later process would."""

    def again() -> Office:
        custodians = Embedded.open(tmp_path / "office", clock=clock, entropy=os.urandom)
        return Office(custodians, models, clock=clock, entropy=os.urandom)

    return again


@pytest.fixture
def office(tmp_path: Path, opened: Callable[[], Office]) -> Iterator[Office]:
    """A new office with the purpose `door` and nobody in it."""
    Embedded.create(tmp_path / "office", os.urandom)
    with opened() as fresh:
        fresh.add_purpose(DOOR.encode())
        yield fresh
