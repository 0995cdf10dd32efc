"""The store of callers: SQLite or PostgreSQL. It holds no key of its hashes, and none that opens anything: those of
requests and of an identity provider's people are under the gateway's root key, which lies elsewhere, and keys of what
waits for a job are sealed under it."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, insert, inspect, select, update
from sqlalchemy.exc import IntegrityError

from moiety.behalf import BEHALF_BYTES
from moiety.database import Database
from moiety.database.refusals import DatabaseMissing
from moiety.gateway.callers.keys import ApiKey, Entropy, is_of
from moiety.gateway.callers.newcomer import Newcomer
from moiety.gateway.callers.refusals import CallerExists, CallerUnknown, Denied
from moiety.gateway.callers.roles import SALT_BYTES, Caller, Role, Scope, hidden
from moiety.gateway.callers.tables import CALLERS, KEPT, KIND, ONCE, TICKETS
from moiety.gateway.rootkey import derived
from moiety.identity.pseudonym import Pseudonym

SETUP: Final = "setup"
KEY_BESIDE: Final = "once"
"""Where stores had the key of their own hashes."""

ONCE_DAYS: Final = 2
"""How long a request is known that is not to be done twice: a client that was cut off comes back within a day."""

OPERATION_BYTES: Final = 16
_RUN: Final = frozenset({Role.OPERATOR, Role.OFFICER})
_DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class Listed:
    """A key as lists show it."""

    prefix: str
    name: str
    roles: tuple[Role, ...]
    scopes: tuple[Scope, ...]
    expires: datetime
    revoked: bool


@dataclass(frozen=True, slots=True)
class Begun:
    """An operation under a name of the client's: `fresh` where it is the first of that name; `status` of the answer
    that it got, 0 while there is none."""

    operation: bytes
    fresh: bool
    status: int


class Credentials:
    """Callers, the set-up token and requests that are not to be done twice. Safe for threads, and for processes.

    `now` is a unix second; `entropy` gives fresh random bytes; `root` gives the gateway's root key, and is asked for it
    when something is hashed under it for the first time."""

    def __init__(self, database: Database, root: Callable[[], bytes], now: Callable[[], int], entropy: Entropy) -> None:
        self.database = database
        self._root = root
        self._now = now
        self._entropy = entropy

    @classmethod
    def open(
        cls, place: Path | str, root: Callable[[], bytes], now: Callable[[], int], entropy: Entropy
    ) -> Credentials:
        """Open the store; it is made where there is none. Raises as `Database.open`."""
        try:
            database = Database.open(KIND, place)
        except DatabaseMissing:
            database = Database.create(KIND, place)
        if not _has_tickets(database):  # of a version before
            with database.writing("tickets") as connection:
                TICKETS.create(connection, checkfirst=True)
        some = cls(database, root, now, entropy)
        some._forget_key_beside()
        return some

    def close(self) -> None:
        """Close every connection."""
        self.database.close()

    # Keys.

    def add(self, who: Newcomer) -> ApiKey:
        """A new caller's key, which nobody can show again. Raises `CallerExists`, and `PseudonymUnreadable` where the
        person of a subject is nobody."""
        with self.database.writing("caller") as connection:
            if self._live(connection, who.name):
                raise CallerExists
            return self._new(connection, who)

    def rotate(self, name: str, *, days: int, overlap_s: int, by: Caller | None = None) -> ApiKey:
        """Another key for the same caller; those before end after so many seconds, or sooner. `by` is who asks, where
        it is not whoever has this machine. Raises `CallerUnknown`, and `Denied` where a new caller of that kind could
        not be given by them: else they had the key of somebody who may more."""
        with self.database.writing("rotate") as connection:
            live = self._live(connection, name)
            if not live:
                raise CallerUnknown
            last = max(live, key=lambda row: int(row.expires))
            caller = _caller(last)
            if by is not None and not by.may_give(caller.roles, caller.scopes):
                raise Denied
            until = self._now() + overlap_s
            for row in live:
                ended = update(CALLERS).where(CALLERS.c.prefix == row.prefix).values(expires=min(row.expires, until))
                connection.execute(ended)
            return self._added(connection, Newcomer(name, caller.roles, caller.scopes, days, caller.person))

    def revoke(self, name: str) -> int:
        """End every key of a caller at once; how many there were. Raises `CallerUnknown`."""
        with self.database.writing("revoke") as connection:
            live = self._live(connection, name)
            if not live:
                raise CallerUnknown
            connection.execute(update(CALLERS).where(CALLERS.c.name == name).values(revoked=1))
            return len(live)

    def listed(self) -> list[Listed]:
        """Every key, by name and end."""
        with self.database.reading() as connection:
            rows = connection.execute(select(CALLERS).order_by(CALLERS.c.name, CALLERS.c.expires)).all()
        return [_listed(row) for row in rows]

    def recognised(self, key: ApiKey) -> Caller | None:
        """Whose key this is; None where it is nobody's, expired or revoked. It takes alike in all cases: some 20 ms."""
        row = self._row(key.prefix)
        whose = is_of(key, None if row is None else row.hashed)
        return _caller(row) if whose and row is not None else None

    def still(self, key: ApiKey) -> Caller | None:
        """As `recognised`, of a key that was recognised a moment ago and need not be hashed again."""
        return self.holder(key.prefix)

    def holder(self, prefix: str) -> Caller | None:
        """Whose the key of this prefix is; None where there is none, or none any more."""
        row = self._row(prefix)
        return None if row is None else _caller(row)

    # The set-up token.

    def set_up_token(self) -> ApiKey | None:
        """The one-time token, where no key counts that an operator or an officer has, since there was none yet or each
        was revoked or has ended: another one each time, of which the last one counts."""
        token = ApiKey.fresh(self._entropy)
        with self.database.writing("token") as connection:
            if self._somebody_runs_it(connection):
                return None
            connection.execute(delete(KEPT).where(KEPT.c.name == SETUP))
            connection.execute(insert(KEPT).values(name=SETUP, value=token.hashed().encode()))
        return token

    def set_up(self, token: ApiKey, who: Newcomer) -> ApiKey | None:
        """The first caller's key, for the one-time token; None where it is not the one, or was used. Once only,
        whoever else comes at the same time."""
        with self.database.reading() as connection:
            kept = connection.scalar(select(KEPT.c.value).where(KEPT.c.name == SETUP))
        if not is_of(token, None if kept is None else bytes(kept).decode()) or kept is None:
            return None
        with self.database.writing("set_up") as connection:
            used = connection.execute(delete(KEPT).where(KEPT.c.name == SETUP, KEPT.c.value == kept))
            return self._new(connection, who) if used.rowcount else None

    # Requests that are not to be done twice.

    def begin(self, *names: str) -> Begun:
        """The operation of a request, named by who asks, for what, and as they call it."""
        operation, now, hashed = self._entropy(OPERATION_BYTES), self._now(), _hashed(self._requests, names)
        with self.database.writing("once") as connection:
            connection.execute(delete(ONCE).where(ONCE.c.at < now - ONCE_DAYS * _DAY_S))
            row = connection.execute(select(ONCE).where(ONCE.c.hashed == hashed)).first()
            if row is not None:
                return Begun(bytes(row.operation), False, row.status)
            connection.execute(insert(ONCE).values(hashed=hashed, operation=operation, status=0, at=now))
        return Begun(operation, True, 0)

    def end(self, operation: bytes, status: int) -> None:
        """What an operation was answered; 0 forgets it: nothing was done, and it may be asked for again."""
        with self.database.writing("once") as connection:
            if status:
                connection.execute(update(ONCE).where(ONCE.c.operation == operation).values(status=status))
            else:
                connection.execute(delete(ONCE).where(ONCE.c.operation == operation))

    def called(self, *names: str) -> str:
        """What the journal calls somebody of these names, which are nobody else's to read: 20 hexadecimal digits."""
        return _hashed(self._subjects, names).hex()[:20]

    def behalf(self, name: str) -> bytes:
        """What custodians and ledgers are told of a caller of this name: a hash of `BEHALF_BYTES` under a key that is
        this gateway's alone. Whoever has it only tells callers apart."""
        return _hashed(self._callers, (name,))[:BEHALF_BYTES]

    def names(self) -> list[str]:
        """The name of every caller that there is or was, each once."""
        with self.database.reading() as connection:
            return list(connection.scalars(select(CALLERS.c.name).distinct()))

    @cached_property
    def _callers(self) -> bytes:
        return derived(self._root(), "callers")

    @cached_property
    def _requests(self) -> bytes:
        return derived(self._root(), "requests")

    @cached_property
    def _subjects(self) -> bytes:
        return derived(self._root(), "subjects")

    def _forget_key_beside(self) -> None:
        """Whoever has a copy of such a store guesses what clients called their requests: its key goes, and what was
        hashed under it, which would match no request any more."""
        with self.database.reading() as connection:
            if connection.scalar(select(KEPT.c.name).where(KEPT.c.name == KEY_BESIDE)) is None:
                return
        with self.database.writing("once") as connection:
            connection.execute(delete(KEPT).where(KEPT.c.name == KEY_BESIDE))
            connection.execute(delete(ONCE))
        self.database.scrub()

    def _somebody_runs_it(self, connection: Connection) -> bool:
        live = (CALLERS.c.revoked == 0) & (CALLERS.c.expires > self._now())
        return any(_caller(row).roles & _RUN for row in connection.execute(select(CALLERS).where(live)))

    def _row(self, prefix: str) -> Row[Any] | None:
        live = (CALLERS.c.revoked == 0) & (CALLERS.c.expires > self._now())
        with self.database.reading() as connection:
            return connection.execute(select(CALLERS).where(CALLERS.c.prefix == prefix, live)).first()

    def _live(self, connection: Connection, name: str) -> list[Row[Any]]:
        live = (CALLERS.c.revoked == 0) & (CALLERS.c.expires > self._now())
        return list(connection.execute(select(CALLERS).where(CALLERS.c.name == name, live)).all())

    def _new(self, connection: Connection, who: Newcomer) -> ApiKey:
        # A path has a pseudonym as it is answered; whoever gives a key may have copied it in another way.
        person = None if who.person is None else hidden(str(Pseudonym.parse(who.person)), self._entropy(SALT_BYTES))
        return self._added(connection, replace(who, person=person))

    def _added(self, connection: Connection, who: Newcomer) -> ApiKey:
        key = ApiKey.fresh(self._entropy)
        row = {
            "prefix": key.prefix,
            "name": who.name,
            "hashed": key.hashed(),
            "roles": " ".join(sorted(who.roles)),
            "scopes": " ".join(sorted(str(scope) for scope in who.scopes)),
            "person": who.person,
            "expires": self._now() + who.days * _DAY_S,
            "revoked": 0,
        }
        try:
            connection.execute(insert(CALLERS).values(row))
        except IntegrityError:  # 50 random bits, drawn twice
            raise CallerExists from None
        return key


def _has_tickets(database: Database) -> bool:
    with database.reading() as connection:
        return inspect(connection).has_table(TICKETS.name)


def _hashed(key: bytes, names: tuple[str, ...]) -> bytes:
    whole = b"".join(len(name.encode()).to_bytes(4) + name.encode() for name in names)
    return hmac.digest(key, whole, hashlib.sha256)


def _caller(row: Row[Any]) -> Caller:
    roles = frozenset(Role(role) for role in row.roles.split())
    scopes = frozenset(Scope.parse(scope) for scope in row.scopes.split())
    return Caller(row.name, roles, scopes, row.person, row.prefix)


def _listed(row: Row[Any]) -> Listed:
    caller = _caller(row)
    return Listed(
        row.prefix,
        row.name,
        tuple(sorted(caller.roles)),
        tuple(sorted(caller.scopes, key=str)),
        datetime.fromtimestamp(row.expires, UTC),
        bool(row.revoked),
    )
