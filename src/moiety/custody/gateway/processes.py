"""The processes of a trial deployment, custodians and gateway: started apart from whoever starts them, found again,
and stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep
from typing import ClassVar, Final, Literal

from moiety.custody.gateway.deployment import CONFIG, home
from moiety.custody.refusals import OfficeUnwritable, ProcessEnded
from moiety.errors import Unavailable
from moiety.sharing.seat import SEATS

_STARTED: list[subprocess.Popen[bytes]] = []
"""They outlive this process, on purpose; without this their objects would complain about it."""


class GatewayDown(Unavailable):
    code: ClassVar[str] = "gateway_down"
    advice: ClassVar[str] = "the gateway does not keep running, or does not answer: the end of its gateway.log says why"


Who = Literal["a", "b", "c", "gateway"]

GATEWAY: Final = "gateway"
EVERYBODY: Final[Sequence[Who]] = (*SEATS, GATEWAY)

_HTTP: Final = "http"
"""Of the gateway's configuration, in the deployment's folder."""

_PAUSE_S = 0.1
_STOP_S = 30.0
"""A custodian lets what runs end first; then it closes its store."""


def running(folder: Path) -> dict[Who, int]:
    """The process ids of what of this folder runs now."""
    found = {who: _pid(folder, who) for who in EVERYBODY}
    return {who: pid for who, pid in found.items() if pid is not None}


def start(folder: Path, who: Who) -> int:
    """Start one custodian, or the gateway, if it does not run; its process id. It outlives this process, and its log
    is in its folder.

    Raises `OfficeUnwritable` where its number cannot be written down: then nobody could stop it, and it is ended.
    """
    config, kind = _config(folder, who), _kind(who)
    already = _pid(folder, who)
    if already is not None:
        return already
    try:
        descriptor = os.open(
            config.with_name(f"{kind}.log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600
        )
    except OSError:
        raise OfficeUnwritable from None
    with os.fdopen(descriptor, "ab") as log:
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "moiety", kind, "serve", "--config", str(config.resolve())],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    _STARTED.append(process)
    try:
        config.with_name(f"{kind}.pid").write_text(f"{process.pid}\n")
    except BaseException as error:
        process.kill()
        process.wait()
        if isinstance(error, OSError):
            raise OfficeUnwritable from None
        raise
    while _pid(folder, who) is None and process.poll() is None:  # for a moment it has no words of its own yet
        sleep(_PAUSE_S / 10)
    return process.pid


def wait_until(ready: Callable[[], bool], folder: Path, seconds: float, needed: Collection[Who] = SEATS) -> bool:
    """Whether it became ready in time. Raises `ProcessEnded` where a custodian has stopped meanwhile, and `GatewayDown`
    where the gateway has, of those that are `needed`."""
    until = monotonic() + seconds
    while monotonic() < until:
        if ready():
            return True
        missing = set(needed) - set(running(folder))
        for seat in SEATS:
            if seat in missing:
                raise ProcessEnded(seat=SEATS.index(seat))
        if missing:
            raise GatewayDown
        sleep(_PAUSE_S)
    return False


def stop(folder: Path, some: Collection[Who] = EVERYBODY) -> Mapping[Who, int]:
    """Ask these of this folder to stop, and wait for it; which ones ran."""

    def left() -> dict[Who, int]:
        return {who: pid for who, pid in running(folder).items() if who in some}

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
    for who in found:
        with suppress(FileNotFoundError):
            _config(folder, who).with_name(f"{_kind(who)}.pid").unlink()
    return found


def _kind(who: Who) -> str:
    """The command that serves it, which names its files too."""
    return GATEWAY if who == GATEWAY else "custodian"


def _config(folder: Path, who: Who) -> Path:
    return folder / _HTTP / "gateway.toml" if who == GATEWAY else home(folder, who) / CONFIG


def _pid(folder: Path, who: Who) -> int | None:
    """The process that the folder names, if it is still this one's: numbers are given again."""
    config = _config(folder, who)
    try:
        pid = int(config.with_name(f"{_kind(who)}.pid").read_text())
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, ValueError):
        return None
    return pid if state != "Z" and os.fsencode(config.resolve()) in words else None
