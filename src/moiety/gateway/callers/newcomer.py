"""Somebody who is to have a key, checked. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from moiety.gateway.callers.refusals import CallerInvalid
from moiety.gateway.callers.roles import Role, Scope

DAYS_LIMIT: Final = 366
"""A key that nobody has renewed for a year is somebody's who left."""

SCOPES_LIMIT: Final = 64

_NAME: Final = re.compile(r"[a-z](?:[a-z0-9-]{0,29}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Raises `CallerInvalid` for what no key is given for."""

    name: str
    roles: frozenset[Role]
    scopes: frozenset[Scope] = field(repr=False)
    days: int
    person: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        subject = Role.SUBJECT in self.roles
        if (
            not _NAME.fullmatch(self.name)
            or not self.roles
            or not 1 <= len(self.scopes) <= SCOPES_LIMIT
            or not 1 <= self.days <= DAYS_LIMIT
            or subject is not (self.person is not None)
            or (subject and len(self.roles) > 1)
        ):
            raise CallerInvalid
