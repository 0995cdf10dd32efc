"""A gateway's process that is killed in the middle of a job, and what the next one makes of it: counted in the report,
at the custodians and in their records, by commands that know of no job."""

from __future__ import annotations

import base64
import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

import moiety
from moiety.identity.office import Office
from moiety.vault.synth import people as made_up
from tests.gateway.test_traces import FIELDS, Process, acknowledged, process, settled
from tests.sweeping import needles

PEOPLE: list[dict[str, Any]] = list(made_up(23, 300))
TOGETHER = 60
WRONG = 7
BATCHES = 6
POINTS = (
    ("begun", "after", 1),
    ("run", "before", 1),
    ("read", "before", 1),
    ("read", "after", 1),
    ("read", "before", 3),
    ("read", "after", 3),
    ("read", "before", BATCHES),
    ("ended", "before", 1),
    ("ended", "after", 1),
)
"""Where it is killed: before the first batch, when batches are there and not written down, when they are, and at the
end."""


def body() -> dict[str, Any]:
    """Three hundred people, seven rows between them that do not fit, and one person twice: 308 rows, six batches."""
    rows: list[dict[str, Any]] = []
    for at, one in enumerate(PEOPLE):
        rows.append({name: one.get(name) for name in FIELDS})
        if at % 43 == 20:
            rows.append({"national_id": "no number"})
    rows.append({name: PEOPLE[0].get(name) for name in FIELDS})
    whole = "".join(json.dumps(row) + "\n" for row in rows).encode()
    mapping = "".join(f'[fields.{name}]\ncolumn = "{name}"\n' for name in FIELDS)
    return {"kind": "jsonl", "file": base64.b64encode(whole).decode(), "mapping": mapping, "grounds": "register"}


def left(gateway: Process) -> Iterator[Path]:
    yield from (file for file in (gateway.place / "jobs").rglob("*") if file.is_file() and file.name != "lock")


def counted(office: Office) -> int:
    """People whom custodians have by their number."""
    people = office.purpose("hotel").people()
    return sum(people.find(one["national_id"]) is not None for one in PEOPLE)


def rows(office: Path) -> int:
    """Rows of the record store."""
    [store] = (office / "records").glob("*.sqlite")
    with closing(sqlite3.connect(store)) as database:
        return int(database.execute("SELECT count(*) FROM vault_people").fetchone()[0])


@pytest.mark.parametrize(("point", "when", "times"), POINTS, ids=["-".join(map(str, point)) for point in POINTS])
def test_whoever_is_killed_goes_on_and_nobody_comes_twice_or_is_lost(
    point: str, when: str, times: int, tmp_path: Path
) -> None:
    with process(tmp_path / "office") as (gateway, _, key):
        gateway.end(signal.SIGTERM)
        gateway.start(point, when, str(times), str(TOGETHER))
        named = {"Idempotency-Key": "once"}
        # Wherever the job is, the answer may not have left yet.
        with gateway.client(key) as client, suppress(httpx.TransportError):
            client.post("/v1/purposes/hotel/jobs", json=body(), headers=named)
        assert gateway.process.wait(60) == -signal.SIGKILL
        waits = list(left(gateway))
        assert len(waits) == 1
        copied = b"".join(file.read_bytes() for file in gateway.place.rglob("*") if file.is_file())
        values = [str(one[name]).encode() for one in PEOPLE for name in ("national_id", "name", "address")]
        assert not [needle for needle in needles(values) if needle in copied]
        acknowledged(gateway.place.parent)
        gateway.start()
        with gateway.client(key) as client:
            said = settled(client, waits[0].name)
            assert (said["state"], said["code"]) == ("done", None)
            assert (said["done"], said["total"]) == (308, 308)
            assert (said["added"], said["there"], said["aside"]) == (300, 1, WRONG)
            refused = [row["row"] for row in said["refused"]]
            assert len(refused) == len(set(refused)) == 1 + WRONG
            assert [job["job"] for job in client.get("/v1/jobs").json()["jobs"]] == [waits[0].name]
            again = client.post("/v1/purposes/hotel/jobs", json=body(), headers=named)
            assert (again.status_code, again.json()["code"]) == (409, "repeated")
        gateway.end(signal.SIGTERM)
        assert not list(left(gateway))
        with moiety.open(gateway.place.parent) as office:
            assert counted(office) == 300
            assert office.check() == []
        assert rows(gateway.place.parent) == 300
        words = [sys.executable, "-m", "moiety", "person", "sweep", "hotel", "--json"]
        sweep = subprocess.run([*words, "--office", gateway.place.parent], capture_output=True)
        assert json.loads(sweep.stdout)["destroyed"] == 0
