"""The processes of a trial deployment: started apart from whoever starts them, found again, and stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep

from moiety.custody.gateway.deployment import CONFIG, home
from moiety.custody.refusals import OfficeUnwritable, ProcessEnded
from moiety.sharing.seat import SEATS, Seat

_STARTED: list[subprocess.Popen[bytes]] = []
"""They outlive this process, on purpose; without this their objects would complain about it."""

_PID = "custodian.pid"
_LOG = "custodian.log"
_PAUSE_S = 0.1
_STOP_S = 30.0
"""A custodian lets what runs end first; then it closes its store."""


def running(folder: Path) -> dict[Seat, int]:
    """The process ids of the custodians of this folder that run now."""
    found = {seat: _pid(home(folder, seat)) for seat in SEATS}
    return {seat: pid for seat, pid in found.items() if pid is not None}


def start(folder: Path, seat: Seat) -> int:
    """Start one custodian, if it does not run; its process id. It outlives this process; its log is in its folder.

    Raises `OfficeUnwritable` where its number cannot be written down: then nobody could stop it, and it is ended.
    """
    place = home(folder, seat)
    already = _pid(place)
    if already is not None:
        return already
    try:
        descriptor = os.open(place / _LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    except OSError:
        raise OfficeUnwritable from None
    with os.fdopen(descriptor, "ab") as log:
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "moiety", "custodian", "serve", "--config", str((place / CONFIG).resolve())],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    _STARTED.append(process)
    try:
        (place / _PID).write_text(f"{process.pid}\n")
    except BaseException as error:
        process.kill()
        process.wait()
        if isinstance(error, OSError):
            raise OfficeUnwritable from None
        raise
    while _pid(place) is None and process.poll() is None:  # for a moment it has no words of its own yet
        sleep(_PAUSE_S / 10)
    return process.pid


def wait_until(ready: Callable[[], bool], folder: Path, seconds: float) -> bool:
    """Whether it became ready in time. Raises `ProcessEnded` where a custodian has stopped meanwhile."""
    until = monotonic() + seconds
    while monotonic() < until:
        if ready():
            return True
        missing = set(SEATS) - set(running(folder))
        if missing:
            raise ProcessEnded(seat=SEATS.index(min(missing)))
        sleep(_PAUSE_S)
    return False


def stop(folder: Path, seats: Collection[Seat] = SEATS) -> Mapping[Seat, int]:
    """Ask these custodians of this folder to stop, and wait for it; which ones ran."""

    def left() -> dict[Seat, int]:
        return {seat: pid for seat, pid in running(folder).items() if seat in seats}

    found = left()
    for pid in found.values():
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    until = monotonic() + _STOP_S
    while left() and monotonic() < until:
        sleep(_PAUSE_S)
    for pid in left().values():
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    for seat in found:
        with suppress(FileNotFoundError):
            (home(folder, seat) / _PID).unlink()
    return found


def _pid(place: Path) -> int | None:
    """The process that the folder names, if it is still this custodian's: numbers are given again."""
    try:
        pid = int((place / _PID).read_text())
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, ValueError):
        return None
    return pid if state != "Z" and os.fsencode((place / CONFIG).resolve()) in words else None
