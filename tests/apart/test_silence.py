"""A neighbour that is up and says nothing more, in the middle of an attempt."""

from __future__ import annotations

from pathlib import Path
from threading import Event
from time import monotonic

import pytest

from moiety.custody.net.frames import Frame, Step
from moiety.custody.net.lines import Lines
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
