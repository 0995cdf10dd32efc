"""A request on its way from one approver to the next: a JSON file that each adds a signature to.

    {
      "version": 1,
      "operation": "early_erasure",
      "purpose": "door",
      "people": 1,            how many it touches at most
      "parts": ["…"],         what is to be done, in base64: see `matter`
      "content": "…",         SHA-256 of operation, purpose and parts, 64 hexadecimal digits
      "digest": "…",          what is signed of it: over content and people, 64 digits
      "office": "…",          32 digits
      "at": 1772366400,       unix seconds
      "nonce": "…",           32 digits
      "signatures": ["…"]     signed approvals as they travel, in base64
    }

All sign the same statement, under one nonce: whoever signs beside, a request is done once. Whoever reads a file sees
whether what is shown is what is signed: of a purpose the whole document, and of a person nothing that names anybody.
"""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from moiety.custody.trust.denials import RequestExpired, RequestFull, RequestSigned, RequestUnreadable, SignedUnreadable
from moiety.custody.trust.matter import Matter
from moiety.custody.trust.roster import NAME_PATTERN
from moiety.custody.trust.signing import OPERATION, PEOPLE_MOST, Kind, Signed, Signer, Statement, sign
from moiety.custody.trust.verifying import APPROVAL_S, CLOCKS_APART_S

REQUEST_LIMIT: Final = 262_144
"""Bytes of a file: the longest document (64 KiB) in base64, all signatures, and more."""

PARTS_MOST: Final = 24
"""Three of a face, and of each of seven versions of a record."""

SIGNATURES_MOST: Final = 16

_Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
_Sixteen = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]


class Request(BaseModel):
    """What the file holds."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    version: Literal[1]
    operation: str = Field(pattern=rf"^{OPERATION.pattern}$")
    purpose: str = Field(pattern=NAME_PATTERN)
    people: int = Field(ge=0, le=PEOPLE_MOST)
    parts: list[str] = Field(max_length=PARTS_MOST)
    content: _Digest
    digest: _Digest
    office: _Sixteen
    at: int = Field(ge=0, lt=2**63)
    nonce: _Sixteen
    signatures: list[str] = Field(max_length=SIGNATURES_MOST)

    @model_validator(mode="after")
    def _is_what_is_signed(self) -> Self:
        matter = self.matter()
        if (matter.content.hex(), matter.digest.hex()) != (self.content, self.digest):
            raise ValueError("another digest")
        if any(one.statement != self.statement() or not one.is_genuine() for one in self._signed()):
            raise ValueError("a signature of something else")
        return self

    def matter(self) -> Matter:
        """What is to be approved. Raises ValueError for parts that are no base64."""
        parts = tuple(base64.b64decode(part, validate=True) for part in self.parts)
        return Matter(self.operation, self.purpose, parts, self.people)

    def statement(self) -> Statement:
        """What everybody signs."""
        digest, nonce, office = (bytes.fromhex(digits) for digits in (self.digest, self.nonce, self.office))
        return Statement(Kind.APPROVAL, self.operation, self.purpose, digest, self.at, nonce, office)

    def approvals(self) -> list[bytes]:
        """The signatures, as `Verifier.approved` takes them."""
        return [one.to_bytes() for one in self._signed()]

    def require_current(self, now: int) -> None:
        """Raises `RequestExpired` where it is too old at this unix second, or of a clock that is ahead."""
        if not -CLOCKS_APART_S <= now - self.at <= APPROVAL_S:
            raise RequestExpired

    def signers(self) -> int:
        """How many have signed it, each counted once."""
        return len({one.key for one in self._signed()})

    def signed_by(self, signer: Signer) -> Request:
        """With one more signature. Raises `RequestSigned`, `RequestFull`."""
        if any(one.key == signer.public for one in self._signed()):
            raise RequestSigned
        if len(self.signatures) >= SIGNATURES_MOST:
            raise RequestFull(limit=SIGNATURES_MOST)
        added = base64.b64encode(sign(self.statement(), signer).to_bytes()).decode()
        return self.model_copy(update={"signatures": [*self.signatures, added]})

    def to_bytes(self) -> bytes:
        """The file."""
        return self.model_dump_json(indent=2).encode() + b"\n"

    def _signed(self) -> list[Signed]:
        try:
            return [Signed.from_bytes(base64.b64decode(text, validate=True)) for text in self.signatures]
        except (SignedUnreadable, binascii.Error):
            raise ValueError("no signature") from None


def ask(matter: Matter, *, office: bytes, at: int, nonce: bytes) -> Request:
    """A request that nobody has signed yet. Raises ValueError for what cannot be asked."""
    return Request(
        version=1,
        operation=matter.operation,
        purpose=matter.purpose,
        people=matter.people,
        parts=[base64.b64encode(part).decode() for part in matter.parts],
        content=matter.content.hex(),
        digest=matter.digest.hex(),
        office=office.hex(),
        at=at,
        nonce=nonce.hex(),
        signatures=[],
    )


def read_request(data: bytes) -> Request:
    """The request in a file; raises `RequestUnreadable`."""
    if len(data) > REQUEST_LIMIT:
        raise RequestUnreadable
    try:
        return Request.model_validate_json(data)
    except ValidationError:
        raise RequestUnreadable from None
