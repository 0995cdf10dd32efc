"""No file of the repository holds a picture, a model, a host of a package index or a path of one machine."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.house.repository import binary_findings, text_findings, tracked
from tests.house.source import ROOT


@pytest.fixture(scope="module")
def files() -> list[Path]:
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("no git checkout, or no git: there is no list of what belongs to the repository")
    found = tracked(ROOT)
    assert len(found) > 50
    return found


@pytest.mark.parametrize("rule", [binary_findings, text_findings])
def test_every_file_keeps_the_rule(rule, files):
    findings = [f"{path.parent.relative_to(ROOT)}/{found}" for path in files for found in rule(path, path.read_bytes())]
    assert not findings, "\n" + "\n".join(findings)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("face.jpg", b""),
        ("weights.ONNX", b""),
        ("notes.txt", b"\xff\xd8\xff\xe0 a photograph under another name"),
        ("notes.txt", b"\x89PNG\r\n\x1a\n"),
        ("notes.txt", b"RIFF\x01\x00\x0a\x02WEBPVP8 "),
        ("notes.txt", b"\x1c\x00\x00\x00TFL3"),
        ("notes.txt", b"SQLite format 3\0"),
        ("notes.txt", b"x" * 1_000_001),
    ],
)
def test_a_binary_is_found(name, content):
    assert list(binary_findings(Path(name), content))


@pytest.mark.parametrize(
    "content",
    [
        b"see https://py" + b"pi.org/simple",
        b"files.python" + b"hosted.org",
        b"--index" + b"-url https://example.org/simple",
        b"--find" + b"-links wheels",
        b"cd /ro" + b"ot/x",
        b"cp /wo" + b"rk/shared/x .",
        b"/home/" + b"somebody/x",
        b"\xff\xfe\x00",
    ],
)
def test_a_host_or_a_path_is_found(content):
    assert list(text_findings(Path("notes.txt"), content))


def test_ordinary_text_is_left_alone():
    content = b"from PyPI, see https://www.rfc-editor.org/rfc/rfc9497 and ~/work/x, ./root/y; pip download NAME"
    assert list(text_findings(Path("notes.md"), content)) == []


def test_requirements_are_pinned_and_hashed():
    lines = [line for line in (ROOT / "requirements.txt").read_text().splitlines() if line and line[0] not in " #"]
    assert len(lines) > 40
    assert all("==" in line and line.endswith("\\") for line in lines)
