"""`moiety gateway bind | bound | unbind`, from the keyboard."""

from __future__ import annotations

from pathlib import Path

import pytest

import moiety
from moiety.cli.dialect import Bindings, Bound, Listed
from tests.cli.test_commands import Shell, keys
from tests.gateway.dialect import TEMPLATE


@pytest.fixture
def shell(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Shell:
    """An office with a gateway."""
    moiety.create(tmp_path / "office")
    shell = Shell(tmp_path / "office", capfd)
    assert shell("gateway", "init", "--office", shell.office)[0] == 0
    return shell


def test_a_key_is_bound_shown_without_its_secret_and_unbound(shell: Shell, tmp_path: Path) -> None:
    template = tmp_path / "template.toml"
    template.write_text(TEMPLATE)
    place = ("--office", shell.office)
    bind = ("gateway", "bind", "lobby", "--grounds", "consent", *place)
    status, made = shell.json(*bind, "--collection", "*", "--template", template, "--operation", "identify")
    assert status == 0
    keys(made, Bound)
    assert (len(made["key"]), len(made["secret"])) == (20, 40)
    assert shell.refused(*bind, "--collection", "door") == (2, "binding_exists")
    _, listed = shell("gateway", "bound", *place)
    assert made["key"] in listed
    assert made["secret"] not in listed
    _, answer = shell.json("gateway", "bound", *place)
    keys(answer, Bindings)
    [row] = answer["bound"]
    keys(row, Listed)
    assert (row["collections"], row["operations"], row["makes"], row["revoked"]) == (["*"], ["identify"], True, False)
    assert shell.json("gateway", "unbind", "lobby", *place) == (0, {"name": "lobby"})
    assert shell.refused("gateway", "unbind", "lobby", *place) == (2, "binding_unknown")
    assert shell.json("gateway", "bound", *place)[1]["bound"][0]["revoked"]
    assert shell.json(*bind, "--collection", "door")[1]["key"] != made["key"]


@pytest.mark.parametrize(
    "more",
    [
        (),
        ("--collection", "*"),
        ("--collection", "door", "--operation", "callers"),
        ("--collection", "door", "--operation", "nothing"),
    ],
)
def test_a_binding_that_will_not_do_makes_no_key(shell: Shell, more: tuple[str, ...]) -> None:
    words = ("gateway", "bind", "lobby", "--grounds", "consent", "--office", shell.office, *more)
    assert shell.refused(*words) == (2, "binding_invalid")
    assert shell.json("gateway", "bound", "--office", shell.office) == (0, {"bound": []})
