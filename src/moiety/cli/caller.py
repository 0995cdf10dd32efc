"""`moiety caller add | list | rotate | revoke`: who may ask the HTTP service."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypedDict

import typer

from moiety import settings
from moiety.cli.options import OfficeFolder
from moiety.cli.outcome import AsJson, Outcome

if TYPE_CHECKING:
    from moiety.gateway.callers.sql import Credentials

app = typer.Typer(help="Give, list, rotate and revoke keys of the HTTP service.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Small letters, digits and inner hyphens, 31 at most.")]
Days = Annotated[int, typer.Option("--days", metavar="N", help="After so many days the key ends, 366 at most.")]
Config = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="The gateway's gateway.toml; it goes before --office.")
]


class CallerKey(TypedDict):
    """What `caller add` and `caller rotate` answer: the key, which nothing shows again."""

    name: str
    key: str


class KeyRow(TypedDict):
    """One key, by its prefix; `expires` in ISO 8601, UTC."""

    prefix: str
    name: str
    roles: list[str]
    scopes: list[str]
    expires: str
    revoked: bool


class Callers(TypedDict):
    """What `caller list` answers: every key that there is or was."""

    keys: list[KeyRow]


class RevokedKeys(TypedDict):
    """What `caller revoke` answers: how many keys it ended."""

    name: str
    keys: int


@app.command()
def add(
    name: Name,
    role: Annotated[
        list[str],
        typer.Option("--role", metavar="ROLE", help="operator, officer, auditor, sensor or subject; may be repeated."),
    ],
    scope: Annotated[
        list[str], typer.Option("--scope", metavar="P:OP", help='"door:verify", "door:*", "*:*"; may be repeated.')
    ],
    person: Annotated[
        str | None, typer.Option("--person", metavar="PSEUDONYM", help="Of a subject: who they are.")
    ] = None,
    days: Days = 90,
    config: Config = None,
    office: OfficeFolder = None,
    as_json: AsJson = False,
) -> Outcome[CallerKey]:
    """Give somebody a key. It is shown this once; what is kept of it is a hash.

    \b
    Examples:
      moiety caller add turnstile --role sensor --scope door:verify
      moiety caller add desk --role operator --scope 'hotel:*' --days 30 --json
      moiety caller add guest-7 --role subject --scope 'hotel:*' --person hotel-7Q2M-…
    """
    from moiety.gateway.callers.newcomer import Newcomer
    from moiety.gateway.callers.roles import Role, Scope

    roles = frozenset(Role.named(one) for one in role)
    newcomer = Newcomer(name, roles, frozenset(Scope.parse(one) for one in scope), days, person)
    with _credentials(config, office) as credentials:
        return _shown(name, str(credentials.add(newcomer)))


@app.command("list")
def listed(config: Config = None, office: OfficeFolder = None, as_json: AsJson = False) -> Outcome[Callers]:
    """Every key, by its prefix: whose, for what, and until when.

    \b
    Examples:
      moiety caller list
      moiety caller list --json
    """
    with _credentials(config, office) as credentials:
        rows = credentials.listed()
    keys: list[KeyRow] = [
        {
            "prefix": row.prefix,
            "name": row.name,
            "roles": [str(role) for role in row.roles],
            "scopes": [str(scope) for scope in row.scopes],
            "expires": row.expires.isoformat(timespec="seconds"),
            "revoked": row.revoked,
        }
        for row in rows
    ]
    lines = [
        f"{row['prefix']}  {row['name']}  {', '.join(row['roles'])}  {', '.join(row['scopes'])}  "
        + ("revoked" if row["revoked"] else f"until {row['expires']}")
        for row in keys
    ]
    return Outcome({"keys": keys}, lines or ["nobody has a key: moiety gateway token, or moiety caller add"])


@app.command()
def rotate(
    name: Name,
    overlap: Annotated[
        int, typer.Option("--overlap", metavar="S", min=0, max=604_800, help="Seconds for which the old key holds.")
    ] = 3_600,
    days: Days = 90,
    config: Config = None,
    office: OfficeFolder = None,
    as_json: AsJson = False,
) -> Outcome[CallerKey]:
    """Another key for the same caller; the one before holds a while longer, so that nobody is locked out.

    \b
    Examples:
      moiety caller rotate turnstile
      moiety caller rotate turnstile --overlap 0 --days 30 --json
    """
    with _credentials(config, office) as credentials:
        return _shown(name, str(credentials.rotate(name, days=days, overlap_s=overlap)))


@app.command()
def revoke(
    name: Name, config: Config = None, office: OfficeFolder = None, as_json: AsJson = False
) -> Outcome[RevokedKeys]:
    """End every key of a caller, from the next request on.

    \b
    Examples:
      moiety caller revoke turnstile
      moiety caller revoke turnstile --json
    """
    with _credentials(config, office) as credentials:
        ended = credentials.revoke(name)
    return Outcome({"name": name, "keys": ended}, [f"{name}: {ended} {'key' if ended == 1 else 'keys'} ended"])


def _shown(name: str, key: str) -> Outcome[CallerKey]:
    return Outcome({"name": name, "key": key}, [key])


@contextmanager
def _credentials(config: Path | None, office: Path | None) -> Iterator[Credentials]:
    """The gateway's store of callers, whether or not the gateway runs."""
    from moiety.gateway.config import FILE, FOLDER, read
    from moiety.gateway.serve import credentials_of

    file = config or (office or settings.office_folder()) / FOLDER / FILE
    with closing(credentials_of(read(file), file.parent)) as credentials:
        yield credentials
