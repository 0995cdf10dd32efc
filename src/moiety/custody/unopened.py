"""Refusals about records and ledgers: what is not opened, alike whatever the reason, and which ledger is not sound."""

from __future__ import annotations

from typing import ClassVar

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
        "this custodian did not destroy that since it started, or signed for it about another subject, and signs "
        "nothing it does not know: there is no receipt of this any more. What it destroyed is in its ledger, which "
        "`moiety audit verify` holds against the others"
    )


class LedgerChanged(Refused):
    code: ClassVar[str] = "ledger_changed"
    advice: ClassVar[str] = (
        "ledger {ledger} (0 the gateway's, 1 to 3 those of custodians a to c) is not what it was when it was looked at "
        "before: another key, or it does not begin with what it was; or the gateway's seen.json does not read (then "
        "0). Keep both for whoever looks into that"
    )


class LedgerLost(Refused):
    code: ClassVar[str] = "ledger_lost"
    advice: ClassVar[str] = (
        "ledger {ledger} (0 the gateway's, 1 to 3 those of custodians a to c) is not there any more: put its folder "
        "back. Nothing is done that is not written down, and a ledger is not begun twice"
    )


class LedgerTampered(Refused):
    code: ClassVar[str] = "ledger_tampered"
    advice: ClassVar[str] = (
        "ledger {ledger} (0 the gateway's, 1 to 3 those of custodians a to c) was altered or cut at position "
        "{position} or after it, and nothing is done over it: keep it for whoever looks into that"
    )
