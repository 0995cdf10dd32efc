"""Before a custodian does what it is asked: who asks, who approved it, and whether the budget bears it.

A gateway is known by its pinned key, and beside that it is believed nothing: each request that begins something carries
the signature of somebody on this custodian's own roster, what its own copy of the purpose names for four eyes carries
two more, and everything is charged to budgets that only this host can set.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Event, Lock
from typing import Any, Final

from moiety.custody import wire
from moiety.custody.refusals import AnswerUnknown, GalleryUnknown, MessageRefused
from moiety.custody.store.kinds import is_keys, purpose_of
from moiety.custody.trust.asked import OFFICE, Said, bulk_digest, erasure_digest, hashed, said
from moiety.custody.trust.budget import Allowance, Budget, Charge
from moiety.custody.trust.charges import REQUEST, Bulk, bulk_of, charges_of, special
from moiety.custody.trust.denials import ApprovalRefused, CallerRefused
from moiety.custody.trust.limits import Unit
from moiety.custody.trust.pledges import is_kept
from moiety.custody.trust.policy import BULK, EARLY, NEEDED, POLICY, FourEyes
from moiety.custody.trust.portions import Portions
from moiety.custody.trust.roster import Person, Role
from moiety.custody.trust.spending import BudgetSpent, MatchesSpent
from moiety.custody.trust.tickets import EVALUATIONS_EACH, Left, Tickets
from moiety.custody.trust.verifying import Verifier
from moiety.matching.policy import Terms, identify_point
from moiety.sharing.seat import Seat

_REMEMBERED: Final = 4096
"""Attempts whose caller is remembered, for what goes on with them."""

SEARCHES: Final = (wire.Identify, wire.IdentifyRow)
"""What is asked of a whole gallery, and finds as many as there are."""

_COUNT_S: Final = 30.0
"""How long what comes next waits until matches are counted."""

UNCOUNTED: Final = 64
"""Matches that are charged a probe where the three could not count them, or as many strangers as a probe is expected to
match where that is more: who prevents counting gains nothing."""


@dataclass(frozen=True)
class Asker:
    """Who asks: the gateway's pinned key, the public key and the role of the person who signed, and for whom."""

    gateway: bytes
    person: bytes
    role: Role = Role.OPERATOR
    behalf: bytes = b""

    @property
    def account(self) -> bytes:
        """By what is counted what is asked for one of a gateway's callers; nothing where it does not say for whom."""
        return self.person + self.behalf if self.behalf else b""


@dataclass
class _Search:
    """A search that this custodian took part in: by whom, and how many rows it matched once that is counted."""

    asker: Asker
    purpose: str
    probes: int
    uncounted: int
    counted: Event
    answered: bool = False
    matches: int = 0
    spent: bool = False


