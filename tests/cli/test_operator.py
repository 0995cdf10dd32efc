"""People, their keys and what they sign, over the command line."""

from __future__ import annotations

import inspect
import json
import os
import pty
import re
import select
import stat
import subprocess
import sys
import time
import typing
from dataclasses import replace
from pathlib import Path

import pytest

from moiety import cli
from moiety.cli.operator import OPERATIONS, OperatorAdded, OperatorRow, OperatorsAnswer, RequestSignedAnswer
from moiety.custody.trust import asked as custody_asked
from moiety.custody.trust.keyfile import open_key
from moiety.custody.trust.matter import Matter
from moiety.custody.trust.operators import read_people
from moiety.custody.trust.policy import POLICY
from moiety.custody.trust.requests import ask, read_request
from moiety.custody.trust.roster import parse
from moiety.identity.examples import DOOR
from moiety.identity.purpose import FourEyes
from moiety.matching.policy import Rate, Terms
from tests.cli.test_commands import Shell, keys
from tests.custody.softhsm import ABSENT, IS_THERE, LIBRARY, PIN, soft_token

WORDS = "correct horse battery staple"


@pytest.fixture
def shell(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Shell:
    return Shell(tmp_path / "office", capfd)


@pytest.fixture
def words(tmp_path: Path) -> Path:
    return private(tmp_path / "words", WORDS + "\n")


@pytest.fixture
def roster(tmp_path: Path) -> Path:
    folder = tmp_path / "operators"
    folder.mkdir(mode=0o700)
    return folder


def private(path: Path, text: str) -> Path:
    path.touch(0o600)
    path.write_text(text)
    return path


@pytest.fixture
def add(shell: Shell, words: Path, tmp_path: Path) -> list[str | Path]:
    return ["operator", "add", "ana", "--role", "operator", "--key", tmp_path / "ana.key", "--passphrase-file", words]


def test_a_person_is_added_to_every_roster_named(
    shell: Shell, add: list[str | Path], roster: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir(mode=0o700)
    limits = ["--purpose", "door", "--operation", "verify", "--operation", "identify"]
    status, answer = shell.json(*add, "--roster", roster, "--roster", other, *limits)
    assert status == 0
    keys(answer, OperatorAdded)
    keys(answer["operator"], OperatorRow)
    assert answer["rosters"] == 2
    [person] = read_people(roster)
    assert [person] == read_people(other)
    assert (person.purposes, person.operations) == (frozenset({"door"}), frozenset({"verify", "identify"}))
    assert open_key(tmp_path / "ana.key", WORDS).public == person.key
    assert parse(answer["entry"].encode()) == person
    assert sorted(path.name for path in roster.iterdir()) == ["ana.toml"]
    assert stat.S_IMODE((roster / "ana.toml").stat().st_mode) == 0o644
    assert stat.S_IMODE((tmp_path / "ana.key").stat().st_mode) == 0o600


def test_the_operations_are_those_that_custodians_know() -> None:
    source = inspect.getsource(custody_asked)
    asked = set(re.findall(r'(?:_of_\w+|Said)\(\s*"([a-z_]+)"', source)) | {POLICY}
    [approved, *_] = typing.get_args(typing.get_type_hints(FourEyes)["operations"])
    assert set(OPERATIONS) == asked | set(typing.get_args(approved))


def test_without_a_roster_the_text_to_copy_is_printed(shell: Shell, add: list[str | Path], roster: Path) -> None:
    status, out = shell(*add)
    assert status == 0
    assert out.startswith("# ana.toml")
    (roster / "ana.toml").write_text(out)
    (roster / "ana.toml").chmod(0o600)
    assert [person.name for person in read_people(roster)] == ["ana"]


@pytest.mark.parametrize(
    ("words_", "code"),
    [
        (["--role", "officer", "--purpose", "door"], "operator_wrong"),
        (["--role", "officer", "--operation", "verify"], "operator_wrong"),
        (["--purpose", 'do"or'], "operator_wrong"),
        (["--purpose", "Quaresma"], "operator_wrong"),
        (["--operation", "Quaresma"], "operator_wrong"),
        (["--operation", "verfy"], "operation_unknown"),
        (["--token", "x.so"], "token_label_missing"),
        (["--token-label", "x"], "token_label_missing"),
        (["--passphrase-file", "nowhere"], "key_file_unreadable"),
        (["--roster", "nowhere"], "roster_unreadable"),
    ],
)
def test_what_is_refused_makes_nothing(
    shell: Shell, add: list[str | Path], tmp_path: Path, words_: list[str], code: str
) -> None:
    status, found = shell.refused(*add, *words_)
    assert (status, found) == (3 if code == "roster_unreadable" else 2, code)
    assert not (tmp_path / "ana.key").exists()


@pytest.mark.parametrize("name", ["Ana", "ana lima", 'ana"', "ana-", "ana\n", "a" * 32, "Quaresma"])
def test_a_name_that_no_roster_would_read_is_refused(shell: Shell, words: Path, tmp_path: Path, name: str) -> None:
    arguments = ["operator", "add", name, "--role", "operator", "--key", tmp_path / "k", "--passphrase-file", words]
    assert shell.refused(*arguments) == (2, "operator_wrong")


def test_nobody_takes_the_name_or_the_file_of_another(
    shell: Shell, add: list[str | Path], roster: Path, tmp_path: Path
) -> None:
    assert shell(*add, "--roster", roster)[0] == 0
    before = (roster / "ana.toml").read_bytes(), (tmp_path / "ana.key").read_bytes()
    assert shell.refused(*add, "--roster", roster) == (2, "operator_known")
    assert shell.refused(*add) == (2, "key_file_exists")
    again = [tmp_path / "new.key" if word == tmp_path / "ana.key" else word for word in add]
    (roster / "ana.toml").rename(roster / "other.toml")
    assert shell.refused(*again, "--roster", roster) == (2, "operator_known")
    (roster / "other.toml").rename(roster / "ben.toml")
    as_ben = ["ben" if word == "ana" else word for word in again]
    assert shell.refused(*as_ben, "--roster", roster) == (2, "operator_known"), "another's file of that name"
    assert not (tmp_path / "new.key").exists()
    assert ((roster / "ben.toml").read_bytes(), (tmp_path / "ana.key").read_bytes()) == before
    assert [path.name for path in roster.iterdir()] == ["ben.toml"]


def test_what_cannot_be_written_everywhere_is_written_nowhere(
    shell: Shell, add: list[str | Path], roster: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir(mode=0o700)
    (other / "ana.new").mkdir()
    assert shell.refused(*add, "--roster", roster, "--roster", other) == (2, "roster_unwritable")
    assert not list(roster.iterdir())
    assert not (tmp_path / "ana.key").exists()


@pytest.mark.parametrize("text", ["", "\n", "two\nlines\n"])
def test_a_file_without_a_passphrase(shell: Shell, add: list[str | Path], words: Path, text: str) -> None:
    words.write_text(text)
    assert shell.refused(*add) == (2, "passphrase_unreadable")


def test_a_passphrase_that_is_no_text_short_or_exposed(shell: Shell, add: list[str | Path], words: Path) -> None:
    words.write_bytes(b"\xff" * 20)
    assert shell.refused(*add) == (2, "passphrase_unreadable")
    words.write_text("short")
    assert shell.refused(*add) == (2, "passphrase_short")
    words.write_text(WORDS)
    words.chmod(0o640)
    assert shell.refused(*add) == (2, "key_file_exposed")


def test_nothing_gives_a_passphrase_on_the_command_line(shell: Shell, capfd: pytest.CaptureFixture[str]) -> None:
    for command in ("add", "sign"):
        assert cli.run(["operator", command, "--help"]) == 0
        out = capfd.readouterr().out
        assert "--passphrase-file" in out
        assert "--passphrase " not in out
        assert "--pin" not in out


def test_a_list_says_who_may_ask_for_what(shell: Shell, add: list[str | Path], roster: Path, words: Path) -> None:
    assert shell("operator", "list", "--roster", roster) == (0, "nobody yet\n")
    shell(*add, "--roster", roster, "--purpose", "door")
    key = roster.with_name("olga.key")
    officer = ["operator", "add", "olga", "--role", "officer", "--key", key, "--passphrase-file", words]
    shell(*officer, "--roster", roster)
    status, answer = shell.json("operator", "list", "--roster", roster)
    assert status == 0
    keys(answer, OperatorsAnswer)
    assert [(row["name"], row["role"], row["purposes"]) for row in answer["operators"]] == [
        ("ana", "operator", ["door"]),
        ("olga", "officer", None),
    ]
    out = shell("operator", "list", "--roster", roster)[1]
    assert "ana: operator, every operation for door, " in out
    assert "olga: officer, " in out
    (roster / "ana.toml").write_text("Quaresma")
    assert shell.refused("operator", "list", "--roster", roster) == (2, "roster_malformed")


@pytest.fixture
def request_file(tmp_path: Path) -> Path:
    path = tmp_path / "request.json"
    matter = Matter("replace", "door", (b"these three",), 3)
    path.write_bytes(ask(matter, office=bytes(16), at=int(time.time()), nonce=bytes(16)).to_bytes())
    return path


def test_a_request_is_shown_and_signed(
    shell: Shell, add: list[str | Path], request_file: Path, words: Path, tmp_path: Path
) -> None:
    shell(*add)
    sign = ["operator", "sign", request_file, "--key", tmp_path / "ana.key", "--passphrase-file", words]
    digest = read_request(request_file.read_bytes()).digest
    status, answer = shell.json(*sign)
    assert status == 0
    keys(answer, RequestSignedAnswer)
    assert answer == {"operation": "replace", "purpose": "door", "people": 3, "digest": digest, "signatures": 1}
    for shown in ("replace: put another template", "door", "at most 3", digest[:8], digest[-8:], "0 so far"):
        assert shown in shell.said
    signed = read_request(request_file.read_bytes())
    assert len(signed.approvals()) == 1
    assert shell.json(*sign)[1]["refused"] == "request_signed"
    assert list(tmp_path.glob("*.new")) == []


def test_what_is_not_signed_stays_as_it_was(
    shell: Shell, add: list[str | Path], request_file: Path, words: Path, tmp_path: Path
) -> None:
    shell(*add)
    sign = ["operator", "sign", request_file, "--key", tmp_path / "ana.key", "--passphrase-file", words]
    before = request_file.read_bytes()
    words.write_text(WORDS + "!")
    status, answer = shell.json(*sign)
    assert (status, answer["refused"]) == (2, "key_file_closed")
    words.write_text(WORDS)
    assert shell.json(*sign, "--token", "x.so")[1]["refused"] == "token_label_missing"
    fields = json.loads(before)
    for changed, code in (
        ({"people": 4}, "request_unreadable"),
        ({"at": fields["at"] - 86_500}, "request_expired"),
        ({"at": fields["at"] + 300}, "request_expired"),
    ):
        request_file.write_text(json.dumps({**fields, **changed}))
        assert shell.json(*sign)[1]["refused"] == code
    request_file.write_bytes(before + b" " * 300_000)
    assert shell.json(*sign)[1]["refused"] == "request_unreadable"
    request_file.write_bytes(before)
    request_file.with_name("request.json.new").mkdir()
    assert shell.json(*sign)[1]["refused"] == "request_unwritable"
    assert request_file.read_bytes() == before


DOCUMENT = DOOR.encode() + b'# \xe2\x80\xaetfel ot \xc2\x9b31m\n[four_eyes]\noperations = ["export"]\n'
KEPT = Terms("mobilefacenet-192", 192, (Rate(1e-4, 0.02, 9_000),), 1e-4, 1e-2, ("export",), 100)


def asked(path: Path, operation: str, parts: tuple[bytes, ...], people: int = 0, purpose: str = "door") -> Path:
    """A request file of anything at all."""
    matter = Matter(operation, purpose, parts, people)
    path.write_bytes(ask(matter, office=bytes(16), at=int(time.time()), nonce=bytes(16)).to_bytes())
    return path


@pytest.fixture
def sign(shell: Shell, add: list[str | Path], words: Path, tmp_path: Path) -> list[str | Path]:
    shell(*add)
    return ["operator", "sign", tmp_path / "asked.json", "--key", tmp_path / "ana.key", "--passphrase-file", words]


def test_an_officer_is_shown_the_document_and_what_custodians_would_keep(
    shell: Shell, sign: list[str | Path], tmp_path: Path
) -> None:
    asked(tmp_path / "asked.json", "policy", (KEPT.to_json(), DOCUMENT))
    assert shell.json(*sign)[0] == 0
    for line in DOOR.splitlines():
        assert f"\n    | {line}\n" in shell.said
    for shown in (
        "model      mobilefacenet-192, 192 words",
        "\n    0.0001  0.02  9000\n",
        "targets    fmr 0.0001, fpir 0.01",
        "four eyes  export; bulk above 100",
    ):
        assert shown in shell.said
    assert "# \\u202etfel ot \\u009b31m" in shell.said  # what a terminal would obey is spelt out
    assert not set("\u202e\x9b") & set(shell.said)


CONTRADICTIONS: dict[str, tuple[str, tuple[bytes, ...], int, str]] = {
    "looser": ("policy", (replace(KEPT, fmr=1e-3).to_json(), DOCUMENT), 0, "door"),
    "alarms": ("policy", (replace(KEPT, fpir=2e-2).to_json(), DOCUMENT), 0, "door"),
    "one-pair-of-eyes": ("policy", (replace(KEPT, four_eyes=(), bulk_above=0).to_json(), DOCUMENT), 0, "door"),
    "bulkier": ("policy", (replace(KEPT, bulk_above=101).to_json(), DOCUMENT), 0, "door"),
    "model": ("policy", (replace(KEPT, model="another").to_json(), DOCUMENT), 0, "door"),
    "more": ("policy", (KEPT.to_json()[:-1] + b',"more":1}', DOCUMENT), 0, "door"),
    "no-terms": ("policy", (b"{}", DOCUMENT), 0, "door"),
    "deep-terms": ("policy", (b"[" * 100_000, DOCUMENT), 0, "door"),
    "no-document": ("policy", (KEPT.to_json(), b"name ="), 0, "door"),
    "one-part": ("policy", (DOCUMENT,), 0, "door"),
    "policy-of-people": ("policy", (KEPT.to_json(), DOCUMENT), 1, "door"),
    "another-name": ("policy", (KEPT.to_json(), DOCUMENT), 0, "gate"),
    "two-people": ("early_erasure", (bytes(32),) * 8, 1, "door"),
    "people": ("early_erasure", (bytes(32),) * 3, 2, "door"),
    "crowd": ("bulk", (b"",), 3, "door"),
}


@pytest.mark.parametrize("wrong", CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_what_is_not_what_it_says_is_signed_by_nobody(
    shell: Shell, sign: list[str | Path], tmp_path: Path, wrong: tuple[str, tuple[bytes, ...], int, str]
) -> None:
    file = asked(tmp_path / "asked.json", *wrong)
    before = file.read_bytes()
    assert shell.json(*sign)[1]["refused"] == "request_contradicts"
    assert file.read_bytes() == before


class Typist:
    """Somebody at a terminal, who types a line whenever asked for one."""

    def __init__(self, *words: str | Path) -> None:
        command = [sys.executable, "-m", "moiety", *(str(word) for word in words)]
        self._child, self._terminal = pty.fork()
        if self._child == 0:
            os.execv(sys.executable, command)  # noqa: S606
        self.seen = ""

    def types(self, prompt: str, line: str) -> None:
        deadline = time.monotonic() + 60
        while prompt not in self.seen and time.monotonic() < deadline and self._read():
            pass
        assert prompt in self.seen
        self.seen = self.seen.replace(prompt, "", 1)
        time.sleep(0.2)  # getpass drops what was typed before it asked
        os.write(self._terminal, line.encode() + b"\n")

    def ends(self) -> int:
        while self._read():
            pass
        os.close(self._terminal)
        return os.waitstatus_to_exitcode(os.waitpid(self._child, 0)[1])

    def _read(self) -> bool:
        if not select.select([self._terminal], [], [], 60)[0]:
            return False
        try:
            data = os.read(self._terminal, 4_096)
        except OSError:  # the other end is closed
            return False
        self.seen += data.decode()
        return bool(data)


def test_a_passphrase_is_typed_twice_and_never_shown(tmp_path: Path, request_file: Path) -> None:
    key = tmp_path / "ana.key"
    typist = Typist("operator", "add", "ana", "--role", "operator", "--key", key)
    typist.types("Passphrase for the new key: ", WORDS)
    typist.types("Passphrase for the new key, again: ", WORDS)
    assert typist.ends() == 0
    assert WORDS not in typist.seen
    assert open_key(key, WORDS)
    typist = Typist("operator", "sign", request_file, "--key", key)
    typist.types("Passphrase of the key: ", WORDS)
    assert typist.ends() == 0
    assert "at most 3" in typist.seen
    assert WORDS not in typist.seen


def test_two_passphrases_that_differ_make_nothing(tmp_path: Path) -> None:
    typist = Typist("operator", "add", "ana", "--role", "operator", "--key", tmp_path / "ana.key")
    typist.types("Passphrase for the new key: ", WORDS)
    typist.types("Passphrase for the new key, again: ", WORDS + "!")
    assert typist.ends() == 2
    assert "passphrases_differ" in typist.seen
    assert not (tmp_path / "ana.key").exists()


PIPED = """
import os, subprocess, sys
command = [sys.executable, "-m", "moiety", *sys.argv[1:]]
done = subprocess.run(command, input=b"typed into a pipe\\n" * 2, start_new_session=True)
sys.exit(done.returncode)
"""


def test_without_a_terminal_nothing_is_read_that_would_show(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    words = ["operator", "add", "ana", "--role", "operator", "--key", str(tmp_path / "ana.key"), "--json"]
    command = [sys.executable, "-c", PIPED, *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert json.loads(done.stdout)["refused"] == "no_terminal"
    assert not (tmp_path / "ana.key").exists()


@pytest.mark.skipif(not IS_THERE, reason=ABSENT)
def test_a_key_in_a_token(tmp_path: Path, roster: Path, request_file: Path) -> None:
    token = soft_token(tmp_path / "hsm")
    pin = private(tmp_path / "pin", PIN)
    held = ["--key", "ana", "--token", str(LIBRARY), "--token-label", "people", "--passphrase-file", str(pin)]

    def run(*words: str) -> tuple[int, dict[str, typing.Any]]:
        program = "import sys; from moiety import cli; sys.exit(cli.run(sys.argv[1:]))"
        done = token.run(program, *words, "--json")
        assert PIN not in done.stdout + done.stderr
        return done.returncode, json.loads(done.stdout)

    status, _ = run("operator", "add", "ana", "--role", "operator", *held, "--roster", str(roster))
    assert status == 0
    status, answer = run("operator", "sign", str(request_file), *held)
    assert (status, answer["signatures"]) == (0, 1)
    [person] = read_people(roster)
    assert [person.key] == [bytes(one[-96:-64]) for one in read_request(request_file.read_bytes()).approvals()]
    pin.write_text("0" * 10)
    assert run("operator", "sign", str(request_file), *held)[1]["refused"] == "card_closed"
