"""Three custodians as processes of their own, on real clocks: forked from one that has imported everything, so that a
test can afford to kill many; or started as an operator starts them.

A forked one reads two files of its folder at every turn: `skew` (seconds by which its clock is off) and `fatal` (the
commit point at which it kills itself, or `UNWRITTEN`: before it writes down anything). Where a file `time` is beside
the deployment, its clock shows that.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from moiety import settings
from moiety.cli.interruption import awaited
from moiety.custody.custodian import Custodian
from moiety.custody.gateway import trial
from moiety.custody.gateway.apart import Apart
from moiety.custody.gateway.deployment import DEPLOYMENT
from moiety.custody.net.config import Deployment
from moiety.custody.net.server import served
from moiety.custody.verbs import silent
from moiety.errors import Unavailable
from moiety.ledger.log import Log
from moiety.ledger.seal import Leaf
from moiety.sharing.seat import SEATS, Seat
from tests.apart.scene import GENEROUS

FORK = multiprocessing.get_context("forkserver")
FORK.set_forkserver_preload(["tests.apart.field"])

NEVER_EXPIRES = 40_000
TIME = "time"
UNWRITTEN = "before its ledger"
PATIENCE_S = 30.0

Answer = TypeVar("Answer")


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Field:
    """A deployment's folder, and its custodians that run now."""

    folder: Path
    forked: bool = True
    clock: Callable[[], datetime] = now
    running: dict[Seat, Any] = field(default_factory=dict)

    @classmethod
    def lay_out(
        cls,
        folder: Path,
        *,
        databases: Mapping[Seat, str] | None = None,
        forked: bool = True,
        own: str = "",
        clock: Callable[[], datetime] = now,
    ) -> Field:
        """Make it; `databases` are URLs of empty ones, `own` is put before everything in each configuration."""
        trial.lay_out(folder, now() - timedelta(hours=1), os.urandom, trial.free_ports())
        made = cls(folder, forked, clock)
        for seat in SEATS:
            config = trial.home(folder, seat) / trial.CONFIG
            text = config.read_text()
            if databases:
                store = trial.home(folder, seat) / trial.STORE
                office = bytes.fromhex(text.split('office = "')[1][:32])
                for file in [*store.glob("*/*"), *store.glob("*.*")]:
                    file.unlink()
                store.joinpath("roots").rmdir()
                store.rmdir()
                Custodian.create(store, seat, office, os.urandom, database=databases[seat])
                own_database = f'database = "{databases[seat]}"\n'
            else:
                own_database = ""
            config.write_text(own_database + own.replace("SEAT", seat) + text + GENEROUS)
        return made

    def start(self, *seats: Seat) -> None:
        """Start these; `gateway` waits until they serve."""
        for seat in seats or SEATS:
            place = trial.home(self.folder, seat)
            if self.forked:
                process: Any = FORK.Process(target=_serve, args=(place / trial.CONFIG,), daemon=True)
                process.start()
            else:
                with (place / "custodian.log").open("ab") as log:
                    process = subprocess.Popen(
                        [sys.executable, "-m", "moiety", "custodian", "serve", "--config", place / trial.CONFIG],
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=log,
                    )
            self.running[seat] = process

    def kill(self, seat: Seat, how: signal.Signals = signal.SIGKILL) -> int | None:
        """End one, and wait for it: its exit status."""
        os.kill(self.running[seat].pid, how)
        return self.ended(seat)

    def ended(self, seat: Seat) -> int | None:
        """Wait until one has ended: its exit status."""
        process = self.running.pop(seat)
        if self.forked:
            process.join(PATIENCE_S)
            return int(process.exitcode) if process.exitcode is not None else None
        return int(process.wait(PATIENCE_S))

    def signal(self, seat: Seat, how: signal.Signals) -> None:
        os.kill(self.running[seat].pid, how)

    def set(self, seat: Seat, name: str, value: str) -> None:
        """Set `skew` or `fatal`."""
        (trial.home(self.folder, seat) / name).write_text(value)

    def connect(self) -> Apart:
        """A gateway, if all three serve."""
        return Apart.connect(
            Deployment.read(self.folder / DEPLOYMENT), clock=self.clock, entropy=os.urandom, progress=silent
        )

    def gateway(self) -> Apart:
        """A gateway, once all three serve."""
        return patiently(self.connect)

    def close(self) -> None:
        for seat in list(self.running):
            self.signal(seat, signal.SIGCONT)
            self.kill(seat)


def patiently(ask: Callable[[], Answer]) -> Answer:
    """The answer, once what it needs is up again."""
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            return ask()
        except Unavailable:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


def _serve(config: Path) -> None:
    settings.require_tls_13()
    settings.quiet_grpc()

    def said(name: str) -> str:
        file = config.parent / name
        return file.read_text() if file.exists() else ""

    def clock() -> datetime:
        shown = said(f"../../{TIME}")
        return datetime.fromisoformat(shown) if shown else now() + timedelta(seconds=float(said("skew") or 0))

    def observer(point: str) -> None:
        if point == said("fatal"):
            os.kill(os.getpid(), signal.SIGKILL)

    honest = Log.append

    def append(log: Log, leaves: Sequence[Leaf]) -> list[int]:
        observer(UNWRITTEN)
        return honest(log, leaves)

    Log.append = append  # type: ignore[method-assign]
    with (
        awaited() as asked,
        served(config, clock=clock, entropy=os.urandom, observer=observer, progress=silent),
    ):
        asked()
