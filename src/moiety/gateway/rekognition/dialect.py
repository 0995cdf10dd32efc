"""What every operation of the dialect has in hand, and who may use which collection."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from moiety.gateway.callers.roles import Operation, Role
from moiety.gateway.rekognition.binding import Binding, named
from moiety.gateway.rekognition.finds import Finds
from moiety.gateway.rekognition.refusals import CollectionUnknown, NotBound
from moiety.gateway.rekognition.seen import Seen
from moiety.gateway.rekognition.store import Collection, Store
from moiety.identity.purpose import Purpose, read

if TYPE_CHECKING:
    from moiety.gateway.service import Service
    from moiety.identity.office import Office, PurposeOffice
    from moiety.identity.sight import Sight

Answer = dict[str, Any]

_PURPOSE: Final = re.compile(r"[a-z](?:[a-z0-9-]{0,29}[a-z0-9])?")
_STEM: Final = 24
_FACE_BYTES: Final = 16


@dataclass(frozen=True)
class Dialect:
    """The dialect's own state; `now` is the unix time."""

    store: Store
    seen: Seen
    finds: Finds
    now: Callable[[], float]


@dataclass(frozen=True)
class Asked:
    """One request: by whom, under which number, and with what."""

    service: Service
    binding: Binding
    number: str
    given: dict[str, Any] = field(repr=False)

    @property
    def store(self) -> Store:
        """Collections, faces and users."""
        return self.service.rekognition.store

    @property
    def office(self) -> Office:
        """The office, in the role that custodians know an operator in."""
        return self.service.offices.at(Role.OPERATOR)

    def require(self, operation: Operation) -> None:
        """Raises `NotBound` where the key is not for this."""
        if operation not in self.binding.operations:
            raise NotBound

    def uses(self, collection: Collection) -> bool:
        """Whether the key may use this collection: it was named, or made with a key of this name."""
        return self.binding.names(collection.name) or (self.binding.open and collection.made_by == self.binding.name)

    def collection(self) -> Collection:
        """The collection that is asked about. Raises `CollectionUnknown`, also where it is somebody else's."""
        found = self.store.collection(self.given["CollectionId"])
        if found is None or not found.live or not self.uses(found):
            raise CollectionUnknown
        return found

    def purpose(self, collection: Collection) -> PurposeOffice:
        """The office of a collection's purpose."""
        return self.office.purpose(collection.purpose)

    def sight(self, collection: Collection) -> Sight:
        """What is done with faces on a collection's pictures."""
        return self.purpose(collection).sight()

    def own_purpose(self) -> Purpose:
        """By whose model and targets pictures are looked at and compared where no collection is named: the template's,
        or those of the first collection that the key is bound to. Raises `NotBound`."""
        if self.binding.document is not None:
            return read(named(self.binding.document, "template"))
        for name in self.binding.collections:
            found = self.store.collection(name)
            if found is not None:
                return self.purpose(found).document
        raise NotBound

    def fresh_name(self) -> bytes:
        """A random name for a picture."""
        return self.service.entropy(_FACE_BYTES)


def purpose_of(collection: str) -> str:
    """The name of the purpose that a collection is: its own where a purpose may be called so, else the nearest that
    may be, with a hash behind it."""
    if _PURPOSE.fullmatch(collection):
        return collection
    stem = re.sub(r"[^a-z0-9]+", "-", collection.lower()).strip("-")[:_STEM].rstrip("-")
    digest = base64.b32encode(hashlib.sha256(collection.encode()).digest()).decode().lower()[:6]
    return f"{stem if stem[:1].isalpha() else 'c'}-{digest}"


def face_id(face: bytes) -> str:
    """A pseudonym's 16 bytes as a FaceId."""
    text = face.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def face_of(text: str) -> bytes:
    """The inverse of `face_id`, of what the service's model lets pass."""
    return bytes.fromhex(text.replace("-", ""))


def page(rows: list[Any], asked: Asked, most: int) -> tuple[list[Any], bool]:
    """The first rows of those left, and whether there are more."""
    limit = min(asked.given.get("MaxResults", most) or most, most)
    return rows[:limit], len(rows) > limit
