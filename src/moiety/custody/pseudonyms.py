"""A custodian's part of the key that pseudonyms are made with, one for each purpose: docs/protocol, part 5.

The three make it together and no one of them ever holds it. Its parts are new in every epoch, under the seeds of the
refresh like all other parts, so an old part of one custodian and a new one of another are nothing together; the key,
and with it every pseudonym, stays as long as its purpose.

    nothing   agree: dealt, checked, signed by all three    HELD    the part is durable here
    HELD      agree: all three hold it                      MADE    it answers
    HELD      agree: somebody does not                      nothing, and dealt anew

MADE at one says that all three hold it. So a key that was used is never dealt again: where it is missing at somebody,
its part was lost, or an old copy was put back, and that is refused until it is mended: the part comes back from the
other two, with the help that they give for pages (`mending`).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime
from typing import Final, Literal

import msgspec
import numpy as np
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection

from moiety.custody import noting
from moiety.custody.gallery import Gallery
from moiety.custody.headers import check_header
from moiety.custody.keys import Acquaintance
from moiety.custody.own import Own
from moiety.custody.points import number_of
from moiety.custody.refusals import FormatUnknown, GalleryUnknown, HeaderRefused, KeptDamaged
from moiety.custody.store import tables
from moiety.custody.store.kept import drop_keys, keep, kept
from moiety.custody.store.kinds import is_keys
from moiety.custody.store.noise import Entropy
from moiety.custody.store.slots import Staging
from moiety.custody.store.sql import Store
from moiety.custody.turns import Turns
from moiety.custody.unopened import KeyLost, KeyNotMade
from moiety.custody.verbs import Evaluated
from moiety.matching.channel import agree
from moiety.matching.header import Header
from moiety.matching.refusals import Disagreement
from moiety.matching.rounds import Exchange, Rounds, expect, shown
from moiety.oprf import dealing, recover, threshold
from moiety.oprf.keys import Number, Pair, Part, PublicKey
from moiety.oprf.refusals import FormUnknown, PartWrong
from moiety.oprf.renewing import renewed
from moiety.sharing.seat import SEATS, Seat, next_seat, previous_seat
from moiety.sharing.streams import derive

_KIND: Final = "pseudonym key"
_NEXT: Final = "pseudonym key of the next epoch"
_SIGNED: Final = b"moiety pseudonym key 1"
_VERSION: Final = 1
_SEED_BYTES: Final = 32
_SIGNATURE_BYTES: Final = 64


WRONG: Final = b"?"
"""Said of a part that is damaged, lost its key, or is another custodian's."""

_HELD: Final = 1
_MADE: Final = 2
_STEPS: Final = {_HELD: "key held", _MADE: "key made"}
"""What the commit is called that keeps a key in this state."""


class _Key(msgspec.Struct, array_like=True, frozen=True):
    """What is kept of one purpose's key, as MessagePack behind a version byte. `witnesses`: public keys of a, b and c,
    with signatures over the transcript."""

    state: Literal[1, 2]
    part: bytes
    public: bytes
    transcript: bytes
    witnesses: list[bytes]

    def moved(self, seeds: tuple[bytes, bytes, bytes], context: bytes) -> _Key:
        """The same key with the parts of the next epoch."""
        part, public = renewed(
            Part.decode(self.part),
            PublicKey.decode(self.public),
            [derive(seed, b"moiety pseudonym refresh 1", context) for seed in seeds],
        )
        return msgspec.structs.replace(self, part=part.encode(), public=public.encode())

    def to_bytes(self) -> bytes:
        """As it is kept."""
        return bytes([_VERSION]) + msgspec.msgpack.encode(self)

    def is_one_with(self, other: _Key) -> bool:
        """Whether both are of one key, and the part here is one of it."""
        if msgspec.structs.replace(self, state=other.state, part=other.part) != other:
            return False
        try:
            PublicKey.decode(self.public).check(Part.decode(self.part))
        except (FormUnknown, PartWrong):
            return False
        return True

    @classmethod
    def from_bytes(cls, data: bytes) -> _Key:
        """The inverse. Raises `FormatUnknown`, and `KeptDamaged` for what is none of this version."""
        if data[:1] != bytes([_VERSION]):
            raise FormatUnknown(found=data[0] if data else 0, known=_VERSION)
        try:
            return _keys.decode(data[1:])
        except msgspec.DecodeError:
            raise KeptDamaged from None


_keys = msgspec.msgpack.Decoder(_Key)


