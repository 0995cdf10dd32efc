"""A file that a test may not read for a while, whoever runs it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_NOBODY: Final = 65_534


@contextmanager
def forbidden(path: Path) -> Iterator[None]:
    """Meanwhile nobody may read the file; root, whom no mode keeps out, is somebody else."""
    mode, user = path.stat().st_mode, os.geteuid()
    path.chmod(0)
    if user == 0:
        os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)
        path.chmod(mode)
