"""What a gallery holds: the faces of a purpose, or the keys of its people's records.

A purpose that keeps records has a second gallery at each custodian, `PURPOSE/keys`, under the same papers. One row is
one version of one person's record: 32 bytes for each class of fields and for what the person reads the ledger with,
shared among the three like a template; then the person's public key, 32 bytes that all three hold alike. A version that
is written anew has a row of its own, since a slot is used once in an epoch; the row that was before is erased.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from moiety.matching.policy import Terms

CLASSES: Final = ("birth", "contact", "document", "photo")
"""Classes of fields, each with a key of its own."""

ACCESS: Final = "access"
"""What opens what the ledger says of a person: the private half of that person's key."""

SECRETS: Final = (*CLASSES, ACCESS)
"""What a row shares, in this order."""

KEY_BYTES: Final = 32
SHARED_WORDS: Final = len(SECRETS) * KEY_BYTES // 2
OPEN_WORDS: Final = KEY_BYTES // 2
"""The public key, after what is shared."""

_KEYS: Final = "/keys"


def keys_of(purpose: str) -> str:
    """The gallery of a purpose's keys. No purpose is called so: a name has no stroke in it."""
    return purpose + _KEYS


def is_keys(gallery: str) -> bool:
    """Whether a gallery holds keys."""
    return gallery.endswith(_KEYS)


def purpose_of(gallery: str) -> str:
    """The purpose that a gallery belongs to."""
    return gallery.removesuffix(_KEYS)


def open_words(gallery: str) -> int:
    """How many words at the end of a row are not shared, but held alike by all three."""
    return OPEN_WORDS if is_keys(gallery) else 0


def read_papers(gallery: str, papers: bytes) -> Terms:
    """The terms of a gallery under these papers, which are its purpose's: only the row's length is the kind's own.

    Raises ValueError, KeyError or TypeError as `Terms.from_json`.
    """
    terms = Terms.from_json(papers)
    return replace(terms, dim=SHARED_WORDS + OPEN_WORDS) if is_keys(gallery) else terms
