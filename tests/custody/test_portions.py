"""How many are enrolled in a day without anybody's approval: counted over restarts and clocks that are set back."""

from __future__ import annotations

from moiety.custody.store.keeping import Passing
from moiety.custody.trust.portions import Portions
from tests.custody.scene import Clock


def test_a_day_has_so_many_and_no_more() -> None:
    some = Portions(Passing(), Clock())
    assert some.take("door", 3, 4)
    assert not some.take("door", 2, 4)
    assert some.take("gate", 4, 4)
    assert some.take("door", 1, 4)
    assert not some.take("door", 1, 4)


def test_another_day_has_as_many_again_and_one_before_has_not() -> None:
    clock = Clock()
    some = Portions(Passing(), clock)
    clock.pass_(days=1)
    assert some.take("door", 4, 4)
    clock.pass_(days=-1)
    assert not some.take("door", 1, 4)
    clock.pass_(days=2)
    assert some.take("door", 4, 4)


def test_a_restart_forgets_nobody() -> None:
    keeping, clock = Passing(), Clock()
    assert Portions(keeping, clock).take("door", 4, 4)
    assert not Portions(keeping, clock).take("door", 1, 4)
    assert not any(b"door" in key + value for key, value in keeping.kept("portions").items())


def test_more_than_a_day_may_have_is_refused_at_once() -> None:
    some = Portions(Passing(), Clock())
    assert not some.take("door", 5, 4)
    assert some.take("door", 4, 4)
