"""What a custodian refuses of who asks: callers, approvals, rosters, budgets, and the keys of people.

Denials look alike from outside: which of several reasons it was, only the custodian knows.
"""

from __future__ import annotations

from typing import ClassVar

from moiety.errors import FileUnread, Refused, Unavailable


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
        "else; {valid} were: the same command with --request FILE writes what they sign, and with --approved FILE "
        "carries it"
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


class KeyFileExists(Refused):
    code: ClassVar[str] = "key_file_exists"
    advice: ClassVar[str] = "the key file exists, and a key that is written over is lost: name another file"


class KeyFileUnwritable(Refused):
    code: ClassVar[str] = "key_file_unwritable"
    advice: ClassVar[str] = "the key file cannot be written: check its folder, its disk and who may write there"


class KeyFileUnreadable(FileUnread):
    code: ClassVar[str] = "key_file_unreadable"
    advice: ClassVar[str] = "the key file cannot be read: {why}"


class KeyFileExposed(Refused):
    code: ClassVar[str] = "key_file_exposed"
    advice: ClassVar[str] = "others than its owner may read the key file: chmod 600, and think of it as copied"


class KeyFileClosed(Refused):
    code: ClassVar[str] = "key_file_closed"
    advice: ClassVar[str] = "this is not the passphrase, or the file is no Ed25519 key under one"


class PassphraseShort(Refused):
    code: ClassVar[str] = "passphrase_short"
    advice: ClassVar[str] = (
        "a passphrase has at least {least} characters: four or five words that do not belong together"
    )


class CardMissing(Unavailable):
    code: ClassVar[str] = "card_missing"
    advice: ClassVar[str] = "there is no such PKCS#11 token: check the library, the label and that the token is there"


class CardClosed(Refused):
    code: ClassVar[str] = "card_closed"
    advice: ClassVar[str] = "the token did not take this PIN; most of them close after a few wrong ones"


class CardKeyMissing(Refused):
    code: ClassVar[str] = "card_key_missing"
    advice: ClassVar[str] = "the token has no one Ed25519 key of this label"


class CardKeyExists(Refused):
    code: ClassVar[str] = "card_key_exists"
    advice: ClassVar[str] = "the token has a key of this label already: choose another"


class CardFailed(Unavailable):
    code: ClassVar[str] = "card_failed"
    advice: ClassVar[str] = "the token did not do what was asked; see that it knows Ed25519 (PKCS#11 3.0) and has room"


class RequestUnreadable(Refused):
    code: ClassVar[str] = "request_unreadable"
    advice: ClassVar[str] = "this is no request to sign, or it or a signature in it was altered: ask for it anew"


class RequestSigned(Refused):
    code: ClassVar[str] = "request_signed"
    advice: ClassVar[str] = "this key has signed the request already: it takes another person"


class RequestFull(Refused):
    code: ClassVar[str] = "request_full"
    advice: ClassVar[str] = "a request carries at most {limit} signatures"


class RequestExpired(Refused):
    code: ClassVar[str] = "request_expired"
    advice: ClassVar[str] = "the request was made more than a day ago, or by a clock that is ahead: ask for it anew"


class RequestOther(Refused):
    code: ClassVar[str] = "request_other"
    advice: ClassVar[str] = (
        "what was signed is something else: another operation, purpose, person or office, or a document, a model card "
        "or terms that changed since; ask for it anew"
    )


class RequestExceeded(Refused):
    code: ClassVar[str] = "request_exceeded"
    advice: ClassVar[str] = "this is about {people} people, and was signed for {signed} at most: ask for it anew"


class ApprovalNeedless(Refused):
    code: ClassVar[str] = "approval_needless"
    advice: ClassVar[str] = "the purpose has nobody sign for this: do it without --request and --approved"


class NobodySigns(Refused):
    code: ClassVar[str] = "nobody_signs"
    advice: ClassVar[str] = (
        "an office on one disk knows no officers, and would take signatures that nobody verified: do it without "
        "--request and --approved, or have the custodians run apart"
    )
