"""What a gateway leaves behind, as a process of its own: in its journal, its folder and its answers; and after it was
killed while it was at work."""

from __future__ import annotations

import base64
import json
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

import moiety
from moiety.gateway.config import FOLDER, written
from moiety.vault.schema import Schema
from moiety.vault.synth import people as made_up
from tests.gateway.scene import GUEST, document
from tests.sweeping import needles

CANARY = "canary-9Y4TRW2N"
FIELDS = [name for name in Schema.default().fields if name != "photo"]
PEOPLE: list[dict[str, str]] = list(made_up(2019, 20))


class Process:
    """`moiety gateway serve` over an embedded office."""

    def __init__(self, office: Path) -> None:
        self.place = office / FOLDER
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.url = f"http://127.0.0.1:{free.getsockname()[1]}"
        if not (self.place / "gateway.toml").exists():
            written(self.place, "127.0.0.1:1")
        (self.place / "gateway.toml").write_text(f'office = ".."\nlisten = "{self.url.partition("//")[2]}"\n')
        self.log = self.place / "gateway.log"
        self.start()

    def start(self, *doom: str) -> None:
        """`doom` is what kills it: see `doomed`."""
        with self.log.open("ab") as log:
            how = ["moiety"] if not doom else ["tests.gateway.doomed", *doom]
            words = [sys.executable, "-m", *how, "gateway", "serve", "--config", self.place / "gateway.toml"]
            self.process = subprocess.Popen(words, stdout=log, stderr=log)
        until = time.monotonic() + 120
        while time.monotonic() < until:
            try:
                httpx.get(self.url + "/v1/health/live")
                return
            except httpx.TransportError:
                assert self.process.poll() is None, self.log.read_text()
                time.sleep(0.1)
        raise AssertionError(self.log.read_text())

    def end(self, how: signal.Signals) -> None:
        self.process.send_signal(how)
        self.process.wait(60)

    def client(self, key: str | None) -> httpx.Client:
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60)

    def token(self) -> str:
        words = [sys.executable, "-m", "moiety", "gateway", "token", "--office", self.place.parent, "--json"]
        return str(json.loads(subprocess.run(words, check=True, capture_output=True).stdout)["token"])


@contextmanager
def process(office: Path) -> Iterator[tuple[Process, str, str]]:
    """A gateway, its set-up token and the founder's key."""
    moiety.create(office)
    one = Process(office)
    try:
        token = one.token()
        with one.client(None) as client:
            key = str(client.post("/v1/setup", json={"token": token}).json()["key"])
        with one.client(key) as client:
            for name in ("hotel", "door"):
                assert client.post("/v1/purposes", json={"document": document(name)}).status_code == 201
        yield one, token, key
    finally:
        if one.process.poll() is None:
            one.end(signal.SIGTERM)


def test_nothing_that_was_sent_is_left_and_nothing_is_said_that_was_not_asked_for(tmp_path: Path) -> None:
    said: list[str] = []
    with process(tmp_path / "office") as (gateway, token, key):
        guest = GUEST | {"name": CANARY + " Example", "address": "7 " + CANARY}
        with gateway.client(key) as client:

            def ask(verb: str, path: str, **named: Any) -> httpx.Response:
                answer = client.request(verb, path, **named)
                said.append(answer.text + str(answer.headers))
                return answer

            once = {"Idempotency-Key": f"once-{CANARY}", "X-Request-Id": CANARY, "User-Agent": CANARY, "Cookie": CANARY}
            kept = ask("POST", "/v1/purposes/hotel/people", json={"fields": guest, "grounds": "register"}, headers=once)
            person = kept.json()["pseudonym"]
            scopes = {"roles": ["subject"], "scopes": ["hotel:*"], "person": person}
            subject = ask("POST", "/v1/callers", json={"name": "guest-1", **scopes}).json()["key"]
            said.clear()  # a pseudonym and a key were asked for
            ask("POST", "/v1/purposes/hotel/people", json={"fields": guest, "grounds": "register"}, headers=once)
            ask("POST", "/v1/purposes/hotel/people", json={"fields": guest | {"name": 7}, "grounds": CANARY})
            ask("POST", "/v1/purposes/hotel/people/find", json={"number": GUEST["national_id"][:-1] + "1"})
            ask("GET", f"/v1/purposes/{CANARY.lower()}/people/{CANARY}?{CANARY}={CANARY}")
            ask("GET", f"/{CANARY}/../{CANARY}")
            ask("DELETE", f"/v1/callers/{CANARY}")
            ask("POST", "/v1/setup", json={"token": token})
            ask("POST", "/v1/purposes/door/verify", files={CANARY: (CANARY, CANARY.encode(), CANARY)})
            ask("PATCH", f"/v1/purposes/hotel/people/{person}", json={"fields": {"sex": CANARY}})
            ask("POST", f"/v1/purposes/hotel/people/{person}/reveal", json={"fields": [CANARY], "reason": CANARY})
            ask("GET", "/v1/audit/entries")
            ask("GET", "/v1/callers")
            whole = base64.b64encode(f"{CANARY}\n{CANARY}".encode()).decode()
            mapping = '[fields.national_id]\ncolumn = "n"\n[fields.name]\ncolumn = "m"\n'
            job = {"kind": "csv", "file": whole, "mapping": mapping, "grounds": CANARY, "approved": whole}
            begun = ask("POST", "/v1/purposes/hotel/jobs", json=job)
            assert begun.status_code == 202
            ask("GET", f"/v1/jobs/{begun.json()['job']}")
            for wrong in (key[:-3] + "abc", CANARY, f"a.{CANARY}.b"):
                ask("GET", "/v1/me", headers={"Authorization": f"Bearer {wrong}"})
            for one in (person, GUEST["national_id"], CANARY, key, token, subject):
                assert one not in "".join(said), one
                assert one.lower() not in "".join(said).lower(), one
            opened = client.post(
                f"/v1/purposes/hotel/people/{person}/reveal", json={"fields": ["name"], "reason": "check_in"}
            )
            assert opened.json()["fields"] == {"name": guest["name"]}
        with gateway.client(subject) as client:
            assert client.get(f"/v1/purposes/hotel/people/{person}").status_code == 200
        gateway.end(signal.SIGTERM)
        files = [file for file in gateway.place.rglob("*") if file.is_file()]
        assert {"gateway.log", "gateway.sqlite"} <= {file.name for file in files}, files
        copied = {file.name: file.read_bytes() for file in files}
        secret = [person, CANARY, f"once-{CANARY}", *guest.values()]
        for credential in (key, token, subject):
            secret += [credential, credential.split("_")[2]]
        for name, content in copied.items():
            found = [needle for needle in needles([one.encode() for one in secret]) if needle in content]
            assert not found, (name, found)
        assert b"guest-1" in b"".join(copied.values())  # which is what is looked through
        assert copied["gateway.log"].count(b'"what":"request"') > 20
        assert b'"what":"failed"' not in copied["gateway.log"]


