"""One member out of a package's archive (a wheel, an sdist, an npm tarball), and nothing else of it.

The member is streamed: nothing is unpacked to a path that an archive chose, and never more bytes than expected.
"""

from __future__ import annotations

import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from moiety.face.card_refusals import ArchiveUnreadable, MemberMissing

_UNREADABLE: Final = (tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError)
"""What the two libraries raise on a damaged archive; `NotImplementedError` and `RuntimeError` are zipfile's for
compression and encryption that it does not know."""


@contextmanager
def member(archive: Path, path: str) -> Iterator[IO[bytes]]:
    """The bytes of one plain file of an archive, to be read once.

    Raises `MemberMissing` where there is none of this name or it is a link, a folder or a device, and
    `ArchiveUnreadable` for anything that is no whole archive, also while it is read.
    """
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as wheel, wheel.open(_in_wheel(wheel, path)) as file:
                yield file
        else:
            with tarfile.open(archive, "r:gz") as tarball, _in_tarball(tarball, path) as file:
                yield file
    except (*_UNREADABLE, NotImplementedError, RuntimeError):
        raise ArchiveUnreadable from None


def _in_wheel(wheel: zipfile.ZipFile, path: str) -> zipfile.ZipInfo:
    found = [info for info in wheel.infolist() if info.filename == path]
    if len(found) != 1 or found[0].is_dir():
        raise MemberMissing
    return found[0]


def _in_tarball(tarball: tarfile.TarFile, path: str) -> IO[bytes]:
    for info in tarball:
        if info.name == path:
            file = tarball.extractfile(info) if info.isreg() else None
            if file is None:
                break
            return file
    raise MemberMissing
