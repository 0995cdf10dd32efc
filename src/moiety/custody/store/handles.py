"""Handles: what a custodian knows a person by.

A handle is 16 bytes of a keyed BLAKE2b (RFC 7693) whose key is the 128-bit pseudonym, so nobody gets from a handle
to the pseudonym, or from one custodian's handle to another's, without knowing the pseudonym already.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from moiety.custody.store.page import HANDLE_BYTES, PSEUDONYM_BYTES
from moiety.sharing.seat import SEATS, Seat

_PERSON = b"moiety handle 1"


def handles(gallery: str, pseudonyms: Sequence[bytes]) -> dict[Seat, NDArray[np.uint8]]:
    """The handles of these pseudonyms (16 bytes each) in this gallery: uint8 (n, 16) for each custodian."""
    if not {len(pseudonym) for pseudonym in pseudonyms} <= {PSEUDONYM_BYTES}:
        raise ValueError("a pseudonym is 16 bytes")
    name = gallery.encode()
    # One hash gives all three: bulk enrolment pays it for every row.
    size = len(SEATS) * HANDLE_BYTES
    digests = b"".join(
        [hashlib.blake2b(name, key=pseudonym, person=_PERSON, digest_size=size).digest() for pseudonym in pseudonyms]
    )
    table = np.frombuffer(digests, dtype=np.uint8).reshape(-1, len(SEATS), HANDLE_BYTES)
    return {seat: np.ascontiguousarray(table[:, at]) for at, seat in enumerate(SEATS)}


def prefixes(handles: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """The first 8 bytes of each handle (n, 16), as one word (n,): what memory keeps of them."""
    words: NDArray[np.uint64] = np.ascontiguousarray(handles[:, :8]).view("<u8").reshape(-1)
    return words
