"""The same attacks on what custodians leave on a disk that `moiety up` started: processes, each with its own folder,
keys, store, log and budgets as they are where nobody sets any."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from math import ceil
from pathlib import Path

import numpy as np
import pytest

from moiety.custody.gateway import trial
from moiety.custody.gateway.apart import Apart
from moiety.drills.certificate import connected
from moiety.drills.loot import Loot
from moiety.drills.parties import Entropies
from moiety.drills.run import ATTACKS, attack, seeded
from moiety.drills.scene import Scene, Theft
from moiety.drills.site import ERASED_SHARE, Deployment
from moiety.drills.verdict import level, passed
from moiety.identity.ports import silent
from moiety.sharing.seat import SEATS, Seat
from tests.drills.conftest import SEED

OTHERS = ("malformed", "retry", "drain", "wreck", "enumerate", "join", "rewind")
"""Attacks on what runs, not on what is stored, and on records: they bring parties of their own."""

ROWS = tuple(row for row in ATTACKS if not row.name.startswith(OTHERS))

LOG = "custodian.log"


def moiety(*words: str | Path) -> None:
    """A command in a process of its own: what it starts outlives it."""
    subprocess.run([sys.executable, "-m", "moiety", *words], check=True, timeout=200, stdout=subprocess.DEVNULL)


def _now() -> datetime:
    return datetime.now(UTC)


class Up(Deployment):
    """A deployment that `moiety up` made and runs. Its clocks are the machine's; the days on which people come are days
    of a calendar that only stories read, who give each row its expiry."""

    _today = _now().replace(hour=12)

    def now(self) -> datetime:
        return self._today + timedelta(days=self._day)

    def close(self) -> None:
        super().close()
        moiety("down", self.office)

    def _opened(self, entropies: Entropies) -> Apart:
        moiety("up", self.office)
        return connected(self.office, _now, self._entropy)

    def _stolen(self, seat: Seat) -> Loot:
        """All that is in the folder of its machine."""
        files = super()._stolen(seat).files
        return Loot({name.removeprefix(f"{trial.STORE}/"): content for name, content in files.items()})


def robbed(scene: Scene, folder: Path, seed: int) -> Scene:
    """The scene, with a deployment of the same people that processes serve in the place of its first one."""
    rng = np.random.default_rng(seed)
    people = scene.people
    with closing(Up(folder, people, people.enrolled, partial(seeded, seed), rng)) as first:
        first.enrol(silent)
        enrolled = first.rob()
        first.erase(rng.choice(len(people), ceil(ERASED_SHARE * len(people)), replace=False))
        erased = first.rob()
        first.refresh()
        return replace(
            scene,
            photographs=first.photographs,
            pseudonyms=first.pseudonyms,
            days=first.days,
            enrolled=enrolled,
            erased=erased,
            refreshed=first.rob(),
            arrivals=first.arrivals,
        )


def failures(scene: Scene, seed: int) -> set[str]:
    measured = attack(scene, seed, silent, ROWS)
    return {row.name for row in measured if not passed(row, level(measured))}


def assert_whole(theft: Theft, people: int) -> None:
    """What was stolen is all of each folder, with a log that has a line about everybody in it."""
    for seat in SEATS:
        files = theft.stores[seat].files
        assert {"own.key", "custodian.toml", "custodian.sqlite", LOG} <= set(files)
        assert files[LOG].count(b'"verb": "activate"') >= people


def test_every_attack_on_what_processes_leave_comes_out_as_designed(scene: Scene, tmp_path: Path) -> None:
    """Their masks follow no seed: what fails one time in a hundred by chance may fail once, and nothing may fail in
    both of two deployments."""
    first = robbed(scene, tmp_path / "first", SEED)
    for theft in (first.enrolled, first.erased, first.refreshed):
        assert_whole(theft, len(first.people))
    found = failures(first, SEED)
    assert not found or not found & failures(robbed(scene, tmp_path / "second", SEED + 1), SEED + 1)


def test_what_a_log_says_is_found(scene: Scene) -> None:
    """The attacks read the log too: a name, a number, pixels or a vector in it are found there."""
    planted = {
        "read names": f"somebody called {scene.people.names[0]}".encode(),
        "read numbers": scene.people.numbers[0].encode(),
        "read photographs": scene.photographs[0],
        "read face vectors": b", ".join(f"{value:.6f}".encode() for value in scene.people.enrolled[0]),
        "read pseudonyms": scene.pseudonyms[0].tobytes().hex().encode(),
    }
    for name, said in planted.items():
        files = dict(scene.refreshed.stores[scene.seat].files) | {LOG: b'{"event": "request"}\n' + said}
        stores = dict(scene.refreshed.stores) | {scene.seat: Loot(files)}
        (row,) = (row for row in ROWS if row.name == name)
        (measured,) = attack(replace(scene, refreshed=replace(scene.refreshed, stores=stores)), SEED, silent, (row,))
        assert measured.split.success == pytest.approx(1 / len(scene.people)), name
