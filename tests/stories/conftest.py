"""An office with everything real; what needs models or photographs is skipped where they are not installed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from moiety.custody.gateway.embedded import Embedded
from moiety.face.installed import Installed
from moiety.identity.office import Office
from moiety.identity.ports import Custodians
from moiety.vault.shelf import Shelf
from tests.apart.field import TIME, Field, patiently
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
def clock(tmp_path: Path) -> Clock:
    """A clock that the test moves; custodians and stories read the same one."""
    return Clock(tmp_path / TIME)


@pytest.fixture(params=["embedded", "apart"])
def gateway(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Callable[[], Custodians]]:
    """Reaches three empty custodians: in this process, or in three others; every story is played on both."""
    folder = tmp_path / "office"
    if request.param == "embedded":
        Embedded.create(folder, os.urandom)
        yield lambda: Embedded.open(folder, clock=clock, entropy=os.urandom)
    else:
        field = Field.lay_out(folder, clock=clock)
        field.start()

        def connect() -> Custodians:
            clock.pass_(seconds=1)  # nobody is let in before the second is over in which a custodian began
            return field.connect()

        yield lambda: patiently(connect)
        field.close()


@pytest.fixture
def opened(gateway: Callable[[], Custodians], models: Installed, clock: Clock, tmp_path: Path) -> Callable[[], Office]:
    """Opens the test's office, as a later process would."""
    return lambda: Office(gateway(), models, Shelf(tmp_path / "records"), clock=clock, entropy=os.urandom)


@pytest.fixture
def office(opened: Callable[[], Office]) -> Iterator[Office]:
    """A new office with the purpose `door` and nobody in it."""
    with opened() as fresh:
        fresh.add_purpose(DOOR.encode())
        yield fresh
