"""`moiety custodian serve`."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Annotated, TypedDict

import typer

from moiety import settings
from moiety.cli.outcome import AsJson, Outcome
from moiety.cli.progress import bar

app = typer.Typer(help="Run one custodian, on a machine of its own.", no_args_is_help=True)

Config = Annotated[Path, typer.Option("--config", metavar="FILE", help="The custodian's own custodian.toml.")]


class Served(TypedDict):
    """What `custodian serve` answers once it has stopped."""

    seat: str


class Made(TypedDict):
    """What `custodian init` answers."""

    seat: str


@app.command()
def init(config: Config, as_json: AsJson = False) -> Outcome[Made]:
    """Make the empty store that a configuration names: a folder, a PostgreSQL, root keys in files or in a token.

    \b
    Examples:
      moiety custodian init --config /etc/moiety/custodian.toml
    """
    from moiety.custody.server import made

    own = made(config, entropy=os.urandom)
    return Outcome({"seat": own.seat}, [f"made the store of custodian {own.seat}"])


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
