"""What the ledger refuses, and what makes it unavailable. None of it quotes data."""

from __future__ import annotations

from typing import ClassVar

from moiety.errors import Refused, Unavailable


class LedgerUnwritable(Unavailable):
    code: ClassVar[str] = "ledger_unwritable"
    advice: ClassVar[str] = (
        "the ledger cannot be written, and nothing is done that is not written down: see to its disk or database"
    )


class LedgerAltered(Refused):
    code: ClassVar[str] = "ledger_altered"
    advice: ClassVar[str] = (
        "the ledger was altered or cut at position {position} or after it: it takes nothing more. Keep it for whoever "
        "looks into that, and compare it with the other ledgers"
    )


class OperationDiffers(Refused):
    code: ClassVar[str] = "operation_differs"
    advice: ClassVar[str] = (
        "this operation is in the ledger already and was said differently then: nothing was written. Ask anew; where "
        "it stays so, something repeats an old request with other contents: `moiety audit verify` says whether the "
        "ledgers agree on it"
    )


class OperationUninvited(Refused):
    code: ClassVar[str] = "operation_uninvited"
    advice: ClassVar[str] = "this operation is not for this ledger to record"


class TooManyEntries(Refused):
    code: ClassVar[str] = "too_many_entries"
    advice: ClassVar[str] = "at most {limit} entries at once: do the rest in further calls"


class PositionUnknown(Refused):
    code: ClassVar[str] = "position_unknown"
    advice: ClassVar[str] = "the ledger has {size} entries and none at this position, or was never of this size"


class OperationUnwritten(Refused):
    code: ClassVar[str] = "operation_unwritten"
    advice: ClassVar[str] = (
        "no ledger has this operation, or not among what this person is told: `moiety audit list` and `moiety audit "
        "person` name them"
    )


class EntryWrong(Refused):
    code: ClassVar[str] = "entry_wrong"
    advice: ClassVar[str] = "this is no entry of a ledger, or a name in it has more than {limit} bytes"


class EntryKeyWrong(Refused):
    code: ClassVar[str] = "entry_key_wrong"
    advice: ClassVar[str] = "an entry is sealed to a person's X25519 key: this is none"


class EntryUnopened(Refused):
    code: ClassVar[str] = "entry_unopened"
    advice: ClassVar[str] = (
        "this entry does not open: it is sealed to another key, it was forgotten, or it is not what the ledger "
        "committed to. It opens with the key of whom it is about, and for nobody once their record is destroyed; "
        "whether it was altered, `moiety audit verify` says"
    )


class ProofWrong(Refused):
    code: ClassVar[str] = "tree_proof_wrong"
    advice: ClassVar[str] = (
        "this proof does not show what it should: the ledger or the proof was altered. Have it made again; where it "
        "stays so, keep both for whoever looks into that"
    )


class HeadWrong(Refused):
    code: ClassVar[str] = "head_wrong"
    advice: ClassVar[str] = (
        "this is no tree head, or it is not signed by the key that it should be signed by: have it sent again, whole, "
        "and compare the key with what `moiety audit keys` says; where it stays so, keep it for whoever looks into "
        "that"
    )


class ReceiptWrong(Refused):
    code: ClassVar[str] = "receipt_wrong"
    advice: ClassVar[str] = (
        "this receipt does not show that the three custodians erased this person: it is of somebody else, altered, "
        "incomplete or signed by other keys"
    )
