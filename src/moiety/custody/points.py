"""Where the custodians' parts of a pseudonym key lie on its line: a at 1, b at 2, c at 3."""

from __future__ import annotations

from moiety.oprf.keys import NUMBERS, Number
from moiety.sharing.seat import SEATS, Seat


def number_of(seat: Seat) -> Number:
    """The point of one custodian."""
    return NUMBERS[SEATS.index(seat)]
