"""What a custodian server does with a request: which turn it takes, whether it needs the lease, and the verb itself."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import msgspec
import numpy as np

from moiety.custody import audit_asks, messages, record_asks, wire
from moiety.custody.chronicle import about, called, caller_of
from moiety.custody.custodian import Custodian
from moiety.custody.messages import Array, LedgerRow, ProofMessage
from moiety.custody.net.attempts import Attempts
from moiety.custody.net.doors import Doors
from moiety.custody.net.journal import fault
from moiety.custody.refusals import MessageRefused
from moiety.custody.trust.guard import Asker, Guard
from moiety.custody.trust.limits import Unit
from moiety.custody.trust.signing import ON_BEHALF
from moiety.custody.turns import Leases
from moiety.custody.verbs import Ground, Progress
from moiety.errors import MoietyError, Refused
from moiety.matching.header import ATTEMPT_BYTES, Header
from moiety.matching.rounds import Rounds
from moiety.matching.search import Matches
from moiety.matching.tally import tally

CHANGING = (
    wire.AddGallery, wire.ReplaceDocument, wire.Prepare, wire.Activate, wire.Locate, wire.Erase, wire.Scrub, wire.Renew,
    wire.Stage, wire.Switch, wire.Reconcile, wire.Mend, record_asks.Restrict,
    record_asks.AgreeKey, record_asks.Carry, record_asks.NoteGround, audit_asks.AuditAcknowledge,
)  # fmt: skip
"""What is done under a lease only."""

PLAYED = (
    wire.Offer, wire.Identify, wire.Verify, wire.IdentifyRow, wire.VerifyRow, wire.ReplaceDocument, wire.Prepare,
    wire.Activate, wire.Erase, wire.Renew, wire.Switch, wire.Reconcile, wire.Integrity, record_asks.Restrict,
    record_asks.AgreeKey, record_asks.NoteGround, audit_asks.AuditAcknowledge,
)  # fmt: skip
"""What the three do together, in an attempt."""

COUNTED_AT_ONCE = 8


class Serving:
    """One custodian behind its server. Safe for threads."""

    def __init__(
        self,
        custodian: Custodian,
        attempts: Attempts,
        leases: Leases,
        guard: Guard,
        doors: Doors,
        round_trip_s: Callable[[], float],
    ) -> None:
        self._doors = doors
        self._custodian = custodian
        self._guard = guard
        self._round_trip_s = round_trip_s
        self._counting = ThreadPoolExecutor(COUNTED_AT_ONCE, thread_name_prefix="count")
        self._attempts = attempts
        self._leases = leases

    def serve(self, gateway: bytes, request: wire.Request, progress: Progress) -> Any:
        """Do what the gateway of this pinned key asks; the value to be encoded.

        Raises what the verb and `Guard.admit` raise, `LeaseLost`, and `CustodianDown` while this one is stopping.
        """
        ask = request.ask
        with ExitStack() as stay:
            stay.enter_context(about(getattr(ask, "name", "")))
            try:
                stay.enter_context(self._doors.inside(leased=self._leases.is_held(request.lease)))
                stay.enter_context(self._leases.used(request.lease))
                if isinstance(ask, CHANGING):
                    self._leases.require(request.lease)
                asker = self._guard.admit(gateway, request)
                if asker is not None:
                    stay.enter_context(called(caller_of(asker.person, asker.behalf)))
                if isinstance(ask, wire.Mend) and asker is not None:
                    lost = self._custodian.unknown(ask.name, ask.numbers, ask.one.help().states)
                    self._guard.believed(asker, ask.name, lost)
                if isinstance(ask, record_asks.Unlock):
                    return self._unlock(ask, asker)
                if isinstance(ask, wire.Budgets) and asker is not None:
                    return self._budgets(asker)
                return _VERBS[type(ask)](self, ask, progress)
            except BaseException as error:
                if isinstance(error, Refused):
                    self._custodian.refused(error.code)
                if isinstance(ask, PLAYED):  # the other two would wait for a side that is not played
                    self._attempts.stop(ask.header.attempt)
                raise

    def hold(self, gateway: bytes, request: wire.Request) -> None:
        """Let somebody take the lease. Raises `MessageRefused` for any other request, what `Guard.admit` raises, and
        `CustodianDown` while the doors are not open: whoever comes too early is known, and asks again."""
        if not isinstance(request.ask, wire.Hold):
            raise MessageRefused
        with self._doors.inside(leased=False):
            self._guard.admit(gateway, request)

    def close(self) -> None:
        """Wait until everything that was found is counted and charged."""
        self._counting.shutdown()

    # One method for each verb that is more than a call.

    def _offer(self, ask: wire.Offer) -> None:
        header = ask.header.header()
        batch = ask.batch.batch()
        self._played(ask, lambda: self._custodian.offer(ask.name, batch, header))

    def _identify(self, ask: wire.Identify) -> messages.OpeningMessage:
        search = self._custodian.search
        return self._searched(ask, lambda header: search(ask.name, header, ask.probe.array(np.uint32, 2)))

    def _identify_row(self, ask: wire.IdentifyRow) -> messages.OpeningMessage:
        search = self._custodian.rows.search
        return self._searched(ask, lambda header: search(ask.name, header, ask.handle))

    def _verify_row(self, ask: wire.VerifyRow) -> messages.OpeningMessage:
        verify, header = self._custodian.rows.verify, ask.header.header()
        return messages.opening(self._played(ask, lambda: verify(ask.name, header, ask.handle, ask.claim)))

    def _searched(self, ask: Any, begin: Callable[[Header], Rounds[Matches]]) -> messages.OpeningMessage:
        header = ask.header.header()
        attempt = header.attempt
        counted = hashlib.sha256(b"moiety tally 1" + attempt).digest()[:ATTEMPT_BYTES]
        try:
            self._attempts.expect(counted)
            try:
                found = self._played(ask, lambda: begin(header))
            except BaseException:
                self._attempts.abandon(counted)
                raise
        except BaseException:
            self._guard.unanswered(attempt)
            raise
        self._guard.answers(attempt)
        # The answer leaves first; what it found is counted and charged before this gateway's next search.
        count = lambda: self._attempts.play(counted, tally(found.channel, found.bits))  # noqa: E731
        self._counting.submit(self._guard.found, attempt, count).add_done_callback(_counted)
        return messages.opening(found.opening())

    def _verify(self, ask: wire.Verify) -> messages.OpeningMessage:
        header, probe = ask.header.header(), ask.probe.array(np.uint32, 2)
        return messages.opening(self._played(ask, lambda: self._custodian.verify(ask.name, header, probe, ask.handle)))

    def _unlock(self, ask: record_asks.Unlock, asker: Asker | None) -> messages.UnlockedMessage:
        role = "" if asker is None else asker.role.value
        found = self._custodian.records.unlock(ask.name, ask.handle, ask.secrets, role, ask.reason, ask.asked)
        return messages.UnlockedMessage(found.epoch, Array.of(found.words), found.minute, found.caller, role)

    def _budgets(self, asker: Asker) -> list[messages.BudgetMessage]:
        return [
            messages.BudgetMessage(
                one.scope.value, one.unit.value, one.burst, one.daily, one.drawn, one.left, one.whole_s
            )
            for one in self._guard.allowances(asker)
            # A gateway of before knows no such unit, and would take it for no answer; who says for whom it asks does.
            if one.unit is not Unit.LISTS or asker.behalf
        ]

    def _evaluate(self, ask: record_asks.Evaluate) -> messages.EvaluatedMessage:
        found = self._custodian.records.evaluate(ask.name, ask.pair, ask.elements, ask.proven)
        return messages.EvaluatedMessage(found.epoch, found.public, found.elements, found.proof)

    def _shown(self) -> messages.ShownMessage:
        found = self._custodian.audit.head()
        return messages.ShownMessage(found.head, found.key)

    def _attest(self, ask: audit_asks.Attest) -> messages.AttestedMessage:
        if len(ask.galleries) != len(ask.rows):
            raise MessageRefused
        signed = self._custodian.audit.attest(ask.subject.hex(), list(zip(ask.galleries, ask.rows, strict=True)))
        return messages.AttestedMessage(msgspec.json.encode(signed))

    def _integrity(self, ask: wire.Integrity, progress: Progress) -> bool:
        header = ask.header.header()
        return bool(self._played(ask, lambda: self._custodian.integrity(ask.name, header, progress)))

    def _together(self, ask: Any, begin: Callable[[Header], Rounds[Any]]) -> Any:
        header = ask.header.header()
        return self._played(ask, lambda: begin(header))

    def _played(self, ask: Any, begin: Callable[[], Any]) -> Any:
        return self._attempts.play(ask.header.attempt, begin(), long=isinstance(ask, wire.LONG))


def _counted(counting: Future[None]) -> None:
    """Nobody waits for a count, so what nobody foresaw is said here; what ends it otherwise was charged in full."""
    error = counting.exception()
    if error is not None and not isinstance(error, MoietyError):
        fault(error, "tally")


_VERBS: dict[type, Callable[[Serving, Any, Progress], Any]] = {
    wire.Stand: lambda s, ask, _: messages.StandingMessage.of(s._custodian.standing()),
    wire.RoundTrip: lambda s, ask, _: s._round_trip_s(),
    wire.Versions: lambda s, ask, _: ON_BEHALF,
    wire.AddGallery: lambda s, ask, _: s._custodian.add_gallery(ask.name, ask.terms, ask.document),
    wire.ReplaceDocument: lambda s, ask, _: s._together(
        ask, lambda header: s._custodian.replace_document(ask.name, header, ask.terms, ask.document)
    ),
    wire.Load: lambda s, ask, progress: s._custodian.load(ask.name, progress),
    wire.Alive: lambda s, ask, _: s._custodian.alive(ask.name, ask.day),
    wire.Offer: lambda s, ask, _: s._offer(ask),
    wire.Prepare: lambda s, ask, _: Array.of(
        s._together(ask, lambda header: s._custodian.prepare(ask.name, header, ask.attempts))
    ),
    wire.Forget: lambda s, ask, _: s._custodian.forget(ask.attempts),
    wire.Activate: lambda s, ask, _: s._together(
        ask, lambda header: s._custodian.activate(ask.name, header, ask.slots.array(np.int64, 1))
    ),
    wire.Locate: lambda s, ask, _: Array.of(s._custodian.locate(ask.name, ask.handle)),
    wire.Erase: lambda s, ask, _: s._together(ask, lambda header: s._custodian.erase(ask.name, header, ask.handle)),
    record_asks.Carry: lambda s, ask, _: s._custodian.records.carry(ask.name, ask.attempt, ask.handle, ask.secrets),
    record_asks.AgreeKey: lambda s, ask, _: s._together(
        ask, lambda header: s._custodian.records.agree_key(ask.name, header)
    ),
    audit_asks.AuditHead: lambda s, ask, _: s._shown(),
    audit_asks.AuditRows: lambda s, ask, _: [
        LedgerRow.of(row) for row in s._custodian.audit.rows(ask.start, ask.end, clear=ask.clear)
    ],
    audit_asks.AuditProve: lambda s, ask, _: ProofMessage.of(
        s._custodian.audit.prove(ask.size, ask.operation, ask.since)
    ),
    audit_asks.AuditAltered: lambda s, ask, _: s._custodian.audit.altered(),
    audit_asks.AuditEntries: lambda s, ask, _: [LedgerRow.of(row) for row in s._custodian.audit.entries(ask.tags)],
    audit_asks.Attest: lambda s, ask, _: s._attest(ask),
    audit_asks.AuditAcknowledge: lambda s, ask, _: s._together(
        ask, lambda header: s._custodian.audit.acknowledge(header, ask.operations)
    ),
    record_asks.Evaluate: lambda s, ask, _: s._evaluate(ask),
    record_asks.Restrict: lambda s, ask, _: s._together(
        ask, lambda header: s._custodian.records.restrict(ask.name, header, ask.handle, ask.on)
    ),
    record_asks.NoteGround: lambda s, ask, _: s._together(
        ask,
        lambda header: s._custodian.records.ground(ask.name, header, ask.handle, Ground(ask.place, ask.text, ask.how)),
    ),
    wire.Scrub: lambda s, ask, _: s._custodian.scrub(ask.step),
    wire.Identify: lambda s, ask, _: s._identify(ask),
    wire.Verify: lambda s, ask, _: s._verify(ask),
    wire.IdentifyRow: lambda s, ask, _: s._identify_row(ask),
    wire.VerifyRow: lambda s, ask, _: s._verify_row(ask),
    wire.Release: lambda s, ask, _: Array.of(s._custodian.release(ask.name, ask.attempt, ask.slots.array(np.int64, 1))),
    wire.Renew: lambda s, ask, _: s._together(ask, s._custodian.renew),
    wire.Stage: lambda s, ask, progress: s._custodian.stage(progress),
    wire.Switch: lambda s, ask, _: s._together(ask, s._custodian.switch),
    wire.Reconcile: lambda s, ask, _: s._together(ask, s._custodian.reconcile),
    wire.Survey: lambda s, ask, progress: messages.survey(s._custodian.survey(ask.name, progress)),
    wire.Integrity: lambda s, ask, progress: s._integrity(ask, progress),
    wire.Helping: lambda s, ask, _: s._custodian.helping(),
    wire.Assist: lambda s, ask, _: messages.HelpMessage.of(
        s._custodian.assist(ask.name, ask.lost, ask.numbers, messages.nonces(ask.nonces))
    ),
    wire.PseudonymParts: lambda s, ask, _: Array.of(s._custodian.pseudonym_parts(ask.name, ask.numbers)),
    wire.Mend: lambda s, ask, _: s._custodian.mend(
        ask.name, ask.numbers, ask.one.help(), ask.other.help(), ask.handles.array(np.uint8, 3)
    ),
}
