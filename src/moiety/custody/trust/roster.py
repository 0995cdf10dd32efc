"""Who may ask a custodian: a folder on its own host, one TOML file for each person.

    name = "ana-lima"
    role = "operator"                        # or "officer"
    key = "3q2+7w…="                         # an Ed25519 public key, in base64
    purposes = ["door"]                      # an operator's; every purpose without it
    operations = ["verify", "identify"]      # an operator's; every operation without it

It is read at start and again whenever the folder has changed. While anything in it is not as it should be nobody is
let in: half a roster could lack the very line that somebody was taken out with. Write a new file under a name that
does not end in `.toml`, then rename it.
"""

from __future__ import annotations

import base64
import binascii
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final, Protocol, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from moiety.custody.trust.signing import OPERATION, is_strong

MOST_PEOPLE: Final = 1_000
FILE_LIMIT: Final = 16_384
"""Bytes of one person's file: a name, a key and two lists."""
LIST_LIMIT: Final = 64
NAME_PATTERN: Final = r"^[a-z](?:[a-z0-9-]{0,29}[a-z0-9])?$"

LEASE: Final = "lease"
"""Holding a custodian's lease: what is done under it is asked for by itself."""

BUDGETS: Final = "budgets"
"""What is left to whoever asks."""

EVERYBODYS_CALL: Final = frozenset({LEASE, BUDGETS})
"""What everybody of a roster may ask for, whatever they are entrusted with."""

ACKNOWLEDGE: Final = "acknowledge"
"""Having custodians write down what they lack in their ledgers."""

OFFICERS_CALL: Final = frozenset({"policy", "reveal", "find", "audit", ACKNOWLEDGE})
"""What an officer may ask for: officers decide, and leave the daily work to operators. Opening is among it: a purpose
may let officers have what operators may not."""

OFFICERS_ALONE: Final = frozenset({ACKNOWLEDGE})
"""What no operator may ask for, whatever they are entrusted with: a gateway that does the daily work has no such
key."""


class Role(StrEnum):
    """Officers answer for purposes and sign them; operators do the daily work."""

    OFFICER = "officer"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the roster; None stands for every purpose, or every operation."""

    name: str
    role: Role
    key: bytes
    purposes: frozenset[str] | None = None
    operations: frozenset[str] | None = None

    def may_call(self, operation: str, purpose: str) -> bool:
        """Whether this person may ask for it."""
        if operation in EVERYBODYS_CALL:
            return True
        if self.role is Role.OFFICER:
            return operation in OFFICERS_CALL
        return operation not in OFFICERS_ALONE and self._is_entrusted(operation, purpose)

    def may_approve(self, operation: str, purpose: str, role: Role) -> bool:
        """Whether this person's signature counts where one of that role is needed; an officer's counts as an
        operator's too."""
        if self.role is Role.OFFICER:
            return True
        return role is Role.OPERATOR and self._is_entrusted(operation, purpose)

    def _is_entrusted(self, operation: str, purpose: str) -> bool:
        return (self.purposes is None or purpose in self.purposes) and (
            self.operations is None or operation in self.operations
        )


class Roster(Protocol):
    """Who is known."""

    def find(self, key: bytes) -> Person | None:
        """Whose key this is."""


_Operation = Annotated[str, StringConstraints(pattern=rf"^{OPERATION.pattern}$")]
_Purpose = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]


class Entry(BaseModel):
    """One file, as it is written."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: str = Field(pattern=NAME_PATTERN)
    role: Annotated[Role, Field(strict=False)]
    key: str = Field(min_length=44, max_length=44)
    purposes: list[_Purpose] | None = Field(default=None, min_length=1, max_length=LIST_LIMIT)
    operations: list[_Operation] | None = Field(default=None, min_length=1, max_length=LIST_LIMIT)

    @model_validator(mode="after")
    def _is_a_person(self) -> Self:
        if not is_strong(self._key()):
            raise ValueError("no key")
        if self.role is Role.OFFICER and (self.purposes, self.operations) != (None, None):
            raise ValueError("an officer has no lists")
        return self

    def _key(self) -> bytes:
        try:
            key = base64.b64decode(self.key, validate=True)
        except binascii.Error:
            return b""
        return key if base64.b64encode(key).decode() == self.key else b""

    def person(self) -> Person:
        """The person in it."""
        purposes = None if self.purposes is None else frozenset(self.purposes)
        operations = None if self.operations is None else frozenset(self.operations)
        return Person(self.name, self.role, self._key(), purposes, operations)


def entry_text(person: Person) -> str:
    """The file of a person, for a roster."""

    def listed(names: frozenset[str]) -> str:
        return "[" + ", ".join(f'"{name}"' for name in sorted(names)) + "]"

    lines = [
        f'name = "{person.name}"',
        f'role = "{person.role}"',
        f'key = "{base64.b64encode(person.key).decode()}"',
        *([f"purposes = {listed(person.purposes)}"] if person.purposes is not None else []),
        *([f"operations = {listed(person.operations)}"] if person.operations is not None else []),
    ]
    return "\n".join(lines) + "\n"


def parse(document: bytes) -> Person | None:
    """The person in a file, or None where it holds none."""
    if len(document) > FILE_LIMIT:
        return None
    try:
        return Entry.model_validate(tomllib.loads(document.decode("utf-8"))).person()
    except (ValidationError, ValueError, RecursionError):  # what is no TOML or no UTF-8 is a ValueError
        return None
