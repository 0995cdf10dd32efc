"""Every claim of SECURITY.md and every promise kept names a test that exists."""

from __future__ import annotations

import re

from tests.house.claims import TEST, missing_files, missing_tests, table
from tests.house.source import ROOT

SECURITY = ROOT / "SECURITY.md"
PROMISES = ROOT / "docs" / "promises.md"


def test_every_claim_names_a_test_that_would_break_it():
    rows = table(SECURITY.read_text(), "Claim")
    assert len(rows) > 10
    findings = []
    for row in rows:
        if list(row.cells) != ["Claim", "Against", "Test that would break it"]:
            findings.append(f"SECURITY.md:{row.line}: has other cells than the heading")
            continue
        named = row.cells["Test that would break it"]
        if not TEST.search(named):
            findings.append(f"SECURITY.md:{row.line}: names no test")
        findings += [f"SECURITY.md:{row.line}: {what}" for what in missing_tests(ROOT, named)]
    assert not findings, "\n" + "\n".join(findings)


def test_every_claim_is_against_somebody_who_may_attack_and_nobody_is_forgotten():
    text = SECURITY.read_text()
    adversaries = [row.cells["Adversary"].strip("*") for row in table(text, "Adversary")]
    assert len(set(adversaries)) == len(adversaries) > 5
    found = [name for row in table(text, "Claim") for name in row.cells["Against"].split(", ")]
    assert set(found) == set(adversaries)


def test_security_says_what_is_not_defended():
    text = " ".join(SECURITY.read_text().split())
    for sentence in (
        "Two custodians together know everything.",
        "A custodian that sends wrong messages in the threshold step can flip matches.",
        "All three custodians on one disk protect nobody.",
    ):
        assert sentence in text


def test_every_promise_points_at_code_and_a_test():
    rows = table(PROMISES.read_text(), "Promise")
    assert len(rows) > 50
    findings = []
    for row in rows:
        where = f"docs/promises.md:{row.line}"
        state = row.cells["State"]
        if state not in {"no", "part", "seen"}:
            findings.append(f"{where}: {state!r} is no state")
        if state != "no":
            if not re.search(r"`[^`]+`", row.cells["Code"]):
                findings.append(f"{where}: names no code")
            if not TEST.search(row.cells["Test"]) and state == "seen":
                findings.append(f"{where}: seen, and names no test")
            findings += [f"{where}: {what}" for what in missing_files(ROOT, row.cells["Code"])]
            findings += [f"{where}: {what}" for what in missing_tests(ROOT, row.cells["Test"])]
    assert not findings, "\n" + "\n".join(findings)


def test_tables_are_read_and_missing_names_are_found(tmp_path):
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_x.py").write_text("def test_it(): pass")
    rows = table(
        "| Claim | Test |\n|---|---|\n| a | `tests/test_x.py::test_it` |\n\n| Other | b |\n|---|---|\n| c | d |",
        "Claim",
    )
    assert [row.cells for row in rows] == [{"Claim": "a", "Test": "`tests/test_x.py::test_it`"}]
    assert list(missing_tests(tmp_path, "`tests/test_x.py::test_it` and `tests/test_x.py`")) == []
    assert list(missing_tests(tmp_path, "`tests/test_x.py::test_gone`")) == ["tests/test_x.py has no test_gone"]
    assert list(missing_tests(tmp_path, "`tests/test_y.py`")) == ["tests/test_y.py is not there"]
    assert list(missing_files(tmp_path, "`tests/*.py`")) == []
    assert list(missing_files(tmp_path, "`src/gone.py`, `tests/z*.py`")) == [
        "src/gone.py is not there", "tests/z*.py is not there",
    ]  # fmt: skip
