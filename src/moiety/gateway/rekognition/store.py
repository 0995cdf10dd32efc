"""The dialect's store: SQLite or PostgreSQL, beside the gateway's credentials, sealed under its root key."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Row, Table, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from moiety.database import Database
from moiety.database.refusals import DatabaseMissing
from moiety.gateway.rekognition.binding import Binding, Key
from moiety.gateway.rekognition.refusals import (
    BindingExists,
    BindingUnknown,
    CollectionExists,
    UserExists,
    UserUnknown,
)
from moiety.gateway.rekognition.tables import BINDINGS, COLLECTIONS, FACES, KIND, USERS
from moiety.gateway.rootkey import Entropy, Seal, derived

_DAY_S: Final = 86_400
_NAME_BYTES: Final = 16
_PADDED: Final = 576
"""Bytes of every face and user, sealed: an ExternalImageId of 255, a UserId of 128, and what is always there."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A key as lists show it; `expires` is a unix second."""

    key: str
    binding: Binding
    expires: int
    revoked: bool


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection, and the purpose that it is; `at` is the unix second in which it was created."""

    name: str
    purpose: str
    made_by: str
    at: int
    live: bool


@dataclass(frozen=True, slots=True)
class Kept:
    """What a client calls a face: the 16 bytes of its pseudonym, those of the picture's name, the client's own name for
    it, the user it was put to, and the unix day from which it is not kept."""

    face: bytes = field(repr=False)
    image: bytes = field(repr=False)
    external: str | None = field(repr=False)
    user: str | None = field(repr=False)
    expires: int


class Store:
    """`now` is the unix time, `root` the gateway's root key. Safe for threads, and for processes."""

    def __init__(self, database: Database, root: bytes, now: Callable[[], float], entropy: Entropy) -> None:
        self._database = database
        self._names = derived(root, "rekognition names")
        self._keys = Seal(root, "rekognition keys", entropy)
        self._people = Seal(root, "rekognition people", entropy)
        self._now = now
        self._entropy = entropy

    @classmethod
    def open(cls, place: Path | str, root: bytes, now: Callable[[], float], entropy: Entropy) -> Store:
        """Open the store; it is made where there is none. Raises as `Database.open`."""
        try:
            database = Database.open(KIND, place)
        except DatabaseMissing:
            database = Database.create(KIND, place)
        return cls(database, root, now, entropy)

    def close(self) -> None:
        """Close every connection."""
        self._database.close()

    # Keys.

    def bind(self, binding: Binding) -> Key:
        """A new key, whose secret nobody is shown again. Raises `BindingExists`."""
        key = Key.fresh(self._entropy)
        row = {
            "key": key.id,
            "name": binding.name,
            "secret": self._keys.seal(key.secret.encode(), f"secret {key.id}".encode()),
            "bound": self._keys.seal(_json(binding.to_plain()), f"bound {key.id} {binding.name}".encode()),
            "expires": int(self._now()) + binding.days * _DAY_S,
            "revoked": 0,
        }
        with self._database.writing("bind") as connection:
            if connection.execute(select(BINDINGS).where(self._live(), BINDINGS.c.name == binding.name)).first():
                raise BindingExists
            connection.execute(insert(BINDINGS).values(row))
        return key

    def unbind(self, name: str) -> None:
        """No key of this name counts any more. Raises `BindingUnknown`."""
        with self._database.writing("unbind") as connection:
            ended = update(BINDINGS).where(self._live(), BINDINGS.c.name == name).values(revoked=1)
            if not connection.execute(ended).rowcount:
                raise BindingUnknown

    def bound(self) -> list[Listed]:
        """Every key that there is or was, by name."""
        with self._database.reading() as connection:
            rows = connection.execute(select(BINDINGS).order_by(BINDINGS.c.name, BINDINGS.c.expires)).all()
        return [Listed(row.key, self._binding(row), row.expires, bool(row.revoked)) for row in rows]

    def names(self) -> list[str]:
        """What every key is called that there is or was, each once."""
        with self._database.reading() as connection:
            return list(connection.scalars(select(BINDINGS.c.name).distinct()))

    def recognised(self, key: str) -> tuple[Binding, str] | None:
        """What a key is bound to, and its secret; None where there is none, or none any more."""
        with self._database.reading() as connection:
            row = connection.execute(select(BINDINGS).where(self._live(), BINDINGS.c.key == key)).first()
        if row is None:
            return None
        return self._binding(row), self._keys.open(bytes(row.secret), f"secret {row.key}".encode()).decode()

    def _live(self) -> Any:
        return (BINDINGS.c.revoked == 0) & (BINDINGS.c.expires > int(self._now()))

    def _binding(self, row: Row[Any]) -> Binding:
        plain = self._keys.open(bytes(row.bound), f"bound {row.key} {row.name}".encode())
        return Binding.from_plain(row.name, json.loads(plain))

    # Collections.

    def collection(self, name: str) -> Collection | None:
        """The collection of this name, also one that was deleted."""
        with self._database.reading() as connection:
            row = connection.execute(select(COLLECTIONS).where(COLLECTIONS.c.name == name)).first()
        return None if row is None else _collection(row)

    def collections(self, after: str) -> list[Collection]:
        """Those that live, by name."""
        asked = select(COLLECTIONS).where(COLLECTIONS.c.live == 1, COLLECTIONS.c.name > after)
        with self._database.reading() as connection:
            return [_collection(row) for row in connection.execute(asked.order_by(COLLECTIONS.c.name)).all()]

    def begin(self, name: str, purpose: str, made_by: str) -> None:
        """A new collection, or one that was deleted once more. Raises `CollectionExists`, also where the purpose is
        another one's."""
        row = {"name": name, "purpose": purpose, "made_by": made_by, "at": int(self._now()), "live": 1}
        with self._database.writing("begin") as connection:
            again = update(COLLECTIONS).where(COLLECTIONS.c.name == name, COLLECTIONS.c.live == 0)
            if connection.execute(again.values(row)).rowcount:
                return
            try:
                connection.execute(insert(COLLECTIONS).values(row))
            except IntegrityError:
                raise CollectionExists from None

    def end(self, name: str) -> bool:
        """Delete a collection whose faces were erased; nothing of its users stays either. False, and nothing is done,
        where a face was indexed meanwhile."""
        with self._database.writing("end") as connection:
            if connection.execute(select(FACES.c.name).where(FACES.c.collection == name)).first():
                return False
            connection.execute(delete(USERS).where(USERS.c.collection == name))
            connection.execute(update(COLLECTIONS).where(COLLECTIONS.c.name == name).values(live=0))
        self._database.scrub()
        return True

    # Faces and users.

    def put(self, collection: str, *faces: Kept) -> None:
        """Keep what clients call these faces, or keep it anew."""
        with self._database.writing("face") as connection:
            for kept in faces:
                self._put(connection, FACES, collection, kept.face, _plain(kept))

    def face(self, collection: str, face: bytes) -> Kept | None:
        """What is kept of a face."""
        with self._database.reading() as connection:
            return self._face(connection, collection, face)

    def still_has(self, collection: str, face: bytes) -> bool:
        """Whether a face is kept in a collection that lives."""
        lives = select(COLLECTIONS.c.name).where(COLLECTIONS.c.name == collection, COLLECTIONS.c.live == 1)
        with self._database.reading() as connection:
            return bool(connection.execute(lives).first() and self._face(connection, collection, face))

    def put_to(self, collection: str, face: bytes, user: str) -> Kept | None:
        """Put a face to a user, where it is nobody else's; the face as it was before, None where there is none. Raises
        `UserUnknown`, also where somebody deletes this user meanwhile."""
        with self._database.writing("face") as connection:
            if not self._is_user(connection, collection, user):
                raise UserUnknown
            kept = self._face(connection, collection, face)
            if kept is not None and kept.user in (None, user):
                self._put(connection, FACES, collection, face, _plain(replace(kept, user=user)))
        return kept

    def take_from(self, collection: str, face: bytes, user: str) -> Kept | None:
        """Take a face from a user, where it is theirs; the face as it was before, None where there is none."""
        with self._database.writing("face") as connection:
            kept = self._face(connection, collection, face)
            if kept is not None and kept.user == user:
                self._put(connection, FACES, collection, face, _plain(replace(kept, user=None)))
        return kept

    def faces(self, collection: str) -> list[tuple[bytes, Kept]]:
        """Every face that clients were told of, by the row's name; what is kept no longer is forgotten."""
        with self._database.reading() as connection:
            rows = connection.execute(select(FACES).where(FACES.c.collection == collection).order_by(FACES.c.name))
            found = [(bytes(row.name), self._kept(row)) for row in rows.all()]
        today = int(self._now()) // _DAY_S
        gone = [kept.face for _, kept in found if kept.expires <= today]
        if gone:
            self.forget(collection, gone)
        return [(name, kept) for name, kept in found if kept.expires > today]

    def forget(self, collection: str, faces: Iterable[bytes]) -> None:
        """Keep nothing of these faces any more."""
        names = [self._name(FACES, collection, face) for face in faces]
        with self._database.writing("forget") as connection:
            for name in names:
                connection.execute(delete(FACES).where(FACES.c.name == name))
        self._database.scrub()

    def purpose_forgets(self, purpose: str, face: bytes) -> None:
        """As `forget`, of a face that was erased by another way than this one."""
        asked = select(COLLECTIONS.c.name).where(COLLECTIONS.c.purpose == purpose)
        with self._database.reading() as connection:
            collection = connection.scalar(asked)
        if collection is not None and self.face(collection, face) is not None:
            self.forget(collection, [face])

    def add_user(self, collection: str, user: str) -> None:
        """Raises `UserExists`."""
        with self._database.writing("user") as connection:
            name = self._name(USERS, collection, user.encode())
            if connection.execute(select(USERS.c.name).where(USERS.c.name == name)).first():
                raise UserExists
            self._put(connection, USERS, collection, user.encode(), user.encode())

    def is_user(self, collection: str, user: str) -> bool:
        """Whether there is this user."""
        with self._database.reading() as connection:
            return self._is_user(connection, collection, user)

    def users(self, collection: str) -> list[tuple[bytes, str]]:
        """Every user, by the row's name."""
        with self._database.reading() as connection:
            rows = connection.execute(select(USERS).where(USERS.c.collection == collection).order_by(USERS.c.name))
            return [(bytes(row.name), self._opened(USERS, row).decode()) for row in rows.all()]

    def drop_user(self, collection: str, user: str) -> None:
        """Keep nothing of this user; their faces are nobody's then."""
        name = self._name(USERS, collection, user.encode())
        with self._database.writing("user") as connection:
            rows = connection.execute(select(FACES).where(FACES.c.collection == collection)).all()
            for kept in map(self._kept, rows):
                if kept.user == user:
                    self._put(connection, FACES, collection, kept.face, _plain(replace(kept, user=None)))
            connection.execute(delete(USERS).where(USERS.c.name == name))
        self._database.scrub()

    def _put(self, connection: Connection, table: Table, collection: str, what: bytes, plain: bytes) -> None:
        name = self._name(table, collection, what)
        sealed = self._people.seal(plain.ljust(_PADDED), _said(table, collection, name))
        connection.execute(delete(table).where(table.c.name == name))
        connection.execute(insert(table).values(name=name, collection=collection, sealed=sealed))

    def _face(self, connection: Connection, collection: str, face: bytes) -> Kept | None:
        name = self._name(FACES, collection, face)
        row = connection.execute(select(FACES).where(FACES.c.name == name)).first()
        return None if row is None else self._kept(row)

    def _is_user(self, connection: Connection, collection: str, user: str) -> bool:
        name = self._name(USERS, collection, user.encode())
        return connection.execute(select(USERS.c.name).where(USERS.c.name == name)).first() is not None

    def _opened(self, table: Table, row: Row[Any]) -> bytes:
        return self._people.open(bytes(row.sealed), _said(table, row.collection, bytes(row.name))).rstrip()

    def _kept(self, row: Row[Any]) -> Kept:
        face, image, external, user, expires = json.loads(self._opened(FACES, row))
        return Kept(bytes.fromhex(face), bytes.fromhex(image), external, user, expires)

    def _name(self, table: Table, collection: str, what: bytes) -> bytes:
        whole = f"{table.name} {collection} ".encode() + what
        return hmac.digest(self._names, whole, hashlib.sha256)[:_NAME_BYTES]


def _said(table: Table, collection: str, name: bytes) -> bytes:
    return f"{table.name} {collection} ".encode() + name


def _plain(kept: Kept) -> bytes:
    return _json([kept.face.hex(), kept.image.hex(), kept.external, kept.user, kept.expires])


def _json(some: Any) -> bytes:
    return json.dumps(some, separators=(",", ":")).encode()


def _collection(row: Row[Any]) -> Collection:
    return Collection(row.name, row.purpose, row.made_by, row.at, bool(row.live))
