"""`moiety bench records` measures what it says, on few people."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import cv2
import numpy as np
import pytest

from moiety.bench import records
from moiety.bench.scene import Edge
from moiety.identity.people import People
from moiety.vault.retention import State
from moiety.vault.schema import Group
from moiety.vault.seal import PHOTO_LENGTHS

PEOPLE = 40
EDGE = Edge(entropy=os.urandom, clock=lambda: datetime.now(UTC), progress=lambda stage, done, total: None)


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
        "lookup_reveal_per_s", "erase_p50_ms", "bytes_per_person", "cores", "photographs", "bound_per_s",
        "without_photographs_per_s", "bound_fraction_without_photographs",
    }  # fmt: skip


def test_its_figures_belong_together(answer: dict[str, object]) -> None:
    for rate, fraction in (
        ("people_per_s", "bound_fraction"),
        ("without_photographs_per_s", "bound_fraction_without_photographs"),
    ):
        assert 0 < number(answer, fraction) < 1
        assert number(answer, fraction) == pytest.approx(number(answer, rate) / number(answer, "bound_per_s"), abs=1e-3)
    assert 0 < number(answer, "lookup_reveal_p50_ms") <= number(answer, "lookup_reveal_p99_ms")
    # By a process for each core: as many a second as one takes, times these, give or take how they are spread.
    at_most = number(answer, "cores") * 1e3 / number(answer, "lookup_reveal_p50_ms")
    assert 0 < number(answer, "lookup_reveal_per_s") <= 3 * at_most
    assert number(answer, "erase_p50_ms") > 0


def test_nine_fields_are_imported_with_a_photograph_and_eight_without(
    monkeypatch: pytest.MonkeyPatch, answer: dict[str, object]
) -> None:
    assert answer["photographs"] == PEOPLE
    seen: list[tuple[int, int]] = []
    imported = records._import

    def heard(office: People, people: Sequence[Mapping[str, object]], edge: Edge) -> float:
        seconds = imported(office, people, edge)
        desk = office._desk
        for values in people:
            person = office.find(str(values["national_id"]))
            assert person is not None
            stored = desk.records().get(desk.name, person.pseudonym.value, Group)
            assert stored is not None
            assert stored.stay.state is State.ACTIVE
            seen.append((len(values), len(stored.blobs.get(Group.PHOTO, b"")) // PHOTO_LENGTHS[0]))
        return seconds

    monkeypatch.setattr(records, "_import", heard)
    records.run(3, seed=1, edge=EDGE)
    assert seen == [(8, 0)] * 3 + [(9, 1)] * 3


def test_a_photograph_is_one_that_a_viewer_shows() -> None:
    for photograph in records._photographs(EDGE):
        assert PHOTO_LENGTHS[0] // 2 < len(photograph) < PHOTO_LENGTHS[0]
        pixels = cv2.imdecode(np.frombuffer(photograph, dtype=np.uint8), cv2.IMREAD_COLOR)
        assert pixels is not None
        assert pixels.shape == (120, 102, 3)


def test_every_store_is_weighed(answer: dict[str, object]) -> None:
    weighed = answer["bytes_per_person"]
    assert isinstance(weighed, dict)
    assert set(weighed) == {"custodian-a", "custodian-b", "custodian-c", "records", "gateway-ledger"}
    assert weighed["records"] > 500
