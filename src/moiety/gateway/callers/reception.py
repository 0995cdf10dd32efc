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
_REMEMBERED_S: Final = 3_600
"""Since it was last brought: who is at work is not hashed again, however many wrong keys others bring meanwhile."""


class Tokens(Protocol):
    """What recognises bearer tokens of an identity provider; None for what is none of its."""

    def recognised(self, token: str) -> Caller | None: ...


class Reception:
    """Safe for threads. A key is hashed when it comes for the first time, and when it was not brought for an hour;
    whether it still counts is looked up each time."""

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
        return self.known(bearer) or self.stranger(bearer)

    def known(self, bearer: str) -> Caller | None:
        """Whose it is, as far as that can be told in a moment."""
        key = ApiKey.parse(bearer)
        if key is None:
            return None if self._tokens is None else self._tokens.recognised(bearer)
        name = self._names.name(key)
        if not self._was_seen(name):
            return None
        found = self._credentials.still(key)
        if found is not None:
            self._see(name)
        return found

    def stranger(self, bearer: str) -> Caller:
        """Whose it is, told by its hash, which takes 20 ms and 19 MiB; as long for what is no key. Raises
        `Unauthenticated`."""
        key = ApiKey.parse(bearer)
        found = self._credentials.recognised(key or ApiKey("", ""))
        if key is None or found is None:
            raise Unauthenticated
        self._see(self._names.name(key))
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
