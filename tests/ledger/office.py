"""Logs, and stories that are lived in other processes."""

from __future__ import annotations

import resource
import shutil
from contextlib import closing
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from moiety.database import Observer, unobserved
from moiety.ledger.entry import ENTRY_MAX
from moiety.ledger.log import Log
from moiety.ledger.many import Many
from moiety.ledger.operation import Party
from moiety.ledger.refusals import LedgerUnwritable
from moiety.ledger.tree import HASH_BYTES
from tests.database.doomed import Fatal
from tests.ledger.people import MINUTE, leaf_about, leaves, longest, public, signing_key

ORIGIN = "custodian a"
SIGNER = signing_key("a")
KEY = public(SIGNER)


def create(place: Path | str, observer: Observer = unobserved) -> Log:
    """An empty log of custodian a's, open."""
    return Log.create(place, ORIGIN, Party.A, KEY, observer)


def opened(place: Path | str, observer: Observer = unobserved) -> Log:
    """That log, open."""
    return Log.open(place, ORIGIN, Party.A, KEY, observer)


def create_until(place: Path | str, point: str) -> None:
    """Begin a log, and die at a commit point."""
    create(place, Fatal(point))


def append_until(place: Path | str, point: str) -> None:
    """Append 300 leaves, and die at a commit point."""
    opened(place, Fatal(point)).append(leaves(300, first=1_000))


def sign_until(place: Path | str, point: str) -> None:
    """Sign a head, and die at a commit point."""
    opened(place, Fatal(point)).head(MINUTE, SIGNER.sign)


def append_until_killed(place: Path | str, told: Path) -> None:
    """Append one leaf after the other and tell how many were acknowledged, until somebody kills the process."""
    log = opened(place)
    with told.open("ab", buffering=0) as file:
        for number in range(1_000_000):
            log.append([leaf_about(1, 1_000_000 + number)])
            file.write(b".")


def append_many(place: Path | str, first: int, count: int) -> None:
    """Append leaves one by one."""
    with closing(opened(place)) as log:
        for leaf in leaves(count, first):
            log.append([leaf])


def on_a_small_disk(place: Path) -> None:
    """Append to a log whose disk is full, and again when there is room."""
    with closing(opened(place)) as log:
        log.append(leaves(3))
        largest = max(path.stat().st_size for path in place.iterdir())
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest + 50_000, resource.RLIM_INFINITY))
        for first in (100, 100):
            with pytest.raises(LedgerUnwritable):
                log.append(leaves(3_000, first))
        if log.state().size != 3:
            raise RuntimeError("what was refused is there")
        log.verify()
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        log.append(leaves(3_000, 100))


def on_ever_fuller_disks(begun: Path, place: Path, step: int, many: int = 0) -> None:
    """Where a log's files may grow by so many bytes and no more, `step` after `step`: ask whether there is room, and
    where there is, append the longest entries one by one, until there is none; each about so many people."""
    size = max(path.stat().st_size for path in begun.iterdir())
    for more in range(0, 400_000, step):
        shutil.copytree(begun, place)
        with closing(opened(place)) as log:
            before = log.state().size
            resource.setrlimit(resource.RLIMIT_FSIZE, (size + more, resource.RLIM_INFINITY))
            written, refused = 0, False
            for leaf in (leaf for first in count(step=100) for leaf in longest(1_000_000 + first)):
                try:
                    log.head(MINUTE, SIGNER.sign, room=True, many=many)
                except LedgerUnwritable:
                    refused = True
                    break
                beside = Many(0, bytes(ENTRY_MAX), bytes(HASH_BYTES * many)) if many else None
                log.append([replace(leaf, many=beside)])
                written += 1
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            if not refused or log.verify().size != before + written:
                raise RuntimeError(f"{more} bytes of room, {written} entries")
        shutil.rmtree(place)
    if not written:
        raise RuntimeError("there never was any room")
