"""`moiety up` and `moiety down`: separate processes, started once, found again, and stopped."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from moiety import cli
from moiety.custody.gateway import processes, trial
from moiety.custody.gateway.deployment import DEPLOYMENT
from moiety.custody.gateway.embedded import Embedded
from moiety.custody.net.config import WARNING_ONE_HOST, WARNING_SEATED, Deployment
from moiety.custody.refusals import OfficeUnwritable
from moiety.custody.store.lock import turn
from tests.custody.scene import NOON


@pytest.fixture(scope="module")
def laid_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("laid") / "site"
    trial.make(folder, NOON, os.urandom)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder that is not there yet; whatever runs in it ends with the tests."""
    folder = tmp_path_factory.mktemp("up") / "trial"
    yield folder
    processes.stop(folder)


def said(words: list[str]) -> Any:
    """What a command answers, in a process of its own: the custodians outlive it."""
    done = subprocess.run([sys.executable, "-m", "moiety", *words, "--json"], capture_output=True, timeout=200)
    assert done.returncode == 0, done.stdout
    return json.loads(done.stdout)


def test_it_starts_what_does_not_run_and_nothing_twice(folder: Path) -> None:
    first = said(["up", str(folder)])
    assert first["made"]
    assert first["warning"] == WARNING_ONE_HOST
    assert WARNING_ONE_HOST.startswith("one operator: protects no one yet")
    pids = {one["what"]: one["pid"] for one in first["processes"]}
    assert len(set(pids.values())) == 4
    assert [one["folder"] for one in first["processes"]] == ["custodian-a", "custodian-b", "custodian-c", "http"]
    assert first["url"].removeprefix("http://") == first["processes"][-1]["address"]

    second = said(["up", str(folder)])
    assert second == first | {"made": False, "token": second["token"]}
    assert second["token"] not in (None, first["token"])  # the last that was printed counts, until it is used

    os.kill(pids["custodian b"], signal.SIGKILL)
    while "b" in processes.running(folder):
        time.sleep(0.05)
    again = {one["what"]: one["pid"] for one in said(["up", str(folder)])["processes"]}
    assert {what for what, pid in again.items() if pids[what] != pid} == {"custodian b"}

    assert said(["down", str(folder)]) == {"stopped": 4}
    assert processes.running(folder) == {}
    assert said(["down", str(folder)]) == {"stopped": 0}


UNCLOSED = """
import sys, moiety
office = moiety.connect(sys.argv[1])
print(office.purposes())
"""


def test_a_program_that_closes_nothing_ends(tmp_path: Path) -> None:
    """As one does that ends in an error: whoever runs it by a timer would wait for it for good."""
    said(["up", str(tmp_path / "trial")])
    try:
        words = [sys.executable, "-c", UNCLOSED, str(tmp_path / "trial" / DEPLOYMENT)]
        assert subprocess.run(words, capture_output=True, timeout=60, check=True).stdout == b"[]\n"
    finally:
        processes.stop(tmp_path / "trial")


def test_two_that_start_it_at_once_start_one(tmp_path: Path) -> None:
    """Neither takes away what the other is making, nor the numbers of the processes that it has started."""
    folder = tmp_path / "trial"
    try:
        for made in (1, 0):
            words = [sys.executable, "-m", "moiety", "up", str(folder), "--json"]
            both = [subprocess.Popen(words, stdout=subprocess.PIPE) for _ in range(2)]
            answers = [json.loads(one.communicate(timeout=200)[0]) for one in both]
            assert [one.returncode for one in both] == [0, 0], answers
            assert sum(answer["made"] for answer in answers) == made
            assert answers[0]["processes"] == answers[1]["processes"]
            assert processes.running(folder) == {one["what"].split()[-1]: one["pid"] for one in answers[0]["processes"]}
            assert len(processes.stop(folder)) == 4
    finally:
        processes.stop(folder)


def test_whoever_starts_it_waits_for_whoever_does_so_already(tmp_path: Path) -> None:
    """Or the number of a process that was refused would take the place of the one that serves."""
    folder = tmp_path / "trial"
    trial.make(folder, NOON, os.urandom)
    with turn(folder):
        waiting = subprocess.Popen([sys.executable, "-m", "moiety", "up", str(folder)], stdout=subprocess.DEVNULL)
        try:
            with pytest.raises(subprocess.TimeoutExpired):
                waiting.wait(6)
            assert processes.running(folder) == {}
        finally:
            waiting.kill()
            waiting.wait()
            processes.stop(folder)


