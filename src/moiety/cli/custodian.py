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
from moiety.cli import journal
from moiety.cli.outcome import AsJson, Outcome

app = typer.Typer(help="Run one custodian, on a machine of its own.", no_args_is_help=True)

Config = Annotated[Path, typer.Option("--config", metavar="FILE", help="The custodian's own custodian.toml.")]
LogLevel = Annotated[journal.Level, typer.Option("--log-level", help="From which severity on it logs.")]


class Served(TypedDict):
    """What `custodian serve` answers once it has stopped."""

    seat: str


@app.command()
def serve(config: Config, log_level: LogLevel = journal.Level.INFO, as_json: AsJson = False) -> Outcome[Served]:
    """Serve until a signal (SIGTERM, Ctrl-C) asks it to stop; what runs then may end within ten seconds.

    It refuses to start with a key that others may read, a store of another seat or office, or a configuration
    that pins no keys. Its log is on stderr: a JSON object a line, with counts and durations and nobody's data.

    \b
    Examples:
      moiety custodian serve --config /etc/moiety/custodian.toml
      moiety custodian serve --config custodian.toml --log-level warning
    """
    settings.require_tls_13()
    settings.quiet_grpc()
    journal.begin(log_level)
    from moiety.custody.journal import News, say
    from moiety.custody.server import served
    from moiety.custody.sql import unobserved

    asked = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _, __: asked.set())
    with served(
        config,
        clock=lambda: datetime.now(UTC),
        entropy=os.urandom,
        observer=unobserved,
        progress=journal.progress(),
    ) as (own, _):
        say(News.SERVING)
        asked.wait()
    say(News.STOPPED)
    return Outcome({"seat": own.seat}, [f"custodian {own.seat} stopped"])
