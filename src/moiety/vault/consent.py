"""Why the law allows a person to be kept: grounds given and withdrawn, each as an entry. Pure.

Grounds are those of the GDPR: Art. 6(1) for any record, Art. 9(2) besides for a face, which is special-category data.
An entry is never changed; a withdrawal is another entry, says as much as a giving does, and takes no more to make.

    version 1 | MessagePack: ["given", article 6, article 9, text's version, day, how] or ["withdrawn", day, how]
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final, Literal

import msgspec

from moiety.vault.refusals import BasisInvalid, FaceGroundsMissing, GroundsMissing, NothingToWithdraw

ENTRIES_LIMIT: Final = 256
"""Entries of one person: somebody who changes their mind every week for five years."""

ENTRY_LIMIT: Final = 127
"""Bytes of an entry: the longest text's version, and the rest."""

How = Literal["paper", "electronic", "spoken", "imported", "office"]
"""How a basis was given or withdrawn: signed, by a form or a message, before a witness, as the source recorded it, by
the office itself (a legal obligation)."""

_Day = Annotated[int, msgspec.Meta(ge=0, le=2**20)]
_Article6 = Annotated[str, msgspec.Meta(pattern=r"^6\(1\)\([a-f]\)\Z", max_length=7)]
_Article9 = Annotated[str, msgspec.Meta(pattern=r"^(9\(2\)\([a-j]\))?\Z", max_length=7)]
_Text = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._-]+\Z", max_length=64)]


class Given(msgspec.Struct, frozen=True, array_like=True, tag="given", forbid_unknown_fields=True):
    """A basis. `article_9` is empty where no face is enrolled; `text` is the version of what the person was told;
    `day` counts from 1970-01-01.
    """

    article_6: _Article6
    article_9: _Article9
    text: _Text
    day: _Day
    how: How


class Withdrawn(msgspec.Struct, frozen=True, array_like=True, tag="withdrawn", forbid_unknown_fields=True):
    """The end of the basis before it: a consent taken back (Art. 7(3)) or an objection (Art. 21)."""

    day: _Day
    how: How


Entry = Given | Withdrawn

_WITHDRAWABLE: Final = {"6(1)(a)", "6(1)(e)", "6(1)(f)"}
"""Consent, and the two grounds that can be objected to. A contract or a duty ends otherwise."""


def encode(entry: Entry) -> bytes:
    """The bytes that are kept. Raises `BasisInvalid` for an entry that could not be read again."""
    plain = b"\x01" + _ENCODER.encode(entry)
    decode(plain)
    return plain


def decode(plain: bytes) -> Entry:
    """What `encode` wrote. Raises `BasisInvalid`."""
    if len(plain) > ENTRY_LIMIT or plain[:1] != b"\x01":
        raise BasisInvalid
    try:
        entry: Entry = _DECODER.decode(plain[1:])
    # A text that is not UTF-8 is no DecodeError to msgspec.
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise BasisInvalid from None
    return entry


def standing(history: Sequence[Entry]) -> Given | None:
    """The basis that holds after all entries, in the order they were made; None where there is none any more."""
    last = history[-1] if history else None
    return last if isinstance(last, Given) else None


def require(history: Sequence[Entry], *, face: bool) -> Given:
    """The basis that holds. Raises `GroundsMissing`, and `FaceGroundsMissing` where a face needs Art. 9 and has not."""
    basis = standing(history)
    if basis is None:
        raise GroundsMissing
    if face and not basis.article_9:
        raise FaceGroundsMissing
    return basis


def withdrawal(history: Sequence[Entry], day: int, how: How) -> Withdrawn:
    """The entry that ends what holds. Raises `NothingToWithdraw` where nothing does, or nobody can end it so."""
    basis = standing(history)
    if basis is None or not (basis.article_6 in _WITHDRAWABLE or basis.article_9 == "9(2)(a)"):
        raise NothingToWithdraw
    return Withdrawn(day, how)


_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(Entry)
