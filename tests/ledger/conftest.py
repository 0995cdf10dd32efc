"""A place for a log, of either kind, and an empty log in it, for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from moiety.ledger.log import Log
from tests.ledger.office import create


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """A folder that is not there, or the URL of an empty database."""
    if request.param == "sqlite":
        return tmp_path / "log"
    postgres = request.getfixturevalue("postgres")
    return str(postgres.socket_url(postgres.database()))


@pytest.fixture
def log(place: Path | str) -> Iterator[Log]:
    """An empty log of custodian a's, open."""
    log = create(place)
    yield log
    log.close()
