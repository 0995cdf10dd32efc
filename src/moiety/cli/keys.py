"""`moiety keys init | show | renew`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TypedDict

import typer

from moiety.cli.outcome import AsJson, Outcome

app = typer.Typer(help="Keys and certificates of custodians and gateways.", no_args_is_help=True)


class Party(TypedDict):
    """One party's folder of keys, and the line by which the others pin it."""

    party: str
    key: str


class Made(TypedDict):
    """What `keys init` answers."""

    parties: list[Party]


class Shown(TypedDict):
    """What `keys show` answers."""

    key: str


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that is made.")],
    parties: Annotated[
        list[str] | None, typer.Option("--party", metavar="NAME", help="Whom to make keys for; may be repeated.")
    ] = None,
    as_json: AsJson = False,
) -> Outcome[Made]:
    """Make a private authority, and a key and certificate for each party: three custodians and a gateway.

    For a trial. In production each operator makes its own party's keys on its own machine, and what is exchanged are
    the `key = "sha256:…"` lines alone: an authority's signature names nobody.

    \b
    Examples:
      moiety keys init keys
      moiety keys init keys --party custodian-a
    """
    from moiety.custody.net.authority import Authority, issue_into, write_authority
    from moiety.custody.net.config import shown

    now = datetime.now(UTC)
    authority = Authority.make(now)
    write_authority(folder, authority)
    names = parties or ["custodian-a", "custodian-b", "custodian-c", "gateway"]
    made: list[Party] = [{"party": name, "key": shown(issue_into(folder / name, authority, now))} for name in names]
    return Outcome({"parties": made}, [f'{one["party"]}: key = "{one["key"]}"' for one in made])


class Renewed(TypedDict):
    """What `keys renew` answers: the line by which the others pin the key, as before, and the certificate's last day
    (UTC)."""

    key: str
    until: str


@app.command()
def renew(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder with authority.key and authority.pem.")],
    key: Annotated[Path, typer.Option("--key", metavar="FILE", help="The party's private key, which stays.")],
    certificate: Annotated[
        Path, typer.Option("--certificate", metavar="FILE", help="The party's certificate (PEM), which is replaced.")
    ],
    as_json: AsJson = False,
) -> Outcome[Renewed]:
    """Replace a certificate by a new one under the same key, of the authority that signed the old one.

    It is good for 825 days from now, unless the authority ends before. The others have nothing to change: what they
    pin is the key. The party's process takes it when it starts.

    \b
    Examples:
      moiety keys renew keys --key own.key --certificate own.pem
    """
    from moiety.custody.net.authority import renew as renewed
    from moiety.custody.net.config import shown

    pin, until = renewed(folder, key, certificate, datetime.now(UTC))
    line = shown(pin)
    return Outcome({"key": line, "until": f"{until:%Y-%m-%d}"}, [f'key = "{line}"', f"until {until:%Y-%m-%d}"])


@app.command()
def show(
    certificate: Annotated[Path, typer.Argument(metavar="FILE", help="A certificate (PEM).")], as_json: AsJson = False
) -> Outcome[Shown]:
    """Show the line by which the other parties pin a certificate's public key.

    \b
    Examples:
      moiety keys show keys/gateway/own.pem
    """
    from moiety.custody.net.config import shown
    from moiety.custody.net.tls import pin
    from moiety.custody.refusals import KeyUnreadable

    try:
        key = shown(pin(certificate.read_bytes()))
    except (OSError, ValueError):
        raise KeyUnreadable from None
    return Outcome({"key": key}, [f'key = "{key}"'])
