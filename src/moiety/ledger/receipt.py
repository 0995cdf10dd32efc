"""An erasure receipt: what the three custodians destroyed of somebody, signed by each, for anybody to check offline.

A JSON file. Its subject is SHA-256(salt || pseudonym in UTF-8): whoever was erased, and holds the salt and the
pseudonym, shows that it is about them; to others it says nothing. Each custodian signs, by Ed25519 (RFC 8032), the line
`moiety erasure 1` and the JSON of its statement (UTF-8, keys sorted, no spaces). Pure.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from typing import Annotated, Final, Literal

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Meta, Struct

from moiety.ledger.entry import Code, Count
from moiety.ledger.head import Signer
from moiety.ledger.refusals import ReceiptWrong

RECEIPT_VERSION: Final = 1
SALT_BYTES: Final = 32
RECEIPT_MAX: Final = 16_384
"""Bytes of a receipt: three statements have less than five thousand."""

_LABEL: Final = b"moiety erasure 1\n"

Custodian = Literal["a", "b", "c"]
_ALL: Final[tuple[Custodian, ...]] = ("a", "b", "c")

_Hex32 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
_Hex64 = Annotated[str, Meta(pattern="^[0-9a-f]{128}$")]


class Destroyed(Struct, frozen=True, forbid_unknown_fields=True):
    """So many things of one kind."""

    what: Code
    count: Count


class Statement(Struct, frozen=True, forbid_unknown_fields=True):
    """What one custodian destroyed of the subject, and in which minute (UTC).

    `live` is the day from which nothing of it is in any live store. `epoch_end` is the day on which the operators'
    weekly refresh is due at the latest: from that refresh on nothing of it opens in any backup either. Where it is not
    made, they do, and no signature shows it.
    """

    version: Literal[1]
    custodian: Custodian
    subject: _Hex32
    destroyed: Annotated[tuple[Destroyed, ...], Meta(min_length=1, max_length=16)]
    minute: Annotated[dt.datetime, Meta(tz=True)]
    live: dt.date
    epoch_end: dt.date


class Signed(Struct, frozen=True, forbid_unknown_fields=True):
    """A statement with its Ed25519 signature, in hexadecimal digits."""

    statement: Statement
    signature: _Hex64


class Receipt(Struct, frozen=True, forbid_unknown_fields=True):
    """The statements of custodians a, b and c, in this order."""

    version: Literal[1]
    signed: Annotated[tuple[Signed, ...], Meta(min_length=3, max_length=3)]


_ENCODER: Final = msgspec.json.Encoder(order="sorted")
_DECODER: Final = msgspec.json.Decoder(Receipt)


def subject(pseudonym: str, salt: bytes) -> str:
    """The salted commitment to whom a receipt is about, in hexadecimal digits.

    Raises `ValueError` where the salt has not 32 bytes.
    """
    if len(salt) != SALT_BYTES:
        raise ValueError("a salt has 32 bytes")
    return hashlib.sha256(salt + pseudonym.encode()).hexdigest()


def stated(
    custodian: Custodian,
    about: str,
    destroyed: Mapping[str, int],
    minute: dt.datetime,
    live: dt.date,
    epoch_end: dt.date,
    signer: Signer,
) -> Signed:
    """A custodian's signed statement about a `subject`.

    Raises `ReceiptWrong` where something is not within its bounds.
    """
    things = tuple(Destroyed(what, count) for what, count in sorted(destroyed.items()))
    statement = Statement(RECEIPT_VERSION, custodian, about, things, minute, live, epoch_end)
    _consistent(statement)
    return Signed(statement, signer(_message(statement)).hex())


def written(signed: Sequence[Signed]) -> bytes:
    """The receipt's file (UTF-8), of the three custodians' statements in any order.

    Raises `ReceiptWrong` where they are not of three custodians about one subject.
    """
    receipt = Receipt(RECEIPT_VERSION, tuple(sorted(signed, key=lambda one: one.statement.custodian)))
    _complete(receipt)
    return msgspec.json.format(_ENCODER.encode(receipt), indent=2) + b"\n"


def verify(receipt: bytes, keys: Mapping[Custodian, bytes], pseudonym: str, salt: bytes) -> Receipt:
    """What a receipt's file says, where each custodian's Ed25519 public key (32 bytes) signed its statement about this
    pseudonym. Raises `ReceiptWrong`, the same for every cause.
    """
    if len(receipt) > RECEIPT_MAX or len(salt) != SALT_BYTES or set(keys) != set(_ALL):
        raise ReceiptWrong
    try:
        found: Receipt = _DECODER.decode(receipt)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise ReceiptWrong from None
    _complete(found)
    for one in found.signed:
        if one.statement.subject != subject(pseudonym, salt):
            raise ReceiptWrong
        _consistent(one.statement)
        key = keys[one.statement.custodian]
        try:
            Ed25519PublicKey.from_public_bytes(key).verify(bytes.fromhex(one.signature), _message(one.statement))
        except (InvalidSignature, ValueError):
            raise ReceiptWrong from None
    return found


def _message(statement: Statement) -> bytes:
    return _LABEL + _ENCODER.encode(statement)


def _complete(receipt: Receipt) -> None:
    if tuple(one.statement.custodian for one in receipt.signed) != _ALL:
        raise ReceiptWrong
    if len({one.statement.subject for one in receipt.signed}) != 1:
        raise ReceiptWrong


def _consistent(statement: Statement) -> None:
    """What the types leave open: a whole minute of UTC, days in order, and no kind of thing counted twice."""
    minute = statement.minute
    if minute.utcoffset() != dt.timedelta(0) or minute.second or minute.microsecond:
        raise ReceiptWrong
    if not minute.date() <= statement.live <= statement.epoch_end:
        raise ReceiptWrong
    if len({one.what for one in statement.destroyed}) != len(statement.destroyed):
        raise ReceiptWrong
    try:
        msgspec.json.decode(_ENCODER.encode(statement), type=Statement)
    except msgspec.DecodeError:
        raise ReceiptWrong from None
