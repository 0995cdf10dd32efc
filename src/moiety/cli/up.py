"""`moiety up` and `moiety down`: a trial deployment of separate processes."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TypedDict

import typer

from moiety.cli.outcome import AsJson, Outcome
from moiety.cli.progress import bar

READY_S = 120.0
"""A custodian of 2.5 million rows starts within 30 seconds; three on one machine divide it."""

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The deployment's folder; it is made where there is none.")]


class Process(TypedDict):
    """One process: what it is, where it listens, its process id and its folder under DIR."""

    what: str
    address: str
    pid: int
    folder: str


class Up(TypedDict):
    """What `up` answers."""

    made: bool
    processes: list[Process]
    warning: str


class Down(TypedDict):
    """What `down` answers: how many processes it stopped."""

    stopped: int


def up(folder: Folder, as_json: AsJson = False) -> Outcome[Up]:
    """Start three custodians as separate processes, each with its own folder, keys and database.

    The first time it also makes them, and a private authority for their certificates. `--office DIR` of every
    other command then uses them. If one of them does not start, those that this command started are stopped again.

    \b
    Examples:
      moiety up trial
      moiety purpose add purpose.toml --office trial
      moiety down trial
    """
    with bar() as progress:
        from moiety.custody.gateway import processes, trial
        from moiety.custody.gateway.apart import Apart
        from moiety.custody.gateway.deployment import DEPLOYMENT
        from moiety.custody.net.config import Deployment
        from moiety.custody.refusals import CustodianDown, DeploymentExists
        from moiety.custody.store.lock import turn
        from moiety.sharing.seat import SEATS

        made = not (folder / DEPLOYMENT).exists()
        if made:
            try:
                trial.make(folder, datetime.now(UTC), os.urandom)
            except DeploymentExists:
                if not (folder / DEPLOYMENT).exists():
                    raise
                made = False  # somebody else has made it meanwhile
        deployment = Deployment.read(folder / DEPLOYMENT)

        def ready() -> bool:
            try:
                Apart.connect(
                    deployment, clock=lambda: datetime.now(UTC), entropy=os.urandom, progress=progress
                ).close()
            except CustodianDown:
                return False
            return True

        with turn(folder):  # nobody else starts them meanwhile
            before = set(processes.running(folder))
            try:
                pids = {seat: processes.start(folder, seat) for seat in SEATS}
                if not processes.wait_until(ready, folder, READY_S):
                    raise CustodianDown(seat=0)
            except BaseException:
                processes.stop(folder, set(SEATS) - before)
                raise
    at = deployment.custodians()
    listed: list[Process] = [
        {
            "what": f"custodian {seat}",
            "address": at[seat].address,
            "pid": pids[seat],
            "folder": trial.home(folder, seat).name,
        }
        for seat in SEATS
    ]
    table = [("what", "address", "process", "folder")]
    table += [(one["what"], one["address"], str(one["pid"]), one["folder"]) for one in listed]
    table += [("authority", "-", "-", "authority"), ("gateway", "-", "-", DEPLOYMENT)]
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]
    answer: Up = {"made": made, "processes": listed, "warning": deployment.warning()}
    return Outcome(answer, [*lines, deployment.warning()])


def down(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The deployment's folder.")], as_json: AsJson = False
) -> Outcome[Down]:
    """Stop what `moiety up` started. Nothing is lost: everything acknowledged is in the stores.

    \b
    Examples:
      moiety down trial
    """
    from moiety.custody.gateway import processes

    stopped = processes.stop(folder)
    lines = [f"custodian {seat} stopped" for seat in stopped] or ["nothing of `moiety up` runs there"]
    return Outcome({"stopped": len(stopped)}, lines)
