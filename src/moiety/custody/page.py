"""Pages: how 64 slots lie in one database row. Pure packing; nothing here reads or writes.

A page holds, little-endian and without gaps:

    version 1 | grounds u8[64] | expires u32[64] | handles 16 B [64] | pseudonym parts 16 B [64]
    | parts u16[d/2][64][2] | SHA-256

and the states of its slots lie in a row of their own, so that activating a batch rewrites a hundredth of it:

    version 1 | states u8[64] | the page's SHA-256 | SHA-256

The last digest covers all bytes before it and the place where the row belongs (custodian, gallery, epoch, page
number), so that a page that was altered, or copied from elsewhere, is found and named. It is not a signature:
whoever can rewrite the file can compute it, and the algebraic check of the gallery is there for that.

`expires` is a Unix day (days since 1970-01-01): the row is not valid from 00:00 UTC of that day on. A slot that holds
nobody is random bytes in every column. The parts lie as the distance kernel reads them (pair of words, slot, word),
so a gallery is loaded without moving a word; `rows`, `get_rows` and `put_rows` speak of slots.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from moiety.custody.slots import SLOTS
from moiety.sharing.seat import Seat

VERSION = 1
HANDLE_BYTES = 16
PSEUDONYM_BYTES = 16
DIGEST_BYTES = 32

Pages = NDArray[np.void]
"""Structured, (pages,), of `layout(dim)` or `STATES`."""

STATES = np.dtype(
    [
        ("version", "u1"),
        ("states", "u1", (SLOTS,)),
        ("page", "u1", (DIGEST_BYTES,)),
        ("digest", "u1", (DIGEST_BYTES,)),
    ]
)


def layout(dim: int) -> np.dtype[np.void]:
    """The structured type of one page of `dim`-word rows."""
    return np.dtype(
        [
            ("version", "u1"),
            ("grounds", "u1", (SLOTS,)),
            ("expires", "<u4", (SLOTS,)),
            ("handles", "u1", (SLOTS, HANDLE_BYTES)),
            ("pseudonyms", "u1", (SLOTS, PSEUDONYM_BYTES)),
            ("parts", "<u2", (dim // 2, SLOTS, 2)),
            ("digest", "u1", (DIGEST_BYTES,)),
        ]
    )


@dataclass(frozen=True)
class Place:
    """Where pages belong: one gallery of one custodian in one epoch."""

    seat: Seat
    gallery: str
    epoch: int

    def context(self) -> bytes:
        """What a digest covers beside the row's number and bytes."""
        name = self.gallery.encode()
        return self.seat.encode() + self.epoch.to_bytes(8, "little") + len(name).to_bytes(2, "little") + name


def from_random(random: NDArray[np.uint8], kind: np.dtype[np.void]) -> Pages:
    """Pages of dummy rows over `pages * kind.itemsize` random bytes, which are not copied. Not sealed yet."""
    pages: Pages = random.view(kind)
    pages["version"] = VERSION
    return pages


def blank_states(count: int) -> Pages:
    """States of `count` pages, every slot FREE. Not sealed yet."""
    states: Pages = np.zeros(count, dtype=STATES)
    states["version"] = VERSION
    return states


def rows(pages: Pages) -> NDArray[np.uint16]:
    """The parts by slot, uint16 (64 * pages, dim): a copy."""
    # A ring element is moved as one item of four bytes.
    elements = pages["parts"].view("<u4")[..., 0].transpose(0, 2, 1)
    return np.ascontiguousarray(elements).reshape(len(pages) * SLOTS, elements.shape[2]).view("<u2")


def get_rows(pages: Pages, at: NDArray[np.int64], slot: NDArray[np.int64]) -> NDArray[np.uint16]:
    """The parts of slot `slot` of page `at`, uint16 (n, dim): a copy."""
    pairs = pages["parts"].view("<u4")[at, :, slot, 0]
    return np.ascontiguousarray(pairs).view("<u2")


def put_rows(pages: Pages, at: NDArray[np.int64], slot: NDArray[np.int64], parts: NDArray[np.uint16]) -> None:
    """Write parts, uint16 (n, dim), to slot `slot` of page `at`."""
    pages["parts"].view("<u4")[at, :, slot, 0] = np.ascontiguousarray(parts).view("<u4")


def seal(pages: Pages, place: Place, numbers: Iterable[int]) -> list[memoryview]:
    """Write each page's digest and return the rows to store, one view of `pages` each."""
    pages["digest"] = _digests(pages, place, numbers)
    return _bytes(pages)


def load(rows: Sequence[bytes], kind: np.dtype[np.void]) -> Pages:
    """Pages from stored rows; a row of the wrong length becomes an empty page, which is never `intact`."""
    empty = bytes(kind.itemsize)
    stored = bytearray().join(row if len(row) == kind.itemsize else empty for row in rows)
    return np.frombuffer(stored, dtype=kind)


def intact(pages: Pages, place: Place, numbers: Iterable[int]) -> NDArray[np.bool_]:
    """Which pages carry this version and the digest of their bytes and place: bool (pages,)."""
    wanted = _digests(pages, place, numbers)
    good: NDArray[np.bool_] = (pages["digest"] == wanted).all(axis=1) & (pages["version"] == VERSION)
    return good


def _digests(pages: Pages, place: Place, numbers: Iterable[int]) -> NDArray[np.uint8]:
    """SHA-256 over kind, place, number and everything before each page's digest: uint8 (pages, 32)."""
    kind = b"moiety states 1" if pages.dtype == STATES else b"moiety page 1"
    before = hashlib.sha256(kind + place.context())
    digests = []
    for row, number in zip(_bytes(pages), numbers, strict=True):
        digest = before.copy()
        digest.update(number.to_bytes(8, "little"))
        digest.update(row[:-DIGEST_BYTES])
        digests.append(digest.digest())
    return np.frombuffer(b"".join(digests), dtype="u1").reshape(-1, DIGEST_BYTES)


def _bytes(pages: Pages) -> list[memoryview]:
    size = pages.dtype.itemsize
    whole = np.ascontiguousarray(pages).view("u1").reshape(-1).data
    return [whole[at : at + size] for at in range(0, len(whole), size)]
