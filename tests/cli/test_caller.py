"""`moiety caller`: keys that are shown once, and what they are for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from moiety.gateway.callers.keys import ApiKey
from moiety.gateway.config import FILE, FOLDER, read
from moiety.gateway.serve import credentials_of
from tests.cli.test_commands import Shell


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Shell:
    """An office with a gateway's configuration, and nobody who has a key."""
    monkeypatch.setenv("MOIETY_OFFICE", str(tmp_path / "office"))
    made = Shell(tmp_path / "office", capfd)
    assert made("init", made.office)[0] == 0
    assert made.refused("caller", "list") == (2, "gateway_config_unreadable")
    assert made("gateway", "init")[0] == 0
    return made


def whose(shell: Shell, key: str) -> str | None:
    """Whose the gateway takes a key for."""
    place = shell.office / FOLDER
    credentials = credentials_of(read(place / FILE), place)
    try:
        parsed = ApiKey.parse(key)
        assert parsed is not None
        found = credentials.recognised(parsed)
        return None if found is None else found.name
    finally:
        credentials.close()


def test_a_key_is_given_shown_once_rotated_and_revoked(shell: Shell) -> None:
    words = ("desk", "--role", "operator", "--role", "auditor", "--scope", "hotel:*", "--scope", "*:audit")
    status, first = shell.json("caller", "add", *words)
    assert (status, first["name"], whose(shell, first["key"])) == (0, "desk", "desk")
    assert shell.refused("caller", "add", *words) == (2, "caller_exists")
    status, second = shell.json("caller", "rotate", "desk", "--overlap", "0", "--days", "3")
    assert (whose(shell, first["key"]), whose(shell, second["key"])) == (None, "desk")
    status, listed = shell.json("caller", "list")
    assert [(one["name"], one["roles"], one["scopes"]) for one in listed["keys"]] == [
        ("desk", ["auditor", "operator"], ["*:audit", "hotel:*"])
    ] * 2
    _, plain = shell("caller", "list")
    for key in (first["key"], second["key"]):
        assert key.split("_")[2] not in plain + str(listed)
        assert key.split("_")[1] in plain
    status, plain = shell("caller", "revoke", "desk")
    assert (status, plain) == (0, "desk: 1 key ended\n")
    assert whose(shell, second["key"]) is None
    assert shell.refused("caller", "revoke", "desk") == (2, "caller_unknown")
    assert shell.refused("caller", "rotate", "desk") == (2, "caller_unknown")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("x", "--role", "boss", "--scope", "*:*"), "role_unknown"),
        (("x", "--role", "sensor", "--scope", "everything"), "scope_unreadable"),
        (("Desk", "--role", "sensor", "--scope", "*:*"), "caller_invalid"),
        (("x", "--role", "sensor", "--scope", "*:*", "--days", "367"), "caller_invalid"),
        (("x", "--role", "subject", "--scope", "hotel:*"), "caller_invalid"),
        (("x", "--role", "sensor", "--scope", "hotel:*", "--person", "hotel-7Q2M"), "caller_invalid"),
    ],
)
def test_what_no_key_is_given_for(shell: Shell, words: tuple[str, ...], code: str) -> None:
    assert shell.refused("caller", "add", *words) == (2, code)
    assert shell.json("caller", "list")[1] == {"keys": []}


def test_whoever_is_locked_out_is_given_a_token_and_the_journal_says_so(shell: Shell) -> None:
    status, first = shell.json("gateway", "token")
    assert (status, "token given again" in shell.said) == (0, False)
    shell.json("caller", "add", "desk", "--role", "operator", "--scope", "*:*")
    shell.json("caller", "add", "door", "--role", "sensor", "--scope", "door:verify")
    assert shell.json("gateway", "token") == (1, {"token": None})
    shell("caller", "revoke", "desk")
    status, again = shell.json("gateway", "token")
    assert (status, ApiKey.parse(again["token"]) is not None, again != first) == (0, True, True)
    [line] = [json.loads(line) for line in shell.said.splitlines()]
    assert (line["what"], line["keys"]) == ("token given again", 2)
    assert again["token"] not in shell.said
