"""`moiety custodian init | serve | adopt | budget`."""

from __future__ import annotations

import os
import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypedDict

import typer

from moiety import settings
from moiety.cli import journal
from moiety.cli.interruption import awaited
from moiety.cli.outcome import AsJson, Outcome
from moiety.cli.progress import bar
from moiety.errors import MoietyError

if TYPE_CHECKING:
    from moiety.sharing.seat import Seat

app = typer.Typer(help="Run one custodian, on a machine of its own.", no_args_is_help=True)

Config = Annotated[Path, typer.Option("--config", metavar="FILE", help="The custodian's own custodian.toml.")]
LogLevel = Annotated[journal.Level, typer.Option("--log-level", help="From which severity on it logs.")]


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
    from moiety.custody.net.server import made

    own = made(config, entropy=os.urandom)
    return Outcome({"seat": own.seat}, [f"made the store of custodian {own.seat}"])


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
    from moiety.custody.net.journal import News, say
    from moiety.custody.net.memory import keep_freed
    from moiety.custody.net.server import served
    from moiety.custody.store.sql import unobserved

    keep_freed()
    with (
        awaited() as asked,
        served(
            config,
            clock=lambda: datetime.now(UTC),
            entropy=os.urandom,
            observer=unobserved,
            progress=journal.progress(),
        ) as (own, _),
    ):
        say(News.SERVING)
        asked()
    say(News.STOPPED)
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
        from moiety.custody.gateway.adopting import adopt as moved

        done = moved(
            office,
            to,
            _databases(databases or []),
            clock=lambda: datetime.now(UTC),
            entropy=os.urandom,
            progress=progress,
        )
    answer: Adopted = {"purposes": done.purposes, "people": done.people, "epoch": done.epoch}
    moving = (
        f"moved, and nothing is left in the old folder: {done.people} {'person' if done.people == 1 else 'people'}, "
        f"{done.purposes} {'purpose' if done.purposes == 1 else 'purposes'}"
    )
    return Outcome(answer, [moving, f"start them with `moiety up {shlex.quote(str(to))}`"])


def _databases(words: list[str]) -> dict[Seat, str]:
    """The databases of a command line: one for a seat."""
    from moiety.sharing.seat import SEATS

    found = {seat: word[2:] for word in words for seat in SEATS if word.startswith(f"{seat}=")}
    if len(found) < len(words):
        raise typer.BadParameter("a seat, =, a URL", param_hint="--database")
    return found


class Allowed(TypedDict):
    """One limit of each account of a scope: what this custodian gives at once and in a day, and the most that somebody
    gets who spreads the questions over all three."""

    scope: str
    unit: str
    burst: int
    daily: int
    real_burst: int
    real_daily: int


class Spent(TypedDict):
    """One account that was drawn from: today (UTC), and what is left now."""

    scope: str
    owner: str
    unit: str
    drawn: int
    left: int


class Ticket(TypedDict):
    """What is left of one approval of many people at once, until an instant (ISO 8601, UTC)."""

    people: int
    evaluations: int
    until: str


class Budgeted(TypedDict):
    """What `custodian budget` answers; where `read` is false, what is spent could not be read, nor which tickets of
    officers are open."""

    seat: str
    limits: list[Allowed]
    why: str
    read: bool
    spent: list[Spent]
    tickets: list[Ticket]


WHY = (
    "The real bound is at most one and a half times the configured one: any two of three custodians serve what two "
    "suffice for, so whoever spreads the questions over the three pairs spends three accounts two at a time. What all "
    "three have to serve, as a search, a comparison or an enrolment, ends with the first account that is spent: there "
    "the configured bound is the real one."
)


@app.command()
def budget(config: Config, as_json: AsJson = False) -> Outcome[Budgeted]:
    """Show what this custodian lets itself be asked for, what that really bounds, and what is spent now.

    Only on the custodian's own host, where its configuration and its root keys are; it may be serving meanwhile. What
    is spent is shown as written down, which may be a twentieth of a day ahead of what was drawn. What officers signed
    an import for is drawn from no budget: so much is left of it, and until then.

    \b
    Examples:
      moiety custodian budget --config /etc/moiety/custodian.toml
    """
    from moiety.custody.net.config import Custody, read
    from moiety.custody.net.reckoning import spent, tickets
    from moiety.custody.trust.limits import Scope, Unit, real_bound

    own = read(config, Custody)
    limits = own.budgets()
    accounts = [(scope, unit) for scope in Scope for unit in Unit if scope is not Scope.ROW or unit is Unit.COMPARISONS]
    allowed: list[Allowed] = [
        {
            "scope": scope.value,
            "unit": unit.value,
            "burst": limit.burst,
            "daily": limit.daily,
            "real_burst": real_bound(limit.burst),
            "real_daily": real_bound(limit.daily),
        }
        for scope, unit in accounts
        for limit in [limits.of(scope, unit)]
    ]
    lines = [f"custodian {own.seat}, for each of a scope: configured, and in brackets at most in reality"]
    lines += [
        f"{one['scope']:8} {one['unit']:12} {one['burst']:,} at once [{one['real_burst']:,}], "
        f"{one['daily']:,} a day [{one['real_daily']:,}]"
        for one in allowed
    ]
    lines.append(WHY)
    drawn: list[Spent] = []
    signed: list[Ticket] = []
    now = datetime.now(UTC)
    try:
        drawn = [
            {"scope": one.scope, "owner": one.owner, "unit": one.unit, "drawn": one.drawn, "left": one.left}
            for one in spent(config, now, os.urandom)
        ]
        signed = [
            {
                "people": left.people,
                "evaluations": left.evaluations,
                "until": datetime.fromtimestamp(left.until, UTC).isoformat(),
            }
            for left in tickets(config, now, os.urandom)
        ]
        lines += [
            f"{one['scope']:8} {one['owner']} {one['unit']}: {one['drawn']:,} today, {one['left']:,} left"
            for one in drawn
        ] or ["nothing is spent"]
        lines += [
            f"a ticket that officers signed, until {one['until']}: {one['people']:,} people and "
            f"{one['evaluations']:,} evaluations left"
            for one in signed
        ]
        known = True
    except MoietyError as refusal:
        lines.append(f"what is spent cannot be read: {refusal.text} [{refusal.code}]")
        known = False
    answer: Budgeted = {
        "seat": own.seat,
        "limits": allowed,
        "why": WHY,
        "read": known,
        "spent": drawn,
        "tickets": signed,
    }
    return Outcome(answer, lines)
