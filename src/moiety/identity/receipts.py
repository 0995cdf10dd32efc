"""Receipts of those whose records are destroyed: asked for last, when nothing is left of them anywhere.

What is needed for it is kept in the same transaction that deletes the record, and until the receipt is handed out: so
whoever is interrupted in between loses none. Custodians sign once for each row, about one salted commitment, so that
is made only once too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from moiety.errors import Refused
from moiety.identity.desk import Desk
from moiety.identity.pseudonym import Pseudonym
from moiety.ledger.receipt import SALT_BYTES, subject
from moiety.vault.owed import REMEMBERED_DAYS, Owed
from moiety.vault.retention import Reading

UNATTESTED: Final = "nothing_destroyed"
"""What custodians answer who have nothing to sign for."""

_MINUTES_A_DAY: Final = 1_440


@dataclass(frozen=True, slots=True)
class Receipt:
    """What each custodian signed of what it destroyed, as a file (JSON), and the salt, 32 bytes, with which alone it
    can be shown whom it is about: see `moiety.ledger.receipt`."""

    file: bytes
    salt: bytes = field(repr=False)


def owing(desk: Desk, who: Pseudonym, versions: Sequence[bytes]) -> Owed:
    """What a receipt for these versions of somebody's record, and the face, will be asked for by."""
    salt, traces = desk.entropy(SALT_BYTES), desk.custody().traces(desk.name, versions, who.value)
    return Owed(desk.name, desk.now().minute, salt, _about(who, salt), tuple(traces))


def owed_to(desk: Desk, who: Pseudonym) -> Owed | None:
    """What somebody whose record is destroyed was not given yet."""
    return next((one for one in desk.records().owed(desk.name) if one.subject == _about(who, one.salt)), None)


def outstanding(desk: Desk, now: Reading) -> list[Owed]:
    """What was not handed out to anybody, and will never be by itself. What custodians do not remember any more is
    forgotten here too."""
    return desk.records().owed(desk.name, since=now.minute - REMEMBERED_DAYS * _MINUTES_A_DAY)


def hand_out(desk: Desk, owed: Owed, take: Callable[[Receipt], None]) -> None:
    """Have `take` the receipt, of somebody whose record is destroyed; then it is owed no more. Nothing is taken where
    custodians have nothing to sign for: all of it had been written anew, or was gone before."""
    desk.records().scrub()  # nothing is left: also of whom an interruption left in the store's log
    try:
        file = desk.custody().attest(owed.traces, owed.subject.hex())
    except Refused as refused:
        if refused.code != UNATTESTED:
            raise
    else:
        take(Receipt(file, owed.salt))
    desk.records().settle_owed(owed)


def _about(who: Pseudonym, salt: bytes) -> bytes:
    return bytes.fromhex(subject(str(who), salt))
