"""The example that a library user reads first runs as it stands, and the README shows it as it stands."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from moiety import cli
from tests.stories.scene import Photographs, spoilt

ROOT = Path(__file__).resolve().parent.parent.parent
EXAMPLE = ROOT / "examples" / "door.py"


def test_the_readme_shows_the_example_verbatim() -> None:
    assert f"```python\n{EXAMPLE.read_text()}```\n" in (ROOT / "README.md").read_text()


def test_the_example_runs(
    tmp_path: Path, data: Path, photographs: Photographs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOIETY_DATA", str(data))
    monkeypatch.chdir(tmp_path)
    for number, picture in enumerate(photographs.anna, 1):
        (tmp_path / f"anna-{number}.jpg").write_bytes(picture.read_bytes())
    (tmp_path / "bert-1.jpg").write_bytes(photographs.bert.read_bytes())
    (tmp_path / "wall.jpg").write_bytes(spoilt(photographs)["no_face"])
    # The three commands in the example's first lines; the models are here already.
    assert cli.run(["init", "office", "--example", "door"]) == 0
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
