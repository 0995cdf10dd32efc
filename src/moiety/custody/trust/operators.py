"""The folder of operators: read at start, and again whenever it has changed."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from threading import Lock
from typing import Final

from moiety.custody.trust.denials import RosterAmbiguous, RosterMalformed, RosterUnreadable, RosterWritable
from moiety.custody.trust.roster import FILE_LIMIT, MOST_PEOPLE, Person, parse

ENDING: Final = ".toml"
_READ: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW

_Look = tuple[tuple[str, int, int, int, int], ...]
"""Name, inode, size and both times of every file, and of the folder: what changes with any change."""


def read_people(folder: Path) -> list[Person]:
    """Everybody in the folder, by name.

    Raises `RosterUnreadable`, `RosterWritable` where others than this process's user and root may write, and
    `RosterMalformed` or `RosterAmbiguous`.
    """
    try:
        people = _read(folder)
    except OSError:
        raise RosterUnreadable from None
    found = [person for person in people if person is not None]
    if len(found) < len(people):
        raise RosterMalformed(files=len(people) - len(found))
    if len({person.name for person in found}) < len(found) or len({person.key for person in found}) < len(found):
        raise RosterAmbiguous
    return sorted(found, key=lambda person: person.name)


class OperatorsFolder:
    """The roster of a folder. Safe for threads. Making one reads it, with the errors of `read_people`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = Lock()
        self._look: _Look | None = None
        self._people: dict[bytes, Person] = {}
        self.people()

    def find(self, key: bytes) -> Person | None:
        """Whose key this is, by the folder as it is now; with the errors of `read_people`, which let nobody in."""
        return self._now().get(key)

    def people(self) -> list[Person]:
        """Everybody, by name; with the errors of `read_people`."""
        return list(self._now().values())

    def _now(self) -> dict[bytes, Person]:
        with self._lock:
            look = _look(self._folder)
            if look != self._look:
                self._look = None  # whatever goes wrong now is met again by whoever asks next
                self._people = {person.key: person for person in read_people(self._folder)}
                self._look = look
            return self._people


def _look(folder: Path) -> _Look:
    """Raises `RosterUnreadable`."""
    try:
        with os.scandir(folder) as entries:
            found = [_seen(entry.name, entry.stat(follow_symlinks=False)) for entry in entries]
        return (_seen("", folder.stat()), *sorted(found))
    except OSError:
        raise RosterUnreadable from None


def _seen(name: str, status: os.stat_result) -> tuple[str, int, int, int, int]:
    return name, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _read(folder: Path) -> list[Person | None]:
    opened = os.open(folder, _READ | os.O_DIRECTORY)
    try:
        _own(os.fstat(opened))
        names = sorted(name for name in os.listdir(opened) if name.endswith(ENDING))
        if len(names) > MOST_PEOPLE:
            raise RosterMalformed(files=len(names))
        return [_person(opened, name) for name in names]
    finally:
        os.close(opened)


def _person(folder: int, name: str) -> Person | None:
    try:
        opened = os.open(name, _READ | os.O_NONBLOCK, dir_fd=folder)
    except OSError:  # a link, above all
        return None
    try:
        status = os.fstat(opened)
        _own(status)
        return parse(os.read(opened, FILE_LIMIT + 1)) if stat.S_ISREG(status.st_mode) else None
    finally:
        os.close(opened)


def _own(status: os.stat_result) -> None:
    """Raises `RosterWritable`."""
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) or status.st_uid not in (0, os.geteuid()):
        raise RosterWritable
