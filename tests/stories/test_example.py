"""The example that a library user reads first runs as it stands, and the README shows it as it stands."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from moiety import cli
from moiety.vault.schema import Schema
from tests.stories import guests
from tests.stories.scene import DOOR, Photographs, spoilt

ROOT = Path(__file__).resolve().parent.parent.parent
EXAMPLE = ROOT / "examples" / "door.py"


@pytest.mark.parametrize("example", sorted(EXAMPLE.parent.glob("*.py")), ids=lambda example: example.name)
def test_the_readme_shows_each_example_verbatim(example: Path) -> None:
    assert f"```python\n{example.read_text()}```\n" in (ROOT / "README.md").read_text()


@pytest.fixture(params=["embedded", "apart"])
def made(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty office in `office`: one folder, or three processes."""
    monkeypatch.chdir(tmp_path)
    if request.param == "embedded":
        assert cli.run(["init", "office", "--example", "door"]) == 0
        yield
    else:
        assert cli.run(["up", "office"]) == 0
        (tmp_path / "office" / "purpose.toml").write_text(DOOR)
        yield
        assert cli.run(["down", "office"]) == 0


def test_the_example_runs(
    made: None, tmp_path: Path, data: Path, photographs: Photographs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOIETY_DATA", str(data))
    for number, picture in enumerate(photographs.anna, 1):
        (tmp_path / f"anna-{number}.jpg").write_bytes(picture.read_bytes())
    (tmp_path / "bert-1.jpg").write_bytes(photographs.bert.read_bytes())
    (tmp_path / "wall.jpg").write_bytes(spoilt(photographs)["no_face"])
    # The last of the commands in the example's first lines; the models are here already.
    assert cli.run(["purpose", "add", "office/purpose.toml", "--office", "office"]) == 0
    done = subprocess.run(
        [sys.executable, EXAMPLE],
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | {"PYTHONWARNINGS": "error"},
    )
    assert done.returncode == 0, done.stderr
    anna, welcome, impostor, found, bert, refused, erased = done.stdout.splitlines()
    assert anna.startswith("Anna is door-")
    assert welcome == "welcome back"
    assert impostor == "Bert as Anna: False"
    assert found.startswith("True among 1: ")
    assert bert.startswith("Bert is door-")
    assert refused.startswith("refused [no_face]: ")
    assert erased == "Anna, erased: False"


@pytest.fixture
def hotel(tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    """An office in `office` with the purpose `hotel`; we are beside it."""
    monkeypatch.setenv("MOIETY_DATA", str(data))
    monkeypatch.delenv("MOIETY_OFFICE", raising=False)
    monkeypatch.chdir(tmp_path)
    for words in (["init", "office", "--example", "hotel"], ["purpose", "add", "office/purpose.toml"]):
        assert cli.run(words) == 0
    capfd.readouterr()


def test_the_example_about_records_runs(hotel: None) -> None:
    done = subprocess.run(
        [sys.executable, EXAMPLE.parent / "hotel.py"],
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | {"PYTHONWARNINGS": "error"},
    )
    assert done.returncode == 0, done.stderr
    kept, found, masked, address, corrected, refused, erased = done.stdout.splitlines()
    assert kept.startswith("kept as hotel-")
    assert found == "found: True"
    assert masked == "masked: 110105********002X"
    assert (address, corrected) == ("address: 1 Long Street", "corrected: 2 New Street")
    assert refused.startswith("refused [class_refused]: ")
    assert erased.startswith("destroyed from 2")
    assert erased.endswith("; found: False")


def test_the_files_in_the_guide_to_imports_do_as_they_stand(
    hotel: None, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    guide = (ROOT / "docs" / "importing.md").read_text()
    for kind, name in (("json", "guest.json"), ("toml", "people.toml")):
        (tmp_path / name).write_text(guide.split(f"```{kind} {name}\n", 1)[1].split("```", 1)[0])
    told = []
    for command in (
        "person add hotel --from guest.json --grounds register --json",
        "synth people --count 20 --out people.csv",
        "import people people.csv --purpose hotel --mapping people.toml --grounds register --json",
    ):
        assert cli.run(command.split()) == 0, command
        told.append(capfd.readouterr().out)
    assert json.loads(told[2])["added"] == 20
    who = json.loads(told[0])["pseudonym"]
    assert cli.run(["person", "show", who, "--role", "officer", "--json"]) == 0
    shown = json.loads(capfd.readouterr().out)["fields"]
    assert {name for name, value in shown.items() if value} == {*Schema.default().fields, "room"} - {"photo"}


def commands_of_the_readme(title: str) -> list[str]:
    """The lines of one of its sections, without their remarks."""
    section = (ROOT / "README.md").read_text().split(f"## {title}\n", 1)[1]
    return [line.partition("#")[0].strip() for line in section.split("```", 2)[1].strip().splitlines()]


def test_the_commands_in_the_readme_run_as_they_stand(
    tmp_path: Path,
    data: Path,
    photographs: Photographs,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("MOIETY_DATA", str(data))
    monkeypatch.delenv("MOIETY_OFFICE", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "staff").mkdir()
    names = {"anna-1.jpg": 0, "anna-2.jpg": 1, "visitor.jpg": 2}
    for name, number in names.items():
        (tmp_path / name).write_bytes(photographs.anna[number].read_bytes())
    (tmp_path / "staff" / "bert.jpg").write_bytes(photographs.bert.read_bytes())
    anna = ""
    for command in commands_of_the_readme("On the command line"):
        words = shlex.split(command.replace("door-7Q2M-K3PX-…", anna))
        assert words[0] == "moiety"
        assert cli.run(words[1:]) == 0, command
        out = capfd.readouterr().out
        if not anna and words[1] == "enrol":
            anna = out.strip()
        if words[1] == "identify":
            assert anna in out.splitlines()


def test_the_commands_about_records_run_as_they_stand(
    hotel: None, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "guest.json").write_text(json.dumps({name: str(value) for name, value in guests.guest(1).items()}))
    (tmp_path / "number.json").write_text(json.dumps({"national_id": guests.number(1)}))
    who, told = "", []
    for command in commands_of_the_readme("People's records"):
        words = shlex.split(command.replace("hotel-7Q2M-K3PX-…", who))
        assert words[0] == "moiety"
        assert cli.run(words[1:]) == 0, command
        told.append(capfd.readouterr().out.strip())
        who = told[0]
    assert told[:3] == [who, who, "address         1 Long Street"]
