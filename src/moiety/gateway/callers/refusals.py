"""What is refused of callers and keys."""

from __future__ import annotations

from typing import ClassVar

from moiety.errors import Refused, Unavailable


class Denied(Refused):
    """One answer to all that is not allowed: a key that is wrong, unknown, expired or revoked, a scope or a role that
    does not cover what was asked, a purpose that there is not."""

    code: ClassVar[str] = "denied"
    advice: ClassVar[str] = "not with this key, or not with any: whoever gave it to you knows what it is for"


class Unauthenticated(Denied):
    """As `Denied`, of who brought nothing that recognises them."""


class ScopeUnreadable(Refused):
    code: ClassVar[str] = "scope_unreadable"
    advice: ClassVar[str] = 'a scope is a purpose and an operation, "door:verify"; either may be "*"'


class RoleUnknown(Refused):
    code: ClassVar[str] = "role_unknown"
    advice: ClassVar[str] = "there are five roles: operator, officer, auditor, sensor and subject"


class CallerInvalid(Refused):
    code: ClassVar[str] = "caller_invalid"
    advice: ClassVar[str] = (
        "a caller has a name of 1 to 31 small letters, digits and dashes, one role or more, one scope or more, and "
        "days until it expires, 1 to 366; a subject has a person, and nobody else has"
    )


class CallerExists(Refused):
    code: ClassVar[str] = "caller_exists"
    advice: ClassVar[str] = "there is a caller of this name: take another, or revoke that one first"


class CallerUnknown(Refused):
    code: ClassVar[str] = "caller_unknown"
    advice: ClassVar[str] = "there is no caller of this name: `moiety caller list` shows them"


class ProviderDown(Unavailable):
    code: ClassVar[str] = "provider_down"
    advice: ClassVar[str] = (
        "the identity provider does not say who signs its tokens: again in {seconds} seconds, or with a key"
    )
