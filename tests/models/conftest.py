"""The data folder of the real models."""

from __future__ import annotations

import pytest

from moiety import settings


@pytest.fixture
def data():
    return settings.data_folder()
