"""A neighbour that is up and says nothing more, in the middle of an attempt."""

from __future__ import annotations

import os
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from time import monotonic

import pytest

from moiety.custody.gateway.deployment import DEPLOYMENT
from moiety.custody.net.config import Deployment
from moiety.custody.net.frames import Frame, Step
from moiety.custody.net.lines import Lines
from moiety.custody.net.remote import Remote
from moiety.custody.net.tls import Neighbour
from moiety.custody.refusals import CustodianDown
from moiety.sharing.seat import SEATS, Seat
from tests.apart.asking import DONE, Asking
from tests.apart.scene import Site
from tests.custody.scene import DOCUMENT, DOOR, TERMS, Clock, matched, people

CROWD = people(2)
ENDED_S = 12.0
"""What `attempts.ROUND_S` gives one round, and moments."""


def test_a_neighbour_that_falls_silent_ends_the_attempt_within_a_bound(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its lines answer pings, so that no connection ends: the deadline of a round does."""
    send, silent = Lines.send, Event()

    def said(lines: Lines, seat: Seat, frame: Frame) -> None:
        if not (silent.is_set() and lines._seat == "c" and isinstance(frame, Step) and frame.number >= 2):
            send(lines, seat, frame)

    monkeypatch.setattr(Lines, "send", said)
    site = Site.make(tmp_path / "site", clock)
    try:
        office = site.gateway()
        office.add_gallery(DOOR, TERMS, DOCUMENT)
        office.enrol(DOOR, CROWD)
        asking = Asking(site)
        assert asking.all(asking.identify(CROWD[0])) == dict.fromkeys(SEATS, DONE)

        silent.set()
        asks, began = asking.identify(CROWD[0]), monotonic()
        found = asking.each(lambda seat: asking.ask(seat, asks[seat]))
        assert monotonic() - began < ENDED_S
        assert {some.code for some in found.values()} <= {"neighbour_silent", "attempt_stopped"}
        assert {"seat": SEATS.index("c")} in [some.numbers for some in found.values()]

        silent.clear()
        assert matched(office, CROWD) == [True] * 2  # the next one goes well
        asking.close()
        office.close()
    finally:
        site.close()


def test_who_waits_for_a_custodian_that_does_not_answer_waits_once(tmp_path: Path, clock: Clock) -> None:
    """It takes connections and says nothing, as a process does that was stopped."""
    site = Site.make(tmp_path / "site", clock)
    try:
        deployment = Deployment.read(site.folder / DEPLOYMENT)
        with socket.create_server(("127.0.0.1", 0)) as stopped:
            at = Neighbour(f"127.0.0.1:{stopped.getsockname()[1]}", deployment.custodians()["b"].key)
            remote = Remote("b", at, deployment.identity(), deployment.hand(clock, os.urandom))
            with ThreadPoolExecutor(8) as pool:
                asked = [pool.submit(remote.standing) for _ in range(8)]
                for one in asked:
                    with pytest.raises(CustodianDown) as raised:
                        one.result()
                    assert raised.value.text == "unavailable: custodian b"
            stopped.setblocking(False)
            stopped.accept()[0].close()
            with pytest.raises(BlockingIOError):  # the eight made one attempt
                stopped.accept()
    finally:
        site.close()
