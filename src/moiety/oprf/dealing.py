"""A key that nobody ever holds (Feldman): each of the three deals a line, and the key is what their sum is at 0.

    Dealt --promise--> Promised --opening--> Agreed --share--> the sum at one's own point

Each step takes what the two others sent. The types follow the order: an opening leaves only against two promises, a
share only after two good openings. Promises first, because who spoke last could otherwise choose its line by what
it saw of the others'. The transcript holds what one custodian saw; all three sign its digest before they use the
result, and there it shows where two were told different things.

Shares travel over channels that only their two ends can read. Whoever refuses names whom it refuses.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field

from moiety import sodium
from moiety.errors import Refused
from moiety.oprf import scalars
from moiety.oprf.hashing import hash_to_scalar, prefixed
from moiety.oprf.keys import NUMBERS, VERSION, Number, Part, PublicKey, sum_of
from moiety.oprf.refusals import MessagesMissing, OpeningWrong, PromiseWrong, ShareWrong
from moiety.oprf.scalars import Entropy
from moiety.sodium import ELEMENT_BYTES, ORDER, SCALAR_BYTES

Messages = Mapping[Number, bytes]
"""What each of the two others sent, by its number."""

Line = tuple[bytes, bytes]
"""A line in the exponent: its constant and its slope, times G."""

_PROMISED = b"moiety oprf promise 1"
_KNOWN = b"moiety oprf knowledge 1"
_DEALT = b"key"
"""What is dealt, in whatever is hashed or proven: no other dealing's bytes pass for these."""

_PROMISE_BYTES = 1 + hashlib.sha512().digest_size
_LINE_BYTES = 2 * ELEMENT_BYTES
"""A line in the exponent: its constant and its slope."""

_OPENING_BYTES = 1 + _LINE_BYTES + 2 * SCALAR_BYTES


@dataclass(frozen=True)
class Dealt:
    """One custodian's line. Never stored: who restarts in between deals anew, under another context."""

    context: bytes
    number: Number
    constant: int = field(repr=False)
    slope: int = field(repr=False)
    opening: bytes = field(repr=False)

    @property
    def promise(self) -> bytes:
        """The first message, to both others, 65 bytes: version and SHA-512 of what will be opened."""
        return _promise(self, self.number, self.opening)

    def promised(self, others: Messages) -> Promised:
        """Take the promises of both others; raises MessagesMissing, and PromiseWrong with the custodian."""
        promises = _all_three(self.number, self.promise, others)
        for number, promise in promises.items():
            if len(promise) != _PROMISE_BYTES or promise[:1] != VERSION:
                raise PromiseWrong(seat=number - 1)
        return Promised(self, promises)

    def at(self, number: Number) -> int:
        """The line at a custodian's point."""
        return (self.constant + self.slope * number) % ORDER


@dataclass(frozen=True)
class Promised:
    """All three have promised: the own line may be shown."""

    dealt: Dealt
    promises: Messages = field(repr=False)

    @property
    def opening(self) -> bytes:
        """The second message, to both others: version, the line in the exponent, a proof of knowledge."""
        return self.dealt.opening

    def agreed(self, others: Messages) -> Agreed:
        """Take the openings of both others, and check them against their promises.

        Raises MessagesMissing; OpeningWrong and PromiseWrong, with the custodian.
        """
        openings = _all_three(self.dealt.number, self.opening, others)
        lines = {number: self._line(number, opening) for number, opening in openings.items()}
        said = [sent for number in NUMBERS for sent in (self.promises[number], openings[number])]
        return Agreed(self.dealt, lines, VERSION + prefixed(_DEALT, self.dealt.context, *said))

    def _line(self, number: Number, opening: bytes) -> Line:
        if len(opening) != _OPENING_BYTES or opening[:1] != VERSION:
            raise OpeningWrong(seat=number - 1)
        if not hmac.compare_digest(_promise(self.dealt, number, opening), self.promises[number]):
            raise PromiseWrong(seat=number - 1)
        committed, proof = opening[1 : 1 + _LINE_BYTES], opening[1 + _LINE_BYTES :]
        line = committed[:ELEMENT_BYTES], committed[ELEMENT_BYTES:]
        if not all(map(sodium.is_element, line)) or not _is_known(self.dealt, number, committed, proof):
            raise OpeningWrong(seat=number - 1)
        return line


