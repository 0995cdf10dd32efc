"""A place for a record store, of either kind, for each test."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """A folder that is not there, or the URL of an empty database."""
    if request.param == "sqlite":
        return tmp_path / "vault"
    postgres = request.getfixturevalue("postgres")
    return str(postgres.socket_url(postgres.database()))
