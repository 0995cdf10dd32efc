"""`.ci/run` ends with the status of the tests, and with pytest's closing line."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.house.source import ROOT


def ci(folder: Path, make: str) -> subprocess.CompletedProcess[str]:
    (folder / ".ci").mkdir()
    (folder / "tools").mkdir()
    (folder / "bin").mkdir()
    shutil.copy(ROOT / ".ci" / "run", folder / ".ci")
    for path, script in (("tools/find-python", "exit 0"), ("bin/apt-get", "exit 0"), ("bin/make", make)):
        (folder / path).write_text(f"#!/bin/bash\n{script}\n")
        (folder / path).chmod(0o755)
    path = f"{folder / 'bin'}:{os.environ['PATH']}"
    return subprocess.run(
        ["bash", folder / ".ci" / "run"], env={"PATH": path, "CI": "true"}, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("closing", "status"),
    [("==== 12 passed, 1 skipped in 3.21s ====", 0), ("==== 1 failed, 12 passed in 83.21s (0:01:23) ====", 2)],
)
def test_the_status_and_the_closing_line_are_those_of_the_tests(tmp_path, closing, status):
    done = ci(tmp_path, f"echo '{closing}'; echo 'make: something said after it' >&2; exit {status}")
    assert done.returncode == status
    assert done.stdout.splitlines()[-1] == closing
    assert "something said after it" in done.stdout


def test_what_fails_before_the_tests_fails_too(tmp_path):
    done = ci(tmp_path, "echo 'could not be installed'; exit 2")
    assert done.returncode == 2
    assert done.stdout.splitlines()[-1] == "could not be installed"


def test_style_and_types_are_looked_at() -> None:
    """What `make lint` would run, and that `make test` runs it."""
    told = {
        target: subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        for target in ("lint", "test")
    }
    for words in ("ruff check", "ruff format --quiet --check", "mypy"):
        assert words in told["lint"]
        assert words in told["test"]
