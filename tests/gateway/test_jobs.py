"""People who come in behind the answer: what is said of it meanwhile, and what is left of what was sent."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from moiety.gateway import serve
from moiety.gateway.callers.keys import ApiKey
from moiety.gateway.callers.roles import Role
from moiety.gateway.config import Config
from moiety.gateway.jobs import inputs as sealed
from moiety.gateway.jobs import running as jobs
from moiety.identity import importing
from moiety.vault.schema import Schema
from moiety.vault.synth import people as made_up
from tests.gateway.scene import Site, document, running, site
from tests.gateway.test_answers import CANARY
from tests.sweeping import needles

FIELDS = [name for name in Schema.default().fields if name != "photo"]
MAPPING = "".join(f'[fields.{name}]\ncolumn = "{name}"\n' for name in FIELDS)
PEOPLE: list[dict[str, Any]] = list(made_up(11, 30))


def lines(people: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps({name: one.get(name) for name in FIELDS}) + "\n" for one in people).encode()


def sent(whole: bytes, **changed: Any) -> dict[str, Any]:
    body = {"kind": "jsonl", "file": base64.b64encode(whole).decode(), "mapping": MAPPING, "grounds": "register"}
    return body | changed


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Site]:
    """A gateway of this test's own, with the purposes `hotel` and `door`."""
    with site(tmp_path / "office") as some:
        with some.client(some.key("founder", Role.OFFICER)) as client:
            for name in ("hotel", "door"):
                assert client.post("/v1/purposes", json={"document": document(name)}).status_code == 201
        yield some


def begun(client: httpx.Client, body: dict[str, Any], **headers: str) -> str:
    answer = client.post("/v1/purposes/hotel/jobs", json=body, headers=headers)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["job"])


