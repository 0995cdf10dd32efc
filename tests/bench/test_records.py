"""`moiety bench records` measures what it says, on few people."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

PEOPLE = 40


@pytest.fixture(scope="module")
def answer() -> dict[str, object]:
    command = [sys.executable, "-m", "moiety", "bench", "records", "--people", str(PEOPLE), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


def number(answer: dict[str, object], key: str) -> float:
    found = answer[key]
    assert isinstance(found, int | float)
    return float(found)


def test_it_answers_what_was_asked_for(answer: dict[str, object]) -> None:
    assert answer["people"] == PEOPLE
    assert "synchronous=FULL" in str(answer["durable"])
    assert set(answer) == {
        "people", "durable", "people_per_s", "bound_fraction", "lookup_reveal_p50_ms", "lookup_reveal_p99_ms",
        "lookup_reveal_per_s", "erase_p50_ms", "bytes_per_person", "cores",
    }  # fmt: skip


def test_its_figures_belong_together(answer: dict[str, object]) -> None:
    assert 0 < number(answer, "bound_fraction") < 1
    assert 0 < number(answer, "lookup_reveal_p50_ms") <= number(answer, "lookup_reveal_p99_ms")
    # One after the other: as many a second as one takes, give or take how they are spread.
    assert number(answer, "lookup_reveal_per_s") <= 1e3 / number(answer, "lookup_reveal_p50_ms") * 2
    assert number(answer, "erase_p50_ms") > 0


def test_every_store_is_weighed(answer: dict[str, object]) -> None:
    weighed = answer["bytes_per_person"]
    assert isinstance(weighed, dict)
    assert set(weighed) == {"custodian-a", "custodian-b", "custodian-c", "records", "gateway-ledger"}
    assert weighed["records"] > 500
