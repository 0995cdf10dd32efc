"""What a custodian that runs apart shows of its ledger, as a gateway asks it: see `verbs.AuditVerbs`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from moiety.custody import audit_asks
from moiety.custody.messages import AttestedMessage, Count, HeaderMessage, LedgerRow, ProofMessage, ShownMessage
from moiety.custody.older import LedgerOlder
from moiety.custody.refusals import MessageRefused
from moiety.custody.verbs import Proof, Row, Shown
from moiety.ledger.receipt import Signed
from moiety.matching.header import Header
from moiety.matching.rounds import Rounds
from moiety.sharing.seat import SEATS, Seat


class RemoteAudit:
    """That of the custodian of this seat; `ask` sends one request and reads its answer, of this type."""

    def __init__(self, seat: Seat, ask: Callable[[Any, Any], Any]) -> None:
        self._seat: Seat = seat
        self._ask = ask

    def head(self) -> Shown:
        """As `auditing.Auditing.head`."""
        found: ShownMessage = self._ask(audit_asks.AuditHead(), ShownMessage)
        return Shown(found.head, found.key)

    def rows(self, start: int, end: int, *, clear: bool = False) -> list[Row]:
        """As `auditing.Auditing.rows`."""
        found: list[LedgerRow] = self._ask(audit_asks.AuditRows(start, end, clear), list[LedgerRow])
        return [row.row() for row in found]

    def prove(self, size: int, operation: bytes, since: int) -> Proof:
        """As `auditing.Auditing.prove`."""
        found: ProofMessage = self._ask(audit_asks.AuditProve(size, operation, since), ProofMessage)
        return found.proof()

    def altered(self) -> int | None:
        """As `auditing.Auditing.altered`."""
        found: int | None = self._ask(audit_asks.AuditAltered(), Count | None)
        return found

    def entries(self, tags: Sequence[bytes]) -> list[Row]:
        """As `auditing.Auditing.entries`."""
        found: list[LedgerRow] = self._ask(audit_asks.AuditEntries([*tags]), list[LedgerRow])
        return [row.row() for row in found]

    def attest(self, subject: str, rows: Sequence[tuple[str, bytes]]) -> Signed:
        """As `auditing.Auditing.attest`."""
        galleries, handles = [name for name, _ in rows], [handle for _, handle in rows]
        found: AttestedMessage = self._ask(
            audit_asks.Attest(bytes.fromhex(subject), galleries, handles), AttestedMessage
        )
        try:
            return msgspec.json.decode(found.signed, type=Signed)
        except msgspec.DecodeError:
            raise MessageRefused from None

    def acknowledge(self, header: Header, operations: Sequence[bytes]) -> Rounds[int]:
        """As `auditing.Auditing.acknowledge`. Raises `LedgerOlder`."""
        try:
            count: int = self._ask(audit_asks.AuditAcknowledge(HeaderMessage.of(header), [*operations]), Count)
        except MessageRefused:  # whoever does not know a verb says that of it
            raise LedgerOlder(seat=SEATS.index(self._seat)) from None
        return count
        yield  # what makes this a generator
