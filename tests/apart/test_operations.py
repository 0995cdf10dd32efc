"""docs/operations.md: its shell blocks run as they stand, with folders for machines."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from textwrap import dedent
from time import monotonic

import pytest

from moiety.custody.gateway import trial
from moiety.custody.gateway.embedded import Embedded
from moiety.custody.net.config import Custody, Gateways, read
from moiety.custody.net.metrics import Metrics, Stand
from moiety.custody.refusals import StoreFull
from moiety.custody.trust.operators import read_people
from moiety.identity.examples import DOOR
from moiety.sharing.seat import SEATS
from tests.stories.scene import installed_data

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = (ROOT / "docs" / "operations.md").read_text()
PARTIES = {**{seat: f"custodian-{seat}" for seat in SEATS}, "gateway": "gateway"}
OFFICERS = ("olga", "otto")
MEETING_S = 60.0
"""A custodian serves before its lines are up."""


def blocks(words: str) -> list[str]:
    """The shell blocks that this one runs."""
    return [dedent(block) for block in re.findall(rf"(?m)^ *```sh {words}\n(.*?)^ *```", PAGE, re.S)]


@pytest.fixture
def shell(tmp_path: Path) -> Path:
    """A folder with the `moiety` command."""
    command = tmp_path / "bin" / "moiety"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m moiety "$@"\n')
    command.chmod(0o700)
    return command.parent


@pytest.fixture
def ending() -> Iterator[ExitStack]:
    with ExitStack() as ending:
        yield ending


def test_three_machines_step_by_step(tmp_path: Path, shell: Path, ending: ExitStack) -> None:
    places = {name: tmp_path / f"host-{name}" for name in PARTIES}
    places |= {name: tmp_path / f"host-{name}" for name in OFFICERS}
    ports = trial.free_ports()

    def variables(name: str) -> dict[str, str]:
        own = {"PARTY": PARTIES.get(name, ""), "NAME": name, "PATH": f"{shell}:{os.environ['PATH']}"}
        if name in ports:
            own |= {
                "SEAT": name,
                "LISTEN": f"127.0.0.1:{ports[name]}",
                "STORE": str(tmp_path / f"var-{name}" / "store"),
            }  # type: ignore[index]
        return os.environ | own

    def run(name: str, block: str) -> str:
        done = subprocess.run(
            ["sh", "-eu", "-c", block],
            cwd=places[name],
            env=variables(name),
            capture_output=True,
            text=True,
            timeout=200,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def met(block: str) -> str:
        """As `run` at the gateway, again until the custodians that have just started have found each other."""
        until = monotonic() + MEETING_S
        while True:
            try:
                return run("gateway", block)
            except AssertionError as failed:
                if "[custodian_down]" not in str(failed) or monotonic() > until:
                    raise

    def carry(*names: str) -> None:
        for one, other in pairwise(names):
            (places[other] / "request.json").write_bytes((places[one] / "request.json").read_bytes())
            if other in OFFICERS:
                run(other, *blocks("every officer, for a purpose"))

    for place in [*places.values(), *(tmp_path / f"var-{seat}" for seat in SEATS)]:
        place.mkdir(mode=0o700)
    keys = {}
    for name in PARTIES:
        (keys[name],) = re.findall(r"sha256:[0-9a-f]{64}", run(name, *blocks("every party")))
    # What the four do when they meet.
    authorities = b"".join((places[name] / "keys/authority.pem").read_bytes() for name in PARTIES)
    peers = f"OFFICE={os.urandom(16).hex()}\n" + "".join(f"KEY_{name}={key}\n" for name, key in keys.items())
    peers += "".join(f"ADDRESS_{seat}=127.0.0.1:{ports[seat]}\n" for seat in SEATS)
    for name in PARTIES:
        (places[name] / "authority.pem").write_bytes(authorities)
        (places[name] / "peers.sh").write_text(peers)
    for seat in SEATS:
        run(seat, *blocks("every custodian"))
    people, connecting, daily = blocks("the gateway")
    run("gateway", people)
    for name in OFFICERS:
        run(name, *blocks("every officer"))
    entries = [places["gateway"] / "people/operator.toml", *(places[name] / f"{name}.toml" for name in OFFICERS)]
    for seat in SEATS:
        for person in entries:
            (places[seat] / "operators" / person.name).write_bytes(person.read_bytes())
            (places[seat] / "operators" / person.name).chmod(0o600)
    (serve,) = blocks("every custodian, and it stays")

    def start() -> None:
        begun = [
            subprocess.Popen(
                ["sh", "-eu", "-c", f"exec {serve}"],
                cwd=places[seat],
                env=variables(seat),
                stderr=subprocess.PIPE,
                text=True,
            )
            for seat in SEATS
        ]
        for process in begun:
            ending.enter_context(process)
        for process in begun:
            ending.callback(process.send_signal, signal.SIGTERM)  # all of them, before the first is waited for
        for process in begun:
            assert process.stderr is not None
            said: list[str] = []
            while not said or '"event": "serving"' not in said[-1]:
                said.append(process.stderr.readline())
                assert said[-1], said  # it ended, and this is why

    start()
    said = met(connecting)
    assert "one operator: protects no one yet" in said  # the three folders are on one host
    run("gateway", daily)
    # A purpose, with no officer's key on any of the four machines.
    installed_data()
    (places["gateway"] / "purpose.toml").write_text(DOOR)
    run("gateway", *blocks("the gateway, for a purpose"))
    assert "door" not in run("gateway", "moiety status --office .")
    carry("gateway", *OFFICERS, "gateway")
    run("gateway", *blocks("the gateway, with both signatures"))
    assert "door" in run("gateway", "moiety status --office .")
    assert "officers" not in (places["gateway"] / "deployment.toml").read_text()

    # Rotation: everybody's certificate, and b's key.
    before = {name: (places[name] / "own.pem").read_bytes() for name in PARTIES}
    for name in PARTIES:
        assert keys[name] in run(name, *blocks("a party, the same key"))
    assert all((places[name] / "own.pem").read_bytes() != before[name] for name in PARTIES)
    (new,) = re.findall(r"sha256:[0-9a-f]{64}", run("b", *blocks("a party, a new key")))
    assert new != keys["b"]
    for name in set(PARTIES) - {"b"}:
        shutil.copy(places["b"] / "keys-new/authority.pem", places[name] / "new-authority.pem")
        run(name, f"OLD={keys['b']} NEW={new}\n" + "".join(blocks("the other three, a new key")))
    # A gateway was stolen.
    ending.close()
    for seat in SEATS:
        run(seat, *blocks("every custodian, without the gateway"))
        assert read(places[seat] / "custodian.toml", Custody).gateways == {}
        assert {person.name for person in read_people(places[seat] / "operators")} == set(OFFICERS)
    start()
    with pytest.raises(AssertionError, match=r"\[pin_unknown\]"):
        met("moiety status --office .")
    ending.close()
    places["gateway"].rename(tmp_path / "stolen")
    places["gateway"].mkdir(mode=0o700)
    (new,) = re.findall(r"sha256:[0-9a-f]{64}", run("gateway", *blocks("every party")))
    for name in ("peers.sh", "authority.pem"):
        shutil.copy(tmp_path / "stolen" / name, places["gateway"] / name)
    run("gateway", people)
    for seat in SEATS:
        shutil.copy(places["gateway"] / "keys/authority.pem", places[seat] / "new-authority.pem")
        run(seat, f"NEW={new}\n" + "".join(blocks("every custodian, the new gateway")))
        shutil.copy(places["gateway"] / "people/operator.toml", places[seat] / "operators")
    start()
    met(connecting)
    assert "door" in run("gateway", "moiety status --office .")


def test_moving_in(tmp_path: Path, shell: Path) -> None:
    Embedded.create(tmp_path / "office", os.urandom)

    def run(block: str) -> str:
        path = f"{shell}:{os.environ['PATH']}"
        words = ["sh", "-eu", "-c", block]
        return subprocess.run(
            words,
            cwd=tmp_path,
            env=os.environ | {"PATH": path},
            capture_output=True,
            text=True,
            check=True,
            timeout=200,
        ).stdout

    try:
        assert "custodian c" in run(*blocks("moving in"))
        assert "no purposes yet" in run("moiety status --office deployment")
    finally:
        run("moiety down deployment")


@pytest.mark.parametrize(("title", "kind"), [("custodian.toml", Custody), ("deployment.toml", Gateways)])
def test_every_field_of_a_configuration_is_described(title: str, kind: type[Custody | Gateways]) -> None:
    section = PAGE.split(f"## `{title}`\n", 1)[1].split("\n## ", 1)[0]
    rows = "".join(line for line in section.splitlines() if line.startswith("| "))
    named = set(re.findall(r"`\[{0,2}([a-z_]+)(?:\.[A-Z]+)?\]{0,2}`", rows))
    assert set(kind.__struct_fields__) <= named


def test_figures_that_somebody_is_woken_by_are_served() -> None:
    section = PAGE.split("## Watching\n", 1)[1].split("\n## ", 1)[0]
    named = set(re.findall(r"^\| `(moiety_[a-z_]+)`", section, re.M))
    figures = Metrics()
    served = figures.text(Stand(2, 0, 0, 0, 0, 0, 0, leased=False)).decode()
    assert len(named) == 6
    assert named <= set(re.findall(r"^# TYPE (\S+) ", served, re.M))
    assert f"the outcome `{StoreFull.code}`" in section


def test_what_the_page_names_is_there() -> None:
    for name in re.findall(r"\]\((operations/[^)]+)\)", PAGE):
        assert (ROOT / "docs" / name).is_file()
