"""Who may be destroyed without anybody's signature: whoever was restricted for three days, and what was written anew,
once what it was written anew as answers (and whoever expired, which their row says).

Kept by each custodian for itself, by its own clock: no gateway says when three days are over. A clock that was set back
waits longer; one that was set forward finds nobody due who was restricted after that.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from moiety.custody.store.kept import drop_keys, keep, kept, kept_of
from moiety.custody.store.sql import Store
from moiety.custody.verbs import Clock

WAIT_S: Final = 72 * 3_600
"""An erasure that a thief asked for on a Friday evening is seen on Monday."""

DESTROYED: Final = "destroyed"
ANEW: Final = "written_anew"

_KIND: Final = "leaving"
_COMING: Final = "coming instead"
_AT_ONCE: Final = 0


def note(connection: Connection, gallery: str, handle: bytes, since: datetime) -> None:
    """From now on this one leaves, three days after `since`; or when it was to leave already."""
    key = _key(gallery, handle)
    if kept_of(connection, _KIND, key) is None:
        keep(connection, _KIND, {key: int(since.timestamp()).to_bytes(8, "big")})


def expect(connection: Connection, gallery: str, handle: bytes) -> None:
    """This one is being written anew. Until `came` it stays: what does not come replaces nobody."""
    keep(connection, _COMING, {_key(gallery, handle): b""})


def came(connection: Connection, gallery: str) -> None:
    """What was on its way in answers: what was written anew as that leaves at once."""
    coming = _coming(connection, gallery)
    keep(connection, _KIND, {key: _AT_ONCE.to_bytes(8, "big") for key in coming})
    drop_keys(connection, _COMING, coming)


def stayed(connection: Connection, gallery: str) -> None:
    """What was on its way in does not come."""
    drop_keys(connection, _COMING, _coming(connection, gallery))


def forget(connection: Connection, gallery: str, handle: bytes) -> None:
    """This one stays, or is gone."""
    drop_keys(connection, _KIND, [_key(gallery, handle)])


def reason(connection: Connection, gallery: str, handle: bytes) -> str:
    """Why this one is destroyed, in a word for the ledger: because it was written anew, or else because it leaves."""
    found = kept_of(connection, _KIND, _key(gallery, handle))
    return ANEW if found is not None and int.from_bytes(found, "big") == _AT_ONCE else DESTROYED


def is_due(store: Store, gallery: str, handle: bytes, clock: Clock) -> bool:
    """Whether this one may be destroyed and nobody has to sign for it."""
    with store.reading() as connection:
        found = kept_of(connection, _KIND, _key(gallery, handle))
    if found is None:
        return False
    since = int.from_bytes(found, "big")
    return since == _AT_ONCE or clock().timestamp() >= since + WAIT_S


def _coming(connection: Connection, gallery: str) -> list[bytes]:
    return [key for key in kept(connection, _COMING) if key.startswith(_key(gallery, b""))]


def _key(gallery: str, handle: bytes) -> bytes:
    return gallery.encode() + b"|" + handle
