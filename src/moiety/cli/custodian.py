"""`moiety custodian serve | adopt`."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated, TypedDict

import typer

from moiety import settings
from moiety.cli.outcome import AsJson, Outcome
from moiety.cli.progress import bar

if TYPE_CHECKING:
    from moiety.sharing.seat import Seat

app = typer.Typer(help="Run one custodian, on a machine of its own.", no_args_is_help=True)

Config = Annotated[Path, typer.Option("--config", metavar="FILE", help="The custodian's own custodian.toml.")]


class Served(TypedDict):
    """What `custodian serve` answers once it has stopped."""

    seat: str


@app.command()
def serve(config: Config, as_json: AsJson = False) -> Outcome[Served]:
    """Serve until a signal (SIGTERM, Ctrl-C) asks it to stop.

    It refuses to start with a key that others may read, a store of another seat or office, or a configuration
    that pins no keys.

    \b
    Examples:
      moiety custodian serve --config /etc/moiety/custodian.toml
    """
    settings.require_tls_13()
    from moiety.custody.server import served
    from moiety.custody.sql import unobserved

    asked = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _, __: asked.set())
    with bar() as progress:
        running = served(
            config, clock=lambda: datetime.now(UTC), entropy=os.urandom, observer=unobserved, progress=progress
        )
        own, _ = running.__enter__()
    try:
        typer.echo(f"custodian {own.seat} serves on {own.listen}", err=True)
        asked.wait()
    finally:
        running.__exit__(None, None, None)
    return Outcome({"seat": own.seat}, [f"custodian {own.seat} stopped"])


class Adopted(TypedDict):
    """What `custodian adopt` answers: how many purposes and people moved, and the epoch that they are in now."""

    purposes: int
    people: int
    epoch: int


@app.command()
def adopt(
    office: Annotated[Path, typer.Argument(metavar="OFFICE", help="The folder of an office that nobody has open.")],
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="The deployment's folder, which is not there yet.")],
    databases: Annotated[
        list[str] | None,
        typer.Option(
            "--database", metavar="SEAT=URL", help="Have a custodian's rows in this PostgreSQL; may be repeated."
        ),
    ] = None,
    as_json: AsJson = False,
) -> Outcome[Adopted]:
    """Make a deployment of three custodians apart of an office's folder, which is of no use afterwards.

    Everybody keeps pseudonym, purpose and expiry, and gets other parts. The old roots and stores are destroyed. The
    same command again finishes what was interrupted. Then `moiety up DIR`.

    A URL with a password shows in the list of processes while this runs: a local socket needs none.

    \b
    Examples:
      moiety custodian adopt office --to deployment
      moiety custodian adopt office --to deployment --database "a=postgresql:///custodian_a?host=/run/postgresql"
    """
    with bar() as progress:
        from moiety.custody.adopting import adopt as moved

        done = moved(
            office,
            to,
            _databases(databases or []),
            clock=lambda: datetime.now(UTC),
            entropy=os.urandom,
            progress=progress,
        )
    answer: Adopted = {"purposes": done.purposes, "people": done.people, "epoch": done.epoch}
    moving = f"{done.people} people of {done.purposes} purposes have moved; nothing is left in the old folder"
    return Outcome(answer, [moving, "start them with `moiety up`"])


def _databases(words: list[str]) -> dict[Seat, str]:
    """The databases of a command line: one for a seat."""
    from moiety.sharing.seat import SEATS

    found = {seat: word[2:] for word in words for seat in SEATS if word.startswith(f"{seat}=")}
    if len(found) < len(words):
        raise typer.BadParameter("a seat, =, a URL", param_hint="--database")
    return found
