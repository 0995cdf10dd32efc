"""Every kind of number that people may be known by, as somebody types it at the command line: kept, found, refused."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from moiety import cli
from moiety.identity.examples import HOTEL
from moiety.vault.identifier import Identifier, known
from tests.cli.test_commands import Shell
from tests.vault.test_identifier import CARD, EXAMPLES, FULL_WIDTH, PASSPORT

KINDS = [(scheme, country, text) for (scheme, country, _), text in EXAMPLES.items()] + [
    ("passport", "UTO", PASSPORT),
    ("identity_card", "UTO", CARD),
]


def purpose_of(scheme: str, country: str) -> str:
    return f"{scheme}-{country}".lower().replace("_", "-").strip("-")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An office with a purpose for each kind of number."""
    folder = tmp_path_factory.mktemp("numbers")
    made = folder / "office"
    assert cli.run(["init", str(made)]) == 0
    for scheme, country in {(scheme, country) for scheme, country, _ in KINDS}:
        name = purpose_of(scheme, country)
        text = HOTEL.replace('name = "hotel"', f'name = "{name}"')
        text = re.sub(r"(?m)^scheme = .*$", f'scheme = "{scheme}"', text)
        text = re.sub(r"(?m)^country = .*$", f'country = "{country}"', text)
        (folder / f"{name}.toml").write_text(text)
        assert cli.run(["purpose", "add", str(folder / f"{name}.toml"), "--office", str(made)]) == 0
    return made


@pytest.fixture
def shell(office: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    monkeypatch.setenv("MOIETY_OFFICE", str(office))
    return Shell(office, capsys)


def test_every_kind_that_is_read_is_tried() -> None:
    assert {(scheme, country) for scheme, country, _ in KINDS if scheme not in ("passport", "identity_card")} == set(
        known()
    )


def writings(scheme: str, text: str) -> list[str]:
    """As people type it: from another keyboard, and with spaces; a zone's lines as one, and in small letters."""
    if scheme in ("passport", "identity_card"):
        return [text.replace("\n", " "), "\r\n".join(re.findall(".{1,10}", text.lower()))]
    return [text.translate(FULL_WIDTH), f" {text.lower()} "]


@pytest.mark.parametrize(("scheme", "country", "text"), KINDS, ids=lambda part: str(part)[:20])
def test_people_are_kept_and_found_by_every_kind_of_number(
    shell: Shell, tmp_path: Path, scheme: str, country: str, text: str
) -> None:
    purpose, file = purpose_of(scheme, country), tmp_path / "values.json"

    def typed(number: str) -> Path:
        file.write_text(json.dumps({scheme: number}))
        return file

    status, who = shell("person", "add", purpose, "--from", typed(text), "--grounds", "register")
    assert (status, who.startswith(f"{purpose}-")) == (0, True)
    for written in writings(scheme, text):
        assert shell("person", "find", purpose, "--from", typed(written)) == (0, who)
    assert shell.refused("person", "find", purpose, "--from", typed(f"{text}0")) == (2, "identifier_invalid")
    number = shell.json("person", "reveal", who.strip(), scheme, "--reason", "parcel")[1]["fields"][scheme]
    assert number == Identifier.parse(scheme, country, text).number
