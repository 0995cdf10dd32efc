"""What a custodian refuses of who asks: callers, approvals, rosters, budgets, and the keys of people.

Denials look alike from outside: which of several reasons it was, only the custodian knows.
"""

from __future__ import annotations

from typing import ClassVar

from moiety.errors import Refused, Unavailable


class SignedUnreadable(Refused):
    code: ClassVar[str] = "signed_unreadable"
    advice: ClassVar[str] = "these bytes are no signed statement of this version"


class CallerRefused(Refused):
    code: ClassVar[str] = "caller_refused"
    advice: ClassVar[str] = (
        "a custodian does not take this for the request of anybody who may ask for it: see the roster on its host, "
        "both clocks, and sign anew"
    )


class ApprovalRefused(Refused):
    code: ClassVar[str] = "approval_refused"
    advice: ClassVar[str] = (
        "this needs the signatures of {needed} people who may approve it, no older than a day and used for nothing "
        "else; {valid} were"
    )


class RosterUnreadable(Unavailable):
    code: ClassVar[str] = "roster_unreadable"
    advice: ClassVar[str] = "the folder of operators on a custodian's host cannot be read: nobody may ask it anything"


class RosterWritable(Refused):
    code: ClassVar[str] = "roster_writable"
    advice: ClassVar[str] = (
        "the folder of operators, or a file in it, can be written by others than the custodian's own user: chmod go-w"
    )


class RosterMalformed(Refused):
    code: ClassVar[str] = "roster_malformed"
    advice: ClassVar[str] = (
        "{files} files in the folder of operators are not what `moiety operator add` writes: nobody is let in until "
        "they are put right or taken away"
    )


class RosterAmbiguous(Refused):
    code: ClassVar[str] = "roster_ambiguous"
    advice: ClassVar[str] = (
        "two files in the folder of operators have the same name or the same key: a person has one of each"
    )
