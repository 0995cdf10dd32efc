"""Face recognition whose databases any one can leak without naming, showing or describing anyone.

    with moiety.open("office") as m:
        door = m.purpose("door")
        anna = door.enrol(["anna-1.jpg", "anna-2.jpg"], grounds="consent")
        if door.verify("at-the-door.jpg", claimed=anna.pseudonym): ...

Importing this package loads neither models nor databases: `open` does.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from moiety.errors import MoietyError, Refused, Unavailable
from moiety.identity.pseudonym import Pseudonym
from moiety.identity.results import Candidates, Enrolled, Erased, Verdict

if TYPE_CHECKING:
    from moiety.identity.office import Office
    from moiety.identity.ports import Custodians, Gather

__all__ = [
    "Candidates",
    "Enrolled",
    "Erased",
    "MoietyError",
    "Pseudonym",
    "Refused",
    "Unavailable",
    "Verdict",
    "connect",
    "create",
    "open",
]


def _now() -> datetime:
    return datetime.now(UTC)


def create(folder: str | os.PathLike[str]) -> None:
    """Make an empty office: three custodians, each with its own folder and database.

    Raises a `Refused` where the folder already holds one. All three on one disk protect nobody: it is for
    trying out.
    """
    from moiety.custody.gateway.embedded import Embedded

    Embedded.create(Path(folder), os.urandom)


def open(
    folder: str | os.PathLike[str],
    *,
    data: str | os.PathLike[str] | None = None,
    clock: Callable[[], datetime] = _now,
    entropy: Callable[[int], bytes] = os.urandom,
    threads: int | None = None,
    progress: Callable[[str, int, int], None] | None = None,
    gather: Gather | None = None,
) -> Office:
    """Open an office; use it in a `with`.

    `data` is the folder of the installed models, by default the user's (or `MOIETY_DATA`). `clock` returns an
    aware instant and decides who has expired; `entropy` returns fresh random bytes; `threads` bounds what a
    model may use; `gather` makes one search of those that come at the same time. Raises `Unavailable`
    where there is no office.
    """
    from moiety.custody.gateway.deployment import DEPLOYMENT, RECORDS

    if (Path(folder) / DEPLOYMENT).is_file():
        return connect(
            Path(folder) / DEPLOYMENT,
            data=data,
            clock=clock,
            entropy=entropy,
            threads=threads,
            progress=progress,
            gather=gather,
        )
    from moiety.custody.gateway.embedded import Embedded
    from moiety.identity.ports import silent

    custodians = Embedded.open(Path(folder), clock=clock, entropy=entropy, progress=progress or silent)
    return _office(custodians, Path(folder) / RECORDS, data, clock, entropy, threads, gather)


def connect(
    deployment: str | os.PathLike[str],
    *,
    data: str | os.PathLike[str] | None = None,
    clock: Callable[[], datetime] = _now,
    entropy: Callable[[int], bytes] = os.urandom,
    threads: int | None = None,
    progress: Callable[[str, int, int], None] | None = None,
    officer: bool = False,
    gather: Gather | None = None,
) -> Office:
    """As `open`, for three custodians that run apart: `deployment` is the gateway's `deployment.toml`.

    `officer` has a trial's first officer ask custodians, and not its operator: a role of its own, with budgets of its
    own. Raises `Unavailable` where a custodian cannot be reached, and a `Refused` where one is not who it should be, or
    where no officer's key is there.
    """
    from moiety.custody.gateway.apart import Apart
    from moiety.custody.net.config import Deployment
    from moiety.identity.ports import silent

    read = Deployment.read(Path(deployment))
    hand = read.hand(clock, entropy, officer=officer)
    custodians = Apart.connect(read, hand=hand, clock=clock, entropy=entropy, progress=progress or silent)
    return _office(custodians, read.records(), data, clock, entropy, threads, gather)


def _office(
    custodians: Custodians,
    records: Path | str,
    data: str | os.PathLike[str] | None,
    clock: Callable[[], datetime],
    entropy: Callable[[int], bytes],
    threads: int | None,
    gather: Gather | None,
) -> Office:
    from moiety import settings
    from moiety.face.installed import Installed
    from moiety.identity.office import Office
    from moiety.identity.ports import by_itself
    from moiety.vault.shelf import Shelf

    models = Installed(settings.data_folder() if data is None else Path(data), threads=threads)
    return Office(custodians, models, Shelf(records), clock=clock, entropy=entropy, gather=gather or by_itself)
