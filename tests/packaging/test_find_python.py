"""`tools/find-python` finds a Python that works, and otherwise says what to do."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.source import ROOT

SCRIPT = ROOT / "tools" / "find-python"


def search(path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", SCRIPT], env={"PATH": str(path), **environment}, capture_output=True, text=True, check=False
    )


def put(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_a_working_python_is_found_behind_stubs_that_are_not(tmp_path):
    put(tmp_path, "python3.13", "echo 'not installed here' >&2; exit 127")
    put(tmp_path, "python3", f'exec "{sys.executable}" "$@"')
    done = search(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert os.path.samefile(done.stdout.strip(), sys.executable)


def test_an_older_python_is_named_and_advice_given(tmp_path):
    put(tmp_path, "python3", "case $2 in *sys.exit*) exit 1;; *) echo 3.9.2;; esac")
    done = search(tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "python3 is 3.9.2" in done.stderr
    assert "MOIETY_PYTHON=" in done.stderr


def test_none_at_all(tmp_path):
    done = search(tmp_path)
    assert done.returncode == 1
    assert "What to do" in done.stderr


def test_make_stops_there(tmp_path):
    make = shutil.which("make")
    if make is None:
        pytest.skip("make is not installed")
    for part in ("Makefile", "requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / part, tmp_path)
    (tmp_path / "tools").mkdir()
    shutil.copy(SCRIPT, tmp_path / "tools")
    done = subprocess.run(
        [make, "install", "MOIETY_PYTHON=no-such-python"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "What to do" in done.stderr
    assert not (tmp_path / ".venv").exists()
