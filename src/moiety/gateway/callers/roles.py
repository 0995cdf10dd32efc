"""Roles, operations, and which role may do which; a caller is somebody with roles and scopes. Pure.

What a caller may is what one of their roles may and one of their scopes names. Custodians decide once more: a role of
the gateway's is asked for with the signature of the person whom custodians know in that role (`office`).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from moiety.gateway.callers.refusals import RoleUnknown, ScopeUnreadable

EVERY: Final = "*"
SALT_BYTES: Final = 16

_PURPOSE: Final = re.compile(r"[a-z][a-z0-9-]{0,30}")


class Role(StrEnum):
    """Who somebody is at the gateway."""

    OPERATOR = "operator"
    OFFICER = "officer"
    AUDITOR = "auditor"
    SENSOR = "sensor"
    SUBJECT = "subject"

    @classmethod
    def named(cls, text: str) -> Role:
        """Raises `RoleUnknown`."""
        try:
            return cls(text)
        except ValueError:
            raise RoleUnknown from None


class Operation(StrEnum):
    """What can be asked for: the second half of a scope."""

    ENROL = "enrol"
    VERIFY = "verify"
    IDENTIFY = "identify"
    ERASE = "erase"
    FIND = "find"
    SHOW = "show"
    KEEP = "keep"
    REVEAL = "reveal"
    HISTORY = "history"
    PURPOSES = "purposes"
    DECIDE = "decide"
    AUDIT = "audit"
    BUDGETS = "budgets"
    CALLERS = "callers"
    JOBS = "jobs"


MAY: Final[dict[Role, frozenset[Operation]]] = {
    Role.OPERATOR: frozenset(
        {
            Operation.ENROL,
            Operation.VERIFY,
            Operation.IDENTIFY,
            Operation.ERASE,
            Operation.FIND,
            Operation.SHOW,
            Operation.KEEP,
            Operation.REVEAL,
            Operation.HISTORY,
            Operation.PURPOSES,
            Operation.BUDGETS,
            Operation.JOBS,
        }
    ),
    Role.OFFICER: frozenset(
        {
            Operation.FIND,
            Operation.SHOW,
            Operation.REVEAL,
            Operation.ERASE,
            Operation.HISTORY,
            Operation.PURPOSES,
            Operation.DECIDE,
            Operation.AUDIT,
            Operation.BUDGETS,
            Operation.CALLERS,
        }
    ),
    Role.AUDITOR: frozenset({Operation.PURPOSES, Operation.AUDIT, Operation.BUDGETS}),
    Role.SENSOR: frozenset({Operation.VERIFY, Operation.IDENTIFY}),
    Role.SUBJECT: frozenset({Operation.SHOW, Operation.HISTORY, Operation.ERASE}),
}
"""A subject's are about themself alone: see `Caller.role_for`."""


@dataclass(frozen=True, slots=True)
class Scope:
    """One purpose, or every, and one operation, or every: written `door:verify`, `door:*`, `*:*`."""

    purpose: str
    operation: str

    @classmethod
    def parse(cls, text: str) -> Scope:
        """Raises `ScopeUnreadable`."""
        purpose, colon, operation = text.partition(":")
        known = operation == EVERY or operation in set(Operation)
        if not colon or not known or not (purpose == EVERY or _PURPOSE.fullmatch(purpose)):
            raise ScopeUnreadable
        return cls(purpose, operation)

    def __str__(self) -> str:
        return f"{self.purpose}:{self.operation}"

    def includes(self, other: Scope) -> bool:
        """Whether whoever has this scope has the other one too."""
        return self.purpose in (EVERY, other.purpose) and self.operation in (EVERY, other.operation)

    def covers(self, operation: Operation, purpose: str | None) -> bool:
        """Whether this scope names the operation for that purpose; without one, an operation of the whole office, which
        a scope of one purpose does not."""
        return self.operation in (EVERY, operation) and self.purpose in (EVERY, purpose)


def hidden(person: str, salt: bytes) -> str:
    """What is kept of whom a subject is: enough to know the pseudonym again when it is asked for, and not to list
    it. A pseudonym is 128 bits that nobody can guess, so a hash under a salt of `SALT_BYTES` hides it."""
    return (salt + hmac.digest(salt, person.encode(), hashlib.sha256)[:SALT_BYTES]).hex()


def is_hidden(person: str, kept: str) -> bool:
    """Whether this is the pseudonym that was hidden so."""
    return hmac.compare_digest(hidden(person, bytes.fromhex(kept)[:SALT_BYTES]), kept)


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who was recognised by what they brought. `person` is whom a subject is: a pseudonym, `hidden`. `key` is
    the prefix of the key that they brought, empty where they brought another thing."""

    name: str
    roles: frozenset[Role]
    scopes: frozenset[Scope] = field(repr=False)
    person: str | None = field(default=None, repr=False)
    key: str = field(default="", repr=False, compare=False)

    @property
    def least_role(self) -> Role:
        """The least of their roles: for what anybody may ask who is known. An officer's is the last, since at a gateway
        where no officer signs nothing is asked in it."""
        return next(role for role in _LEAST_FIRST if role in self.roles)

    def role_for(self, operation: Operation, purpose: str | None, person: str | None = None) -> Role | None:
        """In which of their roles they may do this, the least of them first; None where in none."""
        if not any(scope.covers(operation, purpose) for scope in self.scopes):
            return None
        for role in _LEAST_FIRST:
            if role in self.roles and operation in MAY[role]:
                if role is Role.SUBJECT and not (person and self.person and is_hidden(person, self.person)):
                    continue
                return role
        return None

    def may_give(self, roles: frozenset[Role], scopes: frozenset[Scope]) -> bool:
        """Whether whoever has these roles and scopes may nothing that this caller may not."""
        own = frozenset[Operation]().union(*(MAY[role] for role in self.roles))
        return all(MAY[role] <= own for role in roles) and all(
            any(held.includes(scope) for held in self.scopes) for scope in scopes
        )


_LEAST_FIRST: Final = (Role.SUBJECT, Role.SENSOR, Role.AUDITOR, Role.OPERATOR, Role.OFFICER)
