"""Before a custodian does what it is asked: who asks, who approved it, and whether the budget bears it.

A gateway is known by its pinned key, and beside that it is believed nothing: each request that begins something carries
the signature of somebody on this custodian's own roster, what its own copy of the purpose names for four eyes carries
two more, and everything is charged to budgets that only this host can set.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event, Lock
from typing import Any, Final

from moiety.custody import wire
from moiety.custody.asked import Said, bulk_digest, erasure_digest, hashed, said
from moiety.custody.budget import Budget
from moiety.custody.denials import ApprovalRefused, CallerRefused
from moiety.custody.limits import Unit
from moiety.custody.pledges import is_kept
from moiety.custody.policy import BULK, EARLY, ENROL, NEEDED, POLICY, FourEyes
from moiety.custody.refusals import AnswerUnknown
from moiety.custody.slots import SLOTS
from moiety.custody.verifying import Verifier
from moiety.matching.policy import Terms
from moiety.sharing.seat import Seat

_REMEMBERED: Final = 4096
"""Attempts whose caller is remembered, for what goes on with them."""

_COUNT_S: Final = 30.0
"""How long what comes next waits until matches are counted."""

UNCOUNTED: Final = 64
"""Matches that are charged a probe where the three could not count them: who prevents counting gains nothing."""


@dataclass(frozen=True)
class Asker:
    """Who asks: the gateway's pinned key and the public key of the person who signed."""

    gateway: bytes
    person: bytes


@dataclass
class _Search:
    """A search that this custodian took part in: by whom, and how many rows it matched once that is counted."""

    asker: Asker
    purpose: str
    counted: Event
    answered: bool = False
    matches: int = 0