def acknowledged(office: Path) -> str | None:
    """What the gateway's ledger lacked when it was killed is written there; what a custodian's lacks still, which was
    killed with the gateway before the three had all written the step down."""
    words = [sys.executable, "-m", "moiety", "audit", "acknowledge", "--office", office, "--json"]
    found = json.loads(subprocess.run(words, capture_output=True, timeout=60).stdout)
    assert found["acknowledged"] in (0, 1)
    assert found["agree"] is (found["difference"] is None)
    assert found["agree"] or re.fullmatch(
        r"ledger [abc] lacks what ledger (gateway|[abc]) has at \d+", found["difference"]
    )
    return cast(str | None, found["difference"])


def settled(client: httpx.Client, job: str) -> dict[str, Any]:
    """What is said of a job that has ended, for which a while is waited."""
    for _ in range(1_200):
        said: dict[str, Any] = client.get(f"/v1/jobs/{job}").json()
        if said["state"] not in ("waiting", "running"):
            return said
        time.sleep(0.05)
    raise AssertionError(said)


@pytest.mark.parametrize("seconds", [0.3, 1.1])
def test_a_gateway_that_is_killed_while_it_enrols_leaves_nothing_half(tmp_path: Path, seconds: float) -> None:
    with process(tmp_path / "office") as (gateway, _, key):
        answered: list[str] = []
        gone = threading.Event()

        def enrol(mine: list[dict[str, str]]) -> None:
            with gateway.client(key) as client:
                for one in mine:
                    try:
                        answer = client.post("/v1/purposes/hotel/people", json={"fields": one, "grounds": "register"})
                    except httpx.TransportError:
                        return
                    if answer.status_code == 201:
                        answered.append(one["national_id"])
                    if gone.is_set():
                        return

        with gateway.client(key) as client:
            lines = "".join(json.dumps(one) + "\n" for one in made_up(11, 30)).encode()
            mapping = "".join(f'[fields.{name}]\ncolumn = "{name}"\n' for name in FIELDS)
            job = {"kind": "jsonl", "file": base64.b64encode(lines).decode(), "mapping": mapping, "grounds": "register"}
            threads = [threading.Thread(target=enrol, args=(PEOPLE[at::3],)) for at in range(3)]
            for one in threads:
                one.start()
            names = [client.post("/v1/purposes/hotel/jobs", json=job).json()["job"] for _ in range(4)]
            time.sleep(seconds)
            gateway.end(signal.SIGKILL)
        gone.set()
        for one in threads:
            one.join()
        left = [file for file in (gateway.place / "jobs").rglob("*") if file.is_file() and file.name != "lock"]
        assert not [needle for needle in needles([lines]) for file in left if needle in file.read_bytes()]
        lacking = acknowledged(gateway.place.parent)
        gateway.start()
        with gateway.client(key) as client:
            ended = [settled(client, name) for name in names]
            assert [one["state"] for one in ended] == ["done"] * 4
            assert [one["added"] for one in ended] == [30, 0, 0, 0]
            files = (gateway.place / "jobs").rglob("*")
            assert not [file for file in files if file.is_file() and file.name not in ("lock", names[-1])]
            said = client.get("/v1/audit").json()
            assert said["agree"] is (lacking is None)
            for one in PEOPLE:
                found = client.post("/v1/purposes/hotel/people/find", json={"number": one["national_id"]}).json()
                assert len(found["pseudonyms"]) == 1 or one["national_id"] not in answered
                for person in found["pseudonyms"]:
                    opened = client.post(
                        f"/v1/purposes/hotel/people/{person}/reveal", json={"fields": ["name"], "reason": "check_in"}
                    )
                    assert opened.json()["fields"] == {"name": one["name"]}
            fresh = client.post("/v1/purposes/hotel/people", json={"fields": GUEST, "grounds": "register"})
            assert fresh.status_code == 201
            assert client.get("/v1/audit").json() | {"operations": 0} == said | {"operations": 0}
