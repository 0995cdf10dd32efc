"""Labelled photographs: those that come in packages, and those of a folder that is not part of the project."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.house.source import ROOT
from tests.stories.scene import Photographs, installed_data, photographs_of


@pytest.fixture(scope="session")
def data() -> Path:
    """The data folder, with the default models installed."""
    return installed_data()


@pytest.fixture(scope="session")
def photographs(data: Path) -> Photographs:
    """The packaged photographs: three of one person, one of another, one of a third."""
    return photographs_of(data)


@pytest.fixture(scope="session")
def labelled_faces() -> Path:
    """Folds 1 to 5 of Labeled Faces in the Wild; skips where they are not at hand."""
    shared = Path(os.environ.get("MOIETY_SHARED") or ROOT.parent / "shared")
    folder = shared / "data" / "faces" / "lfw_folds_1_5"
    if not folder.is_dir():
        pytest.skip("the labelled photographs are not beside this checkout (MOIETY_SHARED)")
    return folder
