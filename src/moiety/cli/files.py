"""Files that the operator names on the command line: read within bounds, written whole or not at all."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import ClassVar, Final

from moiety.errors import FileUnread, Refused
from moiety.face.card_refusals import FileRefused
from moiety.face.content import opened

PICTURES_LIMIT: Final = 64
"""Files of one person: more would not make a better template, and each is decoded."""

OPERATOR_ONLY: Final = 0o600


class DocumentUnreadable(FileUnread):
    code: ClassVar[str] = "document_unreadable"
    advice: ClassVar[str] = "the document cannot be read: {why}"


class FolderUnreadable(Refused):
    code: ClassVar[str] = "folder_unreadable"
    advice: ClassVar[str] = "the folder cannot be read: check its path and who may read it"


class FolderEmpty(Refused):
    code: ClassVar[str] = "folder_empty"
    advice: ClassVar[str] = "there is nobody in the folder: give each person a sub-folder with pictures, or one picture"


class MapExists(Refused):
    code: ClassVar[str] = "map_exists"
    advice: ClassVar[str] = "the map file exists and may be the only list of its pseudonyms: name another file"


class MapUnfinished(Refused):
    code: ClassVar[str] = "map_unfinished"
    advice: ClassVar[str] = (
        "an earlier run did not finish: the file of the same name ending in .unfinished lists whom it "
        "enrolled; move it away first"
    )


class MapUnwritable(Refused):
    code: ClassVar[str] = "map_unwritable"
    advice: ClassVar[str] = "the map file cannot be written: check its folder, its disk and who may write there"


def beginning(path: Path, limit: int) -> bytes:
    """The first `limit` bytes of a regular file; raises `DocumentUnreadable`."""
    try:
        with opened(path) as file:
            return file.read(limit)
    except FileRefused as refused:
        raise DocumentUnreadable(**refused.numbers) from None
    except OSError as error:
        raise DocumentUnreadable(error=error.errno or 0) from None


def people(folder: Path) -> list[tuple[str, list[Path]]]:
    """Everybody in a folder, by name: a sub-folder with its files, or a loose file. Hidden ones are left out.

    Raises `FolderUnreadable` or `FolderEmpty`. Whether a file is a picture shows when it is looked at.
    """
    try:
        found = [(entry.name, _pictures(entry)) for entry in sorted(folder.iterdir()) if _seen(entry)]
    except OSError:
        raise FolderUnreadable from None
    if not found:
        raise FolderEmpty
    return found


def _seen(entry: Path) -> bool:
    return not entry.name.startswith(".")


def _pictures(entry: Path) -> list[Path]:
    if not entry.is_dir():
        return [entry]
    return sorted(file for file in entry.iterdir() if _seen(file) and file.is_file())[: PICTURES_LIMIT + 1]


class MapWriter:
    """Rows of a map file: each is on the disk before the next person is enrolled."""

    def __init__(self, descriptor: int, unfinished: Path) -> None:
        self._descriptor = descriptor
        self._unfinished = unfinished
        self.add("folder", "pseudonym")

    def add(self, folder: str, pseudonym: str) -> None:
        """Write one row through to the disk; raises `MapUnwritable`."""
        row = io.StringIO(newline="")
        csv.writer(row, lineterminator="\n").writerow((folder, pseudonym))
        # A name that is no UTF-8 comes back as the bytes that it was on the disk.
        line = row.getvalue().encode("utf-8", "surrogateescape")
        try:
            if os.write(self._descriptor, line) != len(line):
                raise MapUnwritable
            os.fsync(self._descriptor)
        except OSError:
            raise MapUnwritable from None

    def discard(self) -> None:
        """Take the unfinished file away again: nobody in it was enrolled."""
        with suppress(OSError):
            self._unfinished.unlink()


@contextmanager
def map_file(path: Path) -> Iterator[MapWriter]:
    """Write `folder,pseudonym` rows for the operator's eyes only (mode 0600).

    The file appears under its name once it is whole; until then, and if the run is cut off, the rows so far
    stand in a file of the same name with `.unfinished`. Raises `MapExists`, `MapUnfinished`, `MapUnwritable`.
    """
    unfinished = path.with_name(path.name + ".unfinished")
    if path.exists():
        raise MapExists
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, OPERATOR_ONLY)
    except FileExistsError:
        raise MapUnfinished from None
    except OSError:
        raise MapUnwritable from None
    try:
        yield MapWriter(descriptor, unfinished)
    finally:
        os.close(descriptor)
    try:
        os.link(unfinished, path)  # which, unlike a rename, never takes the place of another file
    except FileExistsError:
        raise MapExists from None
    except OSError:
        raise MapUnwritable from None
    unfinished.unlink()
