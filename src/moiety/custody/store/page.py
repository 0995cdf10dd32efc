"""Pages: how 64 slots lie in one database row. Pure packing; nothing here reads or writes.

A page holds, little-endian and without gaps:

    version 2 | nonce 12 B | grounds u8[64] | expires u32[64] | handles 16 B [64] | pseudonym parts 16 B [64]
    | parts u16[d/2][64][2] | tag 16 B

and the states of its slots lie in a row of their own, so that activating a batch rewrites a hundredth of it:

    version 2 | nonce 12 B | states u8[64] | the page's nonce and tag | tag 16 B

All between nonce and tag is sealed in SQL (`seal`). A page's nonce and tag name one version of it: the states vouch for
the page that was stored with them and for no earlier one.

`expires` is a Unix day (days since 1970-01-01): the row is not valid from 00:00 UTC of that day on. A slot that holds
nobody is random bytes in every column. The parts lie as the distance kernel reads them (pair of words, slot, word),
so a gallery is loaded without moving a word; `rows`, `get_rows` and `put_rows` speak of slots.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from moiety.custody.store.slots import SLOTS
from moiety.sharing.seat import Seat

VERSION = 2
HANDLE_BYTES = 16
PSEUDONYM_BYTES = 16
NONCE_BYTES = 12
TAG_BYTES = 16
HEAD_BYTES = 1 + NONCE_BYTES
IDENTITY_BYTES = NONCE_BYTES + TAG_BYTES

_DIMS: Final = 16
"""Layouts that are remembered: an office has a model or two, and keys."""

PORTION = 256
"""Pages read, rewritten and stored at a time: 7 MB at 192 words."""

Pages = NDArray[np.void]
"""Structured, (pages,), of `layout(dim)` or `STATES`."""

STATES = np.dtype(
    [
        ("version", "u1"),
        ("nonce", "u1", (NONCE_BYTES,)),
        ("states", "u1", (SLOTS,)),
        ("page", "u1", (IDENTITY_BYTES,)),
        ("tag", "u1", (TAG_BYTES,)),
    ]
)


@lru_cache(maxsize=_DIMS)
def layout(dim: int) -> np.dtype[np.void]:
    """The structured type of one page of `dim`-word rows."""
    return np.dtype(
        [
            ("version", "u1"),
            ("nonce", "u1", (NONCE_BYTES,)),
            ("grounds", "u1", (SLOTS,)),
            ("expires", "<u4", (SLOTS,)),
            ("handles", "u1", (SLOTS, HANDLE_BYTES)),
            ("pseudonyms", "u1", (SLOTS, PSEUDONYM_BYTES)),
            ("parts", "<u2", (dim // 2, SLOTS, 2)),
            ("tag", "u1", (TAG_BYTES,)),
        ]
    )


@dataclass(frozen=True)
class Place:
    """Where pages belong: one gallery of one custodian of one office (16 bytes) in one epoch."""

    office: bytes
    seat: Seat
    gallery: str
    epoch: int

    def context(self) -> bytes:
        """What a row is bound to beside its kind and number: see `seal`."""
        name = self.gallery.encode()
        return (
            self.office + self.seat.encode() + self.epoch.to_bytes(8, "little") + len(name).to_bytes(2, "little") + name
        )


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


def identities(pages: Pages) -> NDArray[np.uint8]:
    """What names this version of each page: nonce and tag, uint8 (pages, 28)."""
    return np.concatenate([pages["nonce"], pages["tag"]], axis=1)


def octets(pages: Pages) -> NDArray[np.uint8]:
    """The bytes of pages one after the other, uint8 (bytes,)."""
    return np.ascontiguousarray(pages).view("u1").reshape(-1)


def portions(numbers: NDArray[np.int64] | range) -> Iterator[list[int]]:
    """Page numbers, some at a time."""
    for at in range(0, len(numbers), PORTION):
        yield [int(number) for number in numbers[at : at + PORTION]]
