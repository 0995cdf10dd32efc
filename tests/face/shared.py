"""Where data for measuring lies: the folder that MOIETY_SHARED names, else `shared` beside the checkout."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.house.source import ROOT


def shared(*parts: str) -> Path:
    """A file or folder of the shared data; skips the test where it is absent."""
    path = Path(os.environ.get("MOIETY_SHARED") or ROOT.parent / "shared").joinpath(*parts)
    if not path.exists():
        pytest.skip(f"needs the shared data {'/'.join(parts)}: set MOIETY_SHARED")
    return path


def data_of_faces() -> Path:
    """LFW's folds 1 to 5."""
    return shared("data", "faces", "lfw_folds_1_5")
