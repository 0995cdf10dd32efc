"""Pair keys: what two custodians know and nobody else, for as long as a connection lasts.

Ephemeral X25519 (RFC 7748), hashed with both public keys by HKDF. Never on disk: masks that could be drawn again
after a restart would uncover templates.
"""

from __future__ import annotations

from collections.abc import Mapping

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from moiety.custody.noise import Entropy
from moiety.matching.channel import NONCE_BYTES, Keys
from moiety.sharing.seat import SEATS, Seat, next_seat, previous_seat

PUBLIC_BYTES = 32


class Acquaintance:
    """One custodian's ephemeral key, and the pair keys once it has met the other two."""

    def __init__(self, seat: Seat, entropy: Entropy) -> None:
        self._seat = seat
        self._entropy = entropy
        self._private = X25519PrivateKey.from_private_bytes(entropy(32))
        self._pairs: dict[Seat, bytes] = {}

    def introduce(self) -> bytes:
        """This connection's public key, 32 bytes, for the other two."""
        return self._private.public_key().public_bytes_raw()

    def meet(self, publics: Mapping[Seat, bytes]) -> None:
        """Take the public keys of the connection (this custodian's own among them)."""
        for other in SEATS:
            if other == self._seat:
                continue
            shared = self._private.exchange(X25519PublicKey.from_public_bytes(publics[other]))
            pair = b"".join(seat.encode() + publics[seat] for seat in sorted((self._seat, other)))
            self._pairs[other] = HKDF(
                algorithm=hashes.SHA256(), length=32, salt=None, info=b"moiety pair 1" + pair
            ).derive(shared)

    def keys(self) -> Keys:
        """What one attempt needs, with a fresh nonce."""
        return Keys(
            self._seat,
            self._pairs[next_seat(self._seat)],
            self._pairs[previous_seat(self._seat)],
            self._entropy(NONCE_BYTES),
        )

    def pair(self, other: Seat) -> bytes:
        """The key that only this custodian and `other` know."""
        return self._pairs[other]
