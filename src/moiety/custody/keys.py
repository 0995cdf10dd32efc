"""Pair keys: what two custodians know and nobody else, for as long as a connection lasts.

Ephemeral X25519 (RFC 7748), hashed with both public keys by HKDF. Never on disk: masks that could be drawn again
after a restart would uncover templates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import combinations

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from moiety.custody.refusals import CustodianDown, MessageRefused
from moiety.custody.store.noise import Entropy
from moiety.matching.channel import NONCE_BYTES, Keys
from moiety.sharing.seat import SEATS, Seat, next_seat, previous_seat

PUBLIC_BYTES = 32


class Acquaintance:
    """One custodian's pair keys, once it has met the other two. Safe for threads."""

    def __init__(self, seat: Seat, entropy: Entropy) -> None:
        self._seat: Seat = seat
        self._entropy = entropy
        self._pairs: dict[Seat, bytes] = {}

    def greet(self, other: Seat) -> tuple[bytes, Callable[[bytes], None]]:
        """A public key for one connection, 32 bytes, and what to call with the other's: from then on the pair has
        a new key. The private key exists for this call alone."""
        private = X25519PrivateKey.from_private_bytes(self._entropy(32))
        own = private.public_key().public_bytes_raw()

        def joined(public: bytes) -> None:
            try:
                shared = private.exchange(X25519PublicKey.from_public_bytes(public))
            except ValueError:  # a point of small order: the pair key would be everybody's
                raise MessageRefused from None
            publics = {self._seat: own, other: public}
            pair = b"".join(seat.encode() + publics[seat] for seat in sorted((self._seat, other)))
            derived = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"moiety pair 1" + pair)
            self._pairs[other] = derived.derive(shared)

        return own, joined

    def part(self, other: Seat) -> None:
        """Forget the key of a connection that has ended."""
        self._pairs.pop(other, None)

    def keys(self) -> Keys:
        """What one attempt needs, with a fresh nonce. Raises `CustodianDown`."""
        seat = self._seat
        nonce = self._entropy(NONCE_BYTES)
        return Keys(seat, self.pair(next_seat(seat)), self.pair(previous_seat(seat)), nonce)

    def pair(self, other: Seat) -> bytes:
        """The key that only this custodian and `other` know. Raises `CustodianDown` where there is no connection."""
        pair = self._pairs.get(other)
        if pair is None:
            raise CustodianDown(seat=SEATS.index(other))
        return pair


def acquaint(acquaintances: Mapping[Seat, Acquaintance]) -> None:
    """Make custodians of one process known to each other: a connection for each pair."""
    for one, other in combinations(SEATS, 2):
        public, joined = acquaintances[one].greet(other)
        answer, met = acquaintances[other].greet(one)
        joined(answer)
        met(public)