class Guard:
    """The guard of the custodian of one seat. Safe for threads. `terms` gives its own copy of a purpose's terms."""

    def __init__(self, seat: Seat, verifier: Verifier, budget: Budget, terms: Callable[[str], bytes | None]) -> None:
        self._seat: Seat = seat
        self._verifier = verifier
        self._budget = budget
        self._terms = terms
        self._lock = Lock()
        self._searches: OrderedDict[bytes, _Search] = OrderedDict()
        self._offers: OrderedDict[bytes, tuple[Asker, int]] = OrderedDict()

    def admit(self, gateway: bytes, request: wire.Request) -> None:
        """Let a request in and charge it. Raises `CallerRefused`, `ApprovalRefused`, `BudgetSpent`."""
        ask = request.ask
        begun = said(ask)
        if begun is not None:
            person = self._verifier.caller(request.call, begun.operation, begun.purpose, begun.digest)
            if isinstance(ask, wire.Pledging) and not is_kept(ask, self._seat):
                raise CallerRefused
            self._begun(ask, begun, Asker(gateway, person.key), request.approvals)
        elif isinstance(ask, wire.Prepare):
            self._prepare(gateway, ask, request.approvals)
        elif isinstance(ask, wire.Release):
            self._release(gateway, ask)

    def found(self, attempt: bytes, probes: int, count: Callable[[], int]) -> None:
        """Count what a search matched and charge it; `release` of its pseudonyms waits for that."""
        with self._lock:
            search = self._searches.get(attempt)
        if search is None:
            return
        amount, matches, asker = probes * UNCOUNTED, 0, search.asker
        try:
            try:
                amount = matches = count()
            finally:
                self._budget.owe(asker.gateway, search.purpose, asker.person, Unit.MATCHES, amount)
            search.matches = matches  # what could not be charged is not released
        finally:
            search.counted.set()

    def answers(self, attempt: bytes) -> None:
        """The answer to a search is about to leave: the next one waits until this one is counted."""
        with self._lock:
            if attempt in self._searches:
                self._searches[attempt].answered = True

    def unanswered(self, attempt: bytes) -> None:
        """A search ended without an answer: there is nothing to count."""
        with self._lock:
            search = self._searches.pop(attempt, None)
        if search is not None:
            search.counted.set()

    def _begun(self, ask: Any, begun: Said, asker: Asker, approvals: list[bytes]) -> None:
        if isinstance(ask, wire.AddGallery | wire.ReplaceDocument):
            self._verifier.approved(approvals, POLICY, begun.purpose, begun.digest, needed=NEEDED)
        if isinstance(ask, wire.Erase):
            self._erase(ask, begun, approvals)
        if isinstance(ask, wire.Identify):
            self._wait_until_counted(asker)
        for unit, amount, row in _charges(ask):
            self._budget.charge(asker.gateway, begun.purpose, asker.person, unit, amount, row)
        with self._lock:
            if isinstance(ask, wire.Identify):
                _remember(self._searches, ask.header.attempt, _Search(asker, begun.purpose, Event()))
            elif isinstance(ask, wire.Offer):
                _remember(self._offers, ask.header.attempt, (asker, ask.header.rows))

    def _erase(self, ask: wire.Erase, begun: Said, approvals: list[bytes]) -> None:
        role = self._eyes(ask.name).approvers(EARLY)
        if role is None:
            return
        if hashed(ask.handle) not in ask.hashed:
            raise ApprovalRefused(needed=NEEDED, valid=0)
        digest = erasure_digest(ask.name, ask.hashed)
        self._verifier.approved(approvals, EARLY, begun.purpose, digest, needed=NEEDED, role=role)

    def _prepare(self, gateway: bytes, ask: wire.Prepare, approvals: list[bytes]) -> None:
        """Going on with offers of the same gateway, and with more of them together than one person may enrol?"""
        with self._lock:
            offers = [self._offers.get(attempt) for attempt in ask.attempts]
        known = [offer for offer in offers if offer is not None and offer[0].gateway == gateway]
        if len(known) < len(offers):
            raise CallerRefused
        people = sum(rows for _, rows in known)
        eyes = self._eyes(ask.name)
        role = eyes.approvers(eyes.named(ENROL, people))
        if role is not None:
            digest = bulk_digest(ask.name, ask.approved)
            self._verifier.approved(approvals, BULK, ask.name, digest, needed=NEEDED, role=role)
            if people > ask.approved:
                raise ApprovalRefused(needed=NEEDED, valid=0)

    def _release(self, gateway: bytes, ask: wire.Release) -> None:
        """Pseudonyms of as many rows as the three counted, to the gateway that searched."""
        with self._lock:  # it stays there until it is counted, however soon somebody asks
            search = self._searches.get(ask.attempt)
        if search is None or search.asker.gateway != gateway or search.purpose != ask.name:
            raise AnswerUnknown
        rows = ask.slots.shape[0] if ask.slots.shape else 0
        if not search.counted.wait(_COUNT_S) or rows > search.matches:
            raise AnswerUnknown
        with self._lock:
            self._searches.pop(ask.attempt, None)

    def _wait_until_counted(self, asker: Asker) -> None:
        """What a gateway has been answered is charged before its next search.

        Not what it is being answered now: two searches begin in another order at another custodian, and each would
        wait for the other.
        """
        with self._lock:
            some = [search for search in self._searches.values() if search.asker.gateway == asker.gateway]
            uncounted = [search.counted for search in some if search.answered and not search.counted.is_set()]
        for counted in uncounted:
            counted.wait(_COUNT_S)

    def _eyes(self, name: str) -> FourEyes:
        terms = self._terms(name)
        return FourEyes() if terms is None else FourEyes.of(Terms.from_json(terms))


def _charges(ask: Any) -> list[tuple[Unit, int, bytes | None]]:
    """What a request draws: what leaks by it, or is destroyed."""
    match ask:
        case wire.Identify():
            return [(Unit.ROWS, ask.header.rows * ask.header.probes, None)]
        case wire.Verify():
            return [(Unit.COMPARISONS, ask.header.probes, ask.handle)]
        case wire.Offer():
            return [(Unit.ENROLMENTS, ask.header.rows, None)]
        case wire.Erase():
            return [(Unit.ERASURES, 1, None)]
        case wire.Assist():
            return [(Unit.HELPS, len(ask.numbers), None)]
        case wire.PseudonymParts():
            return [(Unit.OPENINGS, len(ask.numbers) * SLOTS, None)]
        case _:
            return []


def _remember(held: OrderedDict[bytes, Any], attempt: bytes, value: Any) -> None:
    if attempt in held:
        raise CallerRefused
    held[attempt] = value
    while len(held) > _REMEMBERED:
        held.popitem(last=False)
