"""What is left of bulk approvals: drawn by whom they were given to, for so many and for a day."""

from __future__ import annotations

from moiety.custody.store.keeping import Passing
from moiety.custody.trust.tickets import Left, Tickets
from moiety.custody.trust.verifying import APPROVAL_S
from tests.custody.scene import Clock

GATEWAY, DIGEST, SIGNED = b"g" * 32, b"d" * 32, [b"one signature", b"another"]


def a_day_on(clock: Clock) -> int:
    """Until when what is signed now is an approval."""
    return int(clock().timestamp()) + APPROVAL_S


def opened(left: int = 10) -> tuple[Tickets, Passing, Clock]:
    """A ticket."""
    keeping, clock = Passing(), Clock()
    some = Tickets(keeping, clock)
    some.open(GATEWAY, DIGEST, SIGNED, Left(left, a_day_on(clock), 2 * left))
    return some, keeping, clock


def test_a_ticket_is_drawn_from_until_nothing_is_left() -> None:
    some, _, _ = opened()
    assert some.draw(GATEWAY, DIGEST, SIGNED, 6, 0)
    assert not some.draw(GATEWAY, DIGEST, SIGNED, 5, 0)
    assert some.draw(GATEWAY, DIGEST, SIGNED[::-1], 4, 0)
    assert not some.draw(GATEWAY, DIGEST, SIGNED, 1, 0)


def test_a_ticket_is_of_one_gateway_one_request_and_its_very_signatures() -> None:
    some, _, _ = opened()
    assert not some.draw(b"h" * 32, DIGEST, SIGNED, 1, 0)
    assert not some.draw(GATEWAY, b"e" * 32, SIGNED, 1, 0)
    for other in ([], SIGNED[:1], SIGNED[1:], [*SIGNED, b"a third"], [SIGNED[0], SIGNED[0]], [b"".join(SIGNED)]):
        assert not some.draw(GATEWAY, DIGEST, other, 1, 0)
    # Where one part ends and the next begins is a part of it.
    assert not some.draw(GATEWAY + DIGEST[:1], DIGEST[1:], SIGNED, 1, 0)
    assert not some.draw(GATEWAY, DIGEST, [b"one signatur", b"another"], 1, 0)
    assert some.draw(GATEWAY, DIGEST, SIGNED, 10, 0)


def test_a_ticket_ends_after_a_day_and_no_clock_brings_it_back() -> None:
    some, _, clock = opened()
    clock.pass_(seconds=APPROVAL_S - 1)
    assert some.draw(GATEWAY, DIGEST, SIGNED, 1, 0)
    clock.pass_(seconds=1)
    assert not some.draw(GATEWAY, DIGEST, SIGNED, 1, 0)
    some.open(GATEWAY, b"e" * 32, SIGNED, Left(1, a_day_on(clock), 0))  # ended ones are forgotten
    clock.pass_(days=-1)
    assert not some.draw(GATEWAY, DIGEST, SIGNED, 1, 0)
    assert some.draw(GATEWAY, b"e" * 32, SIGNED, 1, 0)


def test_a_restart_keeps_what_is_left_and_nothing_that_is_drawn() -> None:
    some, keeping, clock = opened()
    assert some.draw(GATEWAY, DIGEST, SIGNED, 7, 0)
    later = Tickets(keeping, clock)
    assert not later.draw(GATEWAY, DIGEST, SIGNED, 4, 0)
    assert later.draw(GATEWAY, DIGEST, SIGNED, 3, 0)
    assert not Tickets(keeping, clock).draw(GATEWAY, DIGEST, SIGNED, 1, 0)
    clock.pass_(seconds=APPROVAL_S)
    later.open(GATEWAY, b"e" * 32, SIGNED, Left(1, a_day_on(clock), 0))
    assert len(keeping.kept("tickets")) == 1


def test_people_and_evaluations_are_drawn_from_their_own_count_or_not_at_all() -> None:
    some, keeping, clock = opened()
    assert some.draw(GATEWAY, DIGEST, SIGNED, 0, 15)
    assert not some.draw(GATEWAY, DIGEST, SIGNED, 10, 6)
    some = Tickets(keeping, clock)
    assert not some.draw(GATEWAY, DIGEST, SIGNED, 0, 6)
    assert not some.draw(GATEWAY, DIGEST, SIGNED, 11, 5)
    assert some.draw(GATEWAY, DIGEST, SIGNED, 10, 5)


def test_a_ticket_that_was_kept_before_evaluations_were_counted_carries_none() -> None:
    _, keeping, clock = opened()
    [(key, value)] = keeping.kept("tickets").items()
    keeping.keep("tickets", {key: value[:16]})
    some = Tickets(keeping, clock)
    assert not some.draw(GATEWAY, DIGEST, SIGNED, 1, 1)
    assert some.draw(GATEWAY, DIGEST, SIGNED, 10, 0)


def test_tickets_show_neither_gateway_nor_signatures() -> None:
    _, keeping, _ = opened()
    [(key, value)] = keeping.kept("tickets").items()
    assert not any(part in key + value for part in (GATEWAY[:8], DIGEST[:8], *SIGNED))
