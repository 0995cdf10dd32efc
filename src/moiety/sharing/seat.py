"""The three custodians, seated in a ring: a sends to b, b to c, c to a."""

from __future__ import annotations

from typing import Literal, get_args

Seat = Literal["a", "b", "c"]
SEATS: tuple[Seat, ...] = get_args(Seat)

_NEXT: dict[Seat, Seat] = {"a": "b", "b": "c", "c": "a"}
_PREVIOUS: dict[Seat, Seat] = {"a": "c", "b": "a", "c": "b"}


def next_seat(seat: Seat) -> Seat:
    """The custodian after this one."""
    return _NEXT[seat]


def previous_seat(seat: Seat) -> Seat:
    """The custodian before this one."""
    return _PREVIOUS[seat]
