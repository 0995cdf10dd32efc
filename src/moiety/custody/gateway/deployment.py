"""What a folder is: an office with three custodians in it, or the place of a gateway's configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from moiety.sharing.seat import Seat

DEPLOYMENT: Final = "deployment.toml"
"""The gateway's configuration. A folder with one stands for custodians that run apart."""

RECORDS: Final = "records"
"""The folder of the record store, in an office's or a gateway's."""

CONFIG: Final = "custodian.toml"
"""A custodian's configuration, in the folder of its own."""


def home(folder: Path, seat: Seat) -> Path:
    """The folder of one custodian."""
    return folder / f"custodian-{seat}"
