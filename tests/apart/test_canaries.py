"""A life on real processes, and then their logs and figures are searched for everything that was in it."""

from __future__ import annotations

import base64
import json
import signal
import socket
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import grpc
import numpy as np
import pytest

from moiety.cli.journal import KEYS
from moiety.custody import messages, refusals, wire
from moiety.custody.gateway import trial
from moiety.custody.gateway.apart import Apart
from moiety.custody.gateway.deployment import DEPLOYMENT
from moiety.custody.net import ends
from moiety.custody.net.config import Deployment
from moiety.custody.store.handles import handles
from moiety.custody.trust.spending import BudgetSpent
from moiety.drills import canaries
from moiety.errors import MoietyError
from moiety.sharing.seat import SEATS
from tests.apart.field import NEVER_EXPIRES, Field, patiently
from tests.custody.scene import TERMS, matched, people

PURPOSE = "zephyrine-staircase"
DOCUMENT = b"Because Quillermina Oddfellow lives on the fourth floor.\n"
CALLER = "wilhelmina-brackwater"
CROWD = people(3, seed=4711, expires_day=NEVER_EXPIRES)


def needles() -> list[bytes]:
    """Every form in which something of that life could show."""
    found: list[bytes] = []
    for text in (PURPOSE, DOCUMENT.decode().strip(), CALLER, "Quillermina", "/elsewhere-Quillermina"):
        found += canaries.text(text)
    whose = handles(PURPOSE, [person.pseudonym for person in CROWD])
    for at, person in enumerate(CROWD):
        for secret in (person.pseudonym, *(whose[seat][at].tobytes() for seat in SEATS)):
            found += canaries.raw(secret)
            found += [base64.urlsafe_b64encode(secret), repr(secret)[2:-1].encode(), str(list(secret)).encode()]
        words = person.words[:8]
        found += [*canaries.raw(words.tobytes()), str(words.tolist()).encode(), str(words).encode()]
    return [needle for needle in found if len(needle) >= canaries.SHORTEST]


def found(needles: list[bytes], said: bytes) -> list[bytes]:
    low = said.lower()
    return [needle for needle in needles if needle in said or needle.lower() in low]


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, bytes]]:
    """What three custodians logged, showed and wrote in a whole life."""
    ports = []
    for _ in SEATS:
        with socket.create_server(("127.0.0.1", 0)) as some:
            ports.append(some.getsockname()[1])
    field = Field.lay_out(tmp_path_factory.mktemp("canaries") / "trial", forked=False)
    for seat, port in zip(SEATS, ports, strict=True):
        home = trial.home(field.folder, seat)
        config = home / trial.CONFIG
        config.write_text(f'metrics = "127.0.0.1:{port}"\n' + config.read_text().split("\n[limits]")[0])
        entry = home / trial.OPERATORS / "operator.toml"
        entry.write_text(entry.read_text().replace('"operator"', f'"{CALLER}"', 1))
        entry.rename(entry.with_name(f"{CALLER}.toml"))
    field.start()
    try:
        office = field.gateway()
        _live(office, field)
        figures = b"".join(_read(f"http://127.0.0.1:{port}/{page}") for port in ports for page in ("metrics", "ready"))
        office.close()
        ended = [field.kill(seat, signal.SIGTERM) for seat in SEATS]
        logs = {seat: (trial.home(field.folder, seat) / "custodian.log").read_bytes() for seat in SEATS}
        yield {"figures": figures, "ended": bytes(status or 0 for status in ended), **logs}
    finally:
        field.close()


