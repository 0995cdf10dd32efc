"""Whether what a job was begun with still may have it: looked up when its turn comes, and between its batches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Protocol

from moiety.gateway.callers.grants import Grant
from moiety.gateway.callers.roles import Caller, Operation, Role
from moiety.gateway.jobs.refusals import JobDenied
from moiety.gateway.jobs.tickets import Standing

TOKEN_S: Final = 86_400
"""How long a job goes on that was begun with a token: a token ends in minutes, a file does not come in so soon, and of
somebody whom their provider has turned away since, nobody tells this gateway."""


class Holders(Protocol):
    """Who has the key of a prefix, None where it does not count any more; and what custodians are told of a caller."""

    def holder(self, prefix: str) -> Caller | None: ...

    def behalf(self, name: str) -> bytes: ...


class Standings:
    """`grants` are those of the identity provider in force; `now` is a unix second."""

    def __init__(self, holders: Holders, grants: Sequence[Grant], now: Callable[[], int]) -> None:
        self._holders = holders
        self._grants = {(frozenset(grant.roles), frozenset(grant.parsed)) for grant in grants}
        self._now = now

    def of(self, caller: Caller) -> Standing:
        """With what this caller begins a job."""
        scopes = sorted(str(scope) for scope in caller.scopes)
        return Standing(caller.key, sorted(caller.roles), scopes, self._now() + TOKEN_S)

    def behalf(self, name: str) -> bytes:
        """What custodians are told of whoever began a job, see `moiety.behalf`."""
        return self._holders.behalf(name)

    def role(self, standing: Standing, purpose: str) -> Role:
        """In which role the job is done. Raises `JobDenied`."""
        caller = self._holders.holder(standing.key) if standing.key else self._granted(standing)
        role = None if caller is None else caller.role_for(Operation.JOBS, purpose)
        if role is None:
            raise JobDenied
        return role

    def _granted(self, standing: Standing) -> Caller | None:
        if self._now() >= standing.until:
            return None
        for roles, scopes in self._grants:
            if sorted(roles) == standing.roles and sorted(map(str, scopes)) == standing.scopes:
                return Caller("", roles, scopes)
        return None
