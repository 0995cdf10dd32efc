"""The keys of one person's record: made here, handed to the custodians in parts, and opened again for one use."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from moiety.identity.ports import Custodians, Entropy
from moiety.vault.record import Record
from moiety.vault.schema import Group
from moiety.vault.seal import Blob, ClassKeys, Whose, open_class, seal_class
from moiety.vault.stored import Stored

KEY_BYTES: Final = 32
NAME_BYTES: Final = 16
ACCESS: Final = "access"

_FRESH_BYTES: Final = 8
"""Random bytes of a name that bears a mark: with the eight that follow from them, no two names are one."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of one record on its way to the custodians: 16 random bytes that name it, a key of 32 bytes for each
    class, and both halves of the person's own key (X25519), which opens what ledgers say of this person."""

    name: bytes
    classes: Mapping[str, bytes] = field(repr=False)
    access: bytes = field(repr=False)
    public: bytes
    expires_day: int
    grounds: int

    @classmethod
    def fresh(cls, entropy: Entropy, expires_day: int, grounds: int) -> Version:
        """New keys for everything."""
        secret = entropy(NAME_BYTES + (len(Group) + 1) * KEY_BYTES)
        keys = [secret[at : at + KEY_BYTES] for at in range(NAME_BYTES, len(secret), KEY_BYTES)]
        public = X25519PrivateKey.from_private_bytes(keys[-1]).public_key().public_bytes_raw()
        classes = {group.value: key for group, key in zip(Group, keys, strict=False)}
        return cls(secret[:NAME_BYTES], classes, keys[-1], public, expires_day, grounds)

    def marked(self, mark: bytes, person: bytes) -> Version:
        """The same under a name that bears a mark: whoever has the mark sees whose it is (`bears`), and to anybody else
        it is as random as any."""
        return replace(self, name=_marked(self.name, mark, person))

    def sealed(
        self, whose: Whose, number: int, record: Mapping[Group, Mapping[str, bytes]], entropy: Entropy
    ) -> dict[Group, Blob]:
        """These classes of values, sealed as write `number`; a photograph's where there is one."""
        keys = ClassKeys({group: self.classes[group.value] for group in record})
        return {
            group: seal_class(group, values, whose, number, keys, entropy)
            for group, values in record.items()
            if values or group is not Group.PHOTO
        }


def bears(name: bytes, mark: bytes, person: bytes) -> bool:
    """Whether a version's name was given to this person under this mark."""
    return hmac.compare_digest(name, _marked(name, mark, person))


def _marked(name: bytes, mark: bytes, person: bytes) -> bytes:
    fresh = name[:_FRESH_BYTES]
    return fresh + hmac.digest(mark, fresh + person, "sha256")[: NAME_BYTES - _FRESH_BYTES]


def classes_of(record: Record) -> dict[Group, dict[str, bytes]]:
    """Every class of a record, with its values."""
    return {group: record.of(group) for group in Group}


def opened(
    custodians: Custodians, whose: Whose, stored: Stored, classes: Iterable[Group], *, role: str, reason: str
) -> tuple[dict[Group, dict[str, bytes]], bytes]:
    """The values of these classes, opened with keys that two custodians give for this once, and the public key.

    Raises `NobodyThere`, `ClassRefused` and `SealBroken`.
    """
    wanted = [group for group in Group if group in set(classes)]
    names = [group.value for group in wanted]
    unlocked = custodians.unlock(whose.purpose, stored.handle, names, role=role, reason=reason)
    ciphers = ClassKeys({group: unlocked.secrets[group.value] for group in wanted})
    values = {
        group: open_class(group, stored.blobs[group], whose, ciphers) if group in stored.blobs else {}
        for group in wanted
    }
    return values, unlocked.public