def _read(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310
        text: bytes = answer.read()
        return text


def _live(office: Apart, field: Field) -> None:
    """Everything that a gateway can ask, well and badly."""
    office.add_gallery(PURPOSE, TERMS, DOCUMENT)
    patiently(lambda: office.enrol(PURPOSE, CROWD))
    assert matched(office, CROWD, PURPOSE) == [True] * 3
    assert office.erase(PURPOSE, CROWD[0].pseudonym)
    office.refresh()
    assert office.check() == []
    with pytest.raises(refusals.AlreadyEnrolled):
        office.enrol(PURPOSE, CROWD[1:2])
    with pytest.raises(MoietyError):  # no face: the custodians refuse it
        office.enrol(PURPOSE, [replace(CROWD[0], words=np.full(64, 30_000, np.int16))])
    with pytest.raises(refusals.GalleryUnknown):
        office.identify("Quillermina", CROWD[0].words[None, :])
    with pytest.raises(BudgetSpent):
        any(not office.verify(PURPOSE, CROWD[1].words, CROWD[1].pseudonym) for _ in range(40))
    deployment = Deployment.read(field.folder / DEPLOYMENT)
    header = messages.HeaderMessage(bytes(16), "erase", PURPOSE, 2, 1, 0, 0, 1, 0, 64, "chain", 1)
    whose = handles(PURPOSE, [CROWD[1].pseudonym])
    for seat, at in deployment.custodians().items():
        with ends.channel(at.address, at.key, deployment.identity()) as channel:
            ask = channel.unary_unary("/moiety.custodian.1/ask")
            for request in (
                b"Quillermina" * 9,
                messages.VERSION + PURPOSE.encode(),
                wire.request(wire.Load(PURPOSE)) + CROWD[1].pseudonym,
                wire.request(wire.Erase(PURPOSE, header, whose[seat][0].tobytes(), [])),
                wire.request(wire.Release(PURPOSE, CROWD[1].pseudonym, messages.Array.of(np.arange(3)))),
                wire.request(wire.Activate(PURPOSE, header, messages.Array.of(np.array([1 << 60])))),
                wire.request(wire.Load("Quillermina")),
            ):
                refused = wire.read_said(ask(request, timeout=30))
                assert isinstance(refused, wire.Refusal)
            with pytest.raises(grpc.RpcError):
                channel.unary_unary(f"/moiety.custodian.1/{PURPOSE}")(b"", timeout=30)
        with socket.create_connection(("127.0.0.1", int(at.address.split(":")[1]))) as plain:
            plain.sendall(b"GET /elsewhere-Quillermina HTTP/1.1\r\nHost: Quillermina\r\n\r\n")
            plain.settimeout(2)
            with suppress(OSError):
                plain.recv(100)


def test_nothing_of_a_life_is_in_logs_or_figures(said: dict[str, bytes]) -> None:
    for name, text in said.items():
        assert found(needles(), text) == [], name


def test_the_search_finds_what_is_there(said: dict[str, bytes]) -> None:
    handle = handles(PURPOSE, [CROWD[2].pseudonym])["b"][0].tobytes()
    for planted in (
        PURPOSE.encode(),
        CALLER.upper().encode(),
        CROWD[1].pseudonym,
        CROWD[1].pseudonym.hex().encode(),
        base64.b64encode(b"xy" + handle),
        CROWD[0].words[:8].tobytes().hex().encode(),
        b"said: " + DOCUMENT,
    ):
        assert found(needles(), said["a"] + planted + said["b"])


def test_the_log_is_one_object_a_line_with_fixed_keys(said: dict[str, bytes]) -> None:
    for seat in SEATS:
        *log, last = said[seat].decode().splitlines()
        assert last == f"custodian {seat} stopped"  # the answer of the command, on stdout
        lines = [json.loads(line) for line in log]
        assert {tuple(line) for line in lines} == {KEYS}
        events = [line["event"] for line in lines]
        assert {"serving", "request", "line up", "budget spent", "stopping", "stopped"} <= set(events)
        asked = {(line["verb"], line["outcome"]) for line in lines if line["event"] == "request"}
        assert {
            ("identify", "done"),
            ("erase", "done"),
            ("switch", "done"),
            ("verify", "budget_comparisons_spent"),
        } <= asked
        assert {("unread", "message_refused"), ("erase", "lease_lost"), ("load", "gallery_unknown")} <= asked
        assert "fault" not in events
    assert said["ended"] == bytes(3)


def test_figures_name_verbs_and_outcomes_alone(said: dict[str, bytes]) -> None:
    text = said["figures"].decode()
    assert 'moiety_requests_total{outcome="done",verb="identify"}' in text
    assert 'moiety_budget_spent_total{scope="row",unit="comparisons"}' in text
    assert "moiety_attempts_stopped_total" in text
    assert "created" not in text
