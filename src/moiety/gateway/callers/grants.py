"""What an identity provider is believed, and what it makes of people: `[oidc]` of `gateway.toml`. Pure."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from moiety.gateway.callers.newcomer import SCOPES_LIMIT
from moiety.gateway.callers.refusals import ScopeUnreadable
from moiety.gateway.callers.roles import Role, Scope

_LONGEST = 512


def trusted(url: Any) -> bool:
    """Whether what is said at this address is the provider's: https, or http to this machine itself."""
    if not isinstance(url, str) or len(url) > _LONGEST:
        return False
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        loopback = host in ("localhost", "::1") or host.startswith("127.")
        return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and loopback))
    except ValueError:
        return False


def _address(url: str) -> str:
    if not trusted(url):
        raise ValueError("https, or http to this machine")
    return url


def _readable(scope: str) -> str:
    try:
        return str(Scope.parse(scope))
    except ScopeUnreadable:
        raise ValueError("a purpose and an operation") from None


def _no_subject(role: Role) -> Role:
    if role is Role.SUBJECT:
        raise ValueError("a pseudonym is nothing for an identity provider to know")
    return role


class Grant(BaseModel):
    """Whose claim has this value has these roles and scopes. Nobody is a subject by a token: the provider would have
    to know their pseudonym beside their name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    value: str = Field(min_length=1, max_length=_LONGEST)
    roles: list[Annotated[Role, AfterValidator(_no_subject)]] = Field(min_length=1, max_length=len(Role))
    scopes: list[Annotated[str, AfterValidator(_readable)]] = Field(min_length=1, max_length=SCOPES_LIMIT)

    @property
    def parsed(self) -> list[Scope]:
        """Its scopes."""
        return [Scope.parse(scope) for scope in self.scopes]


class Oidc(BaseModel):
    """`issuer` and `audience` as tokens have them; `claim` is where roles stand, "realm_access.roles" inside another
    one; of `grants` the first counts that a token names."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    issuer: Annotated[str, AfterValidator(_address)]
    audience: str = Field(min_length=1, max_length=_LONGEST)
    claim: str = Field(default="roles", pattern=r"^[^.]{1,128}(\.[^.]{1,128}){0,3}$")
    grants: list[Grant] = Field(min_length=1, max_length=64)
