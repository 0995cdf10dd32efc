"""No mask is drawn twice, whatever is asked again and whatever a custodian has forgotten."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from moiety.custody import wire
from moiety.custody.gateway import trial
from moiety.custody.messages import Array
from moiety.custody.net import attempts
from moiety.custody.net.frames import Frame, Step
from moiety.custody.net.lines import Lines
from moiety.custody.store.noise import Entropy
from moiety.sharing.seat import SEATS, Seat
from tests.apart.asking import DONE, Asking, changed
from tests.apart.scene import Site
from tests.custody.scene import DOCUMENT, DOOR, TERMS, Clock, people

CROWD = people(2)
NONCE_BYTES = 32
Pieces = dict[Seat, set[tuple[int, bytes]]]


class Tap:
    """What leaves every custodian over its lines."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._sent: list[tuple[Seat, Step, list[bytes]]] = []
        send = Lines.send

        def noted(lines: Lines, seat: Seat, frame: Frame) -> None:
            if isinstance(frame, Step):
                self._sent.append((lines._seat, frame, [array.tobytes() for array in frame.arrays]))
            send(lines, seat, frame)

        monkeypatch.setattr(Lines, "send", noted)

    def take(self, attempt: bytes) -> Pieces:
        """What left in this attempt and in the count after it, since the last time: each step in pieces of 32 bytes.

        The first step says what is agreed on, and a nonce: only that is drawn.
        """
        ids = (attempt, hashlib.sha256(b"moiety tally 1" + attempt).digest()[:16])
        pieces: Pieces = {seat: set() for seat in SEATS}
        for seat, frame, said in self._sent:
            if frame.attempt not in ids:
                continue
            begins = frame.attempt == attempt and frame.number == 0
            for whole in said:
                data = whole[:NONCE_BYTES] if begins else whole
                pieces[seat] |= {(frame.number, data[at : at + 32]) for at in range(0, len(data), 32)}
        self._sent.clear()
        # A last piece of few bytes may well come twice.
        return {seat: {piece for piece in some if len(piece[1]) >= 16} for seat, some in pieces.items()}


class Scene:
    """A site with people, and one search that is asked for again and again, probe shares and all."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, entropy: Entropy) -> None:
        self.tap = Tap(monkeypatch)
        self.site = Site.make(folder / "site", Clock(), entropy=entropy)
        office = self.site.gateway()
        office.add_gallery(DOOR, TERMS, DOCUMENT)
        office.enrol(DOOR, CROWD)
        office.close()
        self.asking = Asking(self.site)
        self.asks = self.asking.identify(CROWD[0])

    def close(self) -> None:
        self.asking.close()
        self.site.close()

    def search(self, attempt: bytes) -> dict[Seat, str]:
        """The search under this id, signed anew."""
        asks = {seat: changed(ask, header=changed(ask.header, attempt=attempt)) for seat, ask in self.asks.items()}
        return self.asking.all(asks)

    def found(self, attempt: bytes) -> Pieces:
        """What leaves the custodians in it, until the matches are counted."""
        self.tap.take(attempt)
        assert self.search(attempt) == dict.fromkeys(SEATS, DONE)
        nobody = Array.of(np.zeros(0, dtype=np.int64))
        assert self.asking.all(dict.fromkeys(SEATS, wire.Release(DOOR, attempt, nobody))) == dict.fromkeys(SEATS, DONE)
        return self.tap.take(attempt)

    def again(self, *seats: Seat, of: Path | None = None) -> None:
        """Stop these and start them again: as they were when this copy was made, where there is one."""
        for seat in seats:
            self.site.stop(seat)
            if of is not None:
                shutil.rmtree(trial.home(self.site.folder, seat))
                shutil.copytree(of, trial.home(self.site.folder, seat))
        for seat in seats:
            self.site.start(seat)
        self.site.gateway().close()


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    scene = Scene(tmp_path, monkeypatch, os.urandom)
    yield scene
    scene.close()


def fixed(count: int) -> bytes:
    """Entropy that is none."""
    return bytes([7]) * count


def test_no_mask_repeats(scene: Scene, tmp_path: Path) -> None:
    """Asked again, after a custodian stopped, was put back to an old copy and started, and under an id of before."""
    first = os.urandom(16)
    traffic = [scene.found(first), scene.found(os.urandom(16))]
    assert all(len(some[seat]) > 100 for some in traffic for seat in SEATS)

    # An id serves once, for as long as anybody who takes part remembers it.
    assert set(scene.search(first).values()) <= {"caller_refused", "attempt_used", "attempt_stopped"}
    assert scene.tap.take(first) == {seat: set() for seat in SEATS}

    scene.site.stop("b")
    copy = tmp_path / "copy"
    shutil.copytree(trial.home(scene.site.folder, "b"), copy)
    scene.site.start("b")
    scene.site.gateway().close()
    traffic.append(scene.found(os.urandom(16)))
    scene.again("b", of=copy)
    assert set(scene.search(first).values()) <= {"caller_refused", "attempt_used", "attempt_stopped"}
    refused = scene.tap.take(first)
    traffic.append(refused)  # b has forgotten: it sent a fresh nonce, and then it was told
    assert all(len(some) <= 1 for some in refused.values())

    # The custodians have forgotten an id, and nothing else: the lines and their keys are as they were, the header is
    # the very same, and only the nonces are others.
    again = os.urandom(16)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attempts, "_REMEMBERED_S", 0.0)
        traffic.append(scene.found(again))
        traffic.append(scene.found(os.urandom(16)))  # as this begins, what is too old is forgotten
        traffic.append(scene.found(again))

    # All three have forgotten everything.
    scene.again(*SEATS)
    scene.asks = renewed(scene)
    second = os.urandom(16)
    traffic.append(scene.found(second))
    scene.again(*SEATS)
    traffic.append(scene.found(second))

    for one, other in combinations(traffic, 2):
        for seat in SEATS:
            assert not one[seat] & other[seat]


def test_with_entropy_that_is_none_they_would_repeat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: the same nonces and the same keys of the lines give the very same messages under the same header."""
    scene = Scene(tmp_path, monkeypatch, fixed)
    try:
        attempt = os.urandom(16)
        one = scene.found(attempt)
        scene.again(*SEATS)
        other = scene.found(attempt)
        assert all(len(some) > 100 for some in one.values())
        assert one == other
    finally:
        scene.close()


@pytest.mark.parametrize("fresh", ["nonces", "lines"])
def test_either_of_two_would_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh: str) -> None:
    """Masks come from both ends' nonces and from a key of the line: where one of the two fails, the other is left."""
    from moiety.custody.keys import Acquaintance

    scene = Scene(tmp_path, monkeypatch, os.urandom)
    try:
        name = {"nonces": "greet", "lines": "keys"}[fresh]
        whole = getattr(Acquaintance, name)

        def weak(self: Acquaintance, *args: Any) -> Any:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(self, "_entropy", fixed)
                return whole(self, *args)

        monkeypatch.setattr(Acquaintance, name, weak)
        scene.again(*SEATS)
        scene.asks = renewed(scene)
        attempt = os.urandom(16)
        one = scene.found(attempt)
        scene.again(*SEATS)
        other = scene.found(attempt)
        for seat in SEATS:
            assert not {piece for piece in one[seat] & other[seat] if piece[0] or piece[1] != fixed(32)}
    finally:
        scene.close()


def renewed(scene: Scene) -> dict[Seat, Any]:
    """The same search, with the same shares, of now."""
    now = int(scene.site.clock().timestamp())
    return {seat: changed(ask, header=changed(ask.header, at=now)) for seat, ask in scene.asks.items()}