def test_up_that_fails_leaves_running_only_what_ran_before(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "trial"
    trial.make(folder, NOON, os.urandom)
    shutil.rmtree(folder / "custodian-b" / trial.STORE)
    before = processes.start(folder, "a")
    try:
        assert cli.run(["up", str(folder), "--json"]) == 3
        assert json.loads(capsys.readouterr().out)["refused"] == "process_ended"
        assert processes.running(folder) == {"a": before}
    finally:
        processes.stop(folder)
    assert cli.run(["down", str(folder)]) == 0
    assert capsys.readouterr().out == "nothing of `moiety up` runs there\n"


def test_a_process_whose_number_cannot_be_written_down_is_ended(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As on a disk that is full: `moiety down` would not find it."""
    folder = tmp_path / "trial"
    trial.make(folder, NOON, os.urandom)
    (folder / "custodian-b" / "custodian.pid").mkdir()
    assert cli.run(["up", str(folder), "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["refused"] == "office_unwritable"
    words = os.fsencode(str(folder / "custodian-b" / trial.CONFIG))
    serving = [one for one in Path("/proc").glob("[0-9]*/cmdline") if words in _read(one)]
    assert serving == []
    assert processes.running(folder) == {}


def _read(file: Path) -> bytes:
    with suppress(OSError):
        return file.read_bytes()
    return b""


@pytest.mark.parametrize("where", ["/dev/full/trial", "/proc/trial"])
def test_where_nothing_can_be_written_it_says_so(where: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["up", where, "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["refused"] == "office_unwritable"


def test_nothing_is_left_of_what_could_not_be_made(tmp_path: Path) -> None:
    def nothing(count: int) -> bytes:
        raise OSError

    with pytest.raises(OfficeUnwritable):
        trial.make(tmp_path / "trial", NOON, nothing)
    assert list(tmp_path.iterdir()) == []


def test_a_process_that_has_an_old_number_is_left_alone(laid_out: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as stranger:
        (laid_out / "custodian-a" / "custodian.pid").write_text(f"{stranger.pid}\n")
        assert processes.running(laid_out) == {}
        assert processes.stop(laid_out) == {}
        assert stranger.poll() is None
        stranger.kill()


def test_a_process_that_does_not_stop_is_ended(laid_out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_STOP_S", 0.3)
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(20)"
    words = [sys.executable, "-c", deaf, str((laid_out / "custodian-a" / trial.CONFIG).resolve())]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        (laid_out / "custodian-a" / "custodian.pid").write_text(f"{process.pid}\n")
        assert processes.stop(laid_out) == {"a": process.pid}
        assert process.wait(10) == -signal.SIGKILL


def test_a_folder_with_other_things_in_it_stays_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    Embedded.create(tmp_path / "office", os.urandom)
    (tmp_path / "file").write_text("")
    for name in ("mine", "office", "file"):
        before = sorted(tmp_path.rglob("*"))
        assert cli.run(["up", str(tmp_path / name), "--json"]) == 2
        assert json.loads(capsys.readouterr().out)["refused"] == "deployment_exists"
        assert sorted(tmp_path.rglob("*")) == before


def test_what_a_killed_process_had_begun_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / ".trial.making" / "authority").mkdir(parents=True)
    (tmp_path / "trial").mkdir()
    trial.make(tmp_path / "trial", NOON, os.urandom)
    assert (tmp_path / "trial" / DEPLOYMENT).exists()
    assert not (tmp_path / ".trial.making").exists()


@pytest.mark.parametrize(
    ("hosts", "warning"),
    [
        (("127.0.0.1", "127.0.0.1", "127.0.0.1"), WARNING_ONE_HOST),
        (("127.0.0.1", "localhost", "[::1]"), WARNING_ONE_HOST),
        (("a.example", "b.example", "A.example"), WARNING_ONE_HOST),
        (("a.example", "b.example", "c.example"), WARNING_SEATED),
    ],
)
def test_it_says_whom_it_protects_by_the_hosts(
    laid_out: Path, tmp_path: Path, hosts: tuple[str, str, str], warning: str
) -> None:
    text = (laid_out / DEPLOYMENT).read_text()
    for host in hosts:
        text = text.replace('address = "127.0.0.1:', f'address = "{host}+:', 1)
    (tmp_path / DEPLOYMENT).write_text(text.replace("+:", ":"))
    assert Deployment.read(tmp_path / DEPLOYMENT).warning() == warning
