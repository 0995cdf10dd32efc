"""What scripts rely on is written down, and what is written down is what the program does."""

from __future__ import annotations

import importlib
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

import moiety
from moiety import cli
from moiety.cli.commands import COMMANDS, load
from moiety.cli.outcome import EXIT_STATUSES
from moiety.errors import MoietyError
from moiety.identity.pseudonym import Pseudonym

ROOT = Path(__file__).resolve().parent.parent.parent


def test_the_document_is_what_the_program_says() -> None:
    command = [sys.executable, "tools/contracts.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"run `make contracts`\n{done.stderr}"


def commands() -> Iterator[tuple[str, ...]]:
    """The words of every command."""
    for name, row in COMMANDS.items():
        loaded = load(row)
        if isinstance(loaded, typer.Typer):
            for command in loaded.registered_commands:
                function: Any = command.callback
                yield name, command.name or function.__name__
        else:
            yield (name,)


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_every_command_has_examples_and_speaks_json(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run([*words, "--help"]) == 0
    out = capsys.readouterr().out
    assert re.search(rf"(?m)^ +Examples:\n +moiety {' '.join(words)}", out)
    assert re.search(r"(?m)^ +--json ", out)


def test_a_pseudonym_in_an_example_is_one_when_it_is_pasted() -> None:
    help_texts = (ROOT / "docs" / "contracts.md").read_text(encoding="utf-8")
    found = re.findall(r"\b[a-z]+(?:-[0-9A-Z]{4}){7}\b", help_texts)
    assert len(found) >= 2
    for one in found:
        assert str(Pseudonym.parse(one)) == one


def refusals() -> list[type[MoietyError]]:
    """Every refusal of the package that is raised itself."""
    for module in pkgutil.walk_packages(moiety.__path__, "moiety."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)

    def below(error: type[MoietyError]) -> Iterator[type[MoietyError]]:
        for kind in error.__subclasses__():
            children = list(below(kind)) if kind.__module__.startswith("moiety.") else []
            yield from children or [kind] * kind.__module__.startswith("moiety.")

    return list(below(MoietyError))


def test_no_two_refusals_share_a_code() -> None:
    codes = [error.code for error in refusals()]
    assert len(codes) > 30
    assert not {code for code in codes if codes.count(code) > 1}


def test_every_refusal_has_a_code_for_scripts_and_advice_for_people() -> None:
    for error in refusals():
        assert re.fullmatch(r"[a-z][a-z0-9_]{2,}", error.code), error
        assert error.code not in ("error", "refused", "unavailable"), error
        assert len(error.advice.split()) >= 3, error
        assert error.exit_status in (2, 3), error
        assert error.exit_status in EXIT_STATUSES
