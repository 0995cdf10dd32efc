"""Every command with everything real: its answer, its lines, its exit status, and one JSON object on stdout."""

from __future__ import annotations

import csv
import json
import os
import resource
import signal
import sqlite3
import stat
import subprocess
import sys
import time
import typing
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from moiety import cli
from moiety.cli.check import Checked
from moiety.cli.enrol import AdvisedPerson, EnrolledAnswer, EnrolledMany, RefusedPerson
from moiety.cli.identify import IdentifiedAnswer
from moiety.cli.init import Made
from moiety.cli.person import ErasedAnswer
from moiety.cli.purpose import Added, Shown
from moiety.cli.refresh import Refreshed
from moiety.cli.status import PurposeRow, StatusAnswer
from moiety.cli.verify import Verified
from moiety.identity.pseudonym import Pseudonym
from tests.stories.scene import DOOR, Photographs, spoilt

NAME = "Quaresma"
"""A name that operators give to folders and files, and that nothing may repeat or keep."""


@dataclass
class Shell:
    """Runs commands on one office and looks at both streams as file descriptors, where libraries write too."""

    office: Path
    streams: pytest.CaptureFixture[str]
    said: str = ""

    def __call__(self, *words: str | Path) -> tuple[int, str]:
        """Exit status and stdout of a command; stderr stands in `said`."""
        self.streams.readouterr()
        status = cli.run([str(word) for word in words])
        out, self.said = self.streams.readouterr()
        assert "Traceback" not in out + self.said
        assert NAME not in out + self.said
        return status, out

    def json(self, *words: str | Path) -> tuple[int, dict[str, Any]]:
        """The same with `--json`: stdout is one object and one line."""
        status, out = self(*words, "--json")
        assert out.endswith("}\n")
        assert out.count("\n") == 1
        answer = json.loads(out)
        assert isinstance(answer, dict)
        return status, answer

    def refused(self, *words: str | Path) -> tuple[int, str]:
        """Exit status and code of a refusal, said alike both ways."""
        status, answer = self.json(*words)
        assert set(answer) == {"refused", "advice"}
        # Progress may have been drawn on stderr, where this machine was slow.
        said = f"moiety: {answer['advice']} [{answer['refused']}]\n"
        assert said not in self.said
        plain, out = self(*words)
        assert (plain, out) == (status, "")
        assert self.said.endswith(said)
        return status, answer["refused"]

    def enrolled(self, *pictures: Path) -> str:
        """Enrol one person; returns the pseudonym."""
        status, answer = self.json("enrol", "door", *pictures, "--grounds", "consent")
        assert status == 0
        return str(answer["pseudonym"])


def keys(answer: dict[str, Any], kind: type) -> None:
    """The answer has exactly the declared keys."""
    assert set(answer) == set(typing.get_type_hints(kind))


@pytest.fixture
def bare(tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Shell:
    """No office yet; the models are installed."""
    monkeypatch.setenv("MOIETY_OFFICE", str(tmp_path / "office"))
    monkeypatch.setenv("MOIETY_DATA", str(data))
    return Shell(tmp_path / "office", capfd)


@pytest.fixture
def shell(bare: Shell) -> Shell:
    """An office with the purpose `door`."""
    assert bare("init", bare.office, "--example", "door")[0] == 0
    assert bare("purpose", "add", bare.office / "purpose.toml")[0] == 0
    return bare


def test_init_makes_an_office_and_warns_once(bare: Shell) -> None:
    status, answer = bare.json("init", bare.office)
    keys(answer, Made)
    assert status == 0
    assert "one disk" in answer["warning"]
    assert answer["document"] is False
    assert not (bare.office / "purpose.toml").exists()
    assert bare.refused("init", bare.office) == (2, "office_exists")


def test_init_writes_the_example(bare: Shell) -> None:
    status, out = bare("init", bare.office, "--example", "door")
    assert status == 0
    assert out.count("one disk") == 1
    assert (bare.office / "purpose.toml").read_text() == DOOR


def test_init_writes_over_nothing(bare: Shell) -> None:
    bare.office.mkdir()
    document = bare.office / "purpose.toml"
    document.write_text("precious")
    assert bare.refused("init", bare.office, "--example", "door") == (2, "document_exists")
    assert document.read_text() == "precious"
    assert list(bare.office.iterdir()) == [document]
    assert bare.refused("init", document) == (2, "office_unwritable")
    assert bare.refused("init", document / "office") == (2, "office_unwritable")


@pytest.mark.parametrize("bytes_a_file", [100, 8_000])  # not the document; the document, and no database
def test_init_makes_all_of_it_or_nothing(bare: Shell, bytes_a_file: int) -> None:
    def small_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_a_file, bytes_a_file))

    for folder in (bare.office, bare.office.parent):  # a folder to be made, and one that is there
        before = sorted(folder.parent.iterdir())
        command = [sys.executable, "-m", "moiety", "init", str(folder), "--example", "door"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, preexec_fn=small_disk)
        assert done.returncode in (2, 3)
        assert "[unexpected]" not in done.stderr
        assert sorted(folder.parent.iterdir()) == before
        assert not folder.exists() or not list(folder.iterdir())
    assert bare("init", bare.office, "--example", "door")[0] == 0


