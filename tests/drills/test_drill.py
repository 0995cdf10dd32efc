"""`moiety drill` from the command line: what programs get, what people read, and how it ends."""

from __future__ import annotations

import json

import pytest

from moiety import cli
from moiety.cli.drill import drilled
from moiety.drills import FEWEST_PEOPLE
from moiety.drills.run import ATTACKS, RECORD_ATTACKS, attack
from moiety.drills.verdict import Measured, Trial
from moiety.identity.ports import silent
from tests.drills.conftest import SEED

ROW = {
    "name": str,
    "stores": list,
    "success": float,
    "chance": float,
    "plain_twin": float,
    "unit": str,
    "n": int,
    "expected": str,
    "passed": bool,
}


HOURS = [
    {"attack": "drain", "unit": "matches", "drilled": 6, "default": 1_416},
    {"attack": "wreck", "unit": "erasures", "drilled": 6, "default": 24},
]


def test_a_drill_answers_with_every_attack_and_one_verdict(capsys):
    assert cli.run(["drill", "--store", "custodian-a", "--people", str(FEWEST_PEOPLE), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert list(answer) == ["attacks", "seed", "people", "hours"]
    assert answer["people"] == FEWEST_PEOPLE
    assert answer["hours"] == HOURS
    assert [row["name"] for row in answer["attacks"]] == [row.name for row in ATTACKS]
    for row in answer["attacks"]:
        assert {key: type(value) for key, value in row.items()} == ROW
        assert row["plain_twin"] > 0.9
        assert row["passed"]
        stores = ["custodian-a"], ["custodian-a", "custodian-b"], ["gateway"], ["custodian-a", "gateway"]
        assert row["stores"] in stores
    everything = [row for row in answer["attacks"] if row["expected"] == "everything"]
    assert len(everything) == 3
    assert all(row["success"] > 0.99 and len(row["stores"]) == 2 for row in everything)


def test_a_drill_on_the_record_store_answers_with_every_attack_on_it(capsys):
    assert cli.run(["drill", "--store", "records", "--people", str(FEWEST_PEOPLE), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert list(answer) == ["attacks", "seed", "people", "hours"]
    assert answer["hours"] == []
    assert [row["name"] for row in answer["attacks"]] == [row.name for row in RECORD_ATTACKS]
    for row in answer["attacks"]:
        assert {key: type(value) for key, value in row.items()} == ROW
        assert row["plain_twin"] > 0.9
        assert row["passed"]
        assert row["stores"] == ["records"]


@pytest.fixture(scope="module")
def measured(scene) -> list[Measured]:
    return attack(scene, SEED, silent, ATTACKS)


def test_people_read_a_sentence_for_every_attack(measured):
    outcome = drilled(measured, seed=SEED, people=60, width=110)
    assert outcome.status == 0
    text = " ".join(" ".join(outcome.lines).split())
    for row in ATTACKS:
        assert row.name in text
        assert row.sentence in text
    assert "two custodians get together: everything" in text
    assert "made-up people" in text
    assert "6 matches and 6 erasures in an hour" in text
    assert "1,416 matches and 24 erasures in an hour" in text
    assert f"All {len(ATTACKS)} attacks came out as designed" in text
    assert max(map(len, outcome.lines)) <= 110
    "\n".join(outcome.lines).encode("ascii")


def test_people_read_whose_records_were_stolen(register):
    rows = attack(register, SEED, silent, RECORD_ATTACKS[-1:])
    outcome = drilled(rows, seed=SEED, people=60, width=110)
    text = " ".join(" ".join(outcome.lines).split())
    assert "A thief has copied records" in text
    assert "the records of 60 made-up people" in text
    assert "an hour" not in text


def test_a_finding_is_said_and_ends_with_status_one(measured):
    certain = Trial(0.9, 0.5, 1e-4, 30)
    leaky = [
        Measured(one.name, one.stores, certain, one.plain, one.unit, one.expected, one.sentence)
        if one.name == "match a photograph"
        else one
        for one in measured
    ]
    outcome = drilled(leaky, seed=SEED, people=60, width=110)
    assert outcome.status == 1
    assert [row["name"] for row in outcome.answer["attacks"] if not row["passed"]] == ["match a photograph"]
    text = " ".join(" ".join(outcome.lines).split())
    assert "FINDING" in text
    assert f"1 of {len(ATTACKS)} attacks did not come out as designed" in text


def test_an_attack_comes_out_the_same_alone_as_among_all(scene, measured):
    alone = attack(scene, SEED, silent, ATTACKS[5:8])
    assert alone == measured[5:8]


@pytest.mark.parametrize(
    "wrong",
    [["--store", "custodian-d"], ["--store", "custodian-a", "--people", "3"], ["--people", "60"]],
)
def test_wrong_use_is_refused(wrong, capsys):
    assert cli.run(["drill", *wrong]) == 2
    assert capsys.readouterr().out == ""
