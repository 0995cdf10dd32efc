"""Attempts that are made to run again: what repeats a mask is found, and one of its three conditions is not enough."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest

from moiety.custody.keys import Acquaintance
from moiety.custody.net.attempts import Attempts
from moiety.drills import retry
from moiety.drills.links import Links
from moiety.drills.scene import Scene
from moiety.matching import channel
from moiety.matching.channel import Keys
from moiety.sharing.seat import SEATS
from tests.drills.conftest import SEAT
from tests.drills.running import Running, findings

ROW = "retry"
BROKEN_OFF, AT_ONCE, RENAMED, PUT_BACK, FORGOTTEN = range(5)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Running:
    return Running(tmp_path_factory.mktemp("retry"))


def test_what_is_heard_twice_lies_under_two_masks(scene: Scene) -> None:
    heard = scene.retried.heard
    assert [len(sums) > 0 for sums in heard] == [True, False, True, False, True]
    assert findings(scene, ROW) == set()


def test_masks_that_come_back_give_every_coordinate_that_is_asked_for(scene: Scene) -> None:
    """Where nonces and line keys are always the same, and the header too: the third needs another name, and fails."""
    made = scene.retried
    right = {
        at: float((retry._read(made, made.by_twin[at] - made.by_twin[BROKEN_OFF]) == made.templates).mean())
        for at in (RENAMED, FORGOTTEN)
    }
    assert right[FORGOTTEN] == 1
    assert right[RENAMED] < 0.05


@pytest.mark.parametrize("seat", SEATS)
def test_whoever_listens_hears_of_all_rows(running: Running, scene: Scene, seat: str) -> None:
    made = running.retried(seat)
    assert findings(replace(scene, retrying=made), ROW) == set()
    assert findings(replace(scene, retrying=replace(made, heard=made.by_twin)), ROW) == {ROW}


def test_masks_of_the_line_and_the_step_alone_are_found(
    running: Running, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gateway that asks again under another name then meets the old masks: on a line that did not break."""
    whole = channel.derive
    monkeypatch.setattr(channel, "derive", lambda pair, *bound: whole(pair, bound[0], bound[-1]))
    made = running.retried(SEAT)
    assert findings(replace(scene, retrying=made), ROW) == {ROW}


@pytest.mark.parametrize(
    ("stuck", "forgotten", "found"), [(True, False, set()), (False, True, set()), (True, True, {ROW})]
)
def test_an_attempt_that_runs_twice_under_one_nonce_is_found(
    running: Running, scene: Scene, monkeypatch: pytest.MonkeyPatch, stuck: bool, forgotten: bool, found: set[str]
) -> None:
    if stuck:
        keys = Acquaintance.keys

        def same(self: Acquaintance) -> Keys:
            return replace(keys(self), nonce=bytes(32))

        monkeypatch.setattr(Acquaintance, "keys", same)
    if forgotten:
        play = Links.play

        def unremembered(self: Links, *asked: Any) -> Any:
            for seat in SEATS:
                self._attempts[seat] = Attempts(seat, partial(self._send, seat))
            return play(self, *asked)

        monkeypatch.setattr(Links, "play", unremembered)
    made = running.retried(SEAT)
    assert (len(made.heard[AT_ONCE]) > 0) == forgotten
    assert findings(replace(scene, retrying=made), ROW) == found


def test_nothing_heard_is_nothing_found_and_proves_nothing(scene: Scene) -> None:
    made = scene.retried
    silence = [np.zeros((0, 8, 64), np.uint16) for _ in made.heard]
    assert findings(replace(scene, retrying=replace(made, heard=silence)), ROW) == set()
    assert findings(replace(scene, retrying=replace(made, by_twin=silence)), ROW) == {ROW}


def test_where_nobody_asked_again_there_is_nothing_to_judge(scene: Scene) -> None:
    with pytest.raises(LookupError):
        findings(replace(scene, retrying=None), ROW)
