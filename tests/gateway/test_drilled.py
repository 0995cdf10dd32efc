"""The overview says which drill was run here last, as the command noted it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from moiety import cli
from moiety.cli.drill import drill_row
from moiety.drills import FEWEST_PEOPLE, run
from moiety.drills.verdict import Measured, Trial
from moiety.gateway import drilled
from moiety.gateway.callers.roles import Role
from moiety.gateway.drilled import FILE, Drills
from tests.gateway.scene import site
from tests.gateway.visitor import Visitor


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "office"


@pytest.fixture
def visitor(folder: Path) -> Iterator[Visitor]:
    with site(folder) as some, Visitor(some.url) as visitor:
        visitor.sign_in(some.key("clerk", Role.OPERATOR))
        yield visitor


def shown(visitor: Visitor) -> str:
    """What the overview says of drills."""
    found = re.search(r'<section aria-labelledby="drill">(.*?)</section>', visitor.get("/").text, re.DOTALL)
    assert found
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", found[1])).split())


def ran(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    capsys.readouterr()
    status = cli.run(["drill", "--people", str(FEWEST_PEOPLE), *words])
    return status, capsys.readouterr().out


def test_a_drill_that_was_run_is_shown(folder: Path, visitor: Visitor, capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(visitor).startswith("Last drill None is noted here.")
    assert "moiety drill --store custodian-a --office DIR" in shown(visitor)
    status, out = ran(capsys, "--store", "records", "--office", str(folder))
    assert status == 0
    assert str(folder / FILE) in out.replace("\n", "")
    told = shown(visitor)
    assert f"all {len(run.RECORD_ATTACKS)} attacks came out as designed" in told
    assert f"on {FEWEST_PEOPLE} made-up people" in told
    [(store, noted)] = drilled.read(folder).latest()  # type: ignore[union-attr]
    assert store == "records"
    assert f"records {noted.at:%Y-%m-%d %H:%M} UTC" in told
    assert datetime.now(UTC) - noted.at < timedelta(minutes=1)
    assert "None is noted" not in told


def weak(*_: Any) -> list[Measured]:
    """A drill that found something, and something that came out."""
    sound, fallen = Trial(0.0, 0.0, 1.0, 60), Trial(1.0, 0.0, 1e-6, 60)
    stolen = ("custodian-a",)
    return [
        Measured("read names", stolen, fallen, fallen, run.FOUND, "chance", "No name is there."),
        Measured("read numbers", stolen, sound, fallen, run.FOUND, "chance", "No number is there."),
    ]


def test_a_finding_is_shown_and_by_store(
    folder: Path, visitor: Visitor, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOIETY_OFFICE", str(folder))
    monkeypatch.setattr("moiety.drills.run.rob_and_attack", weak)
    assert not drill_row(weak()[0], False)["passed"]
    for store in ("custodian-a", "records"):
        assert ran(capsys, "--store", store, "--json")[0] == 1
    told = shown(visitor)
    assert told.count("finding 1 of 2 attacks did not come out as designed") == 2
    assert told.count("read names") == 2
    assert "read numbers" not in told
    monkeypatch.setattr("moiety.drills.run.rob_and_attack", lambda *_: weak()[1:])
    assert ran(capsys, "--store", "records", "--json")[0] == 0
    told = shown(visitor)
    assert told.count("finding") == 1
    assert "all 1 attacks came out as designed" in told


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda note: note[:-9], "cannot be read"),
        (lambda note: note.replace(b"read names", b"<b>Li Example</b>"), "cannot be read"),
        (lambda note: note.replace(b'"version":', b'"else":'), "cannot be read"),
        (lambda note: note + b" " * 70_000, "cannot be read"),
        (lambda note: re.sub(rb'"attacks":\s*\d+', b'"attacks": 0', note), "cannot be read"),
    ],
    ids=["cut", "markup", "version", "long", "numbers"],
)
def test_what_is_no_note_is_not_shown(
    folder: Path,
    visitor: Visitor,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    change: Any,
    code: str,
) -> None:
    monkeypatch.setattr("moiety.drills.run.rob_and_attack", weak)
    ran(capsys, "--store", "custodian-a", "--office", str(folder))
    file = folder / FILE
    assert "read names" in shown(visitor)
    file.write_bytes(change(file.read_bytes()))
    told = shown(visitor)
    assert code in told
    assert "read names" not in told
    assert "Example" not in told
    ran(capsys, "--store", "custodian-a", "--office", str(folder))  # what is no note is written anew
    assert "read names" in shown(visitor)


def test_where_there_is_no_office_nothing_is_noted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("moiety.drills.run.rob_and_attack", weak)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MOIETY_OFFICE", raising=False)
    status, out = ran(capsys, "--store", "custodian-a")
    assert (status, "oted in" in out) == (1, False)
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr("moiety.drills.run.rob_and_attack", lambda *_: pytest.fail("no drill is run for nothing"))
    status, out = ran(capsys, "--store", "custodian-a", "--office", str(tmp_path / "none"), "--json")
    assert (status, json.loads(out)["refused"]) == (3, "office_missing")
    (tmp_path / "shut").mkdir()
    monkeypatch.setattr("moiety.drills.run.rob_and_attack", weak)
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError))
    status, out = ran(capsys, "--store", "custodian-a", "--office", str(tmp_path / "shut"))
    assert "could not be noted" in out.replace("\n", " ")
    assert list((tmp_path / "shut").iterdir()) == []


def test_notes_are_of_each_store_the_last(tmp_path: Path) -> None:
    def noted(store: str, at: str, seed: int) -> bool:
        found = drilled.Drill(at=datetime.fromisoformat(at), program="1.0", people=60, seed=seed, attacks=3, failed=())
        return drilled.note(tmp_path, store, found)

    assert drilled.read(tmp_path) == Drills()
    assert noted("records", "2026-03-01T12:00:00+00:00", 1)
    assert noted("custodian-a", "2026-03-02T12:00:00+00:00", 2)
    assert noted("records", "2026-03-03T12:00:00+00:00", 3)
    found = drilled.read(tmp_path)
    assert found is not None
    latest = found.latest()
    assert [(store, one.seed) for store, one in latest] == [("records", 3), ("custodian-a", 2)]
