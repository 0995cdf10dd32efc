"""From what a request brings to a caller: an API key, or a token of an identity provider."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Final, Protocol

from moiety.gateway.callers.keys import ApiKey, Entropy, Recognised
from moiety.gateway.callers.refusals import Unauthenticated
from moiety.gateway.callers.roles import Caller
from moiety.gateway.callers.sql import Credentials

_REMEMBERED: Final = 1_024
_REMEMBERED_S: Final = 60


class Tokens(Protocol):
    """What recognises bearer tokens of an identity provider; None for what is none of its."""

    def recognised(self, token: str) -> Caller | None: ...


class Reception:
    """Safe for threads. A key is hashed at most once a minute; whether it still counts is looked up each time."""

    def __init__(
        self, credentials: Credentials, now: Callable[[], int], entropy: Entropy, tokens: Tokens | None = None
    ) -> None:
        self._credentials = credentials
        self._now = now
        self._tokens = tokens
        self._names = Recognised(entropy)
        self._seen: OrderedDict[bytes, int] = OrderedDict()
        self._lock = Lock()

    def caller(self, bearer: str) -> Caller:
        """Whose bearer token this is. Raises `Unauthenticated` for anybody else's."""
        key = ApiKey.parse(bearer)
        if key is None:
            found = None if self._tokens is None else self._tokens.recognised(bearer)
            # What is no key takes as long as a wrong one.
            if found is None:
                self._credentials.recognised(ApiKey("", ""))
        elif self._was_seen(name := self._names.name(key)):
            # What was revoked since takes as long as what never was.
            found = self._credentials.still(key) or self._credentials.recognised(key)
        else:
            found = self._credentials.recognised(key)
            if found is not None:
                self._see(name)
        if found is None:
            raise Unauthenticated
        return found

    def _was_seen(self, name: bytes) -> bool:
        with self._lock:
            at = self._seen.get(name)
            return at is not None and 0 <= self._now() - at < _REMEMBERED_S

    def _see(self, name: bytes) -> None:
        with self._lock:
            self._seen[name] = self._now()
            self._seen.move_to_end(name)
            while len(self._seen) > _REMEMBERED:
                self._seen.popitem(last=False)