class Guard:
    """The guard of the custodian of one seat. Safe for threads. `terms` gives its own copy of a purpose's terms, and
    `due` says whether whoever has a handle may be destroyed without a signature, and `instead` how many of those who
    were offered in some attempts are written anew from rows that are there."""

    def __init__(
        self,
        seat: Seat,
        verifier: Verifier,
        budget: Budget,
        portions: Portions,
        tickets: Tickets,
        terms: Callable[[str], bytes | None],
        due: Callable[[str, bytes], bool],
        instead: Callable[[list[bytes]], int],
    ) -> None:
        self._seat: Seat = seat
        self._portions = portions
        self._tickets = tickets
        self._verifier = verifier
        self._budget = budget
        self._terms = terms
        self._due = due
        self._instead = instead
        self._lock = Lock()
        self._ticketing = Lock()
        self._searches: OrderedDict[bytes, _Search] = OrderedDict()
        self._offers: OrderedDict[bytes, tuple[Asker, int]] = OrderedDict()
        self._cleared: OrderedDict[bytes, Any] = OrderedDict()

    def admit(self, gateway: bytes, request: wire.Request) -> Asker | None:
        """Let a request in and charge it; who asks, where that is signed. Raises `CallerRefused`, `ApprovalRefused`,
        `BudgetSpent`, and `GalleryUnknown` for a purpose that there is not."""
        ask = request.ask
        begun = said(ask)
        if begun is not None:
            calling = self._verifier.caller(request.call, begun.operation, begun.purpose, begun.digest)
            if isinstance(ask, wire.Pledging) and not is_kept(ask, self._seat):
                raise CallerRefused
            asker = Asker(gateway, calling.person.key, calling.person.role, calling.behalf)
            self._require_purpose(ask, begun.purpose, asker)
            self._begun(ask, begun, asker, request.approvals)
            return asker
        if isinstance(ask, wire.Prepare):
            return self._prepare(gateway, ask, request.approvals)
        elif isinstance(ask, wire.Release):
            self._release(gateway, ask)
        return None

    def believed(self, asker: Asker, purpose: str, people: int) -> None:
        """So many people's handles are taken from a gateway: with wrong ones it would have erased them. Raises
        `BudgetSpent`."""
        if people:
            self._budget.charge(asker.gateway, purpose_of(purpose), asker.person, Unit.ERASURES, people)

    def allowances(self, asker: Asker) -> list[Allowance]:
        """What is left to whoever asks, and of nobody else: see `Budget.allowances`."""
        return self._budget.allowances(asker.gateway, asker.person)

    def found(self, attempt: bytes, count: Callable[[], int]) -> None:
        """Count what a search matched and charge it; `release` of its pseudonyms waits for that."""
        with self._lock:
            search = self._searches.get(attempt)
        if search is None:
            return
        amount = search.probes * search.uncounted
        try:
            try:
                amount = search.matches = count()
            finally:
                search.spent = not self._owe(search, amount)  # what could not be charged is not released
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
            try:
                self._owe(search, 0)
            finally:
                search.counted.set()

    def _owe(self, search: _Search, matches: int) -> bool:
        asker = search.asker
        return self._budget.owe(
            asker.gateway, search.purpose, asker.person, Unit.MATCHES, matches, reserved=search.probes
        )

    def _require_purpose(self, ask: Any, purpose: str, asker: Asker) -> None:
        """A name that somebody makes up opens no account: as many as there is room for would keep the first question of
        a day about a real purpose from being asked. Asking is charged to the office."""
        if isinstance(ask, wire.AddGallery):
            # The office's name is none, nor that of another purpose's keys: those galleries come with their purpose.
            if purpose == OFFICE or is_keys(purpose):
                raise MessageRefused
            return
        if purpose == OFFICE or (self._terms(purpose) is not None and not is_keys(purpose)):
            return
        self._budget.charge(asker.gateway, OFFICE, asker.person, Unit.REQUESTS, 1)
        raise GalleryUnknown

    def _begun(self, ask: Any, begun: Said, asker: Asker, approvals: list[bytes]) -> None:
        if isinstance(ask, wire.AddGallery | wire.ReplaceDocument):
            self._approved(asker, approvals, POLICY, begun.purpose, begun.digest, Role.OFFICER, charges_of(ask))
        charges = charges_of(ask)
        if isinstance(ask, wire.Erase):
            if self._due(ask.name, ask.handle):
                # Not early any more, and no gateway's doing: who was restricted, or is written anew, was charged then,
                # and who expired was never to be kept for longer. More go in a day than a thief may destroy.
                charges = [REQUEST]
            else:
                self._erase(asker, ask, begun, approvals)
        if isinstance(ask, SEARCHES):
            self._wait_until_counted(asker)
        bulk = bulk_of(ask)
        if bulk is not None:  # no gateway's doing: two officers signed for so many; who owes is refused all the same
            charges = [REQUEST, *((unit, 0, row) for unit, _, row in special(ask))]
        for unit, amount, row in charges:
            whose = row if unit is not Unit.LISTS else asker.account or row
            self._budget.charge(asker.gateway, begun.purpose, asker.person, unit, amount, whose)
        if bulk is not None:
            self._draw(asker, approvals, bulk, Role.OFFICER)
        if isinstance(ask, SEARCHES):
            uncounted = self._uncounted(begun.purpose, ask.header.rows)
            self._search(ask.header.attempt, _Search(asker, begun.purpose, ask.header.probes, uncounted, Event()))
        elif isinstance(ask, wire.Offer):
            with self._lock:
                # Of whom a ticket was drawn already, nobody has to sign for when they are prepared.
                _remember(self._offers, ask.header.attempt, (asker, ask.header.rows if bulk is None else 0))

    def _search(self, attempt: bytes, search: _Search) -> None:
        """A match for each probe is set aside, so that searches that run at once do not find more than is left."""
        asker = search.asker
        with self._lock:
            _remember(self._searches, attempt, search)
        try:
            self._budget.reserve(asker.gateway, search.purpose, asker.person, Unit.MATCHES, search.probes)
        except BudgetSpent:
            with self._lock:
                del self._searches[attempt]
            raise

    def _approved(
        self,
        asker: Asker,
        approvals: list[bytes],
        operation: str,
        purpose: str,
        digest: bytes,
        role: Role,
        charges: Sequence[tuple[Unit, int, bytes | None]] = (),
    ) -> int:
        """Two people have approved this, up to the unix second that is answered: charged to each of them, and to the
        certificate that brought it.

        Their signatures are used up once there is budget for that and for what is approved, `charges`: nobody has to
        sign anew because an account was empty.
        """

        def borne(people: Sequence[Person]) -> None:
            approving = [Charge(asker.gateway, purpose, person.key, Unit.APPROVALS, 1) for person in people]
            asked = [Charge(asker.gateway, purpose, asker.person, unit, amount) for unit, amount, _ in charges]
            self._budget.require([*approving, *asked])

        found = self._verifier.approved(approvals, operation, purpose, digest, needed=NEEDED, role=role, before=borne)
        for person in found.people:
            self._budget.charge(asker.gateway, purpose, person.key, Unit.APPROVALS, 1)
        return found.until

    def _erase(self, asker: Asker, ask: wire.Erase, begun: Said, approvals: list[bytes]) -> None:
        # Keys destroyed are a record destroyed, of somebody who may not be asked for it again: officers decide.
        role = Role.OFFICER if is_keys(ask.name) else self._eyes(ask.name).approvers(EARLY)
        if role is None:
            return
        own = hashed(ask.handle)
        if self._is_cleared(own):
            return
        if own not in ask.hashed:
            raise ApprovalRefused(needed=NEEDED, valid=0)
        digest = erasure_digest(begun.purpose, ask.hashed)
        self._approved(asker, approvals, EARLY, begun.purpose, digest, role, charges_of(ask))
        with self._lock:  # the same two people mean all that there is of this person
            for other in ask.hashed:
                if other != own:
                    self._cleared[other] = None
            while len(self._cleared) > _REMEMBERED:
                self._cleared.popitem(last=False)

    def _is_cleared(self, own: bytes) -> bool:
        with self._lock:
            return self._cleared.pop(own, self) is None

    def _prepare(self, gateway: bytes, ask: wire.Prepare, approvals: list[bytes]) -> Asker | None:
        """Going on with offers of the same gateway, and with more of them together than one person may enrol?"""
        with self._lock:
            offers = [self._offers.get(attempt) for attempt in ask.attempts]
        known = [offer for offer in offers if offer is not None and offer[0].gateway == gateway]
        if len(known) < len(offers):
            raise CallerRefused
        if not known:
            return None
        asker = known[0][0]
        # Whoever is written anew is no newcomer: that was charged as a correction.
        people = sum(rows for _, rows in known) - self._instead(ask.attempts)
        role, above = self._eyes(ask.name).bulk(ask.name)
        if role is None or people <= 0:
            return asker
        if ask.approved >= people:
            self._draw(asker, approvals, Bulk(ask.name, ask.approved, people=people), role)
        elif not self._portions.take(ask.name, people, above):
            raise ApprovalRefused(needed=NEEDED, valid=0)
        return asker

    def _draw(self, asker: Asker, approvals: list[bytes], bulk: Bulk, role: Role) -> None:
        """Draw from the ticket of these signatures; the first time, they are verified and used up. Held by one: the
        first two requests of an import come at once."""
        digest = bulk_digest(bulk.gallery, bulk.approved)
        people, evaluations = bulk.approved - bulk.people, bulk.approved * EVALUATIONS_EACH - bulk.evaluations
        with self._ticketing:
            if self._tickets.draw(asker.gateway, digest, approvals, bulk.people, bulk.evaluations):
                return
            if min(people, evaluations) < 0:  # and nobody has to sign anew for that
                raise ApprovalRefused(needed=NEEDED, valid=0)
            until = self._approved(asker, approvals, BULK, purpose_of(bulk.gallery), digest, role)
            self._tickets.open(asker.gateway, digest, approvals, Left(people, until, evaluations))

    def _release(self, gateway: bytes, ask: wire.Release) -> None:
        """Pseudonyms of as many rows as the three counted, to the gateway that searched."""
        with self._lock:  # it stays there until it is counted, however soon somebody asks
            search = self._searches.get(ask.attempt)
        if search is None or search.asker.gateway != gateway or search.purpose != ask.name:
            raise AnswerUnknown
        rows = ask.slots.shape[0] if ask.slots.shape else 0
        search.counted.wait(_COUNT_S)  # nothing was found until it is
        if search.spent:
            raise MatchesSpent
        if rows > search.matches:
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

    def _uncounted(self, name: str, rows: int) -> int:
        """What a probe over so many rows is charged if its matches are not counted."""
        terms = self._terms(name)
        expected = 0.0 if terms is None else identify_point(Terms.from_json(terms), rows).expected_false
        return max(UNCOUNTED, math.ceil(expected))

    def _eyes(self, name: str) -> FourEyes:
        terms = self._terms(name)
        return FourEyes() if terms is None else FourEyes.of(Terms.from_json(terms))


def _remember(held: OrderedDict[bytes, Any], attempt: bytes, value: Any) -> None:
    if attempt in held:
        raise CallerRefused
    held[attempt] = value
    while len(held) > _REMEMBERED:
        held.popitem(last=False)
