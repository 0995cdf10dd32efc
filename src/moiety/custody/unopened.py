"""Refusals about records and ledgers: what is not opened, alike whatever the reason, and which ledger is not sound."""

from __future__ import annotations

from typing import ClassVar, Final

from moiety.errors import Refused, Unavailable


class NobodyThere(Refused):
    code: ClassVar[str] = "nobody_there"
    advice: ClassVar[str] = (
        "nobody is kept under this, or nobody may be answered about: erased, expired or restricted. `moiety person "
        "find` tells under which pseudonym somebody is kept; `moiety person lift` ends a restriction, and `moiety "
        "person restore` takes an erasure back within its 72 hours"
    )


class ClassRefused(Refused):
    code: ClassVar[str] = "class_refused"
    advice: ClassVar[str] = "the purpose does not let this role have these fields opened: see [records.reveal] in it"


class KeyNotMade(Unavailable):
    code: ClassVar[str] = "key_not_made"
    advice: ClassVar[str] = (
        "this purpose has no key for pseudonyms yet: the three make it when it is first used for records, so ask "
        "again; where it stays so, a custodian has lost its part, and `moiety check --mend` recovers that from the "
        "other two"
    )


class KeyLost(Refused):
    code: ClassVar[str] = "key_lost"
    advice: ClassVar[str] = (
        "a custodian has not the part of a key that the three had made: where one has lost it, `moiety check --mend` "
        "recovers it from the other two; where two have, put the newest copy of a store back"
    )


class NothingDestroyed(Refused):
    code: ClassVar[str] = "nothing_destroyed"
    advice: ClassVar[str] = (
        "this custodian did not destroy that in the last 30 days, or signed for it about another subject, and signs "
        "nothing it does not know: there is no receipt of this any more. What it destroyed is in its ledger, which "
        "`moiety audit verify` holds against the others"
    )


WHOSE: Final = ("the gateway", "custodian a", "custodian b", "custodian c")
"""Who keeps a ledger, by its number."""


class LedgerUnsound(Refused):
    """One of an office's four ledgers; `ledger` is 0 for the gateway's, and 1 to 3 for those of a, b and c."""

    code: ClassVar[str] = "ledger_unsound"
    advice: ClassVar[str] = "the ledger of {ledger} is not sound"

    @property
    def text(self) -> str:
        """Names whose it is."""
        return type(self).advice.format(**self.numbers | {"ledger": WHOSE[self.numbers["ledger"]]})


class LedgerChanged(LedgerUnsound):
    code: ClassVar[str] = "ledger_changed"
    advice: ClassVar[str] = (
        "the ledger of {ledger} is not what it was when it was looked at before: another key, or it does not begin "
        "with what it was; or, where it is the gateway's, its seen.json does not read. Keep both for whoever looks "
        "into that"
    )


class LedgerLost(LedgerUnsound):
    code: ClassVar[str] = "ledger_lost"
    advice: ClassVar[str] = (
        "the ledger of {ledger} is not there any more: put its folder back. Nothing is done that is not written down, "
        "and a ledger is not begun twice"
    )


class LedgerTampered(LedgerUnsound):
    code: ClassVar[str] = "ledger_tampered"
    advice: ClassVar[str] = (
        "the ledger of {ledger} was altered or cut at position {position} or after it, and nothing is done over it: "
        "keep it for whoever looks into that"
    )
