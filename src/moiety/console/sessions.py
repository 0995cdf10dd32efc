"""Who is signed in: in this process's memory alone, so that no store holds a session, and a restart ends all.

A cookie carries a random id and its tag under a key of this process. The token that every form carries is another tag
of the same id. Before anybody signs in there is an id too, which stands for nobody, so that signing in has its token.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from moiety.gateway.callers.keys import Entropy

IDLE_S: Final = 15 * 60
"""A screen that somebody walked away from."""

ABSOLUTE_S: Final = 8 * 3_600
"""A working day."""

SESSIONS_LIMIT: Final = 4_096
_ID_BYTES: Final = 24
_KEY_BYTES: Final = 32


@dataclass(slots=True)
class _Session:
    prefix: str
    begun: float
    seen: float


class Sessions:
    """Ids, and whose key signed in under each: the key's prefix, with which it is looked up whether it still counts.
    Safe for threads. `clock` counts seconds, whatever is done to the time of day."""

    def __init__(self, clock: Callable[[], float], entropy: Entropy) -> None:
        self._clock = clock
        self._entropy = entropy
        self._key = entropy(_KEY_BYTES)
        self._sessions: OrderedDict[str, _Session] = OrderedDict()
        self._lock = Lock()

    def fresh(self) -> str:
        """An id that stands for nobody."""
        return _written(self._entropy(_ID_BYTES))

    def cookie(self, session: str) -> str:
        """What the browser keeps."""
        return f"{session}.{self._tag('cookie', session)}"

    def of_cookie(self, cookie: str) -> str | None:
        """The id of a cookie that this process made; None of any other."""
        session, _, tag = cookie.partition(".")
        known = hmac.compare_digest(tag.encode(), self._tag("cookie", session).encode())
        return session if known else None

    def token(self, session: str) -> str:
        """What every form of this session carries."""
        return self._tag("form", session)

    def is_token(self, session: str, token: str) -> bool:
        """Whether a form is one of this session's."""
        return hmac.compare_digest(token.encode(), self.token(session).encode())

    def begin(self, prefix: str) -> str:
        """Somebody signs in: under a new id, whatever they had before."""
        session, now = self.fresh(), self._clock()
        with self._lock:
            self._sessions[session] = _Session(prefix, now, now)
            while len(self._sessions) > SESSIONS_LIMIT:
                self._sessions.popitem(last=False)
        return session

    def prefix(self, session: str) -> str | None:
        """Whose it is; None where nobody signed in, or it is over. It goes on for another while."""
        with self._lock:
            found, now = self._sessions.get(session), self._clock()
            if found is None:
                return None
            if now - found.seen >= IDLE_S or now - found.begun >= ABSOLUTE_S:
                del self._sessions[session]
                return None
            found.seen = now
            return found.prefix

    def end(self, session: str) -> None:
        """Nobody is signed in under this id any more."""
        with self._lock:
            self._sessions.pop(session, None)

    def _tag(self, what: str, session: str) -> str:
        return _written(hmac.digest(self._key, f"{what}:{session}".encode(), hashlib.sha256))


def _written(some: bytes) -> str:
    return urlsafe_b64encode(some).decode().rstrip("=")
