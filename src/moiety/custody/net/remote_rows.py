"""What a custodian that runs apart does with its own parts of rows, as a gateway asks it: see `verbs.RowVerbs`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moiety.custody import messages, wire
from moiety.custody.messages import HeaderMessage
from moiety.custody.older import CustodianOlder
from moiety.custody.refusals import MessageRefused
from moiety.matching.header import Header
from moiety.matching.opening import Opening
from moiety.matching.rounds import Rounds
from moiety.sharing.seat import SEATS, Seat

Pledged = Callable[[Callable[[wire.Pledge], wire.Pledging], Any], Rounds[Any]]
"""Sends a request whose shares the three sides commit to first, and reads its answer, of this type."""


class RemoteRows:
    """Those of the custodian of this seat."""

    def __init__(self, seat: Seat, pledged: Pledged) -> None:
        self._seat: Seat = seat
        self._pledged = pledged

    def identify(self, name: str, header: Header, handle: bytes) -> Rounds[Opening]:
        """As `by_row.ByRow.identify`. Raises `CustodianOlder`."""
        sent = HeaderMessage.of(header)
        return (yield from self._opened(lambda pledge: wire.IdentifyRow(name, sent, handle, pledge=pledge)))

    def verify(self, name: str, header: Header, handle: bytes, claim: bytes) -> Rounds[Opening]:
        """As `by_row.ByRow.verify`. Raises `CustodianOlder`."""
        sent = HeaderMessage.of(header)
        return (yield from self._opened(lambda pledge: wire.VerifyRow(name, sent, handle, claim, pledge=pledge)))

    def _opened(self, make: Callable[[wire.Pledge], wire.Pledging]) -> Rounds[Opening]:
        try:
            return messages.read_opening((yield from self._pledged(make, messages.OpeningMessage)))
        except MessageRefused:  # whoever does not know a verb says that of it
            raise CustodianOlder(seat=SEATS.index(self._seat)) from None
