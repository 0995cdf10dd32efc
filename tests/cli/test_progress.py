"""Progress: nothing for what is quick, a line a stage on stderr for what is not, stdout untouched."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Barrier

import pytest

from moiety.cli.progress import PATIENCE_S, bar


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_what_is_quick_draws_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    with bar(clock) as progress:
        progress("refreshing", 1, 2)
        clock.now_s += PATIENCE_S - 0.01
        progress("refreshing", 2, 2)
    assert capfd.readouterr() == ("", "")


def test_what_takes_longer_is_drawn_on_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    with bar(clock) as progress:
        progress("refreshing [a]", 1, 3)
        clock.now_s += PATIENCE_S
        progress("refreshing [a]", 2, 3)
        progress("checking", 1, 7)
    said = capfd.readouterr()
    assert said.out == ""
    assert "refreshing [a]" in said.err
    assert "2/3" in said.err
    assert "1/7" in said.err


def test_several_threads_draw_on_one_bar(capfd: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    start = Barrier(8)

    def tell(number: int) -> None:
        start.wait()
        progress(f"custodian {number}", 1, 2)

    with bar(clock) as progress, ThreadPoolExecutor(8) as threads:
        clock.now_s += PATIENCE_S
        assert list(threads.map(tell, range(8))) == [None] * 8
    said = capfd.readouterr().err
    assert all(f"custodian {number}" in said for number in range(8))


def draw_and_fail(clock: Clock) -> None:
    """A stage that is drawn and then refused."""
    with bar(clock) as progress:
        clock.now_s += PATIENCE_S
        progress("checking", 1, 7)
        raise ValueError("stop")


def test_the_bar_is_put_away_when_something_is_refused(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="stop"):
        draw_and_fail(Clock())
    assert capfd.readouterr().err.endswith("\n")


def test_what_was_done_before_anybody_heard_of_it_is_not_drawn(capfd: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    with bar(clock) as progress:
        progress("refreshing", 1, 2)
        clock.now_s += PATIENCE_S
        progress("checking", 1, 1)
        progress("refreshing", 2, 2)
    said = capfd.readouterr().err
    assert "checking" not in said
    assert "refreshing" in said


SLOW_START = """
import sys, time
from moiety.cli.progress import PATIENCE_S, bar
with bar() as progress:
    time.sleep(float(sys.argv[1]) * PATIENCE_S)
print("answer")
"""


def on_a_terminal(*command: str | Path) -> tuple[str, str]:
    """Stdout of a command, and what it drew on a terminal that is its stderr."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, *command],
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
        env=os.environ | {"TERM": "xterm"},
    ) as child:
        os.close(theirs)
        drawn = b""
        with suppress(OSError):  # EIO: the other end is closed
            while piece := os.read(ours, 4096):
                drawn += piece
        out, _ = child.communicate(timeout=60)
    os.close(ours)
    assert child.returncode == 0
    return out, drawn.decode()


def test_a_slow_start_is_drawn_while_it_lasts_and_leaves_no_line() -> None:
    out, drawn = on_a_terminal("-c", SLOW_START, "2.5")
    assert out == "answer\n"
    assert "loading" in drawn
    assert drawn.endswith("\x1b[2K")  # the line is wiped
    assert on_a_terminal("-c", SLOW_START, "0") == (out, "")


def test_an_office_that_outlives_its_bar_draws_no_more() -> None:
    program = SLOW_START.replace("print(", "progress('checking', 1, 9); time.sleep(0.3); print(")
    assert on_a_terminal("-c", program.replace("    time", "    pass\ntime"), "1.1") == ("answer\n", "")


def test_help_is_quick_and_draws_nothing() -> None:
    out, drawn = on_a_terminal("-m", "moiety", "--help")
    assert "Commands:" in out
    assert drawn == ""


@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full", "2>/dev/null"])
def test_progress_that_nobody_can_read_changes_nothing(redirection: str) -> None:
    program = SLOW_START.replace("time.sleep", "progress('checking', 1, 9); time.sleep")
    program = program.replace("PATIENCE_S)", "PATIENCE_S); progress('checking', 2, 9)")
    done = subprocess.run(
        ["sh", "-c", f'exec "$0" -c "$1" 1.1 {redirection}', sys.executable, program],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (0, "answer\n")
