"""After each test, every store that it left is searched for what it put into people's records.

Swept is what Moiety writes, told by what it is and not by who made it: databases with their logs and journals, and
everything in a custodian's folder, in a ledger's, and beside an import. What a test wrote as input, for `import people`
say, is of none of these kinds. Plain twins, which drills and the demo make in a folder of that name, are what a leak
would look like: they are left out.

Nobody has to tell what to look for: each value that becomes part of a record in this process is heard of. Processes
that tests start work with people known beforehand. Stores that several tests share are searched for these alone;
what other tests call a value, "passport" say, is in many a purpose's document.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from moiety.drills.canaries import SHORTEST, WINDOW
from moiety.drills.haystack import Haystack
from moiety.drills.scene import PLAIN
from moiety.vault import record
from moiety.vault.schema import Field
from moiety.vault.synth import people as made_up
from moiety.vault.values import Raw
from tests.stories.guests import GUEST, guest
from tests.vault.people import VALUES

_DATABASES: Final = tuple(map(bytes.fromhex, ("53514c69746520666f726d6174203300", "377f0682", "377f0683", "d9d505f9")))
"""How SQLite's databases, write-ahead logs and rollback journals begin."""

_FOLDERS: Final = {"custodian-a", "custodian-b", "custodian-c", "ledger", "records"}
_BESIDE: Final = (".import.json", ".aside.csv", ".log")

_DIFFERENT: Final = 6
"""Bytes of which fewer different ones say nothing: `aaaaaaaa` stands in many a file."""

_OF_A_TEST: Final = 400
"""Values that are remembered of one test: an import of thousands leaks in its first forty people or not at all."""

_TORN: Final = 12
"""Bytes from which two thirds of a value say as much as all of it: a page may end in the last."""

_PIECE: Final = 1 << 26
_OVERLAP: Final = 1 << 12
_LONG: Final = 512

SEEDS: Final = {1: 20, 11: 30, 2019: 20}
"""People who are made up in tests: how many of which seed."""


def _known() -> Iterator[Raw]:
    for person in (GUEST, VALUES, *map(guest, range(40))):
        yield from (value for value in person.values() if value is not None)
    for seed, count in SEEDS.items():
        for one in made_up(seed, count):
            yield from one.values()


class Heard:
    """What records were made of in this process."""

    def __init__(self) -> None:
        self.known = frozenset(value for raw in _known() if (value := _bytes(raw)))
        self._of_test: set[bytes] = set()

    def begin(self) -> None:
        """Another test begins."""
        self._of_test = set()

    def hear(self, value: Raw) -> None:
        """A value of somebody."""
        if value and len(self._of_test) < _OF_A_TEST:
            self._of_test.add(_bytes(value))

    def of_test(self) -> set[bytes]:
        """What was heard since the test began, and whoever is known beforehand."""
        return self._of_test | self.known

    def listen(self, patch: pytest.MonkeyPatch) -> None:
        """Hear of every value that is made part of a record, or refused as one."""
        canonical: Callable[[Field, Raw | None], bytes] = record.canonical

        def heard(field: Field, raw: Raw | None) -> bytes:
            self.hear(raw if isinstance(raw, str | bytes) else b"")
            value = canonical(field, raw)
            self.hear(value)
            return value

        patch.setattr(record, "canonical", heard)


def _bytes(value: Raw) -> bytes:
    return value.encode() if isinstance(value, str) else bytes(value)


def needles(values: Iterable[bytes]) -> list[bytes]:
    """Forms in which these values could lie somewhere: as they are, in hexadecimal, in UTF-16, and as plain hashes."""
    return sorted({needle for value in values for needle in _forms(value)})


@cache
def _forms(value: bytes) -> frozenset[bytes]:
    if len(value) < SHORTEST:  # "M" and "CN" say nothing
        return frozenset()
    if len(value) > _LONG:  # a photograph: pieces of it
        step = max(256, len(value) // 64)
        found = {value[at : at + WINDOW] for at in range(WINDOW, len(value) - WINDOW, step)}
    else:
        digest = hashlib.sha256(value)
        found = {value, value.lower(), value.hex().encode(), digest.digest(), digest.hexdigest().encode()}
        if len(value) >= _TORN:
            found |= {value[: len(value) * 2 // 3], value[len(value) // 3 :]}
        with suppress(UnicodeDecodeError):
            found.add(value.decode().encode("utf-16-le"))
    return frozenset(one for one in found if len(one) >= SHORTEST and len(set(one)) >= _DIFFERENT)


def stores(folder: Path) -> Iterator[Path]:
    """Files of the kinds that Moiety writes, somewhere below."""
    for here, folders, names in os.walk(folder):
        if PLAIN in folders:
            folders.remove(PLAIN)
        inside = not _FOLDERS.isdisjoint(Path(here).relative_to(folder).parts)
        for name in names:
            file = Path(here, name)
            if file.is_symlink() or not file.is_file():
                continue
            if inside or name.endswith(_BESIDE) or _begins(file).startswith(_DATABASES):
                yield file


def holding(files: Iterable[Path], values: Iterable[bytes]) -> list[Path]:
    """Those of these files in which one of these values lies."""
    looked_for = needles(values)
    found: list[Path] = []
    seen: set[bytes] = set()
    waiting: list[tuple[Path, bytes]] = []

    def look() -> None:
        """Through all at once: each time has its price, and most files are small."""
        if waiting and Haystack([piece for _, piece in waiting]).holds(looked_for).any():
            found.extend(file for file, piece in waiting if Haystack([piece]).holds(looked_for).any())
        waiting.clear()

    for file in files:
        for piece in _pieces(file):
            digest = hashlib.sha1(piece, usedforsecurity=False).digest()
            if digest not in seen:  # tests copy stores
                seen.add(digest)
                waiting.append((file, piece))
            if sum(len(one) for _, one in waiting) >= _PIECE:
                look()
    look()
    return list(dict.fromkeys(found))


def require_swept(files: Iterable[Path], values: Iterable[bytes]) -> None:
    """Fails with the names of files in which something of a person lies."""
    found = holding(files, values)
    if found:
        pytest.fail(f"something of a person lies in {', '.join(map(str, found))}", pytrace=False)


def _begins(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(16)


def _pieces(file: Path) -> Iterator[bytes]:
    with file.open("rb") as opened:
        before = b""
        while piece := opened.read(_PIECE):
            yield before + piece
            before = piece[-_OVERLAP:]
