"""What a custodian shows of its ledger, and what it signs of what it destroyed. See `moiety.ledger`.

It shows a signed head, the commitments and lines up to it, and, to whoever can name them, sealed entries, which open
for the person alone. None of this can be asked about a person without that person's key.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from moiety.custody import acknowledging
from moiety.custody.chronicle import Chronicle
from moiety.custody.destroyed import Destroyed
from moiety.custody.headers import check_instant
from moiety.custody.keys import Acquaintance
from moiety.custody.own import Own
from moiety.custody.refusals import HeaderRefused
from moiety.custody.store.kinds import is_keys
from moiety.custody.turns import Turns
from moiety.custody.verbs import ROWS_AT_ONCE, TAGS_AT_ONCE, Clock, Proof, Row, Shown
from moiety.ledger import receipt
from moiety.ledger.refusals import LedgerAltered
from moiety.ledger.seal import Leaf
from moiety.matching.header import Header
from moiety.matching.rounds import Rounds
from moiety.sharing.seat import Seat

EPOCH_DAYS: Final = 7
"""Days after which the epoch is to be over in which somebody was destroyed: the operators' timer refreshes weekly (see
docs/operations). Nothing here makes it end, so the day that is signed is when that is due, and not that it was."""


@dataclass(frozen=True)
class Showing:
    """What whoever keeps a ledger shows of it. Safe for threads."""

    chronicle: Chronicle = field(repr=False)

    def head(self) -> Shown:
        """A head of the ledger as it is now, signed, and the key that it is signed by (Ed25519, 32 bytes)."""
        return Shown(self.chronicle.head(), self.chronicle.public)

    def rows(self, start: int, end: int, *, clear: bool = False) -> list[Row]:
        """Commitments and lines of these positions, at most `ROWS_AT_ONCE`; with `clear`, also what is kept of those
        that are about nobody. Raises `LedgerAltered`."""
        found = self.chronicle.log.checked(start, min(end, start + ROWS_AT_ONCE))
        return [_row(leaf, clear=clear) for leaf in found]

    def prove(self, size: int, operation: bytes, since: int) -> Proof:
        """Of the first `size` leaves: where this operation's is (16 bytes; none where nothing is asked for), with the
        inclusion proof, and what is kept of it if it is about nobody; and that they grew from the first `since`. Raises
        `PositionUnknown`, `LedgerAltered`."""
        log = self.chronicle.log
        consistency = log.consistency(since, size)
        found = log.proven(operation, size) if operation else None
        if found is None:
            return Proof(None, None, (), consistency)
        position, leaf, inclusion = found
        return Proof(position, _row(leaf, clear=True), inclusion, consistency)

    def altered(self) -> int | None:
        """From which position on the ledger is not what it was, as near as it can tell itself; None where it finds
        nothing."""
        try:
            self.chronicle.log.verify()
        except LedgerAltered as error:
            return error.numbers["position"]
        return None

    def entries(self, tags: Sequence[bytes]) -> list[Row]:
        """What is kept under these tags (16 bytes each), at most `TAGS_AT_ONCE`, in the order of the ledger."""
        found = self.chronicle.log.leaves_of(*tags[:TAGS_AT_ONCE])
        return [Row(leaf.commitment, leaf.line, leaf.kept) for _, leaf in found]


def _row(leaf: Leaf, *, clear: bool) -> Row:
    """What is kept of somebody is given to whoever knows its tag, and to nobody else."""
    return Row(leaf.commitment, leaf.line, leaf.kept if clear and leaf.tag is None else None)


@dataclass(frozen=True)
class Auditing(Showing):
    """One custodian's side of audits and receipts. Safe for threads."""

    seat: Seat
    destroyed: Destroyed
    own: Own
    turns: Turns
    acquaintance: Acquaintance
    clock: Clock

    def attest(self, subject: str, rows: Sequence[tuple[str, bytes]]) -> receipt.Signed:
        """A signed statement that these rows, galleries and handles, were destroyed here, about a salted commitment.

        What was written anew counts for nothing, nor does what was never here: whoever goes on with an erasure that
        was interrupted does not know what there was. Raises `NothingDestroyed` where nothing is left then, for a row
        that is named twice, and for one that was stated about somebody else.
        """
        minute, galleries = self.destroyed.counted(subject, rows)
        counted: dict[str, int] = {}
        for gallery in galleries:
            what = "keys" if is_keys(gallery) else "face"
            counted[what] = counted.get(what, 0) + 1
        end = minute.date() + timedelta(days=EPOCH_DAYS)
        return receipt.stated(self.seat, subject, counted, minute, minute.date(), end, self.chronicle.signing.sign)

    def acknowledge(self, header: Header, operations: Sequence[bytes]) -> Rounds[int]:
        """This custodian's side of writing down which of these operations (16 bytes each) a ledger lacks that others
        have: how many this one lacked. What is there is left as it is; see `acknowledging`.

        Raises `HeaderRefused`, `Disagreement` where another was asked for others, `LedgerTampered` where this ledger
        has not all that it had when this store was last changed, and `LedgerUnwritable`.
        """
        check_instant(header, self.clock)
        if header.operation != "acknowledge" or len(set(operations)) < len(operations):
            raise HeaderRefused
        said = yield from acknowledging.told(self.chronicle, self.acquaintance.keys(), header, operations)
        with self.turns.alone():  # whoever searches has written that down, or has not begun
            self.own.require_grown()
            return acknowledging.write(self.chronicle, self.seat, operations, said)