@dataclass(frozen=True)
class Agreed:
    """All three lines in the exponent, promised before they were shown, each known to whoever dealt it."""

    dealt: Dealt
    lines: Mapping[Number, Line] = field(repr=False)
    transcript: bytes = field(repr=False)

    @property
    def digest(self) -> bytes:
        """What all three sign before the result is used, 32 bytes: SHA-256 of the transcript."""
        return hashlib.sha256(self.transcript).digest()

    def share(self, to: Number) -> bytes:
        """The third message, to one other alone, 33 bytes: version and the own line at its point."""
        return VERSION + scalars.encode(self.dealt.at(to))

    def finish(self, others: Messages) -> tuple[Part, PublicKey]:
        """The part of this custodian and the public key, from the shares of both others; to be used when all three have
        signed `digest`.

        Raises MessagesMissing; ShareWrong with the custodian whose share does not lie on its line; and NotAnElement
        where the three lines cancel, once in 2^252.
        """
        own = self.dealt.number
        shares = _all_three(own, self.share(own), others)
        part = Part(own, sum(self._share(number, share) for number, share in shares.items()) % ORDER)
        key, slope = (sum_of(elements) for elements in zip(*self.lines.values(), strict=True))
        return part, PublicKey(key, slope)

    def _share(self, number: Number, share: bytes) -> int:
        constant, slope = self.lines[number]
        try:
            scalar = scalars.decode(share[1:])
            expected = sodium.add(constant, sodium.multiply(self.dealt.number, slope))
        except Refused:
            raise ShareWrong(seat=number - 1) from None
        if share[:1] != VERSION or sodium.multiply_base(scalar) != expected:
            raise ShareWrong(seat=number - 1)
        return scalar


def deal(context: bytes, number: Number, entropy: Entropy) -> Dealt:
    """One custodian's contribution to a new key. `context`, at most 65,535 bytes and the same at all three, names
    office, key and attempt."""
    constant, slope = scalars.draw_many(2, entropy)
    committed = sodium.multiply_base(constant) + sodium.multiply_base(slope)
    # Who does not know its constant could have made it out of the others'.
    once = scalars.draw(entropy)
    challenge = _challenge(context, number, committed, sodium.multiply_base(once))
    answer = (once - challenge * constant) % ORDER
    opening = VERSION + committed + scalars.encode(challenge) + scalars.encode(answer)
    return Dealt(context, number, constant, slope, opening)


def _all_three(own: Number, mine: bytes, others: Messages) -> dict[Number, bytes]:
    if set(others) != set(NUMBERS) - {own}:
        raise MessagesMissing()
    return {number: mine if number == own else others[number] for number in NUMBERS}


def _promise(dealt: Dealt, number: Number, opening: bytes) -> bytes:
    said = prefixed(_PROMISED, _DEALT, dealt.context, bytes([number]), opening)
    return VERSION + hashlib.sha512(said).digest()


def _is_known(dealt: Dealt, number: Number, committed: bytes, proof: bytes) -> bool:
    """Whether a custodian knows the constant of its line (Schnorr)."""
    try:
        challenge, answer = scalars.decode(proof[:SCALAR_BYTES]), scalars.decode(proof[SCALAR_BYTES:])
        once = sodium.add(sodium.multiply_base(answer), sodium.multiply(challenge, committed[:ELEMENT_BYTES]))
    except Refused:
        return False
    return challenge == _challenge(dealt.context, number, committed, once)


def _challenge(context: bytes, number: Number, committed: bytes, once: bytes) -> int:
    return hash_to_scalar(prefixed(_DEALT, context, bytes([number]), committed, once), _KNOWN)
