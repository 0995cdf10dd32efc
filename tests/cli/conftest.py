"""Commands use the same models and photographs as the stories."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.stories.scene import Photographs, installed_data, photographs_of


@pytest.fixture(scope="session")
def data() -> Path:
    """The data folder, with the default models installed."""
    return installed_data()


@pytest.fixture(scope="session")
def photographs(data: Path) -> Photographs:
    """The packaged photographs."""
    return photographs_of(data)
