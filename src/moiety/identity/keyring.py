"""The keys of one person's record: made here, handed to the custodians in parts, and opened again for one use."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from moiety import x25519
from moiety.identity.ports import Custodians, Entropy
from moiety.vault.record import Record
from moiety.vault.schema import Group
from moiety.vault.seal import Blob, ClassKeys, Whose, open_class, seal_class
from moiety.vault.stored import Stored

KEY_BYTES: Final = 32
NAME_BYTES: Final = 16
ACCESS: Final = "access"

_CLASSES: Final = [(group.value, NAME_BYTES + place * KEY_BYTES) for place, group in enumerate(Group)]
_DRAWN_BYTES: Final = NAME_BYTES + (len(Group) + 1) * KEY_BYTES
"""Of one person: the name, a key for each class, and the person's own."""

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
        return cls.fresh_many(entropy, 1, expires_day, grounds)[0]

    @classmethod
    def fresh_many(cls, entropy: Entropy, count: int, expires_day: int, grounds: int) -> list[Version]:
        """New keys for so many people, drawn at once: no two share a byte of them."""
        drawn = entropy(_DRAWN_BYTES * count)
        starts = range(0, len(drawn), _DRAWN_BYTES)
        own = [drawn[at + _DRAWN_BYTES - KEY_BYTES : at + _DRAWN_BYTES] for at in starts]
        versions = []
        for at, access, public in zip(starts, own, x25519.public_keys(b"".join(own)), strict=True):
            classes = {name: drawn[at + begin : at + begin + KEY_BYTES] for name, begin in _CLASSES}
            versions.append(cls(drawn[at : at + NAME_BYTES], classes, access, public, expires_day, grounds))
        return versions

    def marked(self, mark: bytes, person: bytes) -> Version:
        """The same under a name that bears a mark: whoever has the mark sees whose it is (`bears`), and to anybody else
        it is as random as any."""
        name = _marked(self.name, mark, person)
        return Version(name, self.classes, self.access, self.public, self.expires_day, self.grounds)

    def sealed(
        self, whose: Whose, number: int, record: Mapping[Group, Mapping[str, bytes]], entropy: Entropy
    ) -> dict[Group, Blob]:
        """These classes of values, sealed as write `number`; a photograph's where there is one."""
        there = {group: values for group, values in record.items() if values or group is not Group.PHOTO}
        keys = ClassKeys({group: self.classes[group.value] for group in there})
        return {group: seal_class(group, values, whose, number, keys, entropy) for group, values in there.items()}


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
