"""htmx, which the pages use where it is there: got from its package like a model, checked, and kept as data."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from moiety.face import content
from moiety.face.archive import member
from moiety.face.card_refusals import FileRefused, FileWrongHash, FileWrongSize
from moiety.face.fetch import Archive, fetch
from moiety.face.progress import Progress, silent
from moiety.face.store import scratch

ARCHIVE: Final = Archive(
    client="npm",
    package="htmx.org",
    version="2.0.8",
    form="tarball",
    size=213_827,
    sha256="51351b2ac4b3bc065692a4dd1349a82f90bf7c526134937ccb25d3932c8ce954",
)
"""0BSD."""

NAME: Final = "htmx.min.js"
BYTES: Final = 51_250
SHA256: Final = "22283ef68cb7545914f0a88a1bdedc7256a703d1d580c1d255217d0a50d31313"

_MEMBER: Final = "package/dist/htmx.min.js"


def install(data: Path, progress: Progress = silent) -> bool:
    """Get it, where it is not here yet; whether it was got. Raises as `photographs.install`."""
    if read(data) is not None:
        return False
    with (
        scratch(data / "console") as folder,
        member(fetch(ARCHIVE, folder, progress), _MEMBER) as script,
    ):
        content.keep(script, BYTES, SHA256, data / "console" / NAME)
    return True


def read(data: Path) -> bytes | None:
    """The script, where it is here and what it must be."""
    try:
        return content.verified(data / "console" / NAME, BYTES, SHA256)
    except (FileRefused, FileWrongSize, FileWrongHash):
        return None
