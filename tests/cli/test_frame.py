"""The frame around every command: answers on stdout, refusals without a traceback or a typed word, exit statuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from moiety import cli
from moiety.cli.commands import COMMANDS, Row
from moiety.identity.examples import DOOR

CANARY = "Quaresma"
HELP_S_MAX = 0.5


def moiety(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the real command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "moiety", *arguments], cwd=cwd, capture_output=True, text=True, timeout=120
    )


WRONG_USES = [
    (CANARY,),
    ("verify", "--" + CANARY.lower()),
    ("verify", "door", CANARY),
    ("verify", "door", "picture.jpg", "--claimed"),
    ("init", "office", "--example", CANARY),
    ("person", CANARY),
    ("person",),
    ("status", CANARY),
    ("enrol", "door", CANARY),
]


@pytest.mark.parametrize("words", WRONG_USES)
def test_wrong_use_ends_with_2_and_repeats_nothing(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(words) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "Traceback" not in said.err
    assert CANARY.lower() not in said.err.lower()
    assert "--help" in said.err


@pytest.mark.parametrize("words", WRONG_USES)
def test_wrong_use_with_json_is_one_object(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    # First, so that no word of these takes the flag for its own value.
    assert cli.run([words[0], "--json", *words[1:]]) == 2
    said = capsys.readouterr()
    answer = json.loads(said.out)
    assert set(answer) == {"refused", "advice"}
    assert answer["refused"] == "wrong_use"
    assert CANARY.lower() not in said.out.lower()
    assert said.err == ""


def test_a_missing_argument_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["enrol"]) == 2
    assert "PURPOSE" in capsys.readouterr().err


def test_a_missing_option_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["verify", "door", "picture.jpg"]) == 2
    assert "--claimed" in capsys.readouterr().err


def faulty() -> None:
    """A command with a fault in it."""
    int(CANARY)


def interrupted() -> None:
    """A command during which somebody presses Ctrl-C."""
    raise KeyboardInterrupt


@pytest.fixture
def _more_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    for command in (faulty, interrupted):
        monkeypatch.setitem(COMMANDS, command.__name__, Row(f"{__name__}:{command.__name__}", "for a test"))


@pytest.mark.usefixtures("_more_commands")
def test_what_nobody_foresaw_names_a_line_and_no_data(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["faulty", "--json"]) == 2  # it declares no such flag
    capsys.readouterr()
    assert cli.run(["faulty"]) == 3
    said = capsys.readouterr()
    assert "[unexpected]" in said.err
    assert "ValueError at cli/__init__.py line " in said.err
    assert "Traceback" not in said.err
    assert CANARY not in said.err  # which the error's own words repeat


@pytest.mark.usefixtures("_more_commands")
def test_an_interruption_is_said_in_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["interrupted"]) == 130
    assert capsys.readouterr().err == "moiety: interrupted [interrupted]\n"


def test_no_command_shows_the_help() -> None:
    without, asked = moiety(), moiety("--help")
    assert without.returncode == asked.returncode == 0
    assert without.stdout == asked.stdout
    assert without.stderr == ""


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_lists_every_command_in_one_line(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["--help"]) == 0
    assert [line for line in capsys.readouterr().out.splitlines() if line.split()[:1] == [name]]


def test_the_help_takes_less_than_half_a_second() -> None:
    # Processor time of the child, the least of five: what other programs do meanwhile does not count.
    program = (
        "import sys, time; from moiety.cli import run; run(['--help']);print(time.process_time(), file=sys.stderr)"
    )
    spent = []
    for _ in range(5):
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
        assert "Commands:" in done.stdout
        spent.append(float(done.stderr))
    assert min(spent) < HELP_S_MAX


HEAVY = {"numpy", "numba", "cv2", "onnxruntime", "ai_edge_litert", "sqlalchemy", "PIL", "cryptography", "pydantic"}


@pytest.mark.parametrize("program", ["import moiety", "from moiety.cli import run; run(['--help'])"])
def test_nothing_heavy_is_loaded_before_it_is_needed(program: str) -> None:
    ask = f"{program}; import sys; print(sorted(sys.modules), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, timeout=60, check=True)
    loaded = {name.strip("' ").partition(".")[0] for name in done.stderr.strip("[]\n").split(",")}
    assert "moiety" in loaded
    assert not loaded & HEAVY


@pytest.mark.parametrize(
    ("module", "needed"),
    [
        ("net.authority", set()),
        ("gateway.processes", set()),
        ("net.config", set()),
        ("gateway.apart", {"sqlalchemy"}),  # it keeps a ledger
    ],  # of `keys`, of `down`, of `custodian budget`, of every gateway
)
def test_whoever_computes_nothing_loads_no_kernels_and_no_databases(module: str, needed: set[str]) -> None:
    ask = f"import moiety.custody.{module}, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, timeout=60, check=True)
    assert {"numba", "sqlalchemy", "psycopg", "onnxruntime"} & set(done.stdout.split()) == needed


@pytest.fixture(params=["a full disk", "a reader that has gone"])
def nowhere(request: pytest.FixtureRequest) -> Iterator[int]:
    """A descriptor to which nothing can be written."""
    if request.param == "a full disk":
        descriptor = os.open("/dev/full", os.O_WRONLY)
    else:
        reader, descriptor = os.pipe()
        os.close(reader)
    yield descriptor
    os.close(descriptor)


@pytest.mark.parametrize(
    "words",
    [("--help",), ("--version",), ("init", "office"), ("init", "office", "--json"), ("purpose", "show", "x", "--json")],
)
def test_an_answer_that_cannot_be_written_is_said_in_one_line(
    words: tuple[str, ...], nowhere: int, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "moiety", *words],
        cwd=tmp_path,
        stdout=nowhere,
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stderr.endswith(" [answer_undelivered]\n")
    assert done.stderr.count("\n") == 1
    assert done.returncode == 3


@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full"])
@pytest.mark.parametrize(("words", "status"), [("status --office absent", 3), ("status --bogus", 2), ("absent", 2)])
def test_a_refusal_that_nobody_can_read_keeps_its_exit_status(
    redirection: str, words: str, status: int, tmp_path: Path
) -> None:
    done = subprocess.run(
        ["sh", "-c", f'exec "$0" -m moiety {words} {redirection}', sys.executable],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stdout) == (status, "")


@pytest.mark.parametrize("as_json", [[], ["--json"]])
def test_an_answer_arrives_in_whatever_letters_its_reader_has(
    as_json: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MOIETY_OFFICE", str(tmp_path / "office"))
    assert cli.run(["init", "office"]) == 0
    document = tmp_path / "purpose.toml"
    document.write_text(DOOR + "\n# für\n")
    assert cli.run(["purpose", "add", str(document)]) == 0
    done = subprocess.run(
        [sys.executable, "-m", "moiety", "purpose", "show", "door", *as_json],
        capture_output=True,
        timeout=120,
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
    )
    assert (done.returncode, done.stderr) == (0, b"")
    if as_json:
        assert json.loads(done.stdout)["document"] == document.read_text()
    else:
        assert b"# f\\xfcr" in done.stdout