def test_init_leaves_no_custodian_without_the_others(bare: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    mkdir = Path.mkdir

    def full(path: Path, *arguments: Any, **options: Any) -> None:
        if path.name == "custodian-c":
            raise OSError(28, "no space left")
        mkdir(path, *arguments, **options)

    monkeypatch.setattr(Path, "mkdir", full)
    for words in ((), ("--example", "door")):
        assert bare.refused("init", bare.office, *words) == (2, "office_unwritable")
        assert not bare.office.exists()


def test_init_writes_through_no_link(bare: Shell, tmp_path: Path) -> None:
    bare.office.mkdir()
    (bare.office / "purpose.toml").symlink_to(tmp_path / "elsewhere")
    assert bare.refused("init", bare.office, "--example", "door") == (2, "document_exists")
    assert not (tmp_path / "elsewhere").exists()
    assert [file.name for file in bare.office.iterdir()] == ["purpose.toml"]


def test_purpose_add_and_show(bare: Shell) -> None:
    bare("init", bare.office, "--example", "door")
    status, answer = bare.json("purpose", "add", bare.office / "purpose.toml")
    keys(answer, Added)
    assert status == 0
    assert answer == {
        "purpose": "door",
        "model": "mobilefacenet-192",
        "grounds": ["consent"],
        "retention_days": 365,
        "fmr": 0.0001,
        "fpir": 0.01,
        "not_yet": [],
    }
    status, shown = bare.json("purpose", "show", "door")
    keys(shown, Shown)
    assert (status, shown) == (0, answer | {"document": DOOR})
    assert bare("purpose", "show", "door") == (0, DOOR)


def test_a_purpose_says_which_operations_this_version_does_not_have(bare: Shell) -> None:
    """An officer who signs for them believes something."""
    document = bare.office / "purpose.toml"
    bare("init", bare.office, "--example", "door")
    named = DOOR + '\n[four_eyes]\noperations = ["replace", "bulk", "export", "early_erasure", "policy"]\n'
    document.write_text(named)
    status, answer = bare.json("purpose", "add", document)
    assert (status, answer["not_yet"]) == (0, ["export", "replace"])
    remark = "export, replace: not in this version, so custodians refuse it, whoever signs"
    assert bare("purpose", "add", document)[1].splitlines()[1:] == [remark]
    assert bare.json("purpose", "show", "door")[1]["not_yet"] == ["export", "replace"]
    assert bare("purpose", "show", "door") == (0, f"{named}# {remark}\n")
    document.write_text(named.replace('"replace", ', ""))
    assert bare("purpose", "add", document)[1].splitlines()[1:] == [remark.replace(", replace", "")]


def test_purpose_refusals(shell: Shell, tmp_path: Path) -> None:
    document = tmp_path / NAME
    for text, code in (
        (f'name = "{NAME}"', "purpose_invalid"),
        (f"{NAME} =", "purpose_unreadable"),
        ("#" * 70_000, "purpose_too_long"),
        (DOOR.replace('"mobilefacenet-192"', '"faceplugin-512"'), "purpose_model_fixed"),
        (DOOR.replace("[grounds.consent]", "[grounds.other]"), "purpose_grounds_fixed"),
        (DOOR.replace("fmr = 0.0001", "fmr = 0.0000000001"), "rate_unmeasured"),
    ):
        document.write_text(text)
        assert shell.refused("purpose", "add", document) == (2, code)
    assert shell.refused("purpose", "add", tmp_path / "absent") == (2, "document_unreadable")
    assert shell.refused("purpose", "show", NAME) == (2, "purpose_unknown")


def test_enrol_one(shell: Shell, photographs: Photographs) -> None:
    status, answer = shell.json("enrol", "door", *photographs.anna[:2], "--grounds", "consent")
    keys(answer, EnrolledAnswer)
    assert status == 0
    assert Pseudonym.parse(answer["pseudonym"]).purpose == "door"
    status, out = shell("enrol", "door", photographs.bert, "--grounds", "consent")
    assert status == 0
    assert Pseudonym.parse(out.strip()).purpose == "door"


def test_enrolling_says_what_the_pictures_could_have_better(
    shell: Shell, photographs: Photographs, tmp_path: Path
) -> None:
    dark = tmp_path / "staff" / f"{NAME}.png"
    dark.parent.mkdir()
    with Image.open(photographs.anna[0]) as picture:
        picture.convert("RGB").point(lambda level: level // 5).save(dark)
    status, answer = shell.json("enrol", "door", dark, "--grounds", "consent")
    keys(answer, EnrolledAnswer)
    [advice] = answer["advice"]
    assert (status, advice in shell.said) == (0, False)
    assert advice.startswith("the face is dark (exposure ")
    status, out = shell("enrol", "door", dark, "--grounds", "consent")
    assert (status, out.count("\n")) == (0, 1)
    assert shell.said.endswith(f"{advice}\n")
    assert shell.json("enrol", "door", photographs.anna[0], "--grounds", "consent")[1]["advice"] == []
    many = ("enrol", "door", "--folders", dark.parent, "--map", tmp_path / "map.csv", "--grounds", "consent")
    status, answer = shell.json(*many)
    assert (status, answer["advice"]) == (0, [{"number": 1, "advice": [advice]}])
    keys(answer["advice"][0], AdvisedPerson)
    assert f"person 1, enrolled: {advice}\n" in shell.said


@pytest.mark.parametrize("place", ["a full disk", "a reader that has gone", "nowhere"])
@pytest.mark.parametrize("as_json", [[], ["--json"]])
def test_nobody_stays_enrolled_whose_pseudonym_is_lost(
    shell: Shell, photographs: Photographs, place: str, as_json: list[str]
) -> None:
    reader, gone = os.pipe()
    os.close(reader)
    redirection = {"a full disk": ">/dev/full", "a reader that has gone": "", "nowhere": ">&-"}[place]
    command = [sys.executable, "-m", "moiety", "enrol", "door", str(photographs.bert), "--grounds", "consent", *as_json]
    command = ["sh", "-c", f'exec "$@" {redirection}', "sh", *command]
    done = subprocess.run(command, stdout=gone, stderr=subprocess.PIPE, text=True, timeout=300, check=False)
    os.close(gone)
    assert done.returncode == 3
    assert done.stderr.endswith(" [answer_undelivered]\n")
    assert "Traceback" not in done.stderr
    assert shell.json("status")[1]["purposes"][0]["people"] == 0


def test_enrol_refusals(shell: Shell, photographs: Photographs, tmp_path: Path) -> None:
    anna = photographs.anna[0]
    assert shell.refused("enrol", "door", anna, "--grounds", NAME) == (2, "grounds_unknown")
    assert shell.refused("enrol", "door", "--grounds", "consent") == (2, "enrol_one_or_many")
    assert shell.refused("enrol", "door", "--folders", tmp_path, "--grounds", "consent") == (2, "enrol_one_or_many")
    both = ("--folders", tmp_path, "--map", tmp_path / "map.csv")
    assert shell.refused("enrol", "door", anna, *both, "--grounds", "consent") == (2, "enrol_one_or_many")
    assert shell.refused("enrol", NAME, anna, "--grounds", "consent") == (2, "purpose_unknown")
    absent = ("--folders", tmp_path / NAME, "--map", tmp_path / "map.csv")
    assert shell.refused("enrol", "door", *absent, "--grounds", "consent") == (2, "folder_unreadable")
    for kind, content in spoilt(photographs).items():
        (tmp_path / NAME).write_bytes(content)
        status, code = shell.refused("enrol", "door", tmp_path / NAME, "--grounds", "consent")
        assert (status, kind) == (2, kind)
        assert code not in ("unexpected", "refused")
    assert shell.refused("enrol", "door", tmp_path / "absent", "--grounds", "consent")[0] == 2


@pytest.fixture
def staff(tmp_path: Path, photographs: Photographs) -> Path:
    """Three people by folders and loose files, one of whom cannot be enrolled."""
    folder = tmp_path / "staff"
    (folder / f"1-{NAME}").mkdir(parents=True)
    for picture in photographs.anna[:2]:
        (folder / f"1-{NAME}" / f"{NAME}-{picture.name}").write_bytes(picture.read_bytes())
    (folder / f"2-{NAME}.jpg").write_bytes(spoilt(photographs)["no_face"])
    (folder / f"3-{NAME}.jpg").write_bytes(photographs.bert.read_bytes())
    return folder


def test_enrol_many(shell: Shell, staff: Path, tmp_path: Path, photographs: Photographs) -> None:
    destination = tmp_path / "map.csv"
    words = ("enrol", "door", "--folders", staff, "--map", destination, "--grounds", "consent")
    status, answer = shell.json(*words)
    keys(answer, EnrolledMany)
    assert (status, answer["enrolled"]) == (1, 2)
    [refusal] = answer["refusals"]
    keys(refusal, RefusedPerson)
    assert refusal["number"] == 2
    assert f"person 2: {refusal['advice']} [{refusal['code']}]" in shell.said
    assert stat.S_IMODE(destination.stat().st_mode) == 0o600
    with destination.open(newline="") as file:
        written = {row["folder"]: row["pseudonym"] for row in csv.DictReader(file)}
    assert list(written) == [f"1-{NAME}", f"3-{NAME}.jpg"]
    assert shell("verify", "door", photographs.anna[2], "--claimed", written[f"1-{NAME}"])[0] == 0
    assert shell("verify", "door", photographs.bert, "--claimed", written[f"3-{NAME}.jpg"])[0] == 0
    assert shell.refused(*words) == (2, "map_exists")
    assert shell.json("status")[1]["purposes"][0]["people"] == 2


def test_names_of_files_and_folders_are_stored_nowhere(shell: Shell, staff: Path, tmp_path: Path) -> None:
    shell("enrol", "door", "--folders", staff, "--map", tmp_path / "map.csv", "--grounds", "consent")
    picture = next((staff / f"1-{NAME}").iterdir())
    shell("enrol", "door", picture, "--grounds", "consent")
    shell("identify", "door", picture)
    stored = [file.read_bytes() for file in shell.office.rglob("*") if file.is_file()]
    assert sum(map(len, stored)) > 1_000_000
    for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
        assert not [file for file in stored if NAME.encode(encoding) in file]
    assert NAME in (tmp_path / "map.csv").read_text()


def test_nobody_stays_enrolled_whom_no_map_names(
    shell: Shell, staff: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_after_the_header(descriptor: int, synced: list[int] = []) -> None:  # noqa: B006 - counts its calls
        synced.append(descriptor)
        if len(synced) > 1:
            raise OSError(28, "no space left")

    monkeypatch.setattr(os, "fsync", full_after_the_header)
    many = ("enrol", "door", "--folders", staff, "--map", tmp_path / "map.csv", "--grounds", "consent")
    status, answer = shell.json(*many)
    assert (status, answer["refused"]) == (2, "map_unwritable")
    monkeypatch.undo()
    monkeypatch.setenv("MOIETY_OFFICE", str(shell.office))
    assert shell.json("status")[1]["purposes"][0]["people"] == 0


def test_an_interrupted_run_leaves_a_map_of_whom_it_enrolled(
    shell: Shell, photographs: Photographs, tmp_path: Path
) -> None:
    folder, unfinished = tmp_path / "staff", tmp_path / "map.csv.unfinished"
    folder.mkdir()
    for number in range(200):
        (folder / f"{number:03}.jpg").symlink_to(photographs.anna[0])
    command = [sys.executable, "-m", "moiety", "enrol", "door", "--folders", str(folder), "--map"]
    command += [str(tmp_path / "map.csv"), "--grounds", "consent", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        wait_until(lambda: unfinished.exists() and unfinished.read_text().count("\n") >= 3)
        child.send_signal(signal.SIGINT)
        out, said = child.communicate(timeout=60)
    assert child.returncode == 130
    assert json.loads(out)["refused"] == "interrupted"
    assert "Traceback" not in said
    assert not (tmp_path / "map.csv").exists()
    listed = unfinished.read_text().count("\n") - 1
    assert shell.json("status")[1]["purposes"][0]["people"] == listed


ENDED_AT_THE_COMMIT = """
import signal, sys
from moiety import cli
from moiety.custody.gateway.embedded import Embedded

def watch(frame, event, argument):
    if event == "return" and frame.f_code is Embedded.enrol.__code__:
        sys.setprofile(None)
        signal.raise_signal(int(sys.argv[1]))

sys.setprofile(watch)
cli.main(sys.argv[2:])
"""
"""The command, which gets a signal at the moment at which the custodians have enrolled somebody."""


def ended_at_the_commit(number: int, *words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", ENDED_AT_THE_COMMIT, str(number), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize(
    ("number", "status", "said"),
    [
        (signal.SIGINT, 130, "moiety: interrupted [interrupted]\n"),
        (signal.SIGTERM, -signal.SIGTERM, ""),
        (signal.SIGHUP, -signal.SIGHUP, ""),
    ],
)
def test_whoever_is_enrolled_when_a_signal_comes_is_taken_back(
    shell: Shell, photographs: Photographs, number: int, status: int, said: str
) -> None:
    done = ended_at_the_commit(number, "enrol", "door", photographs.bert, "--grounds", "consent")
    assert (done.returncode, done.stdout) == (status, "")
    assert done.stderr.endswith(said)
    assert shell.json("status")[1]["purposes"][0]["people"] == 0


def test_a_signal_that_is_ignored_takes_nobody_back(shell: Shell, photographs: Photographs) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does, for the child too
    try:
        done = ended_at_the_commit(signal.SIGHUP, "enrol", "door", photographs.bert, "--grounds", "consent")
    finally:
        signal.signal(signal.SIGHUP, before)
    assert (done.returncode, Pseudonym.parse(done.stdout).purpose) == (0, "door")


def test_whoever_is_enrolled_when_a_signal_comes_is_in_the_map(shell: Shell, staff: Path, tmp_path: Path) -> None:
    many = ("enrol", "door", "--folders", staff, "--map", tmp_path / "map.csv", "--grounds", "consent")
    done = ended_at_the_commit(signal.SIGINT, *many)
    assert (done.returncode, done.stdout) == (130, "")
    assert (tmp_path / "map.csv.unfinished").read_text().count("\n") == 2
    assert shell.json("status")[1]["purposes"][0]["people"] == 1


def wait_until(true: Callable[[], bool]) -> None:
    """Wait up to a minute for something to come true."""
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_verify(shell: Shell, photographs: Photographs) -> None:
    anna = shell.enrolled(photographs.anna[0])
    status, answer = shell.json("verify", "door", photographs.anna[1], "--claimed", anna)
    keys(answer, Verified)
    assert (status, answer) == (0, {"match": True, "fmr": 0.0001})
    status, answer = shell.json("verify", "door", photographs.bert, "--claimed", anna)
    assert (status, answer) == (1, {"match": False, "fmr": 0.0001})
    assert shell("verify", "door", photographs.anna[1], "--claimed", anna)[1].startswith("match")
    assert shell("verify", "door", photographs.bert, "--claimed", anna)[1].startswith("no match")


def test_verify_refusals(shell: Shell, photographs: Photographs) -> None:
    anna = photographs.anna[0]
    elsewhere = str(Pseudonym("gate", bytes(16)))
    assert shell.refused("verify", "door", anna, "--claimed", NAME) == (2, "pseudonym_unreadable")
    assert shell.refused("verify", "door", anna, "--claimed", elsewhere) == (2, "pseudonym_of_another_purpose")
    assert shell.refused("verify", NAME, anna, "--claimed", elsewhere) == (2, "purpose_unknown")


def test_identify(shell: Shell, photographs: Photographs) -> None:
    status, answer = shell.json("identify", "door", photographs.anna[1])
    keys(answer, IdentifiedAnswer)
    assert (status, answer["candidates"], answer["gallery"], answer["carried"]) == (1, [], 0, True)
    anna = shell.enrolled(photographs.anna[0])
    status, answer = shell.json("identify", "door", photographs.anna[1])
    assert (status, answer["candidates"], answer["gallery"], answer["carried"]) == (0, [anna], 1, True)
    assert answer["expected_false"] == answer["fmr"] > 0
    status, answer = shell.json("identify", "door", photographs.stranger)
    assert (status, answer["candidates"], answer["text"]) == (1, [], "nobody matches this picture")
    assert shell("identify", "door", photographs.stranger) == (1, "nobody of 1 people matches this picture\n")
    status, out = shell("identify", "door", photographs.anna[1])
    assert (status, out.splitlines()[0]) == (0, anna)
    assert shell.refused("identify", NAME, photographs.bert) == (2, "purpose_unknown")


def test_identify_where_the_policy_does_not_carry(shell: Shell, photographs: Photographs, tmp_path: Path) -> None:
    strict = DOOR.replace('name = "door"', 'name = "strict"').replace("fpir = 0.01", "fpir = 0.0000000001")
    (tmp_path / "strict.toml").write_text(strict)
    shell("purpose", "add", tmp_path / "strict.toml")
    shell("enrol", "strict", photographs.anna[0], "--grounds", "consent")
    status, answer = shell.json("identify", "strict", photographs.anna[1])
    assert (status, answer["carried"]) == (4, False)
    assert answer["text"] == "candidates for a human, not an identification"
    status, out = shell("identify", "strict", photographs.anna[1])
    assert status == 4
    assert "candidates for a human, not an identification" in out
    status, answer = shell.json("identify", "strict", photographs.stranger)
    assert (status, answer["candidates"], answer["carried"]) == (4, [], False)
    status, out = shell("identify", "strict", photographs.stranger)
    assert (status, out.splitlines()[0]) == (4, "nobody of 1 people matches this picture")
    assert "candidates for a human, not an identification" in out


def test_erase(shell: Shell, photographs: Photographs) -> None:
    anna = shell.enrolled(photographs.anna[0])
    status, answer = shell.json("person", "erase", anna)
    keys(answer, ErasedAnswer)
    assert (status, answer) == (0, {"erased": True, "destroyed": True, "at": None, "salt": None})
    assert shell.json("verify", "door", photographs.anna[0], "--claimed", anna)[0] == 1
    assert shell.json("person", "erase", anna) == (1, {"erased": False, "destroyed": False, "at": None, "salt": None})
    assert shell("person", "erase", anna)[0] == 1
    assert shell.refused("person", "erase", NAME) == (2, "pseudonym_unreadable")
    assert shell.refused("person", "erase", str(Pseudonym("gate", bytes(16)))) == (2, "purpose_unknown")


def test_refresh_and_check(shell: Shell, photographs: Photographs) -> None:
    anna = shell.enrolled(photographs.anna[0])
    before = shell.json("status")[1]["purposes"][0]["epoch"]
    status, answer = shell.json("refresh")
    keys(answer, Refreshed)
    assert (status, answer) == (0, {"epoch": before + 1})
    assert shell("refresh")[0] == 0
    assert shell("verify", "door", photographs.anna[1], "--claimed", anna)[0] == 0
    status, answer = shell.json("check")
    keys(answer, Checked)
    assert (status, answer) == (0, {"findings": [], "mended": 0})
    assert shell("check") == (0, "nothing found\n")


def test_check_finds_an_altered_row_and_mends_it(shell: Shell, photographs: Photographs) -> None:
    anna = shell.enrolled(photographs.anna[0])
    with closing(sqlite3.connect(shell.office / "custodian-b" / "custodian.sqlite")) as store, store:
        for number, rows in store.execute("SELECT number, rows FROM page").fetchall():
            altered = rows[:-1] + bytes([rows[-1] ^ 1])
            store.execute("UPDATE page SET rows = ? WHERE number = ?", (altered, number))
    status, answer = shell.json("check")
    assert status == 1
    assert answer["findings"]
    assert shell.refused("verify", "door", photographs.anna[1], "--claimed", anna) == (2, "gallery_damaged")
    assert shell.json("status")[1]["purposes"][0]["damaged"] is True
    assert "DAMAGED" in shell("status")[1]
    status, answer = shell.json("check", "--mend")
    assert (status, answer["findings"]) == (0, [])
    assert answer["mended"] >= 1
    assert shell("verify", "door", photographs.anna[1], "--claimed", anna)[0] == 0


def test_check_recovers_the_seat_that_it_is_told(shell: Shell, photographs: Photographs) -> None:
    anna = shell.enrolled(photographs.anna[0])
    assert shell.json("check", "--mend")[1] == {"findings": [], "mended": 0}
    status, answer = shell.json("check", "--mend", "--seat", "c")  # where nothing is known to be wrong
    assert (status, answer["findings"]) == (0, [])
    assert answer["mended"] >= 1
    assert shell("verify", "door", photographs.anna[1], "--claimed", anna)[0] == 0
    assert shell.refused("check", "--seat", "c") == (2, "seat_without_mend")


def test_status_says_how_many_and_that_one_disk_protects_nobody(shell: Shell, photographs: Photographs) -> None:
    shell.enrolled(photographs.anna[0])
    status, answer = shell.json("status")
    keys(answer, StatusAnswer)
    [row] = answer["purposes"]
    keys(row, PurposeRow)
    assert (status, row["purpose"], row["people"], row["damaged"]) == (0, "door", 1, False)
    status, out = shell("status")
    assert "door: 1 enrolled" in out
    assert answer["warning"] in out
    assert "one disk" in out


EVERYWHERE = [
    ("purpose", "show", "door"),
    ("purpose", "add", "purpose.toml"),
    ("enrol", "door", "picture.jpg", "--grounds", "consent"),
    ("verify", "door", "picture.jpg", "--claimed", str(Pseudonym("door", bytes(16)))),
    ("identify", "door", "picture.jpg"),
    ("person", "erase", str(Pseudonym("door", bytes(16)))),
    ("refresh",),
    ("status",),
    ("budgets",),
    ("check",),
]


@pytest.mark.parametrize("words", EVERYWHERE, ids=" ".join)
def test_without_an_office_each_command_says_how_to_make_one(
    bare: Shell, words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "purpose.toml").write_text(DOOR)
    assert bare.refused(*words) == (3, "office_missing")
    assert "moiety init" in bare.said
    assert not bare.office.exists()


@pytest.mark.parametrize(
    "words", [("enrol", "door", "p.jpg", "--grounds", "consent"), ("identify", "door", "p.jpg")], ids=" ".join
)
def test_without_the_model_a_command_says_how_to_install_it(
    shell: Shell, words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, photographs: Photographs
) -> None:
    monkeypatch.setenv("MOIETY_DATA", str(tmp_path / "no-models"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.jpg").write_bytes(photographs.anna[0].read_bytes())
    status, _ = shell.refused(*words)
    assert status == 3
    assert "moiety models install" in shell.said


def test_the_office_flag_goes_before_the_environment(shell: Shell, tmp_path: Path) -> None:
    assert shell.refused("status", "--office", tmp_path / "other") == (3, "office_missing")
    assert shell("init", tmp_path / "other")[0] == 0
    assert shell.json("status", "--office", tmp_path / "other")[1]["purposes"] == []


@pytest.mark.parametrize("words", [("models", "list"), ("models", "check")], ids=" ".join)
def test_what_needs_no_office_speaks_json_too(bare: Shell, words: tuple[str, ...]) -> None:
    status, answer = bare.json(*words)
    assert status == 0
    assert "refused" not in answer


@pytest.mark.parametrize(
    "words",
    [
        ("models", "install", "no-such-model"),
        ("models", "add", "absent.toml", "--file", "absent.onnx"),
        ("evaluate", "pairs", "absent.csv", "--images", "."),
        ("bench", "search", "--rows", "10", "--dim", "3", "--probes", "1"),
        ("drill", "--store", "custodian-d"),
        ("demo", "--rows", "-1"),
    ],
    ids=" ".join,
)
def test_what_needs_no_office_refuses_in_json_too(bare: Shell, words: tuple[str, ...]) -> None:
    status, answer = bare.json(*words)
    assert status == 2
    assert set(answer) == {"refused", "advice"}
    assert answer["refused"] != "unexpected"
