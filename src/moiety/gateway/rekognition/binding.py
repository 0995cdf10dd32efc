"""A key of the dialect, and what the operator bound it to. Pure."""

from __future__ import annotations

import re
import tomllib
from base64 import b32encode, b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from moiety.gateway.callers.newcomer import DAYS_LIMIT
from moiety.gateway.callers.roles import Operation
from moiety.gateway.rekognition.refusals import BindingInvalid, TemplateNamed
from moiety.identity.grounds import position_of_face
from moiety.identity.purpose import read

EVERY: Final = "*"
COLLECTIONS_LIMIT: Final = 64
FINDS_DAILY: Final = 100
"""How often one face is found in a day, as often as a custodian lets one person be compared with."""

_FINDS_LIMIT: Final = 100_000
_NAME: Final = re.compile(r"[a-z](?:[a-z0-9-]{0,29}[a-z0-9])?")
COLLECTION: Final = re.compile(r"[a-zA-Z0-9_.\-]{1,255}")
_SECRET_BYTES: Final = 30
_KEY_BYTES: Final = 10

MAY: Final = (Operation.ENROL, Operation.IDENTIFY, Operation.VERIFY, Operation.ERASE, Operation.FIND)
"""What a key may be bound to: IndexFaces and users, searches, pictures, deleting, listing."""


def parsed(words: Iterable[str]) -> frozenset[Operation]:
    """What a key may do, from words. Raises `BindingInvalid`."""
    try:
        return frozenset(Operation(word) for word in words)
    except ValueError:
        raise BindingInvalid from None


def named(document: str, name: str) -> bytes:
    """A purpose's document from a template."""
    return f'name = "{name}"\n{document}'.encode()


def require_template(document: bytes, grounds: str) -> str:
    """The text of a template on whose grounds faces may be enrolled. Raises `TemplateNamed`, and what `purpose.read`
    and `grounds.position_of_face` raise."""
    try:
        text = document.decode()
        stands = "name" in tomllib.loads(text)
    except (ValueError, RecursionError):
        text, stands = document.decode(errors="replace"), False  # what is wrong with it is said below
    if stands:
        raise TemplateNamed
    position_of_face(read(named(text, "template")), grounds)
    return text


def name_of(binding: str) -> str:
    """What a caller with a key of this dialect is called: no name of a native key has a colon."""
    return f"rekognition:{binding}"


@dataclass(frozen=True, slots=True)
class Key:
    """An access key: its id, and its secret, shown once."""

    id: str
    secret: str = field(repr=False)

    @classmethod
    def fresh(cls, entropy: Callable[[int], bytes]) -> Key:
        """A new one, of the form that clients expect: 20 and 40 characters."""
        return cls("MTYA" + b32encode(entropy(_KEY_BYTES)).decode(), b64encode(entropy(_SECRET_BYTES)).decode())


@dataclass(frozen=True, slots=True)
class Binding:
    """What a key is for. `collections` are those that it may use, or `*`: whatever is made with it; `document` is the
    purpose that a new one is made as, with its name left open, and `grounds` those of its grounds on which faces are
    enrolled. `finds` is how often one face is found in a day. Raises `BindingInvalid`."""

    name: str
    collections: tuple[str, ...]
    grounds: str
    document: str | None = field(repr=False)
    operations: frozenset[Operation]
    finds: int = FINDS_DAILY
    days: int = 90

    def __post_init__(self) -> None:
        if (
            not _NAME.fullmatch(self.name)
            or not 1 <= len(self.collections) <= COLLECTIONS_LIMIT
            or not all(one == EVERY or COLLECTION.fullmatch(one) for one in self.collections)
            or (EVERY in self.collections and self.document is None)
            or not self.operations
            or not self.operations <= set(MAY)
            or not 1 <= self.finds <= _FINDS_LIMIT
            or not 1 <= self.days <= DAYS_LIMIT
        ):
            raise BindingInvalid

    def names(self, collection: str) -> bool:
        """Whether the operator named this collection."""
        return collection in self.collections

    @property
    def open(self) -> bool:
        """Whether it may make collections that nobody named."""
        return EVERY in self.collections

    def to_plain(self) -> dict[str, Any]:
        """What is kept of it."""
        return {
            "collections": list(self.collections),
            "grounds": self.grounds,
            "document": self.document,
            "operations": sorted(self.operations),
            "finds": self.finds,
        }

    @classmethod
    def from_plain(cls, name: str, plain: Mapping[str, Any]) -> Binding:
        """The inverse of `to_plain`."""
        return cls(
            name,
            tuple(plain["collections"]),
            plain["grounds"],
            plain["document"],
            frozenset(Operation(one) for one in plain["operations"]),
            plain["finds"],
        )
