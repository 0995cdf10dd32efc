"""What an entry says: one kind of thing that was done, in its own words and no others. Pure.

An entry never names a person. Whom it is about, if anybody, is whose key it is sealed to (`seal`). What is about nobody
(`AboutNobody`) lies in the clear: a recognition has its caller, purpose, minute and count and nothing that could tell
who was recognised, so the ledger is no log of anybody's whereabouts.

Times are whole minutes since 1970-01-01T00:00Z. Written as a version byte and MessagePack: an array whose first element
is the kind, then the fields in the order in which they stand here.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from moiety.ledger.refusals import EntryWrong

ENTRY_VERSION: Final = 1

NAME_BYTES: Final = 64
"""Of a caller's or a purpose's name, in UTF-8: as galleries have."""

ENTRY_MAX: Final = 446
"""Bytes of the longest entry: what is left in the one length that all sealed entries have. Every kind fits."""

Name = Annotated[str, Meta(min_length=1, max_length=NAME_BYTES)]
Code = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,31}\Z")]
Minute = Annotated[int, Meta(ge=0, lt=2**32)]
Count = Annotated[int, Meta(ge=0, lt=2**32)]
Digest = Annotated[bytes, Meta(min_length=32, max_length=32)]
Id = Annotated[bytes, Meta(min_length=16, max_length=16)]
Parties = Annotated[int, Meta(ge=1, le=15)]
"""Ledgers, as `operation.Party`: 1 the gateway's, 2, 4 and 8 those of a, b and c."""
Classes = Annotated[tuple[Code, ...], Meta(min_length=1, max_length=6)]
"""Classes of fields: there are four, and room for two more."""


class _Kind(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag=str.lower):
    minute: Minute
    caller: Name


class Enrolment(_Kind, frozen=True):
    """A person was enrolled, with so many faces, on a ground of the law."""

    purpose: Name
    ground: Code
    faces: Count


class Opening(_Kind, frozen=True):
    """Fields of these classes were opened, for a reason. `role` is under which role, as whoever gave the parts verified
    it; None, which is not written, in entries of before it was."""

    purpose: Name
    classes: Classes
    reason: Code
    role: Code | None = None


class Correction(_Kind, frozen=True):
    """Fields of these classes were changed."""

    purpose: Name
    classes: Classes


class Erasure(_Kind, frozen=True):
    """A person was restricted, to be destroyed everywhere in the minute `due`."""

    purpose: Name
    reason: Code
    due: Minute


class Restriction(_Kind, frozen=True):
    """A person was restricted (kept, never used), or no longer."""

    purpose: Name
    restricted: bool


class Consent(_Kind, frozen=True):
    """A person gave a ground of the law: to which version of the text, and how."""

    purpose: Name
    ground: Code
    text: Name
    how: Code


class Withdrawal(_Kind, frozen=True):
    """A person took a ground back."""

    purpose: Name
    ground: Code


class Enrolments(_Kind, frozen=True):
    """So many people were enrolled at once: by their faces alone, or as one of many. `people` is the root over what an
    `Enrolment` of each of them would say (see `many`); None, which is not written, of faces alone, and in entries of
    before it was."""

    purpose: Name
    count: Count
    people: Digest | None = None


class Erasures(_Kind, frozen=True):
    """So many people's faces, or records that were written anew, were destroyed."""

    purpose: Name
    count: Count


class Recognition(_Kind, frozen=True):
    """So many searches were made in this minute. Of whom, and whether anybody was found, is not written."""

    purpose: Name
    count: Count


class LookUp(_Kind, frozen=True):
    """In this minute it was answered, once or more often, what somebody's pseudonym is, where whoever has a handle is,
    or whose pseudonyms are on a page. Of whom is not written."""

    purpose: Name
    what: Literal["evaluated", "located", "pseudonyms"]


class Refusal(_Kind, frozen=True):
    """Something was asked and not done. `purpose` is None where none was named, or one that does not exist."""

    purpose: Name | None
    code: Code


class Configuration(_Kind, frozen=True):
    """What the office is told to do was changed: which part, and the SHA-256 of what it says now."""

    purpose: Name | None
    part: Code
    digest: Digest


class Key(_Kind, frozen=True):
    """A gallery or a key was made: which kind, and the SHA-256 of its public part or terms."""

    purpose: Name | None
    part: Code
    digest: Digest


class Acknowledgement(_Kind, frozen=True):
    """This ledger lacks an operation that these ledgers record (`parties`), as those `beside` it said in these words.
    It was not done here: a custodian writes before it does anything. The minute is when that was acknowledged, the
    caller who did."""

    operation: Id
    parties: Parties
    said: Digest
    beside: Parties


AboutPerson = Enrolment | Opening | Correction | Erasure | Restriction | Consent | Withdrawal
AboutNobody = Recognition | Enrolments | Erasures | LookUp | Refusal | Configuration | Key | Acknowledgement
Entry = AboutPerson | AboutNobody

_ENCODER: Final = msgspec.msgpack.Encoder(order="deterministic")
_DECODER: Final = msgspec.msgpack.Decoder(Entry)


def encode(entry: Entry) -> bytes:
    """An entry as bytes, `ENTRY_MAX` at most. Raises `EntryWrong` where a field is not what it should be."""
    try:
        written = bytes([ENTRY_VERSION]) + _plain(entry)
    except (TypeError, ValueError, OverflowError):
        raise EntryWrong(limit=NAME_BYTES) from None
    decode(written)
    return written


def decode(written: bytes) -> Entry:
    """The entry of its bytes. Raises `EntryWrong`; there is one way to write an entry."""
    if not 1 < len(written) <= ENTRY_MAX or written[0] != ENTRY_VERSION:
        raise EntryWrong(limit=NAME_BYTES)
    try:
        entry: Entry = _DECODER.decode(written[1:])
    except msgspec.DecodeError:
        raise EntryWrong(limit=NAME_BYTES) from None
    fields = (getattr(entry, name) for name in entry.__struct_fields__)
    if any(isinstance(field, str) and len(field.encode()) > NAME_BYTES for field in fields):
        raise EntryWrong(limit=NAME_BYTES)
    if _plain(entry) != written[1:]:
        raise EntryWrong(limit=NAME_BYTES)
    return entry


def _plain(entry: Entry) -> bytes:
    """Without the version: an opening without a role, and a count without a root, as they were written before."""
    if isinstance(entry, Opening) and entry.role is None:
        return _ENCODER.encode(("opening", *msgspec.structs.astuple(entry)[:-1]))
    if isinstance(entry, Enrolments) and entry.people is None:
        return _ENCODER.encode(("enrolments", *msgspec.structs.astuple(entry)[:-1]))
    return _ENCODER.encode(entry)
