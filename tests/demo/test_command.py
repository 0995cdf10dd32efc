"""`moiety demo` as it is called."""

from __future__ import annotations

import json

import pytest

from moiety import cli
from moiety.demo.cast import Cast


def test_one_json_object_with_what_was_promised(people: Cast, capfd: pytest.CaptureFixture[str]) -> None:
    status = cli.run(["demo", "--rows", "1", "--json"])
    out, _ = capfd.readouterr()
    answer = json.loads(out)
    assert status == 0
    assert out.count("\n") == 1
    identify_ms = answer.pop("identify_ms")
    drill = answer.pop("drill")
    assert answer == {
        "gallery_rows": 3,
        "model": "mobilefacenet-192",
        "genuine": {"tried": 2, "matched": 2},
        "strangers": {"tried": 2, "matched": 0},
        "after_erasure": {"tried": 3, "matched": 0},
    }
    assert identify_ms > 0
    assert [list(row) for row in drill] == [
        ["name", "stores", "success", "chance", "plain_twin", "unit", "n", "expected", "passed"]
    ] * 2


def test_without_the_photographs_it_says_how_to_get_them(
    tmp_path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MOIETY_DATA", str(tmp_path))
    assert cli.run(["demo", "--json"]) == 3
    assert json.loads(capfd.readouterr().out)["refused"] == "photographs_not_installed"


@pytest.mark.parametrize("rows", ["-1", "1000001", "many"])
def test_no_such_number_of_rows(rows: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["demo", "--rows", rows]) == 2
    assert capfd.readouterr().out == ""
