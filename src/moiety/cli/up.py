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
    """What `up` answers: the address of gateway and console, and a one-time token to sign in with, where nobody has a
    key yet."""

    made: bool
    processes: list[Process]
    url: str
    token: str | None
    warning: str


class Down(TypedDict):
    """What `down` answers: how many processes it stopped."""

    stopped: int


def up(folder: Folder, as_json: AsJson = False) -> Outcome[Up]:
    """Start three custodians as separate processes, each with its own folder, keys and database, and a gateway.

    The first time it also makes them, and a private authority for their certificates. It prints an address to open
    in a browser, and a token to sign in there, once. `--office DIR` of every other command uses the same custodians.
    If something does not start, what this command started is stopped again.

    \b
    Examples:
      moiety up trial
      moiety up trial --json
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
                gateway, url, token = _gateway(folder)
            except BaseException:
                processes.stop(folder, set(processes.EVERYBODY) - before)
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
    listed.append({"what": "gateway", "address": url.partition("//")[2], "pid": gateway, "folder": "http"})
    table = [("what", "address", "process", "folder")]
    table += [(one["what"], one["address"], str(one["pid"]), one["folder"]) for one in listed]
    table += [("authority", "-", "-", "authority")]
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]
    answer: Up = {"made": made, "processes": listed, "url": url, "token": token, "warning": deployment.warning()}
    opening = f"open {url}" + ("" if token is None else f" and sign in with this token, once: {token}")
    return Outcome(answer, [*lines, deployment.warning(), opening])


def _gateway(folder: Path) -> tuple[int, str, str | None]:
    """Start the gateway, if it does not run: its process id, its address, and a token where nobody has a key."""
    from contextlib import closing

    from moiety.custody.gateway import processes, trial
    from moiety.gateway import serve
    from moiety.gateway.config import FILE, FOLDER, read, written

    place = folder / FOLDER
    if not (place / FILE).exists():
        written(place, f"{trial.HOST}:{trial.free_ports()['a']}")
    config = read(place / FILE)
    pid = processes.start(folder, processes.GATEWAY)
    if not processes.wait_until(lambda: serve.answers(config), folder, READY_S, [processes.GATEWAY]):
        raise processes.GatewayDown
    with closing(serve.credentials_of(config, place)) as credentials:
        made = credentials.set_up_token()
    return pid, config.url, None if made is None else str(made)


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
    lines = [f"{'' if who == processes.GATEWAY else 'custodian '}{who} stopped" for who in stopped] or [
        "nothing of `moiety up` runs there"
    ]
    return Outcome({"stopped": len(stopped)}, lines)
