"""Sealing: how one person's values look wherever they are stored, and the keys they are sealed under. Pure.

Each field is sealed on its own with AES-256-GCM-SIV (RFC 8452), which a repeated nonce harms least, and a random
96-bit nonce:

    version 1 | nonce 12 B | ciphertext | tag 16 B

bound to where it belongs by associated data, each part with its length (`framing`):

    "moiety field 1", purpose, person, class, the class's fields with commas, number of the write u64, field

(numbers little-endian). A class of fields is one blob: what is rewritten, opened and destroyed together, under one key.
A field that was taken out of it, or put in from another write, leaves none that opens.

    version 1 | number of the write u64 | MessagePack: {field: sealed}

Before it is sealed, a value is filled up (ISO/IEC 7816-4: 0x80, then zeros) to the next of a few lengths, so that a
sealed length says no more than which of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, NewType

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

from moiety.vault.framing import framed, person_bytes, purpose_bytes
from moiety.vault.refusals import SealBroken, ValueTooLong
from moiety.vault.schema import FIELD_NAME_LIMIT, FIELDS_LIMIT, Group
from moiety.vault.values import PHOTO_LIMIT, TEXT_LIMIT

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
SEALED_BYTES: Final = 1 + NONCE_BYTES + TAG_BYTES
"""What sealing adds to a filled value."""

TEXT_LENGTHS: Final = (64, 256, 1024, TEXT_LIMIT + 1)
PHOTO_LENGTHS: Final = (2**16, 2**18, 2**20, PHOTO_LIMIT + 1)
"""Bytes that values are filled up to: four lengths tell far fewer people apart than a length of every byte."""

BLOB_LIMIT: Final = FIELDS_LIMIT * (TEXT_LENGTHS[-1] + SEALED_BYTES + 64) + 64
PHOTO_BLOB_LIMIT: Final = PHOTO_LENGTHS[-1] + SEALED_BYTES + 64 + 64
"""Bytes of a class: every field at its longest, with its name and MessagePack's few bytes."""

_VERSION: Final = 1
_HEAD: Final = 1 + 8
_HERE: Final = framed(b"moiety field 1")

Entropy = Callable[[int], bytes]
Blob = NewType("Blob", bytes)
"""One class of one person's fields, sealed."""


@dataclass(frozen=True, slots=True)
class Whose:
    """Where a value belongs: a purpose and a pseudonym's bytes in it. Raises `PersonUnnamed`."""

    purpose: str
    person: bytes = field(repr=False)
    bound: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "bound", _purposed(self.purpose) + framed(person_bytes(self.person)))


class ClassKeys:
    """The four keys of one person's record, each of 32 random bytes of its own: no key follows from another.

    Nothing here keeps them: they exist while a record is sealed or opened. `repr()` shows nothing. A class that
    nobody may open now has no key, and neither has one that was destroyed.
    """

    def __init__(self, keys: Mapping[Group, bytes]) -> None:
        """Raises `ValueError` for a key of another length."""
        self._ciphers = {group: AESGCMSIV(_whole(key)) for group, key in keys.items()}

    def cipher(self, group: Group) -> AESGCMSIV:
        """Of one class. Raises `SealBroken` where its key is not here."""
        try:
            return self._ciphers[group]
        except KeyError:
            raise SealBroken from None


def _whole(key: bytes) -> bytes:
    if len(key) != KEY_BYTES:
        raise ValueError("a class key is 32 bytes")
    return key


def filled(plain: bytes, lengths: tuple[int, ...]) -> bytes:
    """A value filled up to the next of some lengths. Raises `ValueTooLong` where it fits none."""
    for length in lengths:
        if len(plain) < length:
            return (plain + b"\x80").ljust(length, b"\x00")
    raise ValueTooLong(limit=lengths[-1] - 1)


def emptied(padded: bytes) -> bytes:
    """The value in a filled one. Raises `SealBroken` for what `filled` did not make."""
    plain = padded.rstrip(b"\x00")
    if not plain.endswith(b"\x80"):
        raise SealBroken
    return plain[:-1]


def seal_class(
    group: Group, values: Mapping[str, bytes], whose: Whose, number: int, keys: ClassKeys, entropy: Entropy
) -> Blob:
    """Seal the values of one class. `number`: 0 for the first write, and one more at every rewrite.

    Raises `ValueTooLong`.
    """
    encrypt = keys.cipher(group).encrypt
    lengths = PHOTO_LENGTHS if group is Group.PHOTO else TEXT_LENGTHS
    nonces = entropy(NONCE_BYTES * len(values))
    begin, ends, at = _HERE + whose.bound, _ends(group, tuple(values), number), 0
    sealed = {}
    for (name, plain), end in zip(values.items(), ends, strict=True):
        nonce = nonces[at : at + NONCE_BYTES]
        at += NONCE_BYTES
        sealed[name] = b"\x01" + nonce + encrypt(nonce, filled(plain, lengths), begin + end)
    return Blob(b"\x01" + number.to_bytes(8, "little") + _ENCODER.encode(sealed))


def open_class(
    group: Group, blob: bytes, whose: Whose, keys: ClassKeys, names: Iterable[str] | None = None
) -> dict[str, bytes]:
    """The values of one class, or those of some names: a name that the blob has not, is not in the answer.

    Raises `SealBroken` for whatever was not sealed here, for this person, under this key: it says no more.
    """
    cipher = keys.cipher(group)
    if len(blob) > (PHOTO_BLOB_LIMIT if group is Group.PHOTO else BLOB_LIMIT):
        raise SealBroken
    number = number_of(blob)
    try:
        sealed = _DECODER.decode(memoryview(blob)[_HEAD:])
    # A text that is not UTF-8 is no DecodeError to msgspec.
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise SealBroken from None
    if len(sealed) > FIELDS_LIMIT or any(len(name) > FIELD_NAME_LIMIT for name in sealed):
        raise SealBroken
    wanted = sealed.keys() if names is None else sealed.keys() & set(names)
    begin, ends = _HERE + whose.bound, _ends_of(group, tuple(sealed), number)
    return {
        name: _opened(sealed[name], cipher, begin + end)
        for name, end in zip(sealed, ends, strict=True)
        if name in wanted
    }


def number_of(blob: bytes) -> int:
    """The number of the write that a blob says it is from. Raises `SealBroken`."""
    if len(blob) < _HEAD or blob[0] != _VERSION:
        raise SealBroken
    return int.from_bytes(blob[1:_HEAD], "little")


@lru_cache(64)
def _purposed(purpose: str) -> bytes:
    return framed(purpose_bytes(purpose))


def _ends_of(group: Group, names: tuple[str, ...], number: int) -> tuple[bytes, ...]:
    """What the associated data of these fields ends with, behind whose they are."""
    alike = framed(group.encode(), ",".join(names).encode(), number.to_bytes(8, "little"))
    return tuple(alike + framed(name.encode()) for name in names)


_ends = lru_cache(64)(_ends_of)
"""Of what is sealed, which is one of a few classes as its first write: not of what somebody hands in to be opened."""


def _opened(sealed: bytes, cipher: AESGCMSIV, bound: bytes) -> bytes:
    if len(sealed) < SEALED_BYTES or sealed[0] != _VERSION:
        raise SealBroken
    try:
        padded = cipher.decrypt(sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :], bound)
    except InvalidTag:
        raise SealBroken from None
    return emptied(padded)


_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(dict[str, bytes])
