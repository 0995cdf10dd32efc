"""AWS Signature Version 4, verified by botocore's own signer over what the request says it signed. Pure.

A signature covers the verb, the path, the headers that it names and the body; among these headers have to be the host,
the date and the operation. Everything that is wrong with one is the same `Unsigned`.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from calendar import timegm
from collections.abc import Iterable
from dataclasses import dataclass, field
from time import strptime
from typing import Any, Final

from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from moiety.gateway.callers.refusals import Unauthenticated

SKEW_S: Final = 300
"""How far a client's clock may be from ours: five minutes, as at AWS."""

SERVICE: Final = "rekognition"
_DATE: Final = "x-amz-date"
_CONTENT: Final = "x-amz-content-sha256"
_REQUIRED: Final = frozenset({"host", _DATE, "x-amz-target"})
_ONCE: Final = (*_REQUIRED, "authorization", _CONTENT)
_SIGNED_LIMIT: Final = 64
_STAMP: Final = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_AUTHORIZATION: Final = re.compile(
    r"AWS4-HMAC-SHA256 +Credential=([A-Z0-9]{16,32})/([0-9]{8})/([a-z0-9-]{1,32})/([a-z0-9-]{1,32})/aws4_request"
    r",\s*SignedHeaders=([a-z0-9;._-]{1,1024}),\s*Signature=([0-9a-f]{64})"
)

Headers = Iterable[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature that may be right: whose key, of when (a unix second), and what it is held against."""

    key: str
    region: str
    at: int
    signature: str = field(repr=False)
    stamp: str
    names: tuple[str, ...] = field(repr=False)
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    said: str | None = field(repr=False)

    @classmethod
    def read(cls, headers: Headers, now: float) -> Signed:
        """What a request's headers (names in small letters) say of its signature, before anything else of it is read.
        Raises `Unauthenticated` for what cannot be right at this unix second."""
        given = tuple(headers)
        one = {name: [value for other, value in given if other == name] for name in _ONCE}
        if any(len(values) > 1 for values in one.values()):
            raise Unauthenticated
        found = _AUTHORIZATION.fullmatch("".join(one["authorization"]))
        stamp = "".join(one[_DATE])
        if found is None or not _STAMP.fullmatch(stamp):
            raise Unauthenticated
        key, date, region, service, signed, signature = found.groups()
        names = tuple(signed.split(";"))
        at = _second(stamp)
        if (
            date != stamp[:8]
            or service != SERVICE
            or abs(now - at) > SKEW_S
            or not set(names) >= _REQUIRED
            or list(names) != sorted(set(names))
            or len(names) > _SIGNED_LIMIT
        ):
            raise Unauthenticated
        covered = tuple((name, value) for name, value in given if name in names)
        if {name for name, _ in covered} != set(names):
            raise Unauthenticated
        return cls(key, region, at, signature, stamp, names, covered, "".join(one[_CONTENT]) or None)

    def require(self, secret: str, verb: str, path: str, query: str, body: bytes) -> None:
        """Raises `Unauthenticated` unless the key with this secret signed this request."""
        digest = hashlib.sha256(body).hexdigest()
        if self.said is not None and not hmac.compare_digest(self.said, digest):
            raise Unauthenticated
        host = next(value for name, value in self.headers if name == "host")
        request = AWSRequest(method=verb, url=f"https://{host}{path}" + (f"?{query}" if query else ""), data=body)
        for name, value in self.headers:
            request.headers.add_header(name, value)
        request.context["timestamp"] = self.stamp
        signer = _AsSigned(Credentials(self.key, secret), SERVICE, self.region)
        right = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
        if not hmac.compare_digest(right, self.signature):
            raise Unauthenticated


class _AsSigned(SigV4Auth):  # type: ignore[misc]  # botocore says no types
    """The signer, over exactly the headers that the request names: another client may have signed more than botocore
    does, and what comes beside them on the way is nobody's."""

    def headers_to_sign(self, request: Any) -> Any:
        return request.headers

    def payload(self, request: Any) -> str:
        return hashlib.sha256(request.body or b"").hexdigest()


def _second(stamp: str) -> int:
    try:
        return timegm(strptime(stamp, SIGV4_TIMESTAMP))
    except ValueError:
        raise Unauthenticated from None
