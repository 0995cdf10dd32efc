"""`kill -9` at any moment of a busy process: what it was told before is true afterwards."""

from __future__ import annotations

import os
import random
import signal
import time
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from tests.custody.doomed import FORK
from tests.custody.scene import DOOR, Person, matched, opened, people

EACH = 2
ROUNDS = 5


def _busy(pipe: Connection, folder: Path, seed: int) -> None:
    """Enrol pairs, erase the first of each; report every step before it is begun and after it is done."""
    office = opened(folder)
    turn = 0
    while True:
        turn += 1
        pair = people(EACH, seed=seed + turn)
        pipe.send(("enrolling", turn))
        office.enrol(DOOR, pair)
        pipe.send(("enrolled", turn))
        pipe.send(("erasing", turn))
        office.erase(DOOR, pair[0].pseudonym)
        pipe.send(("erased", turn))
        if turn % 4 == 0:
            office.refresh()


def killed_after(folder: Path, seed: int, wait_s: float) -> list[tuple[str, int]]:
    """What the process reported before it was killed."""
    ours, theirs = FORK.Pipe()
    process = FORK.Process(target=_busy, args=(theirs, folder, seed))
    process.start()
    theirs.close()
    reports = [ours.recv()]
    time.sleep(wait_s)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    while True:
        try:
            reports.append(ours.recv())
        except EOFError:
            ours.close()
            return reports


@pytest.mark.parametrize("seed", [10_000, 20_000])
def test_what_a_killed_process_was_told_is_true(folder: Path, seed: int) -> None:
    chance = random.Random(seed)
    true: list[tuple[Person, bool]] = []
    for round_ in range(ROUNDS):
        base = seed + 1000 * round_
        reports = killed_after(folder, base, chance.uniform(0.0, 1.5))
        office = opened(folder)
        for turn in {turn for _, turn in reports}:
            told = {word for word, at in reports if at == turn}
            first, second = people(EACH, seed=base + turn)
            [one, other] = matched(office, [first, second])
            if "enrolled" not in told:
                assert one == other  # not told: all of them or nobody
            elif "erasing" not in told:
                assert (one, other) == (True, True)
            elif "erased" in told:
                assert (one, other) == (False, True)
            else:
                assert other  # being erased when it died: either way
            true += [(first, one), (second, other)]
        assert matched(office, [person for person, _ in true]) == [matches for _, matches in true]
        assert office.findings() == []
        office.close()
