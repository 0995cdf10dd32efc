"""Bearer tokens of an identity provider (OpenID Connect): who signed them, for whom, until when, and what a claim of
theirs makes of whoever brings them.

What is asked of the provider is its description and its public keys, with a bound on everything: how long it may take,
how much it may say, and how often it is asked, whatever tokens come.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from http.client import HTTPException
from threading import Lock
from time import monotonic
from typing import Any, Final
from urllib.error import URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

import jwt

from moiety.gateway.callers.grants import Grant, Oidc, trusted
from moiety.gateway.callers.refusals import ProviderDown
from moiety.gateway.callers.roles import Caller

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures alone: whoever can check a token of these cannot make one."""

LEEWAY_S: Final = 30
LIFETIME_S: Final = 86_400
"""Nobody can take a token back, so one that holds for longer than a day is nobody's."""

FRESH_S: Final = 300
STALE_S: Final = 3_600
"""Keys are asked for anew after the one, and count until the other where the provider does not answer."""

AGAIN_S: Final = 30
"""Between two questions at least so much passes, whether or not there was an answer: a flood of tokens that name
unknown keys asks no more often than one."""

ANSWER_S: Final = 5
ANSWER_BYTES: Final = 262_144
TOKEN_LONGEST: Final = 8_192

_DISCOVERY: Final = "/.well-known/openid-configuration"
_PIECE: Final = 16_384

Name = Callable[[str, str], str]


class ProviderTokens:
    """What an identity provider's tokens make of whoever brings them. Safe for threads.

    `name` makes of issuer and subject what the journal may call somebody; `now` is a monotonic second."""

    def __init__(self, oidc: Oidc, name: Name, now: Callable[[], float] = monotonic) -> None:
        self._oidc = oidc
        self._name = name
        self._keys = ProviderKeys(oidc.issuer, now)

    def recognised(self, token: str) -> Caller | None:
        """Who brings this token; None for one that is not this provider's, not for us, not for now, or of somebody whom
        no grant names. Raises `ProviderDown` where it is signed by nobody that can be told."""
        if len(token) > TOKEN_LONGEST or token.count(".") != 2:
            return None
        try:
            header = jwt.get_unverified_header(token)
            kid = header.get("kid")
            if header.get("alg") not in ALGORITHMS or not isinstance(kid, str | None):
                return None
            key = self._keys.key(kid)
            if key is None:
                return None
            claims = jwt.decode(
                token,
                key,
                algorithms=ALGORITHMS,
                issuer=self._oidc.issuer,
                audience=self._oidc.audience,
                leeway=LEEWAY_S,
                options={"require": ["exp", "iat", "iss", "aud", "sub"], "enforce_minimum_key_length": True},
            )
            if claims["exp"] - claims["iat"] > LIFETIME_S:
                return None
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError, NotImplementedError):
            return None
        grant = _granted(self._oidc, claims)
        if grant is None:
            return None
        return Caller(self._name(self._oidc.issuer, claims["sub"]), frozenset(grant.roles), frozenset(grant.parsed))


class ProviderKeys:
    """The provider's public keys, by `kid`. One thread at a time asks; the others go by what is known."""

    def __init__(self, issuer: str, now: Callable[[], float]) -> None:
        self._issuer = issuer
        self._now = now
        self._asking = Lock()
        self._known: Mapping[str, jwt.PyJWK] = {}
        self._at: float | None = None
        self._asked: float | None = None

    def key(self, kid: str | None) -> jwt.PyJWK | None:
        """The key of this name, or without one the only key; None where the provider has none. Raises
        `ProviderDown`."""
        if (self._of(kid) is None or self._age() > FRESH_S) and self._asking.acquire(blocking=False):
            try:
                self._ask()
            finally:
                self._asking.release()
        if self._age() > STALE_S:
            raise ProviderDown(seconds=AGAIN_S)
        return self._of(kid)

    def _of(self, kid: str | None) -> jwt.PyJWK | None:
        if kid is None and len(self._known) == 1:
            return next(iter(self._known.values()))
        return None if kid is None else self._known.get(kid)

    def _age(self) -> float:
        return float("inf") if self._at is None else self._now() - self._at

    def _ask(self) -> None:
        if self._asked is not None and self._now() - self._asked < AGAIN_S:
            return
        self._asked = self._now()
        try:
            said = fetched(self._issuer.rstrip("/") + _DISCOVERY)
            place = said["jwks_uri"]
            if said["issuer"] != self._issuer or not trusted(place):
                return
            keys = jwt.PyJWKSet.from_dict(fetched(place)).keys
        except (OSError, ValueError, KeyError, TypeError, RecursionError, jwt.PyJWTError):
            return  # what was known counts for a while: see STALE_S
        self._known = {
            key.key_id: key
            for key in keys
            if key.key_id and key.public_key_use in ("sig", None) and key.key_type != "oct"
        }
        self._at = self._now()


def fetched(url: str) -> Any:
    """The JSON document at this address, no more than `ANSWER_BYTES` of it and for no longer than `ANSWER_S`; nothing
    leads elsewhere. Raises `OSError` and `ValueError`."""
    until = monotonic() + ANSWER_S
    whole = bytearray()
    request = Request(url, headers={"Accept": "application/json"})  # noqa: S310 - `trusted` has seen it
    try:
        with build_opener(_NoRedirect).open(request, timeout=ANSWER_S) as answer:
            while piece := answer.read1(_PIECE):
                whole += piece
                if len(whole) > ANSWER_BYTES or monotonic() > until:
                    raise ValueError("too much, or too slowly")
    except HTTPException:
        raise ValueError("no answer of HTTP's") from None
    return json.loads(whole)


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        raise URLError("it leads elsewhere")


def _granted(oidc: Oidc, claims: Mapping[str, Any]) -> Grant | None:
    """The first grant that the claim names: two of them together would be more than either."""
    at: Any = claims
    for part in oidc.claim.split("."):
        at = at.get(part) if isinstance(at, Mapping) else None
    named: Sequence[Any] = [at] if isinstance(at, str) else at if isinstance(at, list) else ()
    return next((grant for grant in oidc.grants if grant.value in named), None)
