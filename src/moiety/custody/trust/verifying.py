"""Whether somebody whom this custodian knows asked for this, and whether enough of them approved it.

A custodian believes nothing that only the gateway asserts: a gateway passes signatures along, and a caller that it
invents has none. Every denial is the same one from outside, and takes the same steps.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from moiety.custody.refusals import CustodianDown
from moiety.custody.store.keeping import Passing
from moiety.custody.trust.denials import ApprovalRefused, CallerRefused, SignedUnreadable
from moiety.custody.trust.roster import Person, Role, Roster
from moiety.custody.trust.signing import Kind, Signed, Statement
from moiety.custody.trust.spent import AlreadySpent, Spent, SpentNonces
from moiety.sharing.seat import SEATS, Seat

CLOCKS_APART_S: Final = 30
"""How far a call's instant may lie from this custodian's clock: it is signed by machines that keep time."""

APPROVAL_S: Final = 86_400
"""How long an approval counts: the second officer may come tomorrow morning, not next week."""

MOST_APPROVALS: Final = 16
"""Signatures that are looked at for one request: each costs a verification."""


@dataclass(frozen=True, slots=True)
class Calling:
    """Who asks, and for whom (8 bytes, or none): whoever signs says so, and answers for it."""

    person: Person
    behalf: bytes


@dataclass(frozen=True, slots=True)
class Approval:
    """Who approved something; and the unix second, a day after what counted first of it was signed, up to which that is
    an approval."""

    people: tuple[Person, ...]
    until: int


class Verifier:
    """One custodian's judgement of signatures, for one office. Safe for threads.

    `spent` is durable. Calls are remembered in memory: what was signed up to the second in which this began is
    not taken, so a restart brings nothing back; a call that is dated ahead of this clock could outlive that rule, and
    is remembered durably.
    """

    def __init__(self, seat: Seat, roster: Roster, office: bytes, clock: Callable[[], datetime], spent: Spent) -> None:
        self._seat: Seat = seat
        self._roster = roster
        self._office = office
        self._clock = clock
        self._spent = spent
        self._passing = SpentNonces(Passing())
        self._began = self._now()

    @property
    def began(self) -> int:
        """The unix second in which this began: what was signed up to its end is not taken."""
        return self._began

    def caller(self, signed: bytes, operation: str, purpose: str, digest: bytes) -> Calling:
        """Who asks for this operation on this purpose, with this `request_digest`; raises `CallerRefused`.

        `signed` is what travelled. It is used once: what else goes wrong with the request, it takes a new one. Raises
        `CustodianDown` where somebody who may ask signed before this began: that may have been taken then, and nobody
        knows; signed anew it is.
        """
        now = self._now()
        try:
            statement, person = self._read(signed, Kind.CALL, operation, purpose, digest)
        except SignedUnreadable:
            raise CallerRefused from None
        if person is None or not person.may_call(operation, purpose):
            raise CallerRefused
        if abs(now - statement.at) > CLOCKS_APART_S:
            raise CallerRefused
        if statement.at <= self._began:
            raise CustodianDown(seat=SEATS.index(self._seat))
        self._use_up(statement, now)
        return Calling(person, statement.behalf)

    def approved(
        self,
        approvals: Sequence[bytes],
        operation: str,
        purpose: str,
        digest: bytes,
        *,
        needed: int = 2,
        role: Role = Role.OFFICER,
        before: Callable[[Sequence[Person]], None] = lambda people: None,
    ) -> Approval:
        """The people who approved this, at least `needed` of them, and until when; raises `ApprovalRefused`.

        What counts is used up together, or not at all where it does not suffice or `before`, which is told who they
        are, raises.
        """
        now = self._now()
        people: dict[bytes, Person] = {}
        nonces: dict[bytes, int] = {}
        ends: list[int] = []
        for signed in approvals[:MOST_APPROVALS]:
            try:
                statement, person = self._read(signed, Kind.APPROVAL, operation, purpose, digest)
            except SignedUnreadable:
                continue
            until = statement.at + APPROVAL_S
            if person is None or not person.may_approve(operation, purpose, role):
                continue
            if now <= until and statement.at <= now + CLOCKS_APART_S and person.key not in people:
                people[person.key] = person
                nonces[statement.nonce] = max(until, nonces.get(statement.nonce, 0))
                ends.append(until)
        if len(people) < needed:
            raise ApprovalRefused(needed=needed, valid=len(people))
        before(tuple(people.values()))
        try:
            self._spent.spend(nonces, now)
        except AlreadySpent:
            raise ApprovalRefused(needed=needed, valid=0) from None
        return Approval(tuple(people.values()), min(ends))

    def _read(
        self, signed: bytes, kind: Kind, operation: str, purpose: str, digest: bytes
    ) -> tuple[Statement, Person | None]:
        """The statement, and whose it is if it is genuine and says exactly this. Raises `SignedUnreadable`.

        The signature is verified whoever may have made it, so that time does not tell who is in the roster.
        """
        read = Signed.from_bytes(signed)
        own = read.statement
        genuine = read.is_genuine()
        known = self._roster.find(read.key)
        exact = hmac.compare_digest(own.digest, digest) & hmac.compare_digest(own.office, self._office)
        said = (own.kind, own.operation, own.purpose) == (kind, operation, purpose)
        return own, known if genuine and exact and said else None

    def _use_up(self, statement: Statement, now: int) -> None:
        """Raises `CallerRefused` where the call was used before, by this process or an earlier one."""
        used = {statement.nonce: statement.at + CLOCKS_APART_S}
        try:
            self._passing.spend(used, now)
            if statement.at > now:
                self._spent.spend(used, now)
            elif statement.nonce in self._spent:
                raise AlreadySpent
        except AlreadySpent:
            raise CallerRefused from None

    def _now(self) -> int:
        return int(self._clock().timestamp())
