"""Sealing: how what a custodian writes looks in SQL, and the keys it is sealed under. Pure; no file, no database.

Every row is AES-256-GCM (NIST SP 800-38D) under the data key of its epoch, with a random 96-bit nonce for each write:

    version 2 | nonce 12 B | ciphertext | tag 16 B

and bound to where it belongs by associated data:

    kind | office 16 B | seat 1 B | epoch u64 | length of the gallery's name u16 | name | number u64

(little-endian; `kind` ends in the version). A row that was altered, or copied from another custodian, gallery, epoch
or number, does not open. Whoever holds the data key can write rows that open, and the algebraic check of the gallery is
there for that. 2^32 writes under one key are allowed (ibid., 8.3); an epoch has some millions.

The data key is random and lies in SQL only wrapped under the epoch's root key, which never does (`token`): with the
root, everything that was ever sealed in its epoch dies, wherever it was copied to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from numpy.typing import NDArray

from moiety.custody.store import page
from moiety.custody.store.page import HEAD_BYTES, NONCE_BYTES, TAG_BYTES, VERSION, Pages, Place
from moiety.sharing.seat import Seat
from moiety.sharing.streams import derive

KEY_BYTES = 32


@dataclass(frozen=True)
class DataKey:
    """One epoch's data key in memory: what seals, and what names rows without saying what they are of."""

    cipher: AESGCM = field(repr=False)
    names: bytes = field(repr=False)

    @classmethod
    def of(cls, key: bytes) -> DataKey:
        """From 32 random bytes."""
        return cls(AESGCM(key), derive(key, b"moiety kept names 1"))


def bound(office: bytes, seat: Seat, epoch: int) -> bytes:
    """What the data key of an epoch is wrapped with: whose it is."""
    return b"moiety data key 1" + office + seat.encode() + epoch.to_bytes(8, "little")


def seal(
    pages: Pages, place: Place, numbers: Iterable[int], key: DataKey, entropy: Callable[[int], bytes]
) -> list[memoryview]:
    """Seal pages or states: the rows to store. Each row's nonce and tag are written into `pages` too."""
    size = pages.dtype.itemsize
    sealed = np.empty((len(pages), size), dtype=np.uint8)
    sealed[:, 0] = VERSION
    sealed[:, 1:HEAD_BYTES] = np.frombuffer(entropy(NONCE_BYTES * len(pages)), dtype=np.uint8).reshape(-1, NONCE_BYTES)
    where = _kind(pages.dtype) + place.context()
    rows = _rows(sealed, size)
    for plain, row, number in zip(_rows(page.octets(pages), size), rows, numbers, strict=True):
        nonce, said = row[1:HEAD_BYTES], where + number.to_bytes(8, "little")
        key.cipher.encrypt_into(nonce, plain[HEAD_BYTES:-TAG_BYTES], said, row[HEAD_BYTES:])
    pages["version"] = VERSION
    pages["nonce"] = sealed[:, 1:HEAD_BYTES]
    pages["tag"] = sealed[:, -TAG_BYTES:]
    return rows


def unseal(
    rows: Sequence[bytes], kind: np.dtype[np.void], place: Place, numbers: Iterable[int], key: DataKey
) -> tuple[Pages, NDArray[np.bool_]]:
    """Open stored rows: pages or states, writable, and which of them are intact, bool (rows,).

    What does not open, or is of another length or version, is a page of zeros.
    """
    size = kind.itemsize
    opened = np.zeros((len(rows), size), dtype=np.uint8)
    good = np.zeros(len(rows), dtype=np.bool_)
    where = _kind(kind) + place.context()
    for at, (row, plain, number) in enumerate(zip(rows, _rows(opened, size), numbers, strict=True)):
        if len(row) != size or row[0] != VERSION:
            continue
        sealed = memoryview(row)
        said = where + number.to_bytes(8, "little")
        try:
            key.cipher.decrypt_into(sealed[1:HEAD_BYTES], sealed[HEAD_BYTES:], said, plain[HEAD_BYTES:-TAG_BYTES])
        except InvalidTag:
            opened[at] = 0
            continue
        plain[:HEAD_BYTES] = sealed[:HEAD_BYTES]
        plain[-TAG_BYTES:] = sealed[-TAG_BYTES:]
        good[at] = True
    return opened.reshape(-1).view(kind), good


def _kind(kind: np.dtype[np.void]) -> bytes:
    return b"moiety states 2" if kind == page.STATES else b"moiety page 2"


def _rows(whole: NDArray[np.uint8], size: int) -> list[memoryview]:
    flat = whole.reshape(-1).data
    return [flat[at : at + size] for at in range(0, len(flat), size)]
