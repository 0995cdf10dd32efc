"""Real models and real photographs, installed beforehand: a missing one is a failure, not a reason to skip."""

from __future__ import annotations

from pathlib import Path

import pytest

from moiety import settings
from moiety.errors import Unavailable
from moiety.face import Recogniser, photographs
from tests.face.shared import data_of_faces


@pytest.fixture(scope="session")
def data() -> Path:
    folder = settings.data_folder()
    try:
        for name in photographs.PHOTOGRAPHS:
            photographs.path(folder, name)
        Recogniser.open("mobilefacenet-192", folder, threads=1)
    except Unavailable as missing:
        pytest.fail(f"{missing} (here: `moiety models install --defaults`, or `make models`)", pytrace=False)
    return folder


@pytest.fixture(scope="session")
def recogniser(data) -> Recogniser:
    return Recogniser.open("mobilefacenet-192", data, threads=1)


@pytest.fixture(scope="session")
def photograph(data):
    """The path of a photograph by its name."""
    return lambda name: photographs.path(data, name)


@pytest.fixture(scope="session")
def lfw() -> Path:
    return data_of_faces()
