"""A receipt that somebody who is destroyed is still to be given: what it is asked for by, kept in the record store from
the moment when their record goes until the receipt is handed out. Pure.

    version 1 | MessagePack: [purpose, minute, salt, subject, traces]

Nothing in it is the pseudonym, or anything of a record: what a row was known by at each custodian is a hash under the
pseudonym, and the subject is a salted one. Whoever has a list of pseudonyms, from an old copy say, can try each.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from moiety.vault.refusals import RecordMisfit

VERSION: Final = 1

REMEMBERED_DAYS: Final = 30
"""As long as custodians remember what they destroyed."""

_Bytes32 = Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]


class Owed(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """`minute` (since 1970-01-01T00:00Z) is when the record went; `salt` and `subject`, 32 bytes each, are those of the
    receipt; `traces` what custodians are asked about: gallery, and the handles that the three knew it by."""

    purpose: str
    minute: Annotated[int, msgspec.Meta(ge=0, le=2**40)]
    salt: _Bytes32
    subject: _Bytes32
    traces: tuple[tuple[str, bytes], ...]

    @property
    def name(self) -> str:
        """Under which the record store keeps it."""
        return PREFIX + self.subject[:6].hex()

    def to_bytes(self) -> bytes:
        """As it is stored."""
        return bytes([VERSION]) + msgspec.msgpack.encode(self)

    @classmethod
    def from_bytes(cls, stored: bytes) -> Owed:
        """What is stored. Raises `RecordMisfit`."""
        if stored[:1] != bytes([VERSION]):
            raise RecordMisfit
        try:
            return msgspec.msgpack.decode(stored[1:], type=cls)
        except msgspec.DecodeError:
            raise RecordMisfit from None


PREFIX: Final = "owed"
