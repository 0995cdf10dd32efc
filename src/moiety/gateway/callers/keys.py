"""API keys: how they are written, and their Argon2id hashes (RFC 9106). Pure but for the library's own randomness.

A key is `mty_` and ten characters by which it is found, which are shown in lists, `_` and 43 characters, of which
nothing is kept but the hash. Both are random.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b32encode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
"""OWASP's least for Argon2id, 19 MiB and two passes: what is hashed has 256 random bits, and is nobody's word."""

SECRET_BYTES: Final = 32
_FOUND_BY_BYTES: Final = 6

_KEY: Final = re.compile(r"mty_([a-z2-7]{10})_([A-Za-z0-9_-]{43})")

Entropy = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key in the clear: shown once, to whoever is to have it."""

    prefix: str
    secret: str = field(repr=False)

    @classmethod
    def fresh(cls, entropy: Entropy) -> ApiKey:
        """A new one."""
        prefix = b32encode(entropy(_FOUND_BY_BYTES)).decode().lower()[:10]
        return cls(prefix, urlsafe_b64encode(entropy(SECRET_BYTES)).decode().rstrip("="))

    @classmethod
    def parse(cls, text: str) -> ApiKey | None:
        """A key as `str` writes it; None for anything else."""
        found = _KEY.fullmatch(text)
        return None if found is None else cls(found[1], found[2])

    def __str__(self) -> str:
        return f"mty_{self.prefix}_{self.secret}"

    def hashed(self) -> str:
        """What is kept of it, in PHC's format: another one each time."""
        return HASHER.hash(self.secret)


_NOBODY: Final = HASHER.hash("nobody")
"""What an unknown key is held against: it takes as long as one that is known."""


def is_of(key: ApiKey, kept: str | None) -> bool:
    """Whether this is the key of that hash; with none it takes as long, and is not."""
    try:
        return HASHER.verify(_NOBODY if kept is None else kept, key.secret) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


class Recognised:
    """What was recognised a moment ago, so that not every request takes Argon2id's time: by a hash under a key that
    this process alone has, never by the secret."""

    def __init__(self, entropy: Entropy) -> None:
        self._key = entropy(SECRET_BYTES)

    def name(self, key: ApiKey) -> bytes:
        """What the key is remembered by."""
        return hmac.digest(self._key, str(key).encode(), hashlib.sha256)