def stage(connection: Connection, seeds: tuple[bytes, bytes, bytes], epoch: int) -> None:
    """Keep the parts of the next epoch beside this one's."""
    keys = {
        name: _Key.from_bytes(data).moved(seeds, epoch.to_bytes(8, "big") + name)
        for name, data in kept(connection, _KIND).items()
    }
    keep(connection, _NEXT, {name: key.to_bytes() for name, key in keys.items()})


def switch(connection: Connection) -> None:
    """Take the staged parts in place of the old ones."""
    staged = kept(connection, _NEXT)
    keep(connection, _KIND, staged)
    drop_keys(connection, _NEXT, staged)


def discard(connection: Connection) -> None:
    """Forget what is staged."""
    drop_keys(connection, _NEXT, kept(connection, _NEXT))


class Pseudonyms:
    """One custodian's side of making pseudonyms. Safe for threads."""

    def __init__(
        self,
        seat: Seat,
        store: Store,
        gallery: Callable[[str], Gallery],
        turns: Turns,
        acquaintance: Acquaintance,
        own: Own,
        clock: Callable[[], datetime],
        entropy: Entropy,
    ) -> None:
        self._seat: Seat = seat
        self._store = store
        self._gallery = gallery
        self._turns = turns
        self._acquaintance = acquaintance
        self._own = own
        self._clock = clock
        self._entropy = entropy
        self._cached: tuple[int, int, dict[bytes, _Key]] | None = None

    def agree_key(self, name: str, header: Header) -> Rounds[bytes]:
        """This custodian's side of making a purpose's key, or of finishing what was interrupted; again does nothing.
        Returns the public key. Raises `KeyLost` where one that was made is not at all three any more, and
        `HeaderRefused` while the next epoch is staged: it would come with other parts, or with none."""
        if is_keys(name):
            raise GalleryUnknown
        gallery = self._gallery(name)
        current = gallery.now()
        if header.operation != "key" or current.staging.beside:
            raise HeaderRefused
        check_header(header, current, 0, 0, self._clock)
        keys = self._acquaintance.keys()
        yield from agree(keys, header.digest(), hashlib.sha256(b"moiety pseudonym key agreed 1").digest())
        own = self._held(name)
        told = yield from shown(self._seat, b"" if own is None else bytes([own.state]) + own.transcript)
        if len({said[1:] for said in told.values()}) > 1 or not all(told.values()):
            if any(said[:1] == bytes([_MADE]) for said in told.values()):
                raise KeyLost
            own = yield from self._dealt(name, header, gallery.now().place.office)
            yield from self._same(own.transcript)  # all three hold it from here on
        elif own is None:
            raise KeyLost
        if own.state != _MADE:
            noting.keyed(self._own.chronicle, header, own.public)
            own = msgspec.structs.replace(own, state=_MADE)
            self._keep(name, own)
        return own.public

    def evaluate(self, name: str, pair: tuple[Seat, Seat], elements: bytes, proven: bool) -> Evaluated:
        """This custodian's answer for the pair that is asked, to n elements of 32 bytes: with a proof where asked for.

        Raises `KeyNotMade`, and what `threshold.evaluate` raises.
        """
        with self._turns.shared():
            self._gallery(name)  # raises GalleryUnknown
            epoch, key = self._as_of_now(name)
        if key is None or key.state != _MADE:
            raise KeyNotMade
        noting.looked_up(self._own.chronicle, name, "evaluated")
        part = Part.decode(key.part)
        numbers: Pair = (number_of(pair[0]), number_of(pair[1]))
        if proven:
            public = PublicKey.decode(key.public)
            answer = threshold.evaluate_proven(part, public, numbers, elements, self._entropy)
            return Evaluated(epoch, key.public, answer.elements, answer.proof)
        return Evaluated(epoch, key.public, threshold.evaluate(part, numbers, elements), b"")

    def seen(self, name: str) -> bytes:
        """What all three name alike, 32 bytes, where each keeps its own part of one key; nothing where there is no key
        here, and `WRONG` where what is kept does not read, or is no part of this custodian's of the key beside it."""
        try:
            key = self._held(name)
            if key is None:
                return b""
            if not key.is_one_with(key) or Part.decode(key.part).number != number_of(self._seat):
                return WRONG
        except (KeptDamaged, FormatUnknown):
            return WRONG
        return hashlib.sha256(msgspec.structs.replace(key, state=_MADE, part=b"").to_bytes()).digest()

    def help(self, name: str, lost: Seat, secret: bytes) -> bytes:
        """What this custodian adds to its help for another: all that it keeps of the purpose's key, with its own part
        under a mask that `secret` makes, 32 bytes that only the two helpers know. Nothing where it has no key."""
        key = self._held(name)
        if key is None or key.state != _MADE:
            return b""
        masked = recover.contribution(Part.decode(key.part), number_of(lost), secret, name.encode())
        return msgspec.structs.replace(key, part=masked).to_bytes()

    def mend(self, name: str, one: bytes, other: bytes) -> None:
        """Keep this custodian's part again, out of the other two's help, where it is lost, damaged or none of the key
        that they hold; in a turn alone. What one of them holds the same key with is kept, whatever the other says.

        Raises `Disagreement` where the two mean other keys, and `PartWrong` where what comes out is not of the key.
        """
        if not one or not other:
            return
        held, first, second = self._readable(name), _Key.from_bytes(one), _Key.from_bytes(other)
        if held is not None and (held.is_one_with(first) or held.is_one_with(second)):
            return
        if msgspec.structs.replace(first, part=second.part) != second:
            raise Disagreement
        part = recover.recovered(PublicKey.decode(first.public), number_of(self._seat), first.part, second.part)
        self._write(name, msgspec.structs.replace(first, part=part.encode()))

    def _readable(self, name: str) -> _Key | None:
        try:
            return self._held(name)
        except (KeptDamaged, FormatUnknown):
            return None

    def _dealt(self, name: str, header: Header, office: bytes) -> Rounds[_Key]:
        """Deal with the other two, and keep what came of it."""
        seat, own = self._seat, number_of(self._seat)
        following, previous = next_seat(seat), previous_seat(seat)
        context = office + name.encode() + header.attempt
        dealt = dealing.deal(context, own, self._entropy)
        promised = dealt.promised(_others(seat, (yield from shown(seat, dealt.promise))))
        agreed = promised.agreed(_others(seat, (yield from shown(seat, promised.opening))))
        sent = [np.frombuffer(agreed.share(number_of(to)), dtype=np.uint8) for to in (following, previous)]
        answer = yield Exchange(next=(sent[0],), previous=(sent[1],))
        shares = {
            number_of(following): expect(answer.next, sent[0].shape, np.uint8).tobytes(),
            number_of(previous): expect(answer.previous, sent[0].shape, np.uint8).tobytes(),
        }
        part, public = agreed.finish(shares)
        signing = self._own.signing
        said = _SIGNED + agreed.digest
        own_witness = signing.public_key().public_bytes_raw() + signing.sign(said)
        witnesses = yield from shown(seat, own_witness)
        for witness in witnesses.values():
            _require_signed(witness, said)
        made = _Key(_HELD, part.encode(), public.encode(), agreed.digest, [witnesses[each] for each in SEATS])
        self._keep(name, made)
        return made

    def _same(self, digest: bytes) -> Rounds[None]:
        told = yield from shown(self._seat, digest)
        if not all(hmac.compare_digest(said, digest) for said in told.values()):
            raise Disagreement

    def _held(self, name: str) -> _Key | None:
        """What is kept of a purpose's key."""
        return self._as_of_now(name)[1]

    def _as_of_now(self, name: str) -> tuple[int, _Key | None]:
        """The epoch, and what is kept in it of a purpose's key; SQL is read again only after a commit."""
        stamp = self._store.stamp()
        cached = self._cached
        if cached is None or cached[0] != stamp:
            with self._store.reading() as connection:
                keys = {key: _Key.from_bytes(data) for key, data in kept(connection, _KIND).items()}
                cached = (stamp, tables.custodian(connection).epoch, keys)
            self._cached = cached
        return cached[1], cached[2].get(name.encode())

    def _keep(self, name: str, key: _Key) -> None:
        with self._turns.alone():
            self._write(name, key)

    def _write(self, name: str, key: _Key) -> None:
        with self._store.writing(_STEPS[key.state]) as connection:
            if Staging(tables.custodian(connection).staging).beside:
                raise HeaderRefused
            keep(connection, _KIND, {name.encode(): key.to_bytes()})


def _others(own: Seat, told: dict[Seat, bytes]) -> dict[Number, bytes]:
    return {number_of(seat): said for seat, said in told.items() if seat != own}


def _require_signed(witness: bytes, said: bytes) -> None:
    if len(witness) != _SEED_BYTES + _SIGNATURE_BYTES:
        raise Disagreement
    try:
        Ed25519PublicKey.from_public_bytes(witness[:_SEED_BYTES]).verify(witness[_SEED_BYTES:], said)
    except InvalidSignature:
        raise Disagreement from None
