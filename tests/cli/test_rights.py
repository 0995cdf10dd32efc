"""`moiety purpose notice` and `moiety register show`: what they answer, and what they end with."""

from __future__ import annotations

from pathlib import Path

import pytest

from moiety.cli.purpose import Posted
from moiety.cli.register import Processing, Register
from moiety.identity.examples import DOOR
from moiety.identity.purpose import Told
from tests.cli.test_commands import Shell, bare, keys, shell

__all__ = ["bare", "shell"]

WHOLE = (
    DOOR[: DOOR.index("[told]")].replace('name = "door"', 'name = "gate"')
    + "[told]\n"
    + "".join(f'{name} = "what {name} says"\n' for name in Told.model_fields)
)


@pytest.fixture
def two(shell: Shell, tmp_path: Path) -> Shell:
    """An office with a purpose that leaves something open, and one that says all."""
    (tmp_path / "gate.toml").write_text(WHOLE)
    assert shell("purpose", "add", tmp_path / "gate.toml")[0] == 0
    return shell


def test_a_notice_is_text_to_post_and_what_is_open_is_said_beside_it(two: Shell) -> None:
    status, text = two("purpose", "notice", "door")
    assert status == 1
    assert text.startswith("What we do with your data: door\n")
    assert "[to be filled in by Example Ltd, 1 Example Street]" in text
    assert "[told]" not in text
    assert two.said == "open, for the table [told]: officer, source, recipients, transfers, must, decisions\n"
    status, text = two("purpose", "notice", "gate", "--language", "zh")
    assert (status, two.said) == (0, "")
    assert "what authority says" in text
    assert "您可以向监管机构投诉" in text


def test_a_notice_for_scripts(two: Shell) -> None:
    status, answer = two.json("purpose", "notice", "door")
    assert status == 1
    keys(answer, Posted)
    assert answer["open"] == ["officer", "source", "recipients", "transfers", "must", "decisions"]
    assert two.json("purpose", "notice", "gate", "--language", "de")[1]["language"] == "de"
    assert two.refused("purpose", "notice", "door", "--language", "fr") == (2, "language_unknown")
    assert two.refused("purpose", "notice", "nowhere") == (2, "purpose_unknown")


def test_the_register_has_every_purpose(two: Shell) -> None:
    status, answer = two.json("register", "show")
    assert status == 1
    keys(answer, Register)
    door, gate = answer["activities"]
    keys(door, Processing)
    keys(gate, Processing)
    assert (door["purpose"], door["open"]) == ("door", ["officer", "recipients", "transfers"])
    assert (gate["purpose"], gate["open"], gate["recipients"]) == ("gate", [], "what recipients says")
    status, text = two("register", "show")
    assert status == 1
    assert "open: say it in the table [told]" in text


def test_the_register_of_an_office_without_purposes_is_empty(bare: Shell) -> None:
    assert bare("init", bare.office)[0] == 0
    assert bare.json("register", "show") == (0, {"activities": []})
    assert bare("register", "show")[1] == "no purpose yet: `moiety purpose add` adds one\n"
