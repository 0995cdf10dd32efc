"""Three custodians behind their servers: real TLS over loopback, one folder, key and store each.

They run in the test's process, so that it can move their clocks; they share nothing but that clock. What has to be
shown of processes is shown by processes, in `test_processes`.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from time import monotonic, sleep
from typing import Any

from moiety.custody.gateway import trial
from moiety.custody.gateway.apart import Apart
from moiety.custody.gateway.deployment import DEPLOYMENT
from moiety.custody.net.config import Deployment
from moiety.custody.net.grpc import Server
from moiety.custody.net.server import served
from moiety.custody.refusals import CustodianDown
from moiety.custody.store.noise import Entropy
from moiety.custody.store.sql import Observer, unobserved
from moiety.custody.trust.limits import Unit
from moiety.custody.verbs import silent
from moiety.sharing.seat import SEATS, Seat
from tests.custody.scene import NOON, Clock

# As much at once as in a day: a process that is killed loses a portion of that.
_MUCH = "{ burst = 100_000_000_000, daily = 100_000_000_000 }"
GENEROUS = f"\n[limits]\nrow = {_MUCH}\n" + "".join(
    f"\n[limits.{scope}]\n" + "".join(f"{unit} = {_MUCH}\n" for unit in Unit)
    for scope in ("gateway", "purpose", "caller")
)
"""Budgets that no test of anything else meets."""


class Held:
    """An observer that holds whoever comes to one point, until the test lets go."""

    def __init__(self, point: str) -> None:
        self._point = point
        self.come, self.go = Event(), Event()

    def __call__(self, point: str) -> None:
        if point == self._point:
            self.come.set()
            self.go.wait(30)


@dataclass
class Site:
    """A deployment's folder, and those of its custodians that serve now."""

    folder: Path
    clock: Clock
    observer: Observer = unobserved
    entropy: Entropy = os.urandom
    serving: dict[Seat, AbstractContextManager[Any]] = field(default_factory=dict)
    servers: dict[Seat, Server] = field(default_factory=dict)

    @classmethod
    def make(
        cls,
        folder: Path,
        clock: Clock,
        limits: str = GENEROUS,
        entropy: Entropy = os.urandom,
        observer: Observer = unobserved,
    ) -> Site:
        """Lay it out, and start all three."""
        trial.lay_out(folder, NOON, os.urandom, trial.free_ports())
        site = cls(folder, clock, observer, entropy)
        for seat in SEATS:
            with (trial.home(folder, seat) / trial.CONFIG).open("a") as config:
                config.write(limits)
        with ThreadPoolExecutor(len(SEATS)) as threads:
            list(threads.map(site._serve, SEATS))
        clock.pass_(seconds=len(SEATS))
        return site

    def start(self, seat: Seat) -> None:
        """Start one custodian."""
        self._serve(seat)
        self.clock.pass_(seconds=1)  # nobody is let in before the second of the start is over

    def _serve(self, seat: Seat) -> None:
        context = served(
            trial.home(self.folder, seat) / trial.CONFIG,
            clock=self.clock,
            entropy=self.entropy,
            observer=self.observer,
            progress=silent,
        )
        _, self.servers[seat] = context.__enter__()
        self.serving[seat] = context

    def stop(self, seat: Seat) -> None:
        """Stop one custodian."""
        self.serving.pop(seat).__exit__(None, None, None)

    def close(self) -> None:
        """Stop all that serve."""
        with ThreadPoolExecutor(len(SEATS)) as threads:
            list(threads.map(self.stop, list(self.serving)))

    def gateway(self) -> Apart:
        """A gateway of this deployment, once all lines are up."""
        until = monotonic() + 30
        while any(len(self.servers[seat]._lines.up()) < len(self.serving) - 1 for seat in self.serving):
            assert monotonic() < until
            sleep(0.01)
        while True:
            try:
                return self._connected()
            except CustodianDown:
                if monotonic() > until:
                    raise
                sleep(0.05)

    def _connected(self) -> Apart:
        deployment = Deployment.read(self.folder / DEPLOYMENT)
        gateway = Apart.connect(deployment, clock=self.clock, entropy=os.urandom, progress=silent)
        with ExitStack() as undo:
            undo.callback(gateway.close)
            with gateway._alone() as headers:  # what takes all the lines, and changes nothing
                header = headers.office("reconcile")
                gateway._three.play(lambda custodian: custodian.reconcile(header))
            undo.pop_all()
        return gateway
