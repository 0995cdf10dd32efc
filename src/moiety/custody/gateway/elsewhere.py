"""Three custodians that run apart, asked all at once: for how many callers, and how rows are compared the fastest."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from threading import BoundedSemaphore
from time import monotonic
from typing import TypeVar

from moiety.behalf import behalf
from moiety.custody.gateway.three import TWO, Three, enough
from moiety.custody.net.remote import Remote
from moiety.custody.refusals import CustodianDown
from moiety.custody.verbs import Standing, Verbs
from moiety.matching.header import FAR_PASS_WORDS, Circuit
from moiety.matching.rounds import Rounds
from moiety.sharing.seat import SEATS, Seat

ROUNDS_FEWER = 10
TREE_S_A_ROW = 11e-9
"""What the tree costs more than the chain, measured on two cores: at a million rows as much as ten rounds of 1.1 ms."""

_MEASURED_S = 60.0

_AT_ONCE = 16
"""Operations of one gateway under way; the next one waits. A custodian serves several gateways."""

Answer = TypeVar("Answer")


class Elsewhere(Three):
    """Three custodians that play protocols among themselves."""

    def __init__(self, custodians: Mapping[Seat, Remote]) -> None:
        super().__init__(custodians, threads=_AT_ONCE * len(SEATS))
        self._remotes = custodians
        # All three are asked at once or not yet: a side whose neighbours wait for a thread would wait in vain.
        self._room = BoundedSemaphore(_AT_ONCE)
        self._measured = float("-inf")
        self._one_way_s = 0.0

    def each(self, ask: Callable[[Verbs], Answer]) -> dict[Seat, Answer]:
        """As `Three.each`, for so many callers at once."""
        self._settle()
        with self._room:
            return super().each(ask)

    def some(self, seats: Collection[Seat], ask: Callable[[Verbs], Answer], *, small: bool) -> dict[Seat, Answer]:
        """As `Three.some`, always at once: elsewhere, waiting for an answer is what takes time."""
        self._settle()
        with self._room:
            return super().some(seats, ask, small=False)

    def two(self, ask: Callable[[Verbs], Answer]) -> dict[Seat, Answer]:
        """As `Three.two`, the first two at once."""
        told: dict[Seat, Answer] = {}
        down: list[CustodianDown] = []

        def asked(custodian: Verbs) -> None:
            try:
                told[custodian.seat] = ask(custodian)
            except CustodianDown as error:
                down.append(error)

        self.some(SEATS[:TWO], asked, small=True)
        if down:
            self.some(SEATS[TWO:], asked, small=True)
        return enough(told, down[0] if down else None)

    def play(self, ask: Callable[[Verbs], Rounds[Answer]]) -> dict[Seat, Answer]:
        """Have all three begin at once."""
        return self.work(ask)

    def circuit(self, rows: int) -> tuple[Circuit, int]:
        """By the tree where ten rounds fewer are worth more than what the tree costs a row."""
        now = monotonic()
        if now > self._measured + _MEASURED_S:
            self._measured = now
            trips = self.each(lambda custodian: self._remotes[custodian.seat].round_trip_s())
            self._one_way_s = max(trips.values()) / 2
        return "prefix" if ROUNDS_FEWER * self._one_way_s > TREE_S_A_ROW * rows else "chain", FAR_PASS_WORDS

    def _settle(self) -> None:
        """Custodians are told for whom they are asked where all three understand it, or their ledgers would differ."""
        whose = behalf()
        if whose is not None:
            whose.settle(lambda: all(remote.knows_behalf() for remote in self._remotes.values()))

    def standings(self) -> dict[Seat, Standing]:
        """Where the three stand, asked all at once."""
        return self.each(lambda custodian: custodian.standing())