def told(client: httpx.Client, job: str, *states: str) -> dict[str, Any]:
    """What is said of a job once it is in one of these states, for which a while is waited."""
    for _ in range(1_200):
        said: dict[str, Any] = client.get(f"/v1/jobs/{job}").json()
        if said["state"] in (states or ("done",)):
            return said
        assert said["state"] in ("waiting", "running"), said
        time.sleep(0.05)
    raise AssertionError(said)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Jobs that wait before each batch until the event is set."""
    go = threading.Event()
    real = importing.run

    def waiting(*args: Any, done: Any, **named: Any) -> Any:
        go.wait(60)
        return real(*args, done=done, **named)

    monkeypatch.setattr(jobs, "run", waiting)
    yield go
    go.set()


def test_everybody_of_a_file_comes_in_and_who_does_not_is_listed(own: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "TOGETHER", 7)
    bad = [*PEOPLE[:10], {**PEOPLE[10], "national_id": CANARY}, PEOPLE[0], *PEOPLE[11:20]]
    with own.client(own.key("desk", Role.OPERATOR)) as client:
        job = begun(client, sent(lines(bad) + b"{" + CANARY.encode() + b"\n"), **{"Idempotency-Key": "once"})
        said = told(client, job)
        assert (said["done"], said["total"], said["added"], said["there"], said["aside"]) == (22, 22, 19, 1, 2)
        refused = {row["row"]: row["code"] for row in said["refused"]}
        assert set(refused) == {11, 12, 22}
        assert refused[12] == "already_kept"
        number = PEOPLE[15]["national_id"]
        assert len(client.post("/v1/purposes/hotel/people/find", json={"number": number}).json()["pseudonyms"]) == 1
        again = client.post("/v1/purposes/hotel/jobs", json=sent(b""), headers={"Idempotency-Key": "once"})
        assert (again.status_code, again.json()["code"]) == (409, "repeated")
        for form in ("mapping", "kind", "file", "grounds", "text", "approved"):
            wrong = client.post("/v1/purposes/hotel/jobs", json=sent(b"", **{form: CANARY}))
            if form in ("grounds", "text"):  # the job says that
                assert wrong.status_code == 202
            else:
                assert wrong.status_code == 422, form
            assert CANARY not in wrong.text
        assert CANARY not in client.get("/v1/jobs").text + "".join(own.lines)
    assert not list(left(own))


def left(some: Site) -> Iterator[Path]:
    """What of jobs lies on the disk."""
    place = some.service.jobs._inputs._folder.parent
    yield from (file for file in place.rglob("*") if file.is_file() and file.name != "lock")


def test_what_waits_is_sealed_and_gone_when_it_was_its_turn(own: Site, held: threading.Event) -> None:
    with own.client(own.key("desk", Role.OPERATOR)) as client:
        first, second = begun(client, sent(lines(PEOPLE[:3]))), begun(client, sent(lines(PEOPLE[3:])))
        told(client, first, "running")
        waits = list(left(own))
        assert len(waits) == 2
        store = own.service.jobs._inputs._folder.parent.parent.glob("gateway*")
        copied = b"".join(file.read_bytes() for file in [*waits, *store])
        values = [str(value).encode() for one in PEOPLE for value in one.values()]
        assert len(copied) > len(lines(PEOPLE))
        assert not [needle for needle in needles(values) if needle in copied]
        assert client.delete(f"/v1/jobs/{second}").json() == {"done": True}
        held.set()
        assert told(client, first)["added"] == 3
        assert told(client, second, "cancelled")["added"] == 0
        assert client.delete(f"/v1/jobs/{first}").status_code == 200
        assert told(client, first)["state"] == "done"
        # Whoever waits for its turn to be over asks for another one, which comes after it.
        told(client, begun(client, sent(lines(PEOPLE[:1]))))
    assert not list(left(own))


def test_what_was_changed_on_the_disk_brings_nobody_in(own: Site, held: threading.Event) -> None:
    with own.client(own.key("desk", Role.OPERATOR)) as client:
        begun(client, sent(lines(PEOPLE[:1])))
        jobs_ = [begun(client, sent(lines(PEOPLE) * 200)) for _ in range(3)]
        files = [own.service.jobs._inputs._file(bytes.fromhex(job)) for job in jobs_]
        whole = [file.read_bytes() for file in files]
        assert min(map(len, whole)) > 2 * sealed.PIECE
        piece = sealed._NONCE_BYTES + sealed.PIECE + sealed._TAG_BYTES
        files[0].write_bytes(whole[0][: 1 + piece])  # the end is missing
        files[1].write_bytes(whole[0])  # another job's
        files[2].write_bytes(whole[2][:1] + whole[2][1 + piece :])  # the beginning is
        held.set()
        for job in jobs_:
            said = told(client, job, "failed")
            assert (said["code"], said["added"]) == ("jobs_unwritable", 0)


def test_a_job_is_for_whoever_has_jobs_of_its_purpose(own: Site, held: threading.Event) -> None:
    desk, other = own.key("desk", Role.OPERATOR, scopes=("hotel:*",)), own.key("other", Role.OPERATOR)
    door = own.key("door", Role.OPERATOR, Role.OFFICER, scopes=("door:*", "hotel:show"))
    with own.client(desk) as client:
        names = [begun(client, sent(b"")) for _ in range(3)]
        first = client.get("/v1/jobs", params={"limit": 2}).json()
        assert len(first["jobs"]) == 2
        after = client.get("/v1/jobs", params={"limit": 2, "after": first["next"]}).json()
        assert {job["job"] for job in first["jobs"] + after["jobs"]} == set(names)
        assert after["next"] is None
    with own.client(other) as client:
        assert len(client.get("/v1/jobs").json()["jobs"]) == 3
    with own.client(door) as client:
        assert client.get("/v1/jobs").json() == {"jobs": [], "next": None}
        for verb in ("GET", "DELETE"):
            hidden, none = (client.request(verb, f"/v1/jobs/{name}") for name in (names[2], "0" * 32))
            assert hidden.status_code == none.status_code == 404
            assert hidden.json()["code"] == none.json()["code"] == "job_unknown"
        assert client.post("/v1/purposes/hotel/jobs", json=sent(b"")).status_code == 403
    with own.client(desk) as client:
        assert {client.get(f"/v1/jobs/{name}").json()["state"] for name in names} <= {"waiting", "running"}
        client.delete(f"/v1/jobs/{names[2]}")
        assert client.get(f"/v1/jobs/{names[2]}").json()["state"] == "cancelled"


def test_who_has_the_name_of_somebody_gone_has_not_their_jobs(own: Site, held: threading.Event) -> None:
    with own.client(own.key("desk", Role.OPERATOR, scopes=("hotel:*",))) as client:
        name = begun(client, sent(b""))
    with own.client(own.key("second", Role.OFFICER)) as client:
        assert client.delete("/v1/callers/desk").status_code == 200
    with own.client(own.key("desk", Role.OPERATOR, scopes=("door:*",))) as client:
        assert client.get("/v1/jobs").json()["jobs"] == []
        assert [client.request(verb, f"/v1/jobs/{name}").status_code for verb in ("GET", "DELETE")] == [404, 404]


def test_no_more_jobs_wait_than_have_room(own: Site, held: threading.Event) -> None:
    with own.client(own.key("desk", Role.OPERATOR)) as client:
        for _ in range(jobs.AT_ONCE):
            begun(client, sent(b""))
        named = {"Idempotency-Key": "the-one-too-many"}
        full = client.post("/v1/purposes/hotel/jobs", json=sent(b""), headers=named)
        again = client.post("/v1/purposes/hotel/jobs", json=sent(b""), headers=named)
    assert again.json()["code"] == "jobs_full"  # nothing was begun under this name
    assert (full.status_code, full.json()["code"]) == (503, "jobs_full")
    assert full.headers["retry-after"] == "60"
    assert len(list(left(own))) == jobs.AT_ONCE


def test_a_job_that_the_end_of_the_gateway_interrupts_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "TOGETHER", 2)
    folder = tmp_path / "office"
    with site(folder) as first:
        with first.client(first.key("founder", Role.OFFICER)) as client:
            assert client.post("/v1/purposes", json={"document": document("hotel")}).status_code == 201
        key = first.key("desk", Role.OPERATOR)
        with first.client(key) as client:
            names = [begun(client, sent(lines(PEOPLE))) for _ in range(2)]
            while client.get(f"/v1/jobs/{names[0]}").json()["done"] == 0:
                time.sleep(0.01)
        place = first.service.jobs._inputs._folder
    assert not place.exists()
    assert reopened(folder, key, names) == ["interrupted", "interrupted"]


def reopened(folder: Path, key: ApiKey, names: list[str]) -> list[str]:
    """What the next process says of these jobs."""
    service = serve.opened(Config(office=".", listen="127.0.0.1:0"), folder, data=None, write=str)
    with running(service) as url, Site(url, service).client(key) as client:
        return [client.get(f"/v1/jobs/{name}").json()["state"] for name in names]
