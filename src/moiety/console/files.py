"""What browsers are given beside the pages: a style sheet, a script, and htmx where it is installed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Final

from moiety.console import htmx

_TYPES: Final = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class File:
    """One file, whose address has its hash, so that browsers may keep it."""

    name: str
    content: bytes = field(repr=False)

    @property
    def kind(self) -> str:
        return _TYPES[self.name.rpartition(".")[2]]

    @property
    def address(self) -> str:
        return f"/static/{self.name}?{hashlib.sha256(self.content).hexdigest()[:16]}"


def served(data: Path) -> Mapping[str, File]:
    """Every file, by name; read once, so that no request touches the disk."""
    folder = files("moiety.console") / "static"
    found = {file.name: File(file.name, file.read_bytes()) for file in folder.iterdir()}
    script = htmx.read(data)
    if script is not None:
        found[htmx.NAME] = File(htmx.NAME, script)
    return found
