"""People who come in behind the answer: what is said of it meanwhile, and what is left of what was sent."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from sqlalchemy import select, update

from moiety.gateway import serve
from moiety.gateway.callers.grants import Grant
from moiety.gateway.callers.keys import ApiKey
from moiety.gateway.callers.roles import Caller, Role
from moiety.gateway.callers.tables import CALLERS, TICKETS
from moiety.gateway.config import Config
from moiety.gateway.jobs import inputs as sealed
from moiety.gateway.jobs import running as jobs
from moiety.gateway.jobs.refusals import JobDenied, JobsFull
from moiety.gateway.jobs.standing import TOKEN_S, Holders, Standings
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
        files = [own.service.jobs._inputs._where[bytes.fromhex(job)] for job in jobs_]
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


def test_who_lost_what_a_job_was_begun_with_has_it_done_no_further(own: Site, held: threading.Event) -> None:
    officer = own.key("second", Role.OFFICER)
    with own.client(own.key("desk", Role.OPERATOR)) as client, own.client(officer) as chief:
        first, second = begun(client, sent(lines(PEOPLE[:3]))), begun(client, sent(lines(PEOPLE[3:])))
        told(client, first, "running")
        assert chief.delete("/v1/callers/desk").status_code == 200
        assert client.get("/v1/jobs").status_code == 401
    held.set()
    with own.client(own.key("desk", Role.OPERATOR)) as client:  # of the same name, and somebody else
        for job, added in ((first, 3), (second, 0)):  # the batch that was begun came in
            said = told(client, job, "refused")
            assert (said["code"], said["added"]) == ("job_denied", added)
        told(client, begun(client, sent(b"")))
    assert not list(left(own))
    assert tickets(own) == 0


def tickets(some: Site) -> int:
    with some.service.credentials.database.reading() as connection:
        return len(connection.execute(select(TICKETS)).all())


@pytest.mark.parametrize("how", ["expired", "scope"])
def test_no_batch_is_begun_with_what_does_not_count_any_more(
    how: str, own: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "TOGETHER", 5)
    go, real = threading.Event(), own.service.jobs.table.read

    def read(*given: Any, **more: Any) -> bool:
        answer = real(*given, **more)
        go.wait(60)
        return answer

    monkeypatch.setattr(own.service.jobs.table, "read", read)
    key = own.key("desk", Role.OPERATOR)
    with own.client(key) as client, own.client(own.key("other", Role.OPERATOR)) as other:
        job = begun(client, sent(lines(PEOPLE)))
        while other.get(f"/v1/jobs/{job}").json()["done"] == 0:
            time.sleep(0.01)
        changed = {"expires": 1} if how == "expired" else {"scopes": "door:jobs hotel:find"}
        with own.service.credentials.database.writing("test") as connection:
            connection.execute(update(CALLERS).where(CALLERS.c.prefix == key.prefix).values(**changed))
        go.set()
        said = told(other, job, "refused")
        assert (said["code"], said["added"]) == ("job_denied", 5)


def test_a_token_counts_for_a_job_while_its_grant_stands_and_for_a_day() -> None:
    def grant(*scopes: str) -> Grant:
        return Grant(value="desk", roles=[Role.OPERATOR], scopes=list(scopes))

    now = 1_000
    some = grant("hotel:jobs", "door:find")
    caller = Caller("oidc.1", frozenset(some.roles), frozenset(some.parsed))
    nobody = cast(Holders, object())
    begun_ = Standings(nobody, [some], lambda: now).of(caller)
    again = Standings(nobody, [grant("*:find"), some], lambda: now)
    assert again.role(begun_, "hotel") is Role.OPERATOR
    for grants, purpose, at in (
        ([some], "door", now),
        ([grant("hotel:jobs")], "hotel", now),
        ([], "hotel", now),
        ([some], "hotel", now + TOKEN_S),
    ):
        with pytest.raises(JobDenied):
            Standings(nobody, grants, lambda at=at: at).role(begun_, purpose)


def test_what_is_down_for_a_while_keeps_a_job_waiting(own: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "PAUSE_S", 0.01)
    failures, real = iter([True, True]), own.service.jobs._people

    def down(purpose: str, role: Role) -> Any:
        if next(failures, False):
            raise JobsFull(seconds=1)
        return real(purpose, role)

    monkeypatch.setattr(own.service.jobs, "_people", down)
    with own.client(own.key("desk", Role.OPERATOR)) as client:
        assert told(client, begun(client, sent(lines(PEOPLE[:2]))))["added"] == 2
        assert not next(failures, False)
        monkeypatch.setattr(own.service.jobs, "_people", lambda *_: down_for_good())
        assert told(client, begun(client, sent(b"")), "failed")["code"] == "jobs_full"


def down_for_good() -> Any:
    raise JobsFull(seconds=1)


def ended(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[ApiKey, list[str], Path]:
    """A gateway that ended while the first of two jobs was between two batches: a caller's key, the jobs, and the
    folder of what was sent for them."""
    with monkeypatch.context() as patched, site(folder) as first:
        patched.setattr(importing, "TOGETHER", 2)
        with first.client(first.key("founder", Role.OFFICER)) as client:
            assert client.post("/v1/purposes", json={"document": document("hotel")}).status_code == 201
        key = first.key("desk", Role.OPERATOR)
        with first.client(key) as client:
            names = [begun(client, sent(lines(some))) for some in (PEOPLE, PEOPLE[:4])]
            while client.get(f"/v1/jobs/{names[0]}").json()["done"] == 0:
                time.sleep(0.01)
        place = first.service.jobs._inputs._folder
    assert sorted(file.name for file in place.iterdir()) == sorted([*names, "lock"])
    return key, names, place


@contextmanager
def reopened(folder: Path) -> Iterator[Site]:
    """The next process."""
    service = serve.opened(Config(office=".", listen="127.0.0.1:0"), folder, data=None, write=str)
    with running(service) as url:
        yield Site(url, service)


def test_a_job_that_the_end_of_the_gateway_stops_is_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "office"
    key, names, place = ended(folder, monkeypatch)
    with reopened(folder) as second, second.client(key) as client:
        said = [told(client, name) for name in names]
        assert [(one["total"], one["done"], one["added"], one["there"]) for one in said] == [
            (30, 30, 30, 0),
            (4, 4, 0, 4),
        ]
        told(client, begun(client, sent(b"")))
        assert not place.exists() or not [file for file in place.iterdir() if file.name != "lock"]
        assert tickets(second) == 0
    assert not [file for file in place.parent.rglob("*") if file.is_file()]


@pytest.mark.parametrize("lost", ["root key", "ticket", "input"])
def test_a_job_that_nobody_can_open_is_interrupted_and_deleted(
    lost: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "office"
    key, names, place = ended(folder, monkeypatch)
    if lost == "root key":
        (folder / "root.key").unlink()
    elif lost == "input":
        for name in names:
            (place / name).unlink()
    else:
        with closing(sqlite3.connect(folder / "gateway.sqlite")) as database:
            database.execute("DROP TABLE gateway_tickets")  # as a version before had it
            database.commit()
    with reopened(folder) as second, second.client(key) as client:
        for name in names:
            assert told(client, name, "interrupted")["added"] < 30
        told(client, begun(client, sent(b"")))
        assert tickets(second) == 0
        assert not list(left(second))


def test_what_a_process_left_is_taken_over_by_one_of_those_that_live(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left_one = sealed.Inputs(tmp_path, os.urandom)
    left_one.keep(b"j" * 16, bytes(32), b"whole")
    living = [sealed.Inputs(tmp_path, os.urandom) for _ in range(4)]
    assert [one.taken_over() for one in living] == [[]] * 4
    left_one.close()
    start, found = threading.Barrier(4), []

    def look(one: sealed.Inputs) -> None:
        start.wait()
        found.append((one.taken_over(), one))

    threads = [threading.Thread(target=look, args=(one,)) for one in living]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    [(names, owner)] = [(names, one) for names, one in found if names]
    assert names == [left_one.name]
    with owner.opened(b"j" * 16, bytes(32)) as file:
        assert file.read_bytes() == b"whole"
    assert [one.has(b"j" * 16) for one in living].count(True) == 1
    owner.drop(b"j" * 16)
    for some in living:
        some.close()
    assert not list(tmp_path.iterdir())


def test_what_ends_beside_a_living_process_is_gone_on_with_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "office"
    key, names, place = ended(folder, monkeypatch)
    lock = os.open(place / "lock", os.O_WRONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)  # it lives still
    monkeypatch.setattr(jobs, "LOOK_S", 0.05)
    with reopened(folder) as second, second.client(key) as client:
        time.sleep(0.3)
        assert [client.get(f"/v1/jobs/{name}").json()["state"] for name in names] == ["waiting"] * 2
        os.close(lock)
        assert [told(client, name)["added"] for name in names] == [30, 0]
