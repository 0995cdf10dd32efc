"""A custodian's doors: whoever is inside ends, nobody else comes in, and nobody before the first second is over."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from time import monotonic

import pytest

from moiety.custody import refusals
from moiety.custody.net.doors import Doors
from tests.custody.scene import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def doors(clock: Clock) -> Doors:
    """Doors that have opened."""
    doors = Doors("b", clock)
    clock.pass_(seconds=1)
    assert doors.open
    return doors


def test_nobody_is_let_in_before_the_second_is_over_in_which_it_began(clock: Clock) -> None:
    """What was signed in that second is refused later, so nobody is told yet that his is."""
    doors = Doors("b", clock)
    for _ in range(2):
        with pytest.raises(refusals.CustodianDown) as raised, doors.inside(leased=False):
            pass
        assert raised.value.numbers == {"seat": 1}
        clock.pass_(seconds=0.4)
    clock.pass_(seconds=0.2)
    with doors.inside(leased=False):
        pass


def test_a_clock_that_is_set_back_shuts_nobody_out(doors: Doors, clock: Clock) -> None:
    clock.pass_(days=-1)
    with doors.inside(leased=False):
        pass


def test_it_waits_for_whoever_is_inside_and_no_longer(doors: Doors) -> None:
    with ThreadPoolExecutor(1) as thread, ExitStack() as inside:
        inside.enter_context(doors.inside(leased=False))
        began = monotonic()
        shut = thread.submit(doors.shut, 60.0)
        while doors.open:
            pass
        with pytest.raises(refusals.CustodianDown), doors.inside(leased=False):
            pass
        with doors.inside(leased=True):  # goes on with what is under way
            assert not shut.done()
        inside.close()
        assert shut.result(30)
        assert monotonic() - began < 30


def test_whoever_stays_is_waited_for_in_vain(doors: Doors) -> None:
    with doors.inside(leased=False):
        assert not doors.shut(0.05)
