"""Why the law allows a person to be kept: grounds given and withdrawn, each as an entry. Pure.

Grounds are those of the GDPR: Art. 6(1) for any record, Art. 9(2) besides for a face, which is special-category data.
Somebody may have given several, each of which holds until it is withdrawn or given anew. An entry is never changed; a
withdrawal is another entry, says as much as a giving does, and takes no more to make.

    version 2 | MessagePack: ["given", article 6, article 9, text's version, day, how, place] or
                             ["withdrawn", day, how, place]
    version 1 | the same without the place: a withdrawal ended whatever there was

The place is where the purpose's document names the grounds, as in the rows of custodians.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Final, Literal, cast, get_args

import msgspec

from moiety.vault.refusals import (
    BasesFull,
    BasisInvalid,
    FaceGroundsMissing,
    GroundsMissing,
    NothingToWithdraw,
)

ENTRIES_LIMIT: Final = 256
"""Entries of one person: somebody who changes their mind every week for five years."""

GIVEN_LIMIT: Final = ENTRIES_LIMIT // 2
"""Of these, grounds given: there is always room to take one back."""

ENTRY_LIMIT: Final = 127
"""Bytes of an entry: the longest text's version, and the rest."""

ByHand = Literal["paper", "electronic", "spoken", "office"]
"""How a basis was given or withdrawn, by whoever was there: signed, by a form or a message, before a witness, by the
office itself (a legal obligation)."""

How = Literal[ByHand, "imported"]
"""The same, or as the source recorded it, which an import alone says."""

_Place = Annotated[int, msgspec.Meta(ge=0, le=255)]
_Day = Annotated[int, msgspec.Meta(ge=0, le=2**20)]
_Article6 = Annotated[str, msgspec.Meta(pattern=r"^6\(1\)\([a-f]\)\Z", max_length=7)]
_Article9 = Annotated[str, msgspec.Meta(pattern=r"^(9\(2\)\([a-j]\))?\Z", max_length=7)]
_Text = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._-]+\Z", max_length=64)]


class Given(msgspec.Struct, frozen=True, array_like=True, tag="given", forbid_unknown_fields=True):
    """A ground. `article_9` is empty where no face is enrolled; `text` is the version of what the person was told;
    `day` counts from 1970-01-01; `place` is None in version 1.
    """

    article_6: _Article6
    article_9: _Article9
    text: _Text
    day: _Day
    how: How
    place: _Place | None = None


class Withdrawn(msgspec.Struct, frozen=True, array_like=True, tag="withdrawn", forbid_unknown_fields=True):
    """The end of a ground: a consent taken back (Art. 7(3)) or an objection (Art. 21)."""

    day: _Day
    how: How
    place: _Place | None = None


Entry = Given | Withdrawn


@dataclass(frozen=True, slots=True)
class Ground:
    """A ground as it was given; how it was withdrawn, if it was; and what of it holds, None where nothing does: it was
    withdrawn, or given anew."""

    given: Given
    withdrawn: Withdrawn | None
    holds: Given | None


_WITHDRAWABLE: Final = {"6(1)(a)", "6(1)(e)", "6(1)(f)"}
"""Consent, and the two grounds that can be objected to. A contract or a duty ends otherwise."""

_CONSENT: Final = "9(2)(a)"


def encode(entry: Entry) -> bytes:
    """The bytes that are kept. Raises `BasisInvalid` for an entry that could not be read again, or says no place."""
    try:
        plain = b"\x02" + _ENCODER.encode(entry)
    except (TypeError, ValueError, OverflowError):
        raise BasisInvalid from None
    decode(plain)
    return plain


def by_hand(how: str) -> ByHand:
    """The way in which somebody says that a basis was given or withdrawn. Raises `BasisInvalid` for another word, and
    for what an import alone says: nobody is to tell what a source recorded from what was seen here."""
    if how not in get_args(ByHand):
        raise BasisInvalid
    return cast(ByHand, how)


def decode(plain: bytes) -> Entry:
    """What `encode` wrote, in either version. Raises `BasisInvalid`."""
    if len(plain) > ENTRY_LIMIT or plain[:1] not in (b"\x01", b"\x02"):
        raise BasisInvalid
    try:
        entry: Entry = _DECODER.decode(plain[1:])
    # A text that is not UTF-8 is no DecodeError to msgspec.
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise BasisInvalid from None
    if (entry.place is None) != (plain[0] == 1):
        raise BasisInvalid
    return entry


def grounds(history: Sequence[Entry]) -> list[Ground]:
    """Every ground that was given and what became of it, in the order in which they were given."""
    found: list[Ground] = []
    for entry in history:
        if isinstance(entry, Given):
            anew = [replace(one, holds=None) if one.given.place == entry.place else one for one in found]
            found = [*anew, Ground(entry, None, entry)]
        else:
            found = [_ended(one, entry) for one in found]
    return found


def _ended(ground: Ground, end: Withdrawn) -> Ground:
    if ground.holds is None or end.place not in (None, ground.given.place):
        return ground
    left = None if end.place is None else _left(ground.holds)
    return ground if left == ground.holds else replace(ground, withdrawn=end, holds=left)


def _left(ground: Given) -> Given | None:
    """What of a ground nobody can take back: of a duty of the law with a consent to the face, the duty."""
    if ground.article_6 in _WITHDRAWABLE:
        return None
    return msgspec.structs.replace(ground, article_9="") if ground.article_9 == _CONSENT else ground


def standing(history: Sequence[Entry]) -> list[Given]:
    """What holds after all entries, in the order they were made; nothing where nothing allows this person to be kept
    any more."""
    return [ground.holds for ground in grounds(history) if ground.holds is not None]


def allow_face(history: Sequence[Entry]) -> bool:
    """Whether a ground of Art. 9 holds."""
    return any(ground.article_9 for ground in standing(history))


def require(history: Sequence[Entry]) -> None:
    """Raises `GroundsMissing` where nothing holds."""
    if not standing(history):
        raise GroundsMissing


def require_face(history: Sequence[Entry], place: int) -> None:
    """Raises `GroundsMissing`, and `FaceGroundsMissing` unless the person gave the grounds of this place, they hold,
    and they are of Art. 9 too."""
    require(history)
    if not any(ground.place == place and ground.article_9 for ground in standing(history)):
        raise FaceGroundsMissing


def giving(history: Sequence[Entry], ground: Given) -> bytes:
    """The bytes of one more. Raises `BasisInvalid`, and `BasesFull` where none could be taken back after it."""
    if sum(isinstance(entry, Given) for entry in history) >= GIVEN_LIMIT:
        raise BasesFull(limit=GIVEN_LIMIT)
    return encode(ground)


def withdrawals(history: Sequence[Entry], place: int | None, day: int, how: How) -> list[Withdrawn]:
    """The entries that end the ground of this place, or all that can be ended so. Raises `NothingToWithdraw` where none
    can, or it does not hold."""
    holding = [ground for ground in standing(history) if place in (None, ground.place)]
    ended = [Withdrawn(day, how, ground.place) for ground in holding if _left(ground) != ground]
    if not ended:
        raise NothingToWithdraw
    return ended


_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(Entry)
