"""Writes docs/contracts.md from the program itself: what scripts may rely on.

    python tools/contracts.py            write it
    python tools/contracts.py --check    exit status 1 if the file says something else

Commands and flags come from the `moiety` application, JSON keys from the types beside each command, refusals from
their classes, settings from `moiety.settings`, make targets from the Makefile. A test compares, too.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import pkgutil
import re
import sys
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

import moiety
from moiety import cli, settings
from moiety.cli.commands import COMMANDS, load
from moiety.cli.outcome import EXIT_STATUSES, Outcome
from moiety.errors import MoietyError

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "contracts.md"
WIDTH = "100"
UNIONS = (typing.Union, types.UnionType)

HEAD = """\
# Contracts

What scripts may rely on. This file is written by `make contracts` from the program itself; a test compares.

Every command prints its answer on stdout and nothing else; progress, remarks and refusals go to stderr. With
`--json` stdout holds exactly one JSON object, for refusals too. No message quotes what was typed or read.
"""


def contracts() -> str:
    """The whole document."""
    parts = [HEAD, *_statuses(), *_commands(), *_refusals(), *_settings(), *_targets()]
    return "\n".join(parts).rstrip("\n") + "\n"


def _statuses() -> Iterator[str]:
    yield from ("## Exit statuses", "", "| status | meaning |", "|---|---|")
    yield from (f"| {status} | {meaning} |" for status, meaning in EXIT_STATUSES.items())
    yield from ("", f"A refusal with `--json`: {_sentence(cli.RefusalAnswer)}", "", *_keys(cli.RefusalAnswer), "")


def _commands() -> Iterator[str]:
    yield from ("## Commands", "", "```", _help(), "```", "")
    for name, row in COMMANDS.items():
        loaded = load(row)
        for words, function in _functions(name, loaded):
            yield from (f"### moiety {' '.join(words)}", "", "```", _help(*words), "```", "")
            answers = list(_answers(function))
            if not answers:
                raise SystemExit(f"moiety {' '.join(words)} does not say what it answers: return Outcome[A TypedDict]")
            for answer in answers:
                yield from (f"`--json` ({answer.__name__}): {_sentence(answer)}", "", *_keys(answer), "")


def _functions(name: str, loaded: Any) -> Iterator[tuple[list[str], Any]]:
    """Every command under a row, with the words that call it."""
    if not isinstance(loaded, typer.Typer):
        yield [name], loaded
        return
    for command in loaded.registered_commands:
        if command.callback is not None:
            yield [name, command.name or command.callback.__name__.replace("_", "-")], command.callback


def _help(*words: str) -> str:
    """What `moiety WORDS --help` prints, as wide here as everywhere."""
    os.environ["COLUMNS"] = os.environ["TERMINAL_WIDTH"] = WIDTH
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        status = cli.run([*words, "--help"])
    if status:
        raise SystemExit(f"moiety {' '.join(words)} --help ended with {status}")
    return out.getvalue().rstrip("\n")


def _answers(function: Any) -> Iterator[Any]:
    """The types A of a command that returns `Outcome[A]`, or a union of such."""
    returned = typing.get_type_hints(function).get("return")
    alternatives = typing.get_args(returned) if typing.get_origin(returned) in UNIONS else [returned]
    for alternative in alternatives:
        if typing.get_origin(alternative) is Outcome:
            yield from typing.get_args(alternative)


def _sentence(answer: Any) -> str:
    return " ".join((answer.__doc__ or "").split())


def _keys(answer: Any, inside: str = "") -> Iterator[str]:
    """Rows of the keys of a TypedDict, those of nested ones with a dotted name."""
    if not inside:
        yield from ("| key | type |", "|---|---|")
    for key, kind in typing.get_type_hints(answer).items():
        yield f"| `{inside}{key}` | {_kind(kind)} |"
        for nested, brackets in _nested(kind):
            yield from _keys(nested, f"{inside}{key}{brackets}.")


def _kind(kind: Any) -> str:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is list:
        return f"list of {_kind(arguments[0])}"
    if origin is dict:
        return f"object of {_kind(arguments[1])}"
    if origin in UNIONS:
        return " or ".join(_kind(argument) for argument in arguments)
    if origin is typing.Literal:
        return " or ".join(f'"{argument}"' for argument in arguments)
    if typing.is_typeddict(kind):
        return "object"
    names = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}
    return names[kind]


def _nested(kind: Any) -> Iterator[tuple[Any, str]]:
    """The TypedDicts that a key holds, and how their keys are written under it."""
    if typing.is_typeddict(kind):
        yield kind, ""
    brackets = {list: "[]", dict: "{}"}.get(typing.get_origin(kind), "")
    for argument in typing.get_args(kind):
        for nested, more in _nested(argument):
            yield nested, brackets + more


def _refusals() -> Iterator[str]:
    for module in pkgutil.walk_packages(moiety.__path__, "moiety."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    frame = [(code, status, meaning) for code, (status, meaning) in cli.FRAME_CODES.items()]
    rows = sorted([*frame, *((error.code, error.exit_status, error.advice) for error in _below(MoietyError))])
    yield from ("## Refusals", "", "| code | status | advice |", "|---|---|---|")
    yield from (f"| `{code}` | {status} | {advice} |" for code, status, advice in rows)
    yield ""


def _below(error: type[MoietyError]) -> Iterator[type[MoietyError]]:
    """Every refusal that can be raised: the classes under which there are no others."""
    for kind in error.__subclasses__():
        if kind.__module__.startswith("moiety."):
            children = list(_below(kind))
            yield from children or [kind]


def _settings() -> Iterator[str]:
    yield from ("## Settings", "", "| variable | meaning | default |", "|---|---|---|")
    yield from (f"| `{row.variable}` | {row.meaning} | {row.default} |" for row in settings.SETTINGS)
    yield ""


def _targets() -> Iterator[str]:
    yield from ("## Make targets", "", "| target | what it does |", "|---|---|")
    found = re.findall(r"(?m)^([a-z]+):.*?## (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"))
    yield from (f"| `make {name}` | {meaning} |" for name, meaning in found)


def main(arguments: list[str]) -> int:
    """Write the document, or compare it."""
    text = contracts()
    if arguments == ["--check"]:
        return int(not DOCUMENT.exists() or DOCUMENT.read_text(encoding="utf-8") != text)
    DOCUMENT.parent.mkdir(exist_ok=True)
    DOCUMENT.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
