"""The wheel builds from the checkout alone, holds everything, and works outside the tree."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.house.source import PACKAGE, ROOT


def run(*command: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON"))}
    return subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**kept, "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = (sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation")
    done = run(*build, "--wheel-dir", folder, ROOT, cwd=folder)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("moiety-*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel) -> Path:
    target = wheel.parent / "installed"
    done = run(sys.executable, "-m", "pip", "install", "--no-deps", "--target", target, wheel, cwd=wheel.parent)
    assert done.returncode == 0, done.stderr
    return target


def test_the_wheel_holds_the_package_and_nothing_else(wheel):
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    wanted = {
        path.relative_to(PACKAGE.parent).as_posix()
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert inside == wanted
    assert "moiety/py.typed" in inside
    assert any(name.startswith("moiety/face/") and name.endswith(".toml") for name in inside), "no model cards"


def test_the_wheel_carries_its_licence(wheel):
    archive = zipfile.ZipFile(wheel)
    (licence,) = [name for name in archive.namelist() if name.endswith(".dist-info/licenses/LICENSE")]
    assert archive.read(licence) == (ROOT / "LICENSE").read_bytes()


def test_it_works_outside_the_tree(installed, tmp_path):
    where = run(sys.executable, "-c", "import moiety; print(moiety.__file__)", cwd=tmp_path, PYTHONPATH=str(installed))
    assert Path(where.stdout.strip()).parent.parent == installed, where.stderr
    for option, words in (("--help", "identify"), ("--version", "0.1.0")):
        done = run(sys.executable, "-m", "moiety", option, cwd=tmp_path, PYTHONPATH=str(installed))
        assert (done.returncode, done.stderr) == (0, "")
        assert words in done.stdout


def test_its_model_cards_can_be_read(installed, tmp_path):
    done = run(
        sys.executable, "-m", "moiety", "models", "list", "--json",
        cwd=tmp_path, PYTHONPATH=str(installed), MOIETY_DATA=str(tmp_path / "data"),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "mobilefacenet-192" in done.stdout
