"""Progress: nothing for what is quick, a line a stage on stderr for what is not, stdout untouched."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
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
