"""The table of commands: each row names the module that is imported only when its command is called."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Any, Final

import typer

import moiety


@dataclass(frozen=True, slots=True)
class Row:
    """`target` is "module:attribute": a command function, or a Typer application with commands of its own."""

    target: str
    help: str


COMMANDS: Final = {
    "init": Row("moiety.cli.init:init", "Make an office: three custodians, each in its own folder."),
    "models": Row("moiety.cli.models:app", "List, install, add and check models by their cards."),
    "purpose": Row("moiety.cli.purpose:app", "Add a purpose document, show one, or what people are told of it."),
    "enrol": Row("moiety.cli.enrol:enrol", "Enrol one person from pictures, or many from folders."),
    "verify": Row("moiety.cli.verify:verify", "Does this picture show the person who is claimed?"),
    "identify": Row("moiety.cli.identify:identify", "Whom of this purpose may this picture show?"),
    "import": Row("moiety.cli.importing:app", "Bring people in from another system's file."),
    "synth": Row("moiety.cli.synth:app", "Make people up, to try things out with."),
    "person": Row("moiety.cli.person:app", "Keep a person's record, find, open, correct and erase it."),
    "audit": Row("moiety.cli.audit:app", "Do the four ledgers agree, and what do they say of a person?"),
    "register": Row("moiety.cli.register:app", "The register of what is done with people's data."),
    "operator": Row("moiety.cli.operator:app", "Add people who may ask or approve, sign a request, or list them."),
    "refresh": Row("moiety.cli.refresh:refresh", "Re-randomise every stored row: older copies become noise."),
    "status": Row("moiety.cli.status:status", "The office in numbers, and what it does not protect against."),
    "budgets": Row("moiety.cli.budgets:budgets", "What is left of what custodians let this gateway ask for."),
    "check": Row("moiety.cli.check:check", "Do the three custodians still fit together?"),
    "up": Row("moiety.cli.up:up", "Start a trial: three custodians as separate processes, and a gateway."),
    "down": Row("moiety.cli.up:down", "Stop what `moiety up` started."),
    "custodian": Row("moiety.cli.custodian:app", "Run one custodian, on a machine of its own."),
    "gateway": Row("moiety.cli.gateway:app", "Serve an office over HTTP: its own interface, and a console."),
    "caller": Row("moiety.cli.caller:app", "Give, list, rotate and revoke keys of the HTTP service."),
    "keys": Row("moiety.cli.keys:app", "Keys and certificates of custodians and gateways."),
    "demo": Row("moiety.cli.demo:demo", "See it work, and see a thief fail, on one screen."),
    "drill": Row("moiety.cli.drill:drill", "Steal a store and attack it."),
    "evaluate": Row("moiety.cli.evaluate:app", "Measure error rates on labelled pictures."),
    "bench": Row("moiety.cli.bench:app", "Measure speed beside other programs on this machine."),
}


def application(called: str | None) -> typer.Typer:
    """The `moiety` application with the command that is called; the others are only their lines of help."""
    app = typer.Typer(
        name="moiety",
        help=moiety.__doc__.partition("\n")[0] if moiety.__doc__ else None,
        epilog="Start with: moiety demo. An office of your own: moiety init office --example door.",
        no_args_is_help=False,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    app.callback()(_frame)
    for name, row in COMMANDS.items():
        if name == called:
            _mount(app, name, row)
        else:
            app.command(name, help=row.help)(_not_called)
    return app


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"moiety {version('moiety')}")
        raise typer.Exit


def _frame(
    _asked: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """What stands before any command."""


def _not_called() -> None:
    """Stands for a command whose module nothing has asked for."""


def load(row: Row) -> Any:
    """The command function or application that a row names."""
    module, attribute = row.target.split(":")
    return getattr(import_module(module), attribute)


def _mount(app: typer.Typer, name: str, row: Row) -> None:
    loaded = load(row)
    if isinstance(loaded, typer.Typer):
        app.add_typer(loaded, name=name, help=row.help)
    else:
        app.command(name)(loaded)
