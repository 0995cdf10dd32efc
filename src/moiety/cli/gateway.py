"""`moiety gateway init | serve | token | bind | bound | unbind`: the HTTP service of an office."""

from __future__ import annotations

import sys
from pathlib import Path
from time import monotonic
from typing import Annotated, TypedDict

import typer

from moiety import settings
from moiety.cli import dialect, journal
from moiety.cli.delivery import remark
from moiety.cli.options import OfficeFolder
from moiety.cli.outcome import NO_MATCH, AsJson, Outcome

app = typer.Typer(help="Serve an office over HTTP: its own interface, and a console.", no_args_is_help=True)
app.command()(dialect.bind)
app.command()(dialect.bound)
app.command()(dialect.unbind)

Listen = Annotated[
    str, typer.Option("--listen", metavar="HOST:PORT", help="Where to listen: this machine alone, without [tls].")
]


class Initialised(TypedDict):
    """What `gateway init` answers: where it will listen."""

    url: str


class Token(TypedDict):
    """What `gateway token` answers: the one-time token, or null where an operator's or an officer's key counts."""

    token: str | None


class Stopped(TypedDict):
    """What `gateway serve` answers once it has stopped."""

    url: str


@app.command()
def init(
    listen: Listen = "127.0.0.1:8080", office: OfficeFolder = None, as_json: AsJson = False
) -> Outcome[Initialised]:
    """Write the office's http/gateway.toml, to be read and changed.

    \b
    Examples:
      moiety gateway init --office office
      moiety gateway init --listen 127.0.0.1:9000 --json
    """
    from moiety.gateway.config import read, written

    url = read(written(folder_of(office), listen)).url
    return Outcome({"url": url}, [f"it will listen at {url}: moiety gateway serve"])


Config = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="The gateway's gateway.toml; it goes before --office.")
]


@app.command()
def serve(config: Config = None, office: OfficeFolder = None, as_json: AsJson = False) -> Outcome[Stopped]:
    """Serve until a signal (SIGTERM, Ctrl-C) asks it to stop; what runs then may end.

    Where nobody has a key yet and this is a terminal, it prints a token with which the first one is made, once. Its log
    is on stderr: a JSON object a line, with routes, callers and durations and nobody's data.

    \b
    Examples:
      moiety gateway serve --office office
      moiety gateway serve --config office/http/gateway.toml
    """
    settings.require_tls_13()
    settings.quiet_grpc()
    journal.begin(journal.Level.WARNING)
    from moiety.console.pages import pages
    from moiety.gateway import serve as serving
    from moiety.gateway.config import FILE, read

    file = config or folder_of(office) / FILE
    said, place = read(file), file.parent
    service = serving.opened(said, place, data=None, write=lambda line: remark(line + "\n"))
    if sys.stderr is not None and sys.stderr.isatty():
        made = service.credentials.set_up_token()
        if made is not None:
            remark(f"Open {said.url} and sign in with this token, once: {made}\n")
    serving.serve(service, said, place, [pages(settings.data_folder(), monotonic, service.entropy)])
    return Outcome({"url": said.url}, ["stopped"])


@app.command()
def token(office: OfficeFolder = None, as_json: AsJson = False) -> Outcome[Token]:
    """A one-time token, with which a key is made that may do everything: the last that was printed counts.

    There is one where nobody has an operator's or an officer's key that counts: none was given yet, or each was revoked
    or has ended. Where keys were given before, a line of the journal on stderr says so, as the service's does once it
    is used.

    \b
    Examples:
      moiety gateway token --office office
      moiety gateway token --json
    """
    from contextlib import closing

    from moiety.gateway import serve as serving
    from moiety.gateway.config import FILE, read

    place = folder_of(office)
    with closing(serving.credentials_of(read(place / FILE), place)) as credentials:
        made = credentials.set_up_token()
        keys = len(credentials.listed())
    if made is not None and keys:
        serving.journal_of(lambda line: remark(line + "\n")).say("token given again", keys=keys)
    text = None if made is None else str(made)
    return Outcome(
        {"token": text}, [text or "somebody has an operator's or an officer's key"], NO_MATCH if text is None else 0
    )


def folder_of(office: Path | None) -> Path:
    """Where an office's gateway has its configuration. Raises `NoOffice`."""
    from moiety.gateway.config import FOLDER

    folder = office or settings.office_folder()
    if not folder.is_dir():
        from moiety.custody.refusals import NoOffice

        raise NoOffice
    return folder / FOLDER
